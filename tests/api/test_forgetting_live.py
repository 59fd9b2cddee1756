"""`DELETE /v1/users/{id}`: when it is answered, nothing of the person is left anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from graphrec.settings import Settings
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import load, publish, versions
from graphrec.store import open_store
from graphrec.traces import Mark, marks, traces
from tests.support.live import items, served, wait_until
from tests.support.service import error
from tests.support.shop import log, refreshed, settings_of, store_of

PERSON = "person-0001@example.org"
TASTE = [f"i{item:02}" for item in range(0, 60, 4)]


class Shop(NamedTuple):
    settings: Settings
    sought: tuple[Mark, ...]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Trained twice on a log to which someone's events were sent over HTTP."""
    database, folder = tmp_path / "shop.db", tmp_path / "snapshots"
    settings = settings_of(store=f"sqlite:///{database}", snapshots=folder)
    with store_of(database, log()) as store:
        refreshed(store, folder, settings)
        with served(settings) as client:
            events = [{"user": PERSON, "item": item, "kind": "view"} for item in TASTE[:12]]
            assert client.post("/v1/events", json={"events": events}).status_code == 200
        refreshed(store, folder, settings)
        snapshot = load(folder)
        assert PERSON in snapshot.users.rows
        publish(snapshot, folder, serve=False)
    return Shop(settings, marks(folder, [PERSON]))


def places(shop: Shop) -> tuple[str, ...]:
    """Where something of the person is left."""
    with open_store(shop.settings.store, shop.settings.kinds, create=False) as store:
        return (*traces(shop.settings.snapshots, shop.sought), *store.traces(PERSON))


def test_who_is_deleted_is_a_stranger_and_no_file_and_no_table_knows_them(shop: Shop) -> None:
    assert len(places(shop)) > 5
    with served(shop.settings) as client, served(shop.settings) as other:
        assert items(client, PERSON) != items(client, "nobody")
        event = {"user": PERSON, "item": TASTE[-1], "kind": "view"}
        assert client.post("/v1/events", json={"events": [event]}).status_code == 200
        response = client.delete(f"/v1/users/{PERSON}")
        assert response.json() == {"id": PERSON, "deleted": True}
        assert items(client, PERSON) == items(client, "nobody")
        assert items(client, "u001") != items(client, "nobody")
        error(client.get(f"/v1/users/{PERSON}"), 404, "unknown_user", "user_id")
        assert len(versions(shop.settings.snapshots)) == 3
        wait_until(lambda: other.get(f"/v1/users/{PERSON}").status_code == 404)
        wait_until(lambda: items(other, PERSON) == items(other, "nobody"))
        assert client.delete(f"/v1/users/{PERSON}").json() == {"id": PERSON, "deleted": False}
    assert places(shop) == ()
    with served(shop.settings) as client:
        assert items(client, PERSON) == items(client, "nobody")
    assert places(shop) == ()


def test_nobody_is_deleted_while_a_refresh_could_publish_them_again(shop: Shop) -> None:
    with served(shop.settings) as client:
        before = items(client, PERSON)
        with refresh_lock(shop.settings.snapshots):
            response = client.delete(f"/v1/users/{PERSON}")
        assert "a refresh runs" in error(response, 503, "not_forgotten")
        assert int(response.headers["retry-after"]) >= 1
        assert items(client, PERSON) == before
        assert client.delete(f"/v1/users/{PERSON}").json()["deleted"]


def test_nobody_is_deleted_where_the_snapshots_cannot_be_written(shop: Shop) -> None:
    lock = shop.settings.snapshots / "refresh.lock"
    lock.mkdir()  # root may write anywhere, but not into a folder as if it were a file
    with served(shop.settings) as client:
        before = items(client, PERSON)
        response = client.delete(f"/v1/users/{PERSON}")
        message = error(response, 503, "not_forgotten")
        assert "the folder of snapshots cannot be written (Is a directory)" in message
        assert items(client, PERSON) == before
