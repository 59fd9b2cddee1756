"""A canary beside the current snapshot: a sticky share of users gets it, and answers say so."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from graphrec.api.app import create_app

from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.snapshot.canary import canary, gets_canary, start_canary
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import current, load, publish
from tests.support.service import LIKES, break_, error, figures, serving, tiny_snapshot, until

pytestmark = pytest.mark.slow

USERS = [*LIKES, *(f"stranger {n}" for n in range(20))]
SHARE = 0.4


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    """The current version, and one that is tried, whose answers differ."""
    old = publish(tiny_snapshot(), tmp_path)
    new = publish(tiny_snapshot(embeddings=False), tmp_path, serve=False)
    start_canary(tmp_path, new, SHARE)
    return old, new


@pytest.fixture
def client(tmp_path: Path, two: tuple[str, str]) -> Iterator[httpx.Client]:
    with serving(create_app(Settings(snapshots=tmp_path), retry_seconds=0.02)) as client:
        yield client


def version_for(client: httpx.Client, user: str) -> str:
    path = f"/v1/users/{quote(user, safe='')}/recommendations"
    version: str = client.get(path).json()["version"]
    return version


def versions_of(client: httpx.Client) -> set[str]:
    return {version_for(client, user) for user in USERS}


def test_a_sticky_share_of_users_gets_the_canary_and_all_else_is_the_current_one(
    client: httpx.Client, tmp_path: Path, two: tuple[str, str]
) -> None:
    old, new = two
    salt = new.partition("-")[0]
    expected = {user: new if gets_canary(user, SHARE, salt) else old for user in USERS}
    assert set(expected.values()) == {old, new}
    for _ in range(2):
        assert {user: version_for(client, user) for user in USERS} == expected
    truth = {version: Recommender.of(load(tmp_path, version)) for version in two}
    for user, version in expected.items():
        path = f"/v1/users/{quote(user, safe='')}/recommendations"
        answered = [each["item"] for each in client.get(path).json()["recommendations"]]
        assert answered == [each.item for each in truth[version].recommend(Query(user=user))]
    session = client.post("/v1/recommendations", json={"items": ["alien"]})
    assert session.json()["version"] == old
    for path in ("/v1/popular", "/v1/items/alien/related", "/health/ready"):
        assert client.get(path).json()["version"] == old
    assert client.get("/v1/admin/snapshots").json()["canary"] == new


def test_figures_are_by_version(client: httpx.Client, two: tuple[str, str]) -> None:
    old, new = two
    asked = [version_for(client, user) for user in USERS]
    found = figures(client)
    assert found["graphrec_snapshot", "current", old] == 1
    assert found["graphrec_snapshot", "canary", new] == 1
    for version in two:
        assert found["graphrec_lists_total", "user", version] == asked.count(version) > 0
        assert 0 < found["graphrec_coverage", version] <= 1


def test_it_is_promoted(client: httpx.Client, tmp_path: Path, two: tuple[str, str]) -> None:
    old, new = two
    answer = client.post("/v1/admin/promote")
    assert answer.json() == {"version": new, "previous": old}
    assert versions_of(client) == {new} == {current(tmp_path)}
    assert client.get("/v1/admin/snapshots").json()["canary"] is None
    message = error(client.post("/v1/admin/promote"), 409, "snapshot_refused")
    assert "has no canary" in message


def test_it_is_ended_by_a_rollback(client: httpx.Client, two: tuple[str, str]) -> None:
    old, _ = two
    assert client.post("/v1/admin/rollback", json={}).json() == {"version": old, "previous": old}
    assert versions_of(client) == {old}


def test_while_a_refresh_runs_nothing_is_changed_and_it_is_said_who_runs_it(
    client: httpx.Client, tmp_path: Path, two: tuple[str, str]
) -> None:
    with refresh_lock(tmp_path):
        for what, body in (("promote", None), ("rollback", {}), ("rollback", {"to": two[1]})):
            response = client.post(f"/v1/admin/{what}", json=body)
            assert f"process {os.getpid()} on " in error(response, 409, "refresh_running")
    assert current(tmp_path) == two[0]
    assert canary(tmp_path) is not None
    assert client.post("/v1/admin/promote").status_code == 200


def test_one_that_begins_or_grows_is_taken_up(
    client: httpx.Client, tmp_path: Path, two: tuple[str, str]
) -> None:
    old, new = two
    client.post("/v1/admin/rollback", json={})
    assert versions_of(client) == {old}
    start_canary(tmp_path, new, SHARE)
    until(lambda: versions_of(client) == {old, new})
    few = {user for user in USERS if version_for(client, user) == new}
    start_canary(tmp_path, new, 0.9)
    until(lambda: few < {user for user in USERS if version_for(client, user) == new})


def test_one_that_is_broken_serves_nobody(
    tmp_path: Path, two: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    old, new = two
    break_(tmp_path, new)
    with (
        caplog.at_level(logging.WARNING),
        serving(create_app(Settings(snapshots=tmp_path), retry_seconds=0.02)) as client,
    ):
        assert versions_of(client) == {old}
        ready = client.get("/health/ready").json()
    assert ready["status"] == "degraded"
    assert new in ready["parts"]["snapshot"]
    assert [record.message for record in caplog.records if "no canary serves" in record.message]
