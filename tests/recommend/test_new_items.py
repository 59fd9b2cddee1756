"""Items and users that came since the snapshot: found, shown and explained like all others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from graphrec.data import Interactions
from graphrec.errors import UnknownNode
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.recommend.results import Shared
from graphrec.rules.rule import ExcludeRule
from graphrec.store.delta_log import DeltaLog
from graphrec.store.protocol import ChangedNode, NewEvents
from tests.support.attributed import ITEMS, RECOMMENDER, SNAPSHOT, USERS, attribute
from tests.support.live import event, send, served, settings_in
from tests.support.service import error


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with served(settings_in(tmp_path)) as client:
        yield client


def with_new_item(**attributes: object) -> Recommender:
    log = DeltaLog()
    log.add_nodes([ChangedNode("item", "new", {"title": "The new one", **attributes})], 1)
    return RECOMMENDER.advanced(log.delta)


def names(client: httpx.Client, query: str) -> list[str]:
    found = client.get("/v1/items", params={"query": query, "limit": 50}).json()["items"]
    return [each["item"] for each in found]


class TestOverHTTP:
    def test_a_new_item_has_a_page_and_is_found(self, client: httpx.Client) -> None:
        error(client.get("/v1/items/new"), 404, "unknown_item", "item_id")
        body = {"attributes": {"title": "Aliens again", "year": 2024, "genres": ["Horror"]}}
        client.put("/v1/items/new", json=body)
        page = client.get("/v1/items/new").json()
        assert (page["item"], page["title"], page["likes"]) == ("new", "Aliens again", 0)
        assert page["attributes"] == {"year": 2024.0, "genres": ["Horror"]}
        assert names(client, "alien") == ["alien", "new"]
        assert names(client, "aliens again") == names(client, "NEW") == ["new"]
        assert names(client, "")[-1] == "new"
        for by in ("graph", "embedding"):
            assert client.get(f"/v1/items/new/related?by={by}").json()["related"] == []

    def test_an_item_is_found_by_what_it_is_called_now(self, client: httpx.Client) -> None:
        before = names(client, "")
        client.put("/v1/items/alien", json={"attributes": {"title": "Nostromo"}})
        assert names(client, "nostromo") == names(client, "alien") == ["alien"]
        assert names(client, "") == before  # as popular as ever
        found = client.get("/v1/items", params={"query": "nostromo"}).json()["items"]
        assert found == [{"item": "alien", "title": "Nostromo", "likes": 3}]

    def test_lists_and_reasons_call_an_item_what_it_is_called_now(
        self, client: httpx.Client
    ) -> None:
        asked = [
            "/v1/users/ann/recommendations?k=50",
            "/v1/users/ann/recommendations?k=50&exclude_seen=false",
            "/v1/users/eve/recommendations/brazil/explanation",
            "/v1/users/ann/why-not/alien",
            "/v1/items/brazil/related?by=graph",
            "/v1/items/brazil/related?by=embedding",
            "/v1/popular?k=50",
            "/v1/users/ann",
        ]
        before = [client.get(url).text for url in asked]
        assert sum('"Alien"' in text for text in before) > 4
        assert not any("Nostromo" in text for text in before)
        client.put("/v1/items/alien", json={"attributes": {"title": "Nostromo"}})
        after = [client.get(url).text for url in asked]
        assert [text.replace("Nostromo", "Alien") for text in after] == before

    def test_users_who_came_since_are_found(self, client: httpx.Client) -> None:
        def users(query: str) -> list[dict[str, object]]:
            answer = client.get("/v1/users", params={"query": query, "limit": 50})
            return list(answer.json()["users"])

        before = users("")
        send(client, event("Annika", "alien"), event("Annika", "brazil"), event("zoe", "alien"))
        client.put("/v1/users/anna", json={})
        assert users("annika") == [{"user": "Annika", "likes": 2}]
        assert [each["user"] for each in users("ann")] == ["ann", "Annika", "anna"]
        assert users("")[: len(before)] == before
        assert [each["user"] for each in users("")[len(before) :]] == ["Annika", "anna", "zoe"]
        client.delete("/v1/users/ann")
        assert [each["user"] for each in users("ann")] == ["Annika", "anna"]

    def test_a_page_is_what_the_item_is_now(self, client: httpx.Client) -> None:
        client.put("/v1/items/alien", json={"attributes": {"title": "Alien³"}})
        page = client.get("/v1/items/alien").json()
        assert (page["title"], page["likes"]) == ("Alien³", 3)
        client.delete("/v1/items/alien")
        error(client.get("/v1/items/alien"), 404, "unknown_item", "item_id")
        assert "alien" not in names(client, "")
        popular = client.get("/v1/popular?k=50").json()["items"]
        assert "alien" not in [each["item"] for each in popular]
        assert "alien" not in [each["item"] for each in history(client, "ann")]

    def test_a_new_item_is_explained_to_users_and_visitors(self, client: httpx.Client) -> None:
        client.put("/v1/items/new", json={"attributes": {"title": "The new one"}})
        path = "/v1/users/ann/recommendations/new/explanation"
        found = client.get(path).json()["explanation"]
        assert found["title"] == "The new one"
        assert (found["rank"], found["score"], found["because"]) == (None, 0.0, [])
        assert found["reason"] == "New: it comes up by exploration alone"
        asked = {"items": ["alien"], "item": "new"}
        visitor = client.post("/v1/explanations", json=asked).json()["explanation"]
        assert visitor == found
        send(client, event("ann", "new"))
        assert client.get(path).json()["explanation"]["seen"]
        why = client.get("/v1/users/ann/why-not/new").json()
        assert (why["verdict"], why["title"]) == ("seen", "The new one")

    def test_a_visitor_is_told_why(self, client: httpx.Client) -> None:
        asked = {"items": ["alien"], "item": "brazil", "k": 3}
        answer = client.post("/v1/explanations", json=asked).json()
        found = answer["explanation"]
        assert [path["item"] for path in found["because"]] == ["alien"]
        assert sum(part["score"] for part in found["contributions"]) == pytest.approx(
            found["score"]
        )
        wrong = client.post("/v1/explanations", json={**asked, "item": "nothing"})
        error(wrong, 404, "unknown_item", "items")

    def test_a_new_user_has_a_history(self, client: httpx.Client) -> None:
        error(client.get("/v1/users/zoe"), 404, "unknown_user", "user_id")
        client.put("/v1/items/new", json={"attributes": {"title": "The new one"}})
        send(client, event("zoe", "new"), event("zoe", "alien"))
        send(client, event("zoe", "brazil", "rating", weight=1.0))
        assert history(client, "zoe") == [
            {"item": "alien", "title": "Alien", "liked": True},
            {"item": "new", "title": "The new one", "liked": True},
            {"item": "brazil", "title": None, "liked": False},
        ]
        assert client.get("/v1/users/zoe/similar").json()["similar"] == []
        send(client, event("ann", "hit"))
        assert [each["item"] for each in history(client, "ann")] == ["hit", "brazil", "alien"]


def history(client: httpx.Client, user: str) -> list[dict[str, object]]:
    return client.get(f"/v1/users/{user}").json()["history"]


def test_a_new_item_is_explained_by_what_it_shares_with_what_is_liked() -> None:
    user = USERS[0]
    row = SNAPSHOT.users.row(user)
    liked = [ITEMS[at] for at in SNAPSHOT.likes.by_user[[row]].indices]
    counts = {
        ("tags", tag): sum(tag in attribute("tags", item) for item in liked)
        for tag in ("red", "big")
    } | {("brand", "acme"): sum(attribute("brand", item) == "acme" for item in liked)}
    assert max(counts.values()) > 0
    recommender = with_new_item(tags=("big", "red", "odd"), brand="acme", price=2.0)
    found = recommender.explain(Query(user), "new", 5)
    assert found.shared == tuple(
        Shared(*each, counts[each])
        for each in sorted(counts, key=lambda each: (-counts[each], each))
        if counts[each]
    )
    assert found.reason.startswith("New, and like items you liked: ")
    assert len(recommender.explain(Query(user), "new", 1).shared) == 1


def test_what_rules_say_of_a_new_item_is_why_not() -> None:
    recommender = with_new_item(brand="acme")
    rule = ExcludeRule(name="no acme", action="exclude", attribute="brand", any_of=("acme",))
    why = recommender.why_not(Query(USERS[0], rules=(rule,)), "new")
    assert (why.verdict, why.rule) == ("ruled_out", "no acme")
    assert recommender.why_not(Query(USERS[0]), "new").verdict == "new"


def test_someone_who_was_forgotten_has_no_history() -> None:
    log = DeltaLog()
    log.forget(USERS[0])
    with pytest.raises(UnknownNode):
        RECOMMENDER.advanced(log.delta).directory.history(USERS[0])
    events = Interactions.of([USERS[0]], [ITEMS[3]])
    log.add_events(NewEvents(events, np.ones(1, bool), 1))
    directory = RECOMMENDER.advanced(log.delta).directory
    assert [seen.item for seen in directory.history(USERS[0])] == [ITEMS[3]]
