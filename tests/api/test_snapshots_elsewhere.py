"""Services whose snapshots are at a URL: they follow it, change it, and outlive it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app

from graphrec.data import Interactions
from graphrec.settings import Settings
from graphrec.snapshot.canary import start_canary
from graphrec.snapshot.place import changing, local
from graphrec.snapshot.registry import load, publish
from graphrec.store.sqlite.store import SQLiteStore
from tests.support.live import wait_until
from tests.support.object_store import BUCKET, CREDENTIALS, object_store
from tests.support.service import LIKES, error, serving, tiny_snapshot

pytestmark = pytest.mark.slow


@contextmanager
def replica(place: str, cache: Path, **more: Any) -> Iterator[httpx.Client]:
    """A service as of a machine of its own."""
    settings = Settings(snapshots=place, cache=cache, **more)
    store = settings.store if "store" in more else None
    with serving(create_app(settings, retry_seconds=0.05, store=store)) as client:
        yield client


def published(place: str, cache: Path, **options: Any) -> str:
    with changing(place, cache, "graphrec train") as folder:
        return publish(tiny_snapshot(**options), folder)


def ready(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/health/ready").json()
    return found


def version_for(client: httpx.Client, user: str) -> str:
    found: str = client.get(f"/v1/users/{user}/recommendations").json()["version"]
    return found


def test_replicas_follow_what_any_of_them_changes(tmp_path: Path) -> None:
    place = f"file://{tmp_path}/shared"
    first = published(place, tmp_path / "refresh")
    with replica(place, tmp_path / "1") as one, replica(place, tmp_path / "2") as two:
        second = published(place, tmp_path / "refresh", embeddings=False)
        wait_until(lambda: {ready(each)["version"] for each in (one, two)} == {second})
        back = one.post("/v1/admin/rollback", json={})
        assert (back.status_code, back.json()["version"]) == (200, first), back.text
        wait_until(lambda: ready(two)["version"] == first)
        assert two.get("/v1/admin/snapshots").json()["versions"] == [first, second]
        with changing(place, tmp_path / "refresh") as folder:
            start_canary(folder, second, 0.4)
        wait_until(lambda: all(version_for(each, "gus") == second for each in (one, two)))
        users = ("gus", *(user for user in LIKES if "/" not in user))
        assert len({version_for(one, user) for user in users}) == 2
        assert [version_for(one, u) for u in users] == [version_for(two, u) for u in users]
        assert two.post("/v1/admin/promote").json()["version"] == second
        wait_until(lambda: ready(one)["version"] == second)


def test_who_is_deleted_at_one_replica_is_forgotten_at_the_other(tmp_path: Path) -> None:
    place, graph = f"file://{tmp_path}/shared", f"sqlite:///{tmp_path}/graph.db"
    with SQLiteStore(tmp_path / "graph.db", Settings().kinds) as store:
        pairs = [(user, item) for user, liked in LIKES.items() for item in liked]
        store.write_events(Interactions.of([u for u, _ in pairs], [i for _, i in pairs]))
    version = published(place, tmp_path / "refresh")
    with (
        replica(place, tmp_path / "1", store=graph) as one,
        replica(place, tmp_path / "2", store=graph) as two,
    ):
        wait_until(lambda: one.get("/v1/users/ann").status_code == 200)
        answer = one.delete("/v1/users/ann")
        assert (answer.status_code, answer.json()["deleted"]) == (200, True), answer.text
        wait_until(lambda: two.get("/v1/users/ann").status_code == 404)
        wait_until(lambda: ready(two)["version"] != version)
    folder = local(place, tmp_path / "other")
    assert "ann" not in load(folder).users.rows
    assert "bob" in load(folder).users.rows


def test_nothing_was_published_yet(tmp_path: Path) -> None:
    place = f"file://{tmp_path}/shared"
    with replica(place, tmp_path / "1") as client:
        said = error(client.get("/health/ready"), 503, "not_ready")
        assert f"no snapshot is at {place}: expected one that was published there" in said
        version = published(place, tmp_path / "refresh")
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        assert ready(client)["version"] == version


def test_a_bucket_that_is_away_degrades_and_no_secret_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = f"s3://{BUCKET}/films"
    with object_store(tmp_path) as store, caplog.at_level(logging.INFO):
        version = published(place, tmp_path / "refresh")
        with replica(place, tmp_path / "1") as client:
            assert ready(client)["status"] == "ready"
            store.process.kill()
            wait_until(lambda: ready(client)["status"] == "degraded")
            said = ready(client)["parts"]["snapshot"]
            assert said.startswith(f"snapshots at {place} cannot be read or written (")
            assert version_for(client, "ann") == version
        # It starts again from what was fetched before.
        with replica(place, tmp_path / "1") as client:
            assert version_for(client, "ann") == version
            said += client.get("/health/ready").text + client.get("/metrics").text
            refused = error(client.post("/v1/admin/rollback", json={}), 409, "snapshot_refused")
    for secret in (CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"]):
        assert secret not in caplog.text + said + refused
