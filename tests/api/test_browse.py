"""Looking around over HTTP: search, details, histories, pages, and the snapshot's facts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from graphrec.api.app import create_app

from graphrec.ranking.list_columns import COLUMNS
from graphrec.recommend.recommender import MIN_SUPPORT
from graphrec.retrieval.neighbours import similar_users
from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.snapshot import Snapshot
from graphrec.store.delta import Delta
from tests.support.service import LIKES, TITLES, error, serving, tiny_snapshot

METRICS = {"protocol": "temporal", "k": 10, "models": [{"model": "mf", "metrics": {}}]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browse")
    snapshot = tiny_snapshot()
    publish(replace(snapshot, manifest=replace(snapshot.manifest, metrics=METRICS)), folder)
    return folder


@pytest.fixture(scope="module")
def snapshot(folder: Path) -> Snapshot:
    return load(folder)


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    settings = Settings(snapshots=folder, serve=ServeSettings(max_k=50))
    with serving(create_app(settings)) as client:
        yield client


def answer(response: httpx.Response, snapshot: Snapshot) -> Any:
    assert response.status_code == 200, response.text
    body = response.json()
    assert body.pop("version") == snapshot.manifest.version
    return body


def walk(client: httpx.Client, path: str, rows: str, **query: Any) -> list[Any]:
    """All rows of all pages."""
    found, cursor = [], None
    while True:
        response = client.get(path, params={**query, **({"cursor": cursor} if cursor else {})})
        body = response.json()
        assert response.status_code == 200, response.text
        assert len(body[rows]) <= query["limit"]
        found += body[rows]
        cursor = body["next"]
        if cursor is None:
            return found


class TestItems:
    def test_are_all_without_a_query_the_most_popular_first(
        self, client: httpx.Client, snapshot: Snapshot
    ) -> None:
        body = answer(client.get("/v1/items"), snapshot)
        likes = [sum(each["item"] in liked for liked in LIKES.values()) for each in body["items"]]
        assert [each["likes"] for each in body["items"]] == likes == sorted(likes, reverse=True)
        assert {each["item"] for each in body["items"]} == set(snapshot.items.ids)
        assert body["next"] is None

    @pytest.mark.parametrize(
        ("query", "items"),
        [
            ("ALIEN", ["alien"]),
            ("cede", ["c/d é?"]),  # by title
            ("c/d é?", ["c/d é?"]),  # by id
            ("d e", ["c/d é?"]),
            ("i", ["hit", "brazil", "alien", "e/recommendations/f"]),
            ("no such", []),
        ],
    )
    def test_by_title_or_id(
        self, client: httpx.Client, snapshot: Snapshot, query: str, items: list[str]
    ) -> None:
        body = answer(client.get("/v1/items", params={"query": query}), snapshot)
        assert [each["item"] for each in body["items"]] == items
        assert [each["title"] for each in body["items"]] == [TITLES.get(item) for item in items]

    @pytest.mark.parametrize("limit", [1, 2, 4, 50])
    def test_in_pages(self, client: httpx.Client, limit: int) -> None:
        whole = client.get("/v1/items?query=i").json()["items"]
        assert walk(client, "/v1/items", "items", query="i", limit=limit) == whole

    def test_details(self, client: httpx.Client, snapshot: Snapshot) -> None:
        body = answer(client.get(f"/v1/items/{quote('c/d é?', safe='')}"), snapshot)
        assert body == {"item": "c/d é?", "title": "Cédé", "likes": 2, "attributes": {}}

    def test_an_unknown_one(self, client: httpx.Client) -> None:
        message = error(client.get("/v1/items/alein"), 404, "unknown_item", "item_id")
        assert message.startswith("item 'alein' is unknown")


class TestUsers:
    def test_by_id(self, client: httpx.Client, snapshot: Snapshot) -> None:
        body = answer(client.get("/v1/users", params={"query": "dora"}), snapshot)
        assert body == {"users": [{"user": "dan/dora ß", "likes": 2}], "next": None}

    def test_those_who_like_most_first(self, client: httpx.Client) -> None:
        users = walk(client, "/v1/users", "users", limit=2)
        assert users[0] == {"user": "bob", "likes": 3}
        assert {each["user"]: each["likes"] for each in users} == {
            user: len(items) for user, items in LIKES.items()
        }

    @pytest.mark.parametrize("user", LIKES)
    def test_history(self, client: httpx.Client, snapshot: Snapshot, user: str) -> None:
        path = f"/v1/users/{quote(user, safe='')}"
        body = answer(client.get(path), snapshot)
        assert {met["item"] for met in body["history"]} == set(LIKES[user])
        assert (body["user"], body["likes"], body["seen"]) == (user, *(2 * [len(LIKES[user])]))
        assert walk(client, path, "history", limit=1) == body["history"]

    def test_an_unknown_one(self, client: httpx.Client) -> None:
        for path in ("/v1/users/nobody", "/v1/users/nobody/similar"):
            assert "'nobody'" in error(client.get(path), 404, "unknown_user", "user_id")

    def test_similar_ones(self, client: httpx.Client, snapshot: Snapshot) -> None:
        body = answer(client.get("/v1/users/ann/similar?k=5"), snapshot)
        expected = similar_users(snapshot.likes, "ann", 5, min_support=MIN_SUPPORT)
        found = [(each["user"], each["score"], each["items"]) for each in body["similar"]]
        assert found == [*map(tuple, expected)]
        assert [each["user"] for each in body["similar"]] == ["bob"]
        shared = body["similar"][0]["shared"]
        assert [each["item"] for each in shared] == ["alien", "brazil"]


def test_a_user_who_is_being_deleted_is_not_shown(folder: Path) -> None:
    """Nor is anyone said to be like them, while the snapshot still holds them."""
    app = create_app(Settings(snapshots=folder))
    with serving(app) as client:
        assert [each["user"] for each in similar(client, "ann")] == ["bob"]
        asyncio.run(app.state.service.engine.advance(Delta(forgotten=frozenset({"bob"}))))
        assert similar(client, "ann") == []
        for path in ("/v1/users/bob", "/v1/users/bob/similar"):
            assert "'bob'" in error(client.get(path), 404, "unknown_user", "user_id")


def similar(client: httpx.Client, user: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/v1/users/{user}/similar").json()["similar"]
    return found


def test_what_was_met_and_not_liked_comes_last(tmp_path: Path) -> None:
    snapshot = tiny_snapshot()
    seen = snapshot.seen.tolil()
    seen[snapshot.users.row("ann"), snapshot.items.row("hit")] = True
    publish(replace(snapshot, seen=seen.tocsr()), tmp_path)
    with serving(create_app(Settings(snapshots=tmp_path))) as client:
        body = client.get("/v1/users/ann").json()
    assert [(met["item"], met["liked"]) for met in body["history"]] == [
        ("brazil", True), ("alien", True), ("hit", False),
    ]  # fmt: skip
    assert (body["likes"], body["seen"]) == (2, 3)


def test_popular(client: httpx.Client, snapshot: Snapshot) -> None:
    body = answer(client.get("/v1/popular?k=2"), snapshot)
    nobody = client.get("/v1/users/unknown/recommendations?k=2").json()["recommendations"]
    assert [each["item"] for each in body["items"]] == [each["item"] for each in nobody]
    assert body["items"][0] == {"item": "hit", "title": None, "likes": 5}


def test_the_snapshot(client: httpx.Client, snapshot: Snapshot) -> None:
    body = answer(client.get("/v1/snapshot"), snapshot)
    manifest = snapshot.manifest
    assert 0 <= body.pop("age_seconds") < 600
    assert [each["metric"] for each in body.pop("list_metrics")] == [*COLUMNS]
    assert body == {
        "created": manifest.created,
        "newest_event": manifest.newest_event,
        "graphrec": manifest.graphrec,
        "seed": 0,
        "counts": dict(manifest.counts),
        "models": {},
        "weights": [asdict(group) for group in manifest.weights],
        "ranker": None,
        "metrics": METRICS,
    }


class TestRequests:
    PAGES = ("/v1/items", "/v1/users", "/v1/users/ann")
    LISTS = ("/v1/users/ann/similar", "/v1/popular")
    OTHERS = ("/v1/items/alien", "/v1/snapshot")

    @pytest.mark.parametrize("route", [*PAGES, *LISTS, *OTHERS])
    def test_unknown_parameters_are_refused(self, client: httpx.Client, route: str) -> None:
        message = error(client.get(route, params={"q": 1}), 422, "invalid_request", "q")
        assert message == "q is unknown in the query: check its spelling, or leave it out"

    @pytest.mark.parametrize(
        ("route", "name"), [*((page, "limit") for page in PAGES), *((each, "k") for each in LISTS)]
    )
    @pytest.mark.parametrize("value", ["0", "51", "x"])
    def test_lengths_out_of_bounds(
        self, client: httpx.Client, route: str, name: str, value: str
    ) -> None:
        message = error(client.get(route, params={name: value}), 422, "invalid_request", name)
        assert message.endswith("expected a whole number from 1 to 50")

    def test_a_query_without_end(self, client: httpx.Client) -> None:
        response = client.get("/v1/items", params={"query": "x" * 101})
        message = error(response, 422, "invalid_request", "query")
        assert message.endswith("expected at most 100 characters")

    @pytest.mark.parametrize("route", PAGES)
    @pytest.mark.parametrize("cursor", ["", "x", "1", "a.-1", "a.1.", f"a.{'9' * 5000}"])
    def test_a_cursor_that_is_none(self, client: httpx.Client, route: str, cursor: str) -> None:
        response = client.get(route, params={"cursor": cursor})
        message = error(response, 422, "invalid_request", "cursor")
        assert message.endswith("expected `next` of the page before")

    @pytest.mark.parametrize("route", PAGES)
    def test_a_cursor_of_another_snapshot(
        self, client: httpx.Client, snapshot: Snapshot, route: str
    ) -> None:
        response = client.get(route, params={"cursor": "20261122T101500Z-3fa9c1.20"})
        assert error(response, 409, "stale_cursor", "cursor") == (
            "cursor is '20261122T101500Z-3fa9c1.20': expected one of snapshot "
            f"'{snapshot.manifest.version}', which serves now; ask for the first page again"
        )

    def test_a_cursor_beyond_the_end(self, client: httpx.Client, snapshot: Snapshot) -> None:
        cursor = f"{snapshot.manifest.version}.999999999"
        body = answer(client.get("/v1/items", params={"cursor": cursor}), snapshot)
        assert body == {"items": [], "next": None}

    @pytest.mark.parametrize("route", [*PAGES, *LISTS, *OTHERS])
    def test_without_a_snapshot(self, tmp_path: Path, route: str) -> None:
        with serving(create_app(Settings(snapshots=tmp_path / "none"))) as client:
            assert "run `graphrec train`" in error(client.get(route), 503, "not_ready")


def test_what_a_user_did_with_kinds_and_times(client: httpx.Client) -> None:
    body = client.get("/v1/users/ann/events").json()
    assert body["user"] == "ann"
    assert [event["item"] for event in body["events"]] == sorted(LIKES["ann"])
    assert {event["value"] for event in body["events"]} == {None}  # there is no store
    assert walk(client, "/v1/users/ann/events", "events", limit=1) == body["events"]
    assert client.get("/v1/users/ann").json()["attributes"] == {}
    error(client.get("/v1/users/nobody/events"), 404, "unknown_user", "user_id")


def test_activity_of_everything_and_of_an_item(client: httpx.Client) -> None:
    everything = client.get("/v1/activity").json()
    assert sum(everything["totals"].values()) == sum(map(len, LIKES.values()))
    assert everything["active_users"] == len(LIKES)
    alien = client.get("/v1/activity", params={"item": "alien", "days": 7}).json()
    assert alien["active_users"] == sum("alien" in items for items in LIKES.values())
    error(client.get("/v1/activity?item=nothing"), 404, "unknown_item", "items")
    error(client.get("/v1/activity?days=0"), 422, "invalid_request", "days")
