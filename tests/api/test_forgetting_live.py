"""`DELETE /v1/users/{id}`: when it is answered, nothing of the person is left anywhere."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from graphrec.api.app import create_app
from graphrec.api.list_cache import ListCache

from graphrec.settings import Settings
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import load, publish, versions
from graphrec.store import open_store
from graphrec.traces import Mark, marks, traces
from tests.support.live import items, served, wait_until
from tests.support.service import error, serving
from tests.support.shop import log, refreshed, settings_of, store_of

pytestmark = pytest.mark.slow

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


def impatient(settings: Settings) -> Settings:
    """The same, with requests that wait for half a second."""
    privacy = settings.privacy.model_copy(update={"wait_seconds": 0.5})
    return settings.model_copy(update={"privacy": privacy})


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
        body = response.json()
        assert (body["id"], body["deleted"]) == (PERSON, True)
        late = datetime.fromisoformat(body["others_by"]) - datetime.now(timezone.utc)
        assert timedelta(0) < late < timedelta(seconds=60)
        assert items(client, PERSON) == items(client, "nobody")
        assert items(client, "u001") != items(client, "nobody")
        error(client.get(f"/v1/users/{PERSON}"), 404, "unknown_user", "user_id")
        assert len(versions(shop.settings.snapshots)) == 3
        wait_until(lambda: other.get(f"/v1/users/{PERSON}").status_code == 404)
        wait_until(lambda: items(other, PERSON) == items(other, "nobody"))
        assert client.delete(f"/v1/users/{PERSON}").json()["deleted"] is False
    assert places(shop) == ()
    with served(shop.settings) as client:
        assert items(client, PERSON) == items(client, "nobody")
    assert places(shop) == ()


def test_nobody_is_deleted_while_a_refresh_could_publish_them_again(shop: Shop) -> None:
    with served(impatient(shop.settings)) as client:
        before = items(client, PERSON)
        with refresh_lock(shop.settings.snapshots):
            response = client.delete(f"/v1/users/{PERSON}")
        said = error(response, 503, "not_forgotten")
        assert f"`graphrec refresh`, process {os.getpid()} on " in said
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


def test_deletions_at_once_and_one_beside_a_refresh_queue(shop: Shop) -> None:
    people = [PERSON, *(f"u{n:03}" for n in range(3))]
    with (
        served(shop.settings) as client,
        served(shop.settings) as other,
        ThreadPoolExecutor(4) as pool,
    ):
        with refresh_lock(shop.settings.snapshots):
            clients = (client, other, client, other)
            asked = [
                pool.submit(each.delete, f"/v1/users/{user}", timeout=60)
                for each, user in zip(clients, people, strict=True)
            ]
            threading.Event().wait(1)
            assert not any(each.done() for each in asked)
        for each in asked:
            assert each.result().json()["deleted"] is True
    assert not set(people) & set(load(shop.settings.snapshots).users.ids)


def test_what_is_left_is_named_with_a_command(shop: Shop, tmp_path: Path) -> None:
    exposures = tmp_path / "exposures"
    exposures.mkdir()
    (exposures / "old.7z").write_bytes(b"7z\xbc\xaf\x27\x1c\x00\x04")
    serve = shop.settings.serve.model_copy(update={"exposures": exposures})
    with served(shop.settings.model_copy(update={"serve": serve})) as client:
        said = error(client.delete(f"/v1/users/{PERSON}"), 503, "not_forgotten")
        assert "old.7z is of a format that cannot be searched" in said
        assert f"rm {exposures / 'old.7z'}" in said
        assert places(shop) == ()  # all else is done
        (exposures / "old.7z").unlink()
        assert client.delete(f"/v1/users/{PERSON}").status_code == 200


def test_every_process_drops_the_lists_of_who_is_forgotten(shop: Shop) -> None:
    """Also of somebody whom no snapshot knows, and where there is no store to tell of it."""
    url = "/v1/users/{}/recommendations"
    apps = [
        create_app(shop.settings, retry_seconds=0.05, store=store)
        for store in (shop.settings.store, None)
    ]
    with served(shop.settings) as client, serving(apps[0]) as near, serving(apps[1]) as far:
        for user in (PERSON, "nobody at all"):
            kept = [app.state.service.lists for app in apps]

            def asked(user: str = user, kept: list[ListCache] = kept) -> bool:
                for each in (near, far):
                    assert each.get(url.format(quote(user))).status_code == 200
                return all(user in lists.users for lists in kept)

            wait_until(asked)  # the snapshot that is made without the first one comes meanwhile
            assert client.delete(f"/v1/users/{quote(user)}").status_code == 200
            for lists in kept:
                wait_until(lambda lists=lists, user=user: user not in lists.users)
