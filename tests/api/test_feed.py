"""What was acknowledged is in every answer, whatever happens to snapshots, users and the store."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.api.live import feed

from graphrec.settings import Settings
from graphrec.snapshot.registry import current
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import Event, log_of
from tests.support.live import (
    event,
    items,
    publish_at,
    readiness,
    send,
    served,
    settings_in,
    wait_until,
)
from tests.support.service import error, serving

pytestmark = pytest.mark.slow

SEEN = "hit"
"""An item that ann met after the snapshot was made, and is not to get again."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def store_of(settings: Settings) -> SQLiteStore:
    return SQLiteStore(path_of(settings), settings.kinds)


def path_of(settings: Settings) -> Path:
    return Path(settings.store.removeprefix("sqlite:///"))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the store takes as long as for a hundred thousand events."""
    read = feed._read

    def slowly(*args: object, **options: object) -> object:
        time.sleep(0.2)
        return read(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(feed, "_read", slowly)


@contextmanager
def watched(client: httpx.Client) -> Iterator[list[tuple[str, list[str]]]]:
    """All lists that ann gets meanwhile, with the version of the snapshot."""
    stop, found = Flag(), list[tuple[str, list[str]]]()

    def ask() -> None:
        with httpx.Client(base_url=client.base_url, timeout=30) as own:
            while not stop.is_set():
                body = own.get("/v1/users/ann/recommendations").json()
                listed = [each["item"] for each in body["recommendations"]]
                found.append((body["version"], listed))

    thread = Thread(target=ask)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("back", ["rollback", "pointer"])
def test_an_older_snapshot_serves_with_what_was_written_since_it_was_made(
    settings: Settings, back: str
) -> None:
    old = current(settings.snapshots)
    with served(settings) as client:
        assert SEEN in items(client, "ann")
        send(client, event("ann", SEEN))
        client.delete("/v1/items/alien")
        with store_of(settings) as store:
            publish_at(store.position(), settings.snapshots)
        client.post("/v1/admin/reload")
        wait_until(lambda: client.get("/health/ready").json()["version"] != old)
        send(client, event("bob", SEEN))  # so that what the new one holds is let go of
        with watched(client) as lists:
            if back == "rollback":
                client.post("/v1/admin/rollback", json={})
            else:
                (settings.snapshots / "draft").write_text(old)
                (settings.snapshots / "draft").replace(settings.snapshots / "current")
            wait_until(lambda: client.get("/health/ready").json()["version"] == old)
            time.sleep(1)
        of_the_old = [listed for version, listed in lists if version == old]
        assert of_the_old
        assert not any({SEEN, "alien"} & set(listed) for listed in of_the_old)


@pytest.mark.usefixtures("slow")
def test_while_others_are_forgotten_lists_miss_nothing(settings: Settings) -> None:
    with served(settings) as client:
        send(client, event("ann", SEEN), event("zoe", "alien"))
        assert items(client, "zoe") != items(client, "nobody")
        with watched(client) as lists, store_of(settings) as store:
            assert client.delete("/v1/users/bob").json()["deleted"]
            assert store.forget_user("zoe")  # by another process
            wait_until(lambda: items(client, "zoe") == items(client, "nobody"))
        assert lists
        assert not any(SEEN in listed for _, listed in lists)


def test_events_of_someone_who_was_forgotten_and_comes_back_count(settings: Settings) -> None:
    settings = settings.model_copy(
        update={"privacy": settings.privacy.model_copy(update={"remember_forgotten": False})}
    )
    with served(settings) as client:
        send(client, event("zoe", "alien"))
        assert client.delete("/v1/users/zoe").json()["deleted"]
        assert items(client, "zoe") == items(client, "nobody")
        send(client, event("zoe", SEEN))
        assert SEEN not in items(client, "zoe")
        assert not client.delete("/v1/users/nobody at all").json()["deleted"]
        assert SEEN not in items(client, "zoe")


def test_after_a_start_it_is_degraded_until_it_has_caught_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "ANSWER_SECONDS", 0.01)
    seen, read = Flag(), feed._read

    def held(*args: object, **options: object) -> object:
        seen.wait()
        return read(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(feed, "_read", held)
    with store_of(settings) as store:
        send_to(store, 30)
    with serving(create_app(settings, retry_seconds=0.05, store=settings.store)) as client:
        try:
            part = readiness(client, "degraded")["parts"]["store"]
        finally:
            seen.set()
        assert part.startswith("catching up with the graph store: 0 of ")
        assert "changes since the snapshot are read; lists lack the others" in part
        assert readiness(client, "ready")["parts"]["store"] == "ready"
        assert SEEN not in items(client, "late 29")


def send_to(store: SQLiteStore, people: int) -> None:
    store.write_events(log_of([Event(f"late {n}", SEEN, kind="view") for n in range(people)]))


@pytest.mark.parametrize("restored", [True, False])
def test_a_store_that_is_replaced_or_deleted_is_noticed(settings: Settings, restored: bool) -> None:
    path = path_of(settings)
    copy = path.with_name("copy.db")
    with store_of(settings):
        pass  # its log is in the file now
    shutil.copy(path, copy)
    with store_of(settings) as store:
        send_to(store, 30)
        publish_at(store.position(), settings.snapshots)
    with served(settings) as client:
        send(client, event("ann", SEEN))
        path.unlink()
        for rest in ("-wal", "-shm"):
            path.with_name(path.name + rest).unlink(missing_ok=True)
        lost = client.post("/v1/events", json={"events": [event("bob", SEEN)]})
        error(lost, 503, "store_away")
        if not restored:
            wait_until(lambda: "is not there" in client.get("/health/ready").text)
            return
        copy.replace(path)
        wait_until(lambda: "older than the snapshot" in client.get("/health/ready").text)
        send(client, event("bob", SEEN))
        assert SEEN not in items(client, "bob")
    with store_of(settings) as store:
        assert len(store.user_events("bob")) == 4
