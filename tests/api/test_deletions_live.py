"""Events that are taken back, and deleted items and users that stay deleted, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.api.middleware.keys import create_key

from graphrec.data.weighting import KindPolicy
from graphrec.settings import Settings
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.update import update
from graphrec.snapshot.view import View
from graphrec.store.delta_log import read_delta
from graphrec.store.sqlite.store import SQLiteStore
from tests.support.live import NOW, event, items, listed, readiness, send, served, settings_in
from tests.support.service import error, serving

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    with served(settings) as client:
        yield client


def store_of(settings: Settings) -> SQLiteStore:
    return SQLiteStore(Path(settings.store.removeprefix("sqlite:///")), settings.kinds)


def take_back(client: httpx.Client, *events: dict[str, Any]) -> httpx.Response:
    content = json.dumps({"events": events})
    headers = {"content-type": "application/json"}
    return client.request("DELETE", "/v1/events", content=content, headers=headers)


def post(client: httpx.Client, *events: dict[str, Any]) -> dict[str, Any]:
    response = client.post("/v1/events", json={"events": events})
    assert response.status_code == 200, response.text
    return response.json()


class TestTakingBack:
    def test_the_next_list_is_as_if_the_event_had_never_been_sent(
        self, client: httpx.Client
    ) -> None:
        before = listed(client, "eve")
        send(client, event("eve", "alien"))
        assert listed(client, "eve") != before
        assert take_back(client, event("eve", "alien")).json() == {"deleted": 1}
        assert listed(client, "eve") == before
        assert take_back(client, event("eve", "alien")).json() == {"deleted": 0}

    def test_what_the_snapshot_knows_is_unseen_and_unliked(self, client: httpx.Client) -> None:
        assert "alien" not in items(client, "ann", k=50)
        assert take_back(client, {"user": "ann", "item": "alien"}).json() == {"deleted": 1}
        found = listed(client, "ann", k=50)
        assert "alien" in [each["item"] for each in found]
        assert "alien" not in {path["item"] for each in found for path in each["because"]}
        seen = client.get("/v1/users/ann/history").json()
        assert "alien" not in json.dumps(seen)

    def test_who_took_everything_back_is_a_stranger(self, client: httpx.Client) -> None:
        keys = [{"user": "ann", "item": item} for item in ("alien", "brazil")]
        assert take_back(client, *keys).json() == {"deleted": 2}
        assert listed(client, "ann") == listed(client, "nobody")

    def test_by_kind_and_time_or_all_of_a_pair(self, client: httpx.Client) -> None:
        sent = [event("zoe", "alien", kind, time=NOW + t) for kind in ("a", "b") for t in (0, 1)]
        send(client, *sent[:3])
        send(client, sent[3])
        assert take_back(client, {"user": "zoe", "item": "alien", "kind": "a"}).json() == {
            "deleted": 2
        }
        query = {"user": "zoe", "item": "alien", "kind": "b", "time": NOW}
        assert client.delete("/v1/events", params=query).json() == {"deleted": 1}
        assert client.delete("/v1/events", params=query).json() == {"deleted": 0}
        both = {"user": "zoe", "item": "alien"}
        assert client.delete("/v1/events", params=both).json() == {"deleted": 1}

    def test_a_snapshot_that_is_made_next_agrees(
        self, client: httpx.Client, settings: Settings
    ) -> None:
        take_back(client, {"user": "ann", "item": "alien"})
        now = items(client, "ann", k=50)
        with store_of(settings) as store:
            before = load(settings.snapshots)
            delta = read_delta(store, before.manifest.position or 0)
            assert delta.written == 1
            publish(update(View.of(before, delta, settings.kinds)), settings.snapshots)
        with served(settings) as later:
            # In another order, perhaps: how popular items are is counted anew.
            assert set(items(later, "ann", k=50)) == set(now)
            history = later.get("/v1/users/ann/history").json()
            assert "alien" not in json.dumps(history)

    @pytest.mark.parametrize(
        ("request_", "field"),
        [
            ({}, "events"),
            ({"params": {"user": "ann"}}, "item"),
            ({"params": {"kind": "view"}}, "user"),
            ({"params": {"user": "ann", "item": "x", "time": "soon"}}, "time"),
            ({"params": {"user": "ann", "item": "x", "weight": "1"}}, "weight"),
            ({"json": {"events": []}}, "events"),
            ({"json": {"events": [{"user": "ann"}]}}, "events[0].item"),
            ({"json": {"events": [event("ann", "x", weight=1.0)]}}, "events[0].weight"),
            ({"json": {"events": [event("a", "b")] * 4}}, "events"),
        ],
    )
    def test_needs_a_key(self, client: httpx.Client, request_: dict[str, Any], field: str) -> None:
        response = client.request("DELETE", "/v1/events", **request_)
        assert error(response, 422, "invalid_request", field)

    def test_needs_a_store_and_the_scope_to_write(self, settings: Settings, tmp_path: Path) -> None:
        with serving(create_app(settings)) as client:
            response = client.delete("/v1/events", params={"user": "a", "item": "b"})
            error(response, 404, "no_store")
        file = tmp_path / "keys.json"
        reader, writer = (create_key(file, name, name) for name in ("read", "write"))
        guarded = settings.model_copy(
            update={"serve": settings.serve.model_copy(update={"keys": file})}
        )
        with served(guarded) as client:
            query = {"user": "ann", "item": "alien"}
            for key, status in ((None, 401), (reader, 403), (writer, 200)):
                headers = {} if key is None else {"authorization": f"Bearer {key}"}
                response = client.delete("/v1/events", params=query, headers=headers)
                assert response.status_code == status


class TestDeletedStaysDeleted:
    def test_an_item_whatever_event_comes_late(self, client: httpx.Client) -> None:
        client.delete("/v1/items/brazil")
        people = ("eve", "ann", "nobody", "gus")
        before = {user: listed(client, user) for user in people}
        answer = post(client, event("eve", "brazil"), event("new", "brazil"), event("gus", "alien"))
        assert (answer["accepted"], answer["ignored"]) == (1, 2)
        assert answer["reasons"] == [
            {"index": 0, "reason": "the item was deleted: put it again first"},
            {"index": 1, "reason": "the item was deleted: put it again first"},
        ]
        assert {u: listed(client, u) for u in people[:3]} == {u: before[u] for u in people[:3]}
        for user in (*people, "new"):
            assert "brazil" not in items(client, user, k=50)
        assert client.get("/v1/items/brazil").status_code == 404

    def test_only_a_put_brings_it_back_with_the_attributes_that_it_says(
        self, client: httpx.Client
    ) -> None:
        rule = {"name": "r", "action": "exclude", "attribute": "age", "any_of": ["18"]}
        client.put("/v1/items/brazil", json={"attributes": {"age": "18"}})
        client.put("/v1/items/hit", json={"attributes": {"age": "12"}})

        def listed_under_the_rule() -> bool:
            answer = client.post("/v1/users/eve/recommendations", json={"rules": [rule], "k": 50})
            return "brazil" in [each["item"] for each in answer.json()["recommendations"]]

        assert not listed_under_the_rule()
        client.delete("/v1/items/brazil")
        post(client, event("eve", "brazil"))
        assert not listed_under_the_rule()
        client.put("/v1/items/brazil", json={"attributes": {"age": "18"}})
        assert "brazil" in items(client, "eve", k=50)
        assert not listed_under_the_rule()
        assert post(client, event("eve", "brazil"))["ignored"] == 0
        assert "brazil" not in items(client, "eve", k=50)

    def test_who_saw_an_item_before_it_was_deleted_may_get_it_once_it_is_back(
        self, client: httpx.Client
    ) -> None:
        assert "brazil" not in items(client, "ann", k=50)
        client.delete("/v1/items/brazil")
        client.put("/v1/items/brazil", json={})
        assert "brazil" in items(client, "ann", k=50)

    def test_a_reason_names_no_deleted_item(self, client: httpx.Client) -> None:
        client.delete("/v1/items/brazil")
        for user in ("ann", "bob", "fay"):
            for each in listed(client, user, k=50):
                assert "brazil" not in {path["item"] for path in each["because"]}

    def test_a_user(self, client: httpx.Client, settings: Settings) -> None:
        client.delete("/v1/users/ann")
        answer = post(client, event("ann", "hit"))
        assert (answer["accepted"], answer["ignored"]) == (0, 1)
        assert answer["reasons"][0]["reason"] == "the user was deleted: put them again first"
        assert listed(client, "ann") == listed(client, "nobody")
        with store_of(settings) as store:
            assert len(store.user_events("ann")) == 0

    def test_a_user_of_whom_nothing_may_be_remembered(self, settings: Settings) -> None:
        private = settings.privacy.model_copy(update={"remember_forgotten": False})
        with served(settings.model_copy(update={"privacy": private})) as client:
            client.delete("/v1/users/ann")
            assert post(client, event("ann", "hit"))["accepted"] == 1

    def test_a_user_comes_back_by_a_put_unless_the_settings_refuse_it(
        self, settings: Settings
    ) -> None:
        with served(settings) as client:
            client.delete("/v1/users/ann")
            assert client.put("/v1/users/ann", json={}).status_code == 200
            client.delete("/v1/users/ann")
        private = settings.privacy.model_copy(update={"refuse_forgotten": True})
        with served(settings.model_copy(update={"privacy": private})) as client:
            said = error(client.put("/v1/users/ann", json={}), 422, "invalid_request")
            assert "the user was forgotten, and privacy.refuse_forgotten keeps them out" in said
            assert post(client, event("ann", "hit"))["accepted"] == 0
            assert client.put("/v1/users/someone", json={}).status_code == 200

    def test_an_item_that_a_link_names(self, client: httpx.Client) -> None:
        client.delete("/v1/items/brazil")
        links = [
            {"relation": "also_viewed", "type": "item", "id": "brazil"},
            {"relation": "also_viewed", "type": "item", "id": "hit"},
            {"relation": "made_by", "type": "brand", "id": "brazil"},
        ]
        answer = client.put("/v1/items/alien", json={"links": links}).json()
        assert answer == {
            "id": "alien",
            "ignored_links": [{**links[0], "reason": "the item was deleted"}],
        }
        assert client.get("/v1/items/brazil").status_code == 404

    def test_after_a_restart_too(self, settings: Settings) -> None:
        with served(settings) as client:
            client.delete("/v1/items/brazil")
        with served(settings) as client:
            readiness(client, "ready")
            assert post(client, event("eve", "brazil"))["ignored"] == 1
            assert "brazil" not in items(client, "eve", k=50)


class TestSeveralAtOnce:
    def test_the_last_one_of_a_request_counts_and_it_says_how_many_it_merged(
        self, client: httpx.Client, settings: Settings
    ) -> None:
        answer = post(client, event("zoe", "alien", weight=2.0), event("zoe", "alien", weight=3.0))
        assert (answer["accepted"], answer["merged"], answer["ignored"]) == (2, 1, 0)
        with store_of(settings) as store:
            assert store.user_events("zoe").weight.tolist() == [3.0]

    def test_quantities_add_up_within_a_request_and_a_request_again_changes_nothing(
        self, settings: Settings
    ) -> None:
        kinds = {**settings.kinds, "purchase": KindPolicy(same_time="add")}
        with served(settings.model_copy(update={"kinds": kinds})) as client:
            bought = [event("zoe", "alien", "purchase", weight=w) for w in (1.0, 3.0)]
            seen = event("zoe", "alien", "view", weight=2.0)
            for _ in range(2):
                answer = post(client, *bought, seen)
                assert (answer["accepted"], answer["merged"]) == (3, 1)
        with store_of(settings) as store:
            log = store.user_events("zoe")
            assert dict(zip(log.kind.tolist(), log.weight.tolist(), strict=True)) == {0: 4, 1: 2}

    def test_without_a_time_each_is_an_event_of_its_own(
        self, client: httpx.Client, settings: Settings
    ) -> None:
        twice = {"user": "zoe", "item": "alien", "kind": "purchase"}
        for _ in range(3):
            assert post(client, twice, twice)["merged"] == 0
        with store_of(settings) as store:
            log = store.user_events("zoe")
            assert (len(log), len(set(log.time.tolist()))) == (6, 6)
