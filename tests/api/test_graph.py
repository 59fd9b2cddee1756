"""The graph and the map over HTTP: any ids, bounds, and errors that say what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from graphrec.api.app import create_app

from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from tests.support.service import LIKES, error, serving, tiny_snapshot


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("graph")
    publish(tiny_snapshot(), folder)
    with serving(create_app(Settings(snapshots=folder, serve=ServeSettings(max_k=50)))) as client:
        yield client


@pytest.mark.parametrize("item", ["alien", "c/d é?", "%2F", "e/recommendations/f"])
def test_from_an_item_to_people_to_items(client: httpx.Client, item: str) -> None:
    place = f"/v1/graph/items/{quote(item, safe='')}"
    users = {user for user, liked in LIKES.items() if item in liked}
    people, *rest = client.get(place).json()["reached"]
    assert (people["type"], people["id"], people["count"]) == ("people", "interaction", len(users))
    assert rest == []
    found = client.get(f"{place}/people", params={"kinds": people["id"], "k": 50}).json()
    assert found["people"] == len(users)
    expected = {other for user in users for other in LIKES[user]} - {item}
    assert {each["id"] for each in found["reached"]} == expected
    assert len(client.get(f"{place}/people?k=1").json()["reached"]) == min(1, len(expected))


@pytest.mark.parametrize("user", ["ann", "dan/dora ß"])
def test_from_a_user(client: httpx.Client, user: str) -> None:
    found = client.get(f"/v1/graph/users/{quote(user, safe='')}").json()
    assert {each["id"] for each in found["reached"]} == set(LIKES[user])


def test_events_without_a_time_are_in_no_window(client: httpx.Client) -> None:
    found = client.get("/v1/graph/items/alien?since=2020-01-01").json()
    assert (found["total"], found["people"], found["reached"]) == (0, 0, [])


@pytest.mark.parametrize(
    ("place", "status", "code", "field", "said"),
    [
        ("items/alein", 404, "unknown_item", "item_id", "'alein'"),
        ("items/alein/people", 404, "unknown_item", "item_id", "'alein'"),
        ("users/nobody", 404, "unknown_user", "user_id", "'nobody'"),
        ("items/alien?k=51", 422, "invalid_request", "k", "a whole number from 1 to 50"),
        ("items/alien?kinds=interactoin", 422, "unknown_name", "kinds", "did you mean"),
        ("items/alien?until=soon", 422, "invalid_request", "until", "until is 'soon'"),
        ("items/alien?depth=2", 422, "invalid_request", "depth", "depth is unknown"),
        ("values/titel/Alien", 422, "unknown_name", "attribute", "did you mean 'title'"),
        ("linked/by/brand/acme", 422, "unknown_name", "relation", "no item has a relation 'by'"),
    ],
)
def test_errors(
    client: httpx.Client, place: str, status: int, code: str, field: str, said: str
) -> None:
    assert said in error(client.get(f"/v1/graph/{place}"), status, code, field)


def test_a_value_is_any_text(client: httpx.Client) -> None:
    found = client.get(f"/v1/graph/values/title/{quote('Cédé')}").json()
    assert [each["id"] for each in found["reached"]] == ["c/d é?"]


def test_the_map(client: httpx.Client, tmp_path: Path) -> None:
    found = client.get("/v1/map?attribute=title").json()
    assert set(found["items"]) == {item for liked in LIKES.values() for item in liked}
    assert sorted(found["values"]) == ["Alien", "Cédé"]
    message = error(client.get("/v1/map?limit=10001"), 422, "invalid_request", "limit")
    assert message == "limit is 10001: expected a whole number from 1 to 10000"
    assert "did you mean 'title'" in error(
        client.get("/v1/map?attribute=titel"), 422, "unknown_name", "attribute"
    )
    publish(tiny_snapshot(embeddings=False), tmp_path)
    with serving(create_app(Settings(snapshots=tmp_path))) as bare:
        assert "has no embeddings" in error(bare.get("/v1/map"), 404, "no_embeddings")
