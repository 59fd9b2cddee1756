"""What the service makes of people and items that training never met, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from graphrec.data import Attribute, Vocabulary
from graphrec.retrieval.profile import UserProfile
from graphrec.settings import RetrievalSettings, Settings
from graphrec.snapshot.registry import load
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.update import update
from graphrec.snapshot.view import View
from graphrec.store import open_store
from graphrec.store.delta_log import DeltaLog, read_delta
from tests.support.live import event, items, listed, send, served
from tests.support.service import error
from tests.support.shop import QUICK, log, refreshed, settings_of, store_of

pytestmark = pytest.mark.slow

USERS, ITEMS, TASTES = 120, 60, 4
WITHOUT_COUNTRY = {"neighbours": 1.0, "embedding": 1.0, "popularity": 0.05}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A shop of four tastes, each with a town, a genre, a brand and friends of its own."""
    pytest.importorskip("dgl")
    work = tmp_path_factory.mktemp("cold")
    settings = settings_of(
        store=f"sqlite:///{work / 'shop.db'}",
        snapshots=work / "snapshots",
        retrieval=RetrievalSettings(weights=WITHOUT_COUNTRY, popular_by="country"),
        models={**QUICK, "graphsage": {**QUICK["graphsage"], "epochs": 6}},
    )
    with store_of(work / "shop.db", log()) as store:
        users = [f"u{user:03}" for user in range(USERS)]
        reported = {
            "town": Attribute("category", tuple(f"t{n % TASTES}" for n in range(USERS))),
            "country": Attribute("category", tuple(f"c{n % TASTES // 2}" for n in range(USERS))),
        }
        store.write_nodes("user", Vocabulary(tuple(users)), reported)
        store.write_links(
            ("user", "follows", "user"),
            [(users[n], users[(n + TASTES) % USERS], 1.0) for n in range(USERS)],
        )
        made = [(f"i{item:02}", f"b{item % TASTES}", 1.0) for item in range(ITEMS)]
        store.write_links(("item", "made_by", "brand"), made)
        refreshed(store, settings.snapshots, settings, "graphsage")
    return settings


@pytest.fixture(scope="module")
def snapshot(settings: Settings) -> Snapshot:
    return load(settings.snapshots)


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    with served(settings) as client:
        yield client
        client.delete("/v1/items/new")


def session(client: httpx.Client, **body: Any) -> list[dict[str, Any]]:
    response = client.post("/v1/recommendations", json={"items": [], **body})
    assert response.status_code == 200, response.text
    return response.json()["recommendations"]


def of_taste(found: list[dict[str, Any]], taste: int) -> int:
    """How many of a list are of a taste."""
    return [int(each["item"][1:]) % TASTES for each in found if each["item"] != "new"].count(taste)


@pytest.mark.parametrize("taste", range(TASTES))
def test_a_session_with_attributes_or_friends_alone_has_a_list_of_its_own(
    client: httpx.Client, taste: int
) -> None:
    by_town = session(client, attributes={"town": f"t{taste}"})
    assert of_taste(by_town, taste) >= 8
    friends = [f"u{user:03}" for user in range(taste, 40, TASTES)]
    by_friends = session(client, friends=friends)
    assert of_taste(by_friends, taste) >= 8
    assert "embedding" in by_friends[0]["sources"]


def test_a_session_says_what_of_it_is_wrong(client: httpx.Client) -> None:
    url = "/v1/recommendations"
    unknown = client.post(url, json={"items": [], "friends": ["nobody"]}).json()
    assert unknown["unknown_friends"] == ["nobody"]
    bad = client.post(url, json={"items": [], "friends": [7]})
    message = error(bad, 422, "invalid_request", "friends[0]")
    assert message == "friends[0] is 7: expected the id of a user, in quotes"
    bad = client.post(url, json={"items": [], "attributes": {"town": {}}})
    error(bad, 422, "invalid_request", "attributes.town.bool")


def test_who_was_put_after_the_snapshot_is_known_by_attributes(client: httpx.Client) -> None:
    body = {"attributes": {"town": "t2", "country": "c1"}}
    before = items(client, "mover")
    assert client.put("/v1/users/mover", json=body).status_code == 200
    found = listed(client, "mover")
    assert found == session(client, **body)
    assert [each["item"] for each in found] != before
    assert of_taste(found, 2) >= 8
    as_friend = session(client, friends=["mover"])
    assert of_taste(as_friend, 2) >= 8
    known = items(client, "u001")
    client.put("/v1/users/u001", json={"attributes": {"town": "t3"}})
    moved = listed(client, "u001", k=20, explain=True)
    client.put("/v1/users/u001", json={"attributes": {"town": "t1"}})
    assert items(client, "u001") == known
    assert listed(client, "u001", k=20, explain=True) != moved
    client.delete("/v1/users/mover")
    assert items(client, "mover") == before


def test_of_whom_nothing_is_known_gets_what_is_popular_in_a_segment(client: httpx.Client) -> None:
    everywhere = listed(client, "nobody", k=20)
    for segment, tastes in (("c0", (0, 1)), ("c1", (2, 3))):
        found = listed(client, "nobody", k=20, segment=segment)
        assert sum(of_taste(found, each) for each in tastes) >= 14
        assert found[0]["reason"].startswith(f"Popular in {segment}: ")
        assert found[0]["reason"].endswith(" people there liked it")
        assert session(client, k=20, segment=segment) == found
    assert listed(client, "nobody", k=20, segment="atlantis") == everywhere
    assert everywhere[0]["reason"].startswith("Popular: ")
    personal = listed(client, "u001")
    assert listed(client, "u001", segment="c1") == personal


def test_an_event_on_a_new_item_makes_the_next_list_personal(client: httpx.Client) -> None:
    put = {"attributes": {"title": "The new one", "genres": ["g1"]}}
    assert client.put("/v1/items/new", json=put).status_code == 200
    before = items(client, "clicker")
    send(client, event("clicker", "new"))
    found = listed(client, "clicker")
    assert [each["item"] for each in found] != before
    assert "new" not in [each["item"] for each in found]
    assert of_taste(found, 1) >= 8
    assert "embedding" in found[0]["sources"]
    assert session(client, items=["new"]) == found
    client.delete("/v1/users/clicker")


def test_links_of_a_new_item_place_it_and_are_kept(
    client: httpx.Client, settings: Settings
) -> None:
    brand = {"relation": "made_by", "type": "brand", "id": "b3"}
    assert client.put("/v1/items/new", json={"links": [brand]}).status_code == 200
    near = client.get("/v1/items/new/related?by=embedding&k=5").json()["related"]
    assert [int(each["item"][1:]) % TASTES for each in near].count(3) >= 4
    assert "new" in items(client, "u003", k=20)
    with open_store(settings.store, settings.kinds) as store:
        graph = store.read_graph()
    links = graph.links["item", "made_by", "brand"]
    row = graph.items.rows["new"]
    kept = links.target[links.source == row].tolist()
    assert [graph.others["brand"].ids[brand] for brand in kept] == ["b3"]
    wrong = client.put("/v1/items/new", json={"links": [{**brand, "weight": 2}]})
    error(wrong, 422, "invalid_request", "links[0].weight")


def test_a_refresh_and_the_service_agree_on_what_came_since(
    client: httpx.Client, settings: Settings, snapshot: Snapshot
) -> None:
    brand = {"relation": "made_by", "type": "brand", "id": "b2"}
    client.put("/v1/items/new", json={"attributes": {"genres": ["g2"]}, "links": [brand]})
    client.put("/v1/users/both", json={"attributes": {"town": "t2"}})
    send(client, event("both", "new"), event("both", "i02"), event("u000", "new"))
    send(client, event("newest", "new"), event("newest", "unheard of"))
    position = snapshot.manifest.position
    assert position is not None
    log = DeltaLog(position)
    with open_store(settings.store, settings.kinds) as store:
        delta = read_delta(store, position)
        updated = update(View.of(snapshot, delta, settings.kinds))
        while min(log.events_read, log.nodes_read) < (store.position() or 0):
            log.add_events(store.events_since(log.events_read))
            log.add_nodes(*store.nodes_since(log.nodes_read))
    view = View.of(snapshot, log.delta, settings.kinds)
    assert updated.embeddings is not None
    item = updated.embeddings.item[updated.items.rows["new"]]
    new = view.items.cold
    np.testing.assert_allclose(item, new.vectors[list(new.items).index("new")], atol=1e-5)
    assert item.any()
    for user in ("both", "newest", "u000"):
        row = snapshot.users.rows.get(user)
        known = UserProfile() if row is None else view.stored(row)
        live, row = view.user(user), updated.users.rows[user]
        np.testing.assert_allclose(live.vector, updated.embeddings.user[row], atol=1e-5)
        assert live.likes > known.likes
    for user in ("both", "newest"):
        client.delete(f"/v1/users/{user}")


def test_what_a_friend_does_counts_in_the_next_list(client: httpx.Client) -> None:
    """Of someone whose list was kept: `u001` gets the messages of `u005`, whom they follow."""
    before = listed(client, "u001", k=20)
    assert listed(client, "u001", k=20) == before
    send(client, *(event("u005", f"i{item:02}") for item in (3, 7, 11)))
    computed = client.post("/v1/users/u001/recommendations", json={"k": 20}).json()
    assert computed["recommendations"] != before
    assert listed(client, "u001", k=20) == computed["recommendations"]
