"""Items that are put while the service runs: near other items, and in lists, at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from graphrec.data import Vocabulary
from graphrec.data.features import FeatureSpace, WordColumns
from graphrec.forget import forget_in_snapshots
from graphrec.models.encoder import ItemEncoder
from graphrec.retrieval.cold_items import NONE, embed_new_items
from graphrec.settings import RetrievalSettings, Settings
from graphrec.snapshot.registry import load, publish
from tests.support.live import items, listed, served
from tests.support.service import error
from tests.support.shop import QUICK, log, refreshed, settings_of, store_of

pytestmark = pytest.mark.slow

USERS, TASTES = 120, 4


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A shop of four tastes, each with a genre, on which GraphSAGE was trained."""
    pytest.importorskip("dgl")
    work = tmp_path_factory.mktemp("newcomers")
    settings = settings_of(
        store=f"sqlite:///{work / 'shop.db'}",
        snapshots=work / "snapshots",
        models={**QUICK, "graphsage": {**QUICK["graphsage"], "epochs": 8}},
        retrieval=RetrievalSettings(new_items_reach=0.4),  # of four tastes, each is a quarter
    )
    with store_of(work / "shop.db", log()) as store:
        refreshed(store, settings.snapshots, settings, "graphsage")
    assert load(settings.snapshots).embeddings.item_encoder is not None  # type: ignore[union-attr]
    return settings


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    with served(settings) as client:
        yield client
        client.delete("/v1/items/new")


def put(client: httpx.Client, genre: str, item: str = "new") -> None:
    body = {"attributes": {"title": "The new one", "genres": [genre]}}
    assert client.put(f"/v1/items/{item}", json=body).status_code == 200


def test_who_likes_its_genre_is_recommended_a_new_item_in_the_next_request(
    client: httpx.Client,
) -> None:
    put(client, "g1")
    has_it = [
        sum("new" in items(client, f"u{user:03}") for user in range(taste, USERS, TASTES))
        for taste in range(TASTES)
    ]
    assert has_it[1] >= 0.9 * USERS / TASTES
    assert all(count <= has_it[1] / 2 for taste, count in enumerate(has_it) if taste != 1)


def test_a_new_item_has_its_score_and_takes_no_more_places_than_the_setting_says(
    client: httpx.Client,
) -> None:
    before = listed(client, "u001", k=20)
    for each in range(6):
        put(client, "g1", f"new{each}")
    after = listed(client, "u001", k=20, explain=True)
    new = [each for each in after if each["item"].startswith("new")]
    assert len(new) == 2  # a tenth of 20
    assert len(after) == 20
    assert [each["item"] for each in after if each not in new] == [
        each["item"] for each in before[:18]
    ]
    for each in new:
        assert each["title"] == "The new one"
        assert each["sources"] == ["embedding"]
        assert each["score"] == sum(part["score"] for part in each["contributions"])
    scores = [each["score"] for each in after]
    assert scores == sorted(scores, reverse=True)
    for each in range(6):
        client.delete(f"/v1/items/new{each}")
    assert listed(client, "u001", k=20) == before


def test_a_new_item_that_is_met_ruled_out_or_deleted_is_in_no_list(client: httpx.Client) -> None:
    put(client, "g1")
    rule = {"name": "no g1", "action": "exclude", "attribute": "genres", "any_of": ["g1"]}
    path = "/v1/users/u001/recommendations"
    ruled = client.post(path, json={"rules": [rule], "k": 50}).json()["recommendations"]
    assert "new" not in [each["item"] for each in ruled]
    seen = {"events": [{"user": "u005", "item": "new", "kind": "view"}]}
    assert "new" in items(client, "u005")
    client.post("/v1/events", json=seen)
    assert "new" not in items(client, "u005")
    client.delete("/v1/items/new")
    assert "new" not in items(client, "u001")


def test_a_new_item_is_among_related_ones_by_embedding(client: httpx.Client) -> None:
    put(client, "g1")
    near = client.get("/v1/items/new/related?by=embedding&k=5").json()["related"]
    assert len(near) == 5
    assert [int(each["item"][1:]) % TASTES for each in near].count(1) >= 4
    back = client.get(f"/v1/items/{near[0]['item']}/related?by=embedding&k=60").json()["related"]
    assert next(each for each in back if each["item"] == "new")["score"] == pytest.approx(
        near[0]["score"], abs=1e-5
    )
    assert client.get("/v1/items/new/related").json()["related"] == []
    client.put("/v1/items/blank", json={})
    assert client.get("/v1/items/blank/related?by=embedding").json()["related"] == []
    client.delete("/v1/items/blank")


@pytest.mark.parametrize("by", ["graph", "embedding"])
def test_a_deleted_item_is_related_to_nothing(
    settings: Settings, client: httpx.Client, by: str
) -> None:
    path = f"/v1/items/i01/related?by={by}&k=5"
    gone = client.get(path).json()["related"][0]["item"]
    title = {"attributes": {"title": f"The {gone}", "genres": ["g1"]}}
    client.delete(f"/v1/items/{gone}")
    left = [each["item"] for each in client.get(path).json()["related"]]
    assert gone not in left
    assert len(left) == 5
    error(client.get(f"/v1/items/{gone}/related?by={by}"), 404, "unknown_item", "item_id")
    client.put(f"/v1/items/{gone}", json=title)
    assert gone in [each["item"] for each in client.get(path).json()["related"]]


def test_forgetting_someone_keeps_what_embeds_new_items(settings: Settings, tmp_path: Path) -> None:
    snapshot = load(settings.snapshots)
    publish(snapshot, tmp_path)
    forget_in_snapshots(tmp_path, ["u007"])
    kept = load(tmp_path)
    assert "u007" not in kept.likes.users.rows
    assert kept.embeddings is not None
    assert snapshot.embeddings is not None
    assert kept.embeddings.item_encoder is not None
    items, links = [{"genres": ("g1",)}], [{}]
    np.testing.assert_array_equal(
        kept.embeddings.item_encoder.embed(items, links)[0],
        snapshot.embeddings.item_encoder.embed(items, links)[0],  # type: ignore[union-attr]
    )


def test_only_what_changed_is_embedded_again() -> None:
    asked = []

    class Counting(ItemEncoder):
        def embed(self, items, links):  # type: ignore[no-untyped-def]
            asked.extend(each["genre"] for each in items)
            return super().embed(items, links)

    space = FeatureSpace({"genre": WordColumns(Vocabulary(("a", "b")))})
    encoder = Counting(space, np.eye(2, 3, dtype=np.float32), {}, {}, 1.0)
    held = {"x": {"genre": "a"}, "y": {"genre": "b"}, "z": {"genre": "unheard"}}
    first = embed_new_items(encoder, held)
    assert list(first.items) == ["x", "y"]
    asked.clear()
    second = embed_new_items(encoder, {**held, "y": {"genre": "a"}}, first)
    assert asked == ["a"]
    np.testing.assert_array_equal(second.vectors, [[1, 0, 0], [1, 0, 0]])
    assert embed_new_items(encoder, {}, second) is NONE
