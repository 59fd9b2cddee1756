"""Replicas that share a Redis server: news, limits and counts; and while it is away, and back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import redis
from graphrec.api.app import create_app
from graphrec.api.live import engine, feed
from graphrec.api.online.shared import EVENTS
from graphrec.cli.news import teller

from graphrec.data import Interactions
from graphrec.recommend.recommender import Recommender
from graphrec.settings import OnlineSettings, Settings
from graphrec.snapshot.canary import start_canary
from graphrec.snapshot.registry import load, publish, versions
from graphrec.store.sqlite.store import SQLiteStore
from scripts.benchmark.load.broker import Broker
from tests.support.brokers import open_broker
from tests.support.command import graphrec
from tests.support.live import event, items, send, settings_in, wait_until
from tests.support.service import error, serving, tiny_snapshot

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    found = open_broker("redis", tmp_path_factory.mktemp("redis"))
    try:
        yield found
    finally:
        found.kill()


@pytest.fixture
def settings(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a shop whose replicas read what nobody notified them of once an hour."""
    monkeypatch.setattr(feed, "NOTIFIED_SECONDS", 3600)
    online = OnlineSettings(url=f"redis://{broker.host}", prefix=tmp_path.name)
    return settings_in(tmp_path).model_copy(update={"online": online})


@contextmanager
def replica(settings: Settings) -> Iterator[httpx.Client]:
    with serving(create_app(settings, retry_seconds=0.05, store=settings.store)) as client:
        wait_until(lambda: set(parts(client).values()) == {"ready"})
        yield client


def parts(client: httpx.Client) -> dict[str, str]:
    found: dict[str, str] = client.get("/health/ready").json().get("parts", {"none": "yet"})
    return found


def knows(client: httpx.Client, user: str) -> bool:
    return client.get(f"/v1/users/{user}").status_code == 200


def test_a_replica_knows_the_events_of_another_at_once(settings: Settings) -> None:
    """The percentiles are of the time from the answer to whoever sent the event."""
    seconds = []
    with replica(settings) as one, replica(settings) as two:
        for number in range(40):
            user = f"came{number}"
            send(one, event(user, "alien"))
            began = time.perf_counter()
            while not knows(two, user):
                assert time.perf_counter() - began < 20
                time.sleep(0.002)
            seconds.append(time.perf_counter() - began)
    p50, p99 = np.quantile(seconds, [0.5, 0.99]) * 1000
    print(f"known by another replica after {p50:.0f} ms, p99 {p99:.0f} ms")
    assert p50 < 200


def test_redis_that_is_killed_degrades_and_what_was_missed_is_caught_up(
    settings: Settings, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "POLL_SECONDS", 3600)  # so that nothing but news leads to a look
    with replica(settings) as one, replica(settings) as two:
        broker.kill()
        wait_until(lambda: all("does not answer" in parts(each)["online"] for each in (one, two)))
        assert one.get("/health/ready").json()["status"] == "degraded"
        send(one, event("missed", "alien"))
        assert knows(one, "missed")
        assert items(two, "ann")
        assert not knows(two, "missed")
        broker.start()
        wait_until(lambda: parts(two)["online"] == "ready")
        wait_until(lambda: knows(two, "missed"))
        wait_until(lambda: parts(one)["online"] == "ready")
        send(two, event("later", "alien"))
        wait_until(lambda: knows(one, "later"))


def test_a_service_starts_while_redis_is_away(settings: Settings, broker: Broker) -> None:
    broker.kill()
    try:
        with serving(create_app(settings, retry_seconds=0.05, store=settings.store)) as client:
            wait_until(lambda: "does not answer" in parts(client).get("online", ""))
            assert items(client, "ann")
            assert f":{broker.port}" not in client.get("/health/ready").text
    finally:
        broker.start()


def test_a_limit_is_one_for_all_replicas(settings: Settings, broker: Broker) -> None:
    serve = settings.serve.model_copy(update={"rate": 0.1, "burst": 6})
    limited = settings.model_copy(update={"serve": serve})
    path = "/v1/users/ann/recommendations"
    with replica(limited) as one, replica(limited) as two:
        answers = [each.get(path) for each in (one, two) * 5]
        assert [each.status_code for each in answers[:6]] == [200] * 6
        assert {each.status_code for each in answers[6:]} == {429}
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
        broker.kill()
        wait_until(lambda: all("does not answer" in parts(each)["online"] for each in (one, two)))
        try:
            assert [one.get(path).status_code for _ in range(7)] == [200] * 6 + [429]
        finally:
            broker.start()


def test_a_switch_at_one_replica_is_one_at_all(settings: Settings) -> None:
    """The time in which two replicas answer with different snapshots, as measured."""
    folder = settings.snapshots
    assert isinstance(folder, Path)
    first = load(folder).manifest.version
    position = load(folder).manifest.position
    second = publish(tiny_snapshot(), folder, serve=False)
    assert position is not None
    with replica(settings) as one, replica(settings) as two:
        apart = []
        for version in (second, first, second, first):
            began = time.perf_counter()
            changed = one.post("/v1/admin/rollback", json={"to": version})
            assert changed.status_code == 200, changed.text
            wait_until(lambda v=version: version_of(two) == v)  # type: ignore[misc]
            apart.append(time.perf_counter() - began)
        print(f"switched everywhere after {max(apart) * 1000:.0f} ms at most")
        assert min(apart) < 10
        start_canary(folder, second, 0.5)
        wait_until(lambda: all("canary" in serving_of(each) for each in (one, two)))
        users = [f"u{number}" for number in range(40)]
        assert [version_of(one, u) for u in users] == [version_of(two, u) for u in users]
        assert {version_of(one, u) for u in users} == {first, second}


def test_a_list_is_made_by_one_replica_and_given_by_all(
    settings: Settings, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str | None] = []
    recommend = Recommender.recommend

    def counted(self: Recommender, query: Any, *more: Any) -> Any:
        made.append(query.user)
        return recommend(self, query, *more)

    def kept() -> int:
        with redis.Redis(port=broker.port) as client:
            return len(client.keys(f"{settings.online.prefix}:lists:*"))

    monkeypatch.setattr(Recommender, "recommend", counted)
    with replica(settings) as one:
        send(one, event("bob", "%2F"), event("ann", "hit"))
        send(one, event("bob", "hit"))
        assert one.put("/v1/items/late", json={"attributes": {"title": "Late"}}).status_code == 200
        with replica(settings) as two:  # which reads at once what the first one read bit by bit
            made.clear()
            first = one.get("/v1/users/bob/recommendations")
            wait_until(lambda: kept() == 1)
            second = two.get("/v1/users/bob/recommendations")
            assert made == ["bob"]
            assert (second.json(), second.status_code) == (first.json(), 200)
            send(one, event("bob", "e/recommendations/f"))
            wait_until(lambda: "e/recommendations/f" not in items(two, "bob"))
            assert len(made) >= 2
            assert items(one, "bob") == items(two, "bob")
            assert one.delete("/v1/users/bob").status_code == 200
            wait_until(lambda: kept() == 0)
            wait_until(lambda: items(two, "bob") == items(two, "nobody"))


def test_commands_tell_replicas(
    settings: Settings, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "POLL_SECONDS", 3600)
    folder = settings.snapshots
    assert isinstance(folder, Path)
    publish(tiny_snapshot(), folder, serve=False)
    first, second = versions(folder)
    url = f'url = "redis://{broker.host}"\nprefix = "{settings.online.prefix}"'
    (tmp_path / "graphrec.toml").write_text(f'snapshots = "{folder}"\n[online]\n{url}\n')
    with serving(create_app(settings, store=settings.store)) as client:
        wait_until(lambda: parts(client)["online"] == "ready")
        assert version_of(client) == first
        done = graphrec(tmp_path, "rollback", second, "--json")
        assert done.json()["serving"] == second
        wait_until(lambda: version_of(client) == second)
        with SQLiteStore(tmp_path / "graph.db", Settings().kinds) as store:
            store.write_events(Interactions.of(["from a stream"], ["alien"]))
        teller(settings.online)(EVENTS)
        wait_until(lambda: knows(client, "from a stream"))
    broker.kill()
    try:
        done = graphrec(tmp_path, "rollback", first, "--json")
        assert (done.code, done.json()["serving"]) == (0, first)
        assert "Redis does not answer (ConnectionError): replicas find out within" in done.err
    finally:
        broker.start()


def version_of(client: httpx.Client, user: str = "ann") -> str:
    found: str = client.get(f"/v1/users/{user}/recommendations").json()["version"]
    return found


def serving_of(client: httpx.Client) -> dict[str, Any]:
    found = client.get("/v1/admin/snapshots").json()
    return {name: value for name, value in found.items() if value is not None}


def test_settings_of_a_server_that_is_none(tmp_path: Path) -> None:
    online = OnlineSettings(url="redis://127.0.0.1:1/0")
    settings = settings_in(tmp_path).model_copy(update={"online": online})
    with serving(create_app(settings, retry_seconds=0.05, store=settings.store)) as client:
        wait_until(lambda: "does not answer" in parts(client).get("online", ""))
        said = error(client.get("/v1/items/none/related"), 404, "unknown_item", "item_id")
        assert "none" in said
