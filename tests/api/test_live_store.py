"""A service with a graph store: what it answers from it, and that it goes on without it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.api.live import store as live

from graphrec.data import Interactions
from graphrec.errors import StoreError
from graphrec.rules.rule import RequireRule
from graphrec.settings import Settings
from graphrec.snapshot.registry import load, publish
from graphrec.store import GraphStore, open_store
from graphrec.store.protocol import CAP
from graphrec.store.sqlite.store import SQLiteStore
from scripts.benchmark.load.process import free_port
from tests.support.live import PATIENCE, fill, readiness
from tests.support.neo4j_server import TestServer
from tests.support.service import TITLES, error, serving, tiny_snapshot

RECOMMENDATIONS = "/v1/users/ann/recommendations"
RELATED = "/v1/items/alien/related"
BY_STORE = f"{RELATED}?by=store"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    publish(tiny_snapshot(), tmp_path / "snapshots")
    return Settings(snapshots=tmp_path / "snapshots")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "graph.db"


@pytest.fixture
def store(file: Path) -> Iterator[SQLiteStore]:
    with SQLiteStore(file, Settings().kinds) as store:
        fill(store)
        yield store


def related_by_store(client: httpx.Client) -> Any:
    """The answer of a server, which needs longer than a request waits where it just started."""
    until = time.monotonic() + PATIENCE
    while (response := client.get(BY_STORE)).status_code != 200:
        error(response, 503, "store_away")
        assert time.monotonic() < until
        time.sleep(0.1)
    return response.json()


class TestRelatedByStore:
    @pytest.mark.parametrize(("item", "k"), [("alien", 10), ("alien", 1), ("brazil", 10)])
    def test_is_what_the_store_says_now(
        self, settings: Settings, file: Path, store: SQLiteStore, item: str, k: int
    ) -> None:
        with serving(create_app(settings, store=f"sqlite:///{file}")) as client:
            readiness(client, "ready")
            response = client.get(f"/v1/items/{item}/related", params={"by": "store", "k": k})
            by_graph = client.get(f"/v1/items/{item}/related", params={"k": k})
        expected = store.related_items(item, k, "cosine", 2)
        assert response.json() == {
            "version": load(settings.snapshots).manifest.version,
            "item": item,
            "by": "store",
            "related": [
                {"item": id_, "title": TITLES.get(id_), "score": score, "people": people}
                for id_, score, people in expected
            ],
            "degree": expected.degree,
            "counted": expected.degree,
        }
        assert len(expected) == min(k, 2 if item == "alien" else 1)
        assert response.json()["related"] != by_graph.json()["related"]
        assert (by_graph.json()["degree"], by_graph.json()["counted"]) == (None, None)

    @pytest.mark.usefixtures("store")
    def test_sees_what_was_written_since(self, settings: Settings, file: Path) -> None:
        with serving(create_app(settings, store=f"sqlite:///{file}")) as client:
            readiness(client, "ready")
            before = client.get(BY_STORE).json()
            with open_store(f"sqlite:///{file}") as writer:
                writer.write_events(Interactions.of(["newer"] * 2, ["alien", "brazil"]))
            after = client.get(BY_STORE).json()
        assert after["degree"] == before["degree"] + 1
        people = [{e["item"]: e["people"] for e in body["related"]} for body in (before, after)]
        assert people == [{"c/d é?": 2, "brazil": 3}, {"c/d é?": 2, "brazil": 4}]

    @pytest.mark.usefixtures("store")
    def test_rules_of_the_settings_hold(self, settings: Settings, file: Path) -> None:
        """A list that a rule makes shorter is filled up with what comes next."""
        rule = RequireRule(name="in stock", action="require", attribute="stock", least=1)
        ruled = settings.model_copy(update={"rules": (rule,)})
        with serving(create_app(ruled, store=f"sqlite:///{file}")) as client:
            readiness(client, "degraded")  # no item has the attribute as yet
            assert client.get(BY_STORE).json()["related"] == []
            for item, stock in (("c%2Fd%20%C3%A9%3F", 0), ("brazil", 3)):
                body = {"attributes": {"stock": stock}}
                assert client.put(f"/v1/items/{item}", json=body).status_code == 200
            listed = client.get(f"{BY_STORE}&k=1").json()["related"]
            client.put("/v1/items/brazil", json={"attributes": {"stock": 0}})
            sold_out = client.get(BY_STORE).json()["related"]
        assert [each["item"] for each in listed] == ["brazil"]
        assert sold_out == []

    @pytest.mark.usefixtures("store")
    def test_of_an_item_without_any(self, settings: Settings, file: Path) -> None:
        with serving(create_app(settings, store=f"sqlite:///{file}")) as client:
            readiness(client, "ready")
            body = client.get("/v1/items/hit/related?by=store").json()
            assert (body["related"], body["degree"], body["counted"]) == ([], None, None)

    @pytest.mark.usefixtures("store")
    def test_of_an_unknown_item(self, settings: Settings, file: Path) -> None:
        with serving(create_app(settings, store=f"sqlite:///{file}")) as client:
            readiness(client, "ready")
            response = client.get("/v1/items/no%2Fsuch/related?by=store")
            message = error(response, 404, "unknown_item", "item_id")
            assert message.startswith("item 'no/such' is unknown")

    def test_by_kinds_by_lift_and_after(
        self, settings: Settings, file: Path, store: SQLiteStore
    ) -> None:
        bought = Interactions.of(
            ["p", "q", "p", "q"], ["alien"] * 2 + ["lid"] * 2, None, [1, 1, 2, 2], ["purchase"] * 4
        )
        store.write_events(bought)
        with serving(create_app(settings, store=f"sqlite:///{file}")) as client:
            readiness(client, "ready")
            for query, options in (
                ("kinds=purchase", {"kinds": ["purchase"]}),
                ("kinds=purchase&kinds=interaction&similarity=lift",
                 {"kinds": ["purchase", "interaction"], "similarity": "lift"}),
                ("after=true&kinds=purchase", {"kinds": ["purchase"], "after": True}),
                ("kinds=like", {"kinds": ["like"]}),  # a usual name, of which there is none yet
            ):  # fmt: skip
                body = client.get(f"{BY_STORE}&{query}").json()
                assert "related" in body, body
                found = [(row["item"], row["score"], row["people"]) for row in body["related"]]
                assert found == store.related_items("alien", min_support=2, **options), query
            body = client.get(f"{BY_STORE}&kinds=purchase").json()
            assert [row["item"] for row in body["related"]] == ["lid"]
            message = error(client.get(f"{BY_STORE}&kinds=purchace"), 422, "unknown_name", "kinds")
            assert "no event is of kind 'purchace': did you mean 'purchase'?" in message
            for wrong in ("kinds=purchase", "after=true"):
                message = error(client.get(f"{RELATED}?{wrong}"), 422, "invalid_request", "by")
                assert "store where" in message
            message = error(client.get(f"{BY_STORE}&similarity=lft"), 422, "invalid_request",
                            "similarity")  # fmt: skip
            assert "expected cosine, jaccard or lift" in message

    def test_says_that_it_counted_over_the_latest_alone(
        self, settings: Settings, file: Path, store: SQLiteStore
    ) -> None:
        crowd = [f"p{n}" for n in range(CAP + 7)]
        store.write_events(Interactions.of(crowd * 2, ["alien"] * len(crowd) + ["x"] * len(crowd)))
        with serving(create_app(settings, store=f"sqlite:///{file}")) as client:
            readiness(client, "ready")
            body = client.get(f"{BY_STORE}&k=1").json()
        assert body["counted"] == CAP
        assert body["degree"] == len(crowd) + 4
        assert body["related"][0]["item"] == "x"

    def test_in_a_service_without_a_store(self, settings: Settings) -> None:
        with serving(create_app(settings)) as client:
            message = error(client.get(BY_STORE), 404, "no_store", "by")
            assert "expected one that was started with --store" in message
            body = client.get("/health/ready").json()
            assert (body["status"], set(body["parts"].values())) == ("ready", {"ready"})


@pytest.mark.slow
class TestAStoreThatIsAway:
    def test_at_the_start_and_then_there(
        self, settings: Settings, file: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with serving(create_app(settings, 0.05, f"sqlite:///{file}")) as client:
            parts = readiness(client, "degraded")["parts"]
            assert parts["snapshot"] == "ready"
            assert parts["store"].endswith("is not there: expected a graph that was loaded; "
                                           "run `graphrec ingest`, or restore a copy")  # fmt: skip
            response = client.get(BY_STORE)
            assert error(response, 503, "store_away") == parts["store"]
            assert response.headers["retry-after"] == "1"
            assert client.get(RELATED).status_code == 200
            assert client.get(RECOMMENDATIONS).json()["recommendations"]
            time.sleep(0.2)  # tried some times more
            assert [r.getMessage() for r in caplog.records] == [f"degraded: {parts['store']}"]
            assert not file.exists()
            with SQLiteStore(file, settings.kinds) as store:
                fill(store)
                parts_now = readiness(client, "ready")["parts"]
                assert set(parts_now) == {"snapshot", "store", "settings"}
                assert client.get(BY_STORE).status_code == 200
            time.sleep(0.2)
        said = [r.getMessage() for r in caplog.records]
        assert said == [f"degraded: {parts['store']}", "the graph store answers again"]

    @pytest.mark.usefixtures("store")
    def test_in_the_middle(
        self, settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            asked.append(1)
            raise StoreError("store is away: start it")

        asked: list[int] = []
        with serving(create_app(settings, 30, f"sqlite:///{file}")) as client:
            readiness(client, "ready")
            with monkeypatch.context() as patch:
                patch.setattr(SQLiteStore, "related_items", fail)
                patch.setattr(SQLiteStore, "read_node", fail)
                response = client.get(BY_STORE)
                assert error(response, 503, "store_away") == "store is away: start it"
                assert response.headers["retry-after"] == "30"
                # That is found out at once, not in 30 seconds, and then nobody asks it.
                assert readiness(client, "degraded")["parts"]["store"] == "store is away: start it"
                before = len(asked)
                for _ in range(3):
                    error(client.get(BY_STORE), 503, "store_away")
                assert len(asked) == before

    @pytest.mark.usefixtures("store")
    def test_one_question_that_fails_does_not_make_it_away(
        self,
        settings: Settings,
        file: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise StoreError("store failed: this is too much")

        monkeypatch.setattr(SQLiteStore, "related_items", fail)
        with serving(create_app(settings, 0.05, f"sqlite:///{file}")) as client:
            readiness(client, "ready")
            error(client.get(BY_STORE), 503, "store_away")
            time.sleep(0.2)
            assert client.get("/health/ready").json()["status"] == "ready"
        assert not caplog.records

    @pytest.mark.usefixtures("store")
    def test_one_that_hangs_is_not_waited_for(
        self, settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def hang(*_: object, **__: object) -> None:
            hanging.append(threading.current_thread())
            go_on.wait(20)
            raise StoreError("store is away: start it")

        hanging: list[threading.Thread] = []
        go_on = threading.Event()
        monkeypatch.setattr(live, "ANSWER_SECONDS", 0.1)
        with serving(create_app(settings, 0.05, f"sqlite:///{file}")) as client:
            readiness(client, "ready")
            with monkeypatch.context() as patch:
                patch.setattr(SQLiteStore, "related_items", hang)
                for _ in range(live.MAX_CONCURRENT + 3):
                    message = error(client.get(BY_STORE), 503, "store_away")
                    assert "did not answer within 0.1 s: try again" in message
                assert len(hanging) == live.MAX_CONCURRENT
                assert client.get(RECOMMENDATIONS).status_code == 200
                patch.setattr(SQLiteStore, "read_node", hang)
                readiness(client, "degraded")
                assert len(hanging) == live.MAX_CONCURRENT + 1
            go_on.set()
            readiness(client, "ready")
            assert client.get(BY_STORE).status_code == 200

    @pytest.mark.usefixtures("store")
    def test_one_that_hangs_does_not_hold_up_the_end(
        self, settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go_on = threading.Event()
        monkeypatch.setattr(SQLiteStore, "read_node", lambda *_: go_on.wait(20))
        with serving(create_app(settings, 0.05, f"sqlite:///{file}")) as client:
            readiness(client, "degraded")
            start = time.monotonic()
        assert time.monotonic() - start < 5
        go_on.set()

    def test_one_that_is_slow_to_open_does_not_hold_up_the_start_or_the_end(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Slow:
            closed = False

            def close(self) -> None:
                self.closed = True

        def open_slowly(*_: object, **__: object) -> Slow:
            go_on.wait(20)
            return slow

        slow, go_on = Slow(), threading.Event()
        monkeypatch.setattr("graphrec.api.service.open_store", open_slowly)
        start = time.monotonic()
        with serving(create_app(settings, store="sqlite:///slow.db")) as client:
            body = client.get("/health/ready").json()
            assert (body["status"], body["parts"]["store"]) == ("degraded", live.OPENING)
            assert error(client.get(BY_STORE), 503, "store_away") == live.OPENING
        assert time.monotonic() - start < 12
        go_on.set()
        while not slow.closed:  # though it came after the end
            assert time.monotonic() - start < 20
            time.sleep(0.01)

    @pytest.mark.usefixtures("store")
    def test_is_closed_with_the_service(
        self, settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed: list[int] = []
        monkeypatch.setattr(SQLiteStore, "close", lambda _: closed.append(1))
        with serving(create_app(settings, store=f"sqlite:///{file}")) as client:
            readiness(client, "ready")
        assert len(closed) == 1

    @pytest.mark.parametrize(
        "url", ["postgres://ann:s3cret@host/db", "neo4j://ann:s3cret@host", "neo4j://ann:s3/cret@h"]
    )
    def test_by_a_url_that_cannot_be(
        self, settings: Settings, url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        if url.startswith("neo4j"):
            pytest.importorskip("neo4j")
        with serving(create_app(settings, 0.05, url)) as client:
            reason = readiness(client, "degraded")["parts"]["store"]
            assert "neo4j://HOST" in reason
            assert "cret" not in f"{reason} {client.get(BY_STORE).text} {caplog.text}"
            assert client.get(RECOMMENDATIONS).status_code == 200

    def test_in_a_way_that_nobody_expected(
        self,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("a secret")

        monkeypatch.setattr("graphrec.api.service.open_store", fail)
        with serving(create_app(settings, 0.05, "sqlite:///graph.db")) as client:
            assert readiness(client, "degraded")["parts"]["store"] == (
                "the graph store fails (RuntimeError): the log says more"
            )
            time.sleep(0.2)
        assert caplog.text.count("RuntimeError: a secret") == 1


# Neo4j


@pytest.mark.parametrize("rounds", range(6))
def test_a_watch_ends_when_it_is_cancelled_also_as_it_is_told_to_look(
    settings: Settings, file: Path, store: SQLiteStore, rounds: int
) -> None:
    """At any round of the loop: `asyncio.wait_for` of Python 3.11 forgets one that comes just as
    what it waits for is there.
    """

    async def work() -> None:
        url = f"sqlite:///{file}"
        away = live.LiveStore(lambda: open_store(url, settings.kinds, create=False), url, 60)
        watching = asyncio.create_task(away.watch())
        assert await away.opened_once()
        await asyncio.sleep(0.05)
        with pytest.raises(live.StoreAway):
            await away.run(_fails)
        for _ in range(rounds):
            await asyncio.sleep(0)
        watching.cancel()
        done, _ = await asyncio.wait((watching,), timeout=5)
        watching.cancel()
        await away.close()
        assert done

    asyncio.run(work())


def _fails(store: GraphStore) -> None:
    raise StoreError("the disk is gone")


def test_a_server_that_is_away_at_the_start(settings: Settings) -> None:
    pytest.importorskip("neo4j")
    url = f"bolt://127.0.0.1:{free_port()}"
    start = time.monotonic()
    with serving(create_app(settings, store=url)) as client:
        assert client.get(RECOMMENDATIONS).status_code == 200
        assert f"store {url} is away: " in readiness(client, "degraded")["parts"]["store"]
        start = time.monotonic()
        assert "start the server" in error(client.get(BY_STORE), 503, "store_away")
        assert time.monotonic() - start < 1  # it is not asked


@pytest.mark.slow
def test_a_server_that_is_killed_and_comes_back(
    settings: Settings, neo4j_server: TestServer, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("neo4j")
    neo4j_server.empty()
    settings = settings.model_copy(update={"neo4j": neo4j_server.settings})
    password = settings.neo4j.password
    assert password is not None
    with open_store(neo4j_server.url, settings.kinds, settings.neo4j) as store:
        fill(store)
        expected = store.related_items("alien", 10, "cosine", 2)
    caplog.set_level(logging.WARNING, "api")
    try:
        with serving(create_app(settings, 1, neo4j_server.url)) as client:
            readiness(client, "ready")
            before = related_by_store(client)
            assert [(each["item"], each["score"]) for each in before["related"]] == [
                (each.id, each.score) for each in expected
            ]
            assert before["degree"] == expected.degree

            readiness(client, "ready")
            caplog.clear()
            neo4j_server.kill()
            start = time.monotonic()
            error(client.get(BY_STORE), 503, "store_away")
            assert time.monotonic() - start < 5
            reason = readiness(client, "degraded")["parts"]["store"]
            for _ in range(5):
                response = client.get(BY_STORE)
                error(response, 503, "store_away")
                assert response.headers["retry-after"] == "1"
                assert client.get(RECOMMENDATIONS).status_code == 200
                assert client.get(RELATED).status_code == 200
            assert password.get_secret_value() not in f"{reason} {response.text} {caplog.text}"
            time.sleep(3)  # tried some times more
            said = [r.getMessage() for r in caplog.records if r.name == "graphrec.api.live.store"]
            assert [text.partition(":")[0] for text in said] == ["degraded"]

            caplog.clear()
            neo4j_server.start()
            readiness(client, "ready")
            said = [r.getMessage() for r in caplog.records if r.name == "graphrec.api.live.store"]
            assert said == ["the graph store answers again"]
            assert related_by_store(client) == before
    finally:
        neo4j_server.start()  # whatever happened: other tests need it
