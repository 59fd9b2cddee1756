"""Events, items and users sent to a service: durable, and in the very next answer."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app

from graphrec.settings import Settings
from graphrec.store.sqlite.store import SQLiteStore
from tests.support.live import (
    NOW,
    event,
    items,
    listed,
    readiness,
    send,
    served,
    settings_in,
    wait_until,
)
from tests.support.server import running
from tests.support.service import error, serving

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    with served(settings) as client:
        yield client


class TestEvents:
    def test_make_a_stranger_s_next_list_personal(self, client: httpx.Client) -> None:
        before = listed(client, "stranger")
        assert before[0]["sources"] == ["popularity"]
        send(client, event("stranger", "alien"))
        after = listed(client, "stranger")
        assert "alien" not in [each["item"] for each in after]
        assert after[0]["reason"].startswith("Because you liked Alien: ")
        session = client.post("/v1/recommendations", json={"items": ["alien"]}).json()
        assert after == session["recommendations"]

    @pytest.mark.parametrize("weight", [1e30, 1e29])
    def test_of_any_weight_change_nobody_else_s_list_and_count_as_those_of_others(
        self, client: httpx.Client, weight: float
    ) -> None:
        before = {user: items(client, user) for user in ("eve", "nobody")}
        popular = client.get("/v1/popular").json()["items"]
        answer = client.post(
            "/v1/events",
            json={
                "events": [
                    event("bot", "alien", "view", weight=weight) | {"time": NOW - n}
                    for n in range(3)
                ]
            },
        )
        assert answer.status_code == 200, answer.text
        send(client, event("one", "alien", "view"))
        assert {user: items(client, user) for user in before} == before
        assert client.get("/v1/popular").json()["items"] == popular
        assert items(client, "bot") == items(client, "one")

    @pytest.mark.parametrize("weight", ["1e31", "1e308", "-1", '"1"'])
    def test_that_weigh_no_number_are_named(self, client: httpx.Client, weight: str) -> None:
        good = '{"user": "eve", "item": "alien", "kind": "view"}'
        bad = f'{{"user": "bot", "item": "alien", "kind": "view", "weight": {weight}}}'
        answer = client.post(
            "/v1/events",
            content=f'{{"events": [{good}, {bad}]}}',
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 422
        assert answer.json()["error"]["field"].endswith("events[1].weight")

    @pytest.mark.parametrize("value", ["1e308", "1e39", "[1.0, 1e308]"])
    def test_so_are_attributes(self, client: httpx.Client, value: str) -> None:
        body = f'{{"attributes": {{"price": {value}}}}}'
        answer = client.put(
            "/v1/items/alien", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, answer.text

    def test_are_folded_into_what_is_known_of_a_user(self, client: httpx.Client) -> None:
        before = items(client, "eve")
        send(client, event("eve", "alien"))
        after = listed(client, "eve")
        assert [each["item"] for each in after] != before
        assert "alien" not in [each["item"] for each in after]
        assert "alien" in {path["item"] for each in after for path in each["because"]}

    def test_that_are_not_liked_are_seen_and_no_more(self, client: httpx.Client) -> None:
        before = items(client, "stranger")
        send(client, event("stranger", "alien", "rating", weight=1.0))
        assert items(client, "stranger") == [item for item in before if item != "alien"]

    def test_of_items_nobody_knows_yet_are_kept(
        self, client: httpx.Client, settings: Settings
    ) -> None:
        send(client, event("stranger", "unheard of"), event("stranger", "alien"))
        assert items(client, "stranger")
        with SQLiteStore(Path(settings.store.removeprefix("sqlite:///")), {}) as store:
            assert len(store.user_events("stranger")) == 2

    def test_that_are_disliked_or_given_back_take_back_a_like_at_once(
        self, client: httpx.Client
    ) -> None:
        def reasons(user: str) -> set[str]:
            return {path["item"] for each in listed(client, user) for path in each["because"]}

        now = time.time_ns() // 1_000_000 - 1000
        send(client, event("stranger", "alien", time=now), event("other", "alien", time=now))
        assert "alien" in reasons("stranger") & reasons("other")
        send(client, event("stranger", "alien", "Thumbs Down", time=now + 1))
        assert "alien" not in reasons("stranger")
        verdict = client.get("/v1/users/stranger/why-not/alien").json()["verdict"]
        assert verdict == "disliked"
        send(client, event("stranger", "alien", "like", time=now + 2))
        assert "alien" in reasons("stranger")
        send(client, event("other", "brazil", "purchase", time=now))
        assert "brazil" in reasons("other")
        send(client, event("other", "brazil", "return", weight=-2.0, time=now + 1))
        assert "brazil" not in reasons("other")

    def test_sent_again_count_once(self, client: httpx.Client, settings: Settings) -> None:
        send(client, event("stranger", "alien"))
        once = listed(client, "stranger")
        send(client, event("stranger", "alien"), event("stranger", "alien"))
        assert listed(client, "stranger") == once
        with SQLiteStore(Path(settings.store.removeprefix("sqlite:///")), {}) as store:
            assert len(store.user_events("stranger")) == 1

    @pytest.mark.parametrize(
        ("change", "field", "message"),
        [
            ({"user": ""}, "events[1].user", "events[1].user is '': expected an id, in quotes"),
            ({"item": 7}, "events[1].item", "events[1].item is 7: expected an id, in quotes"),
            (
                {"weight": -1.0},
                "events[1].weight",
                "events[1].weight is -1.0: expected at least 0, or a meaning of kinds.",
            ),
            ({"weight": 1e39}, "events[1].weight", "events[1].weight is 1e+39: expected a number"),
            (
                {"time": "now"},
                "events[1].time",
                "events[1].time is 'now': expected a time: seconds",
            ),
            ({"stars": 5}, "events[1].stars", "events[1].stars is unknown in the body"),
        ],
    )
    def test_are_all_stored_or_none(
        self,
        client: httpx.Client,
        settings: Settings,
        change: dict[str, Any],
        field: str,
        message: str,
    ) -> None:
        events = [event("stranger", "alien"), {**event("stranger", "hit"), **change}]
        response = client.post("/v1/events", json={"events": events})
        assert error(response, 422, "invalid_request", field).startswith(message)
        with SQLiteStore(Path(settings.store.removeprefix("sqlite:///")), {}) as store:
            assert len(store.user_events("stranger")) == 0

    @pytest.mark.parametrize("count", [0, 4])
    def test_are_as_many_as_it_says(self, client: httpx.Client, count: int) -> None:
        response = client.post("/v1/events", json={"events": [event("a", "b")] * count})
        message = error(response, 422, "invalid_request", "events")
        assert message == f"events is a list of {count}: expected a list of 1 to 3 events"

    def test_need_a_store(self, settings: Settings) -> None:
        with serving(create_app(settings)) as client:
            response = client.post("/v1/events", json={"events": [event("a", "b")]})
            assert "has no graph store" in error(response, 404, "no_store")

    def test_are_refused_while_the_store_is_away(self, settings: Settings) -> None:
        path = Path(settings.store.removeprefix("sqlite:///"))
        path.unlink()
        app = create_app(settings, retry_seconds=0.05, store=settings.store)
        with serving(app) as client:
            readiness(client, "degraded")
            response = client.post("/v1/events", json={"events": [event("a", "b")]})
            error(response, 503, "store_away")
            assert int(response.headers["retry-after"]) >= 1
            assert items(client, "ann")

    @pytest.mark.slow
    def test_that_the_store_refuses_are_told_from_those_of_others(
        self, client: httpx.Client
    ) -> None:
        for start in range(0, 252, 3):
            send(client, *(event("a", "b", f"kind {n}") for n in range(start, start + 3)))
        response = client.post(
            "/v1/events", json={"events": [event("a", "b", f"{n}") for n in range(3)]}
        )
        assert "to 256 kinds: expected at most 255" in error(response, 422, "invalid_request")

    def test_of_another_process_are_seen_within_a_second(
        self, client: httpx.Client, settings: Settings
    ) -> None:
        with served(settings) as other:
            send(other, event("stranger", "alien"))
            expected = items(other, "stranger")
            assert expected != items(client, "nobody")
            began = time.monotonic()
            wait_until(lambda: items(client, "stranger") == expected)
            assert time.monotonic() - began < 5  # a second, where the machine is idle


@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9_and_counts(settings: Settings) -> None:
    with running(settings, settings.store) as server:
        client = server.client
        readiness(client, "ready")
        send(client, event("stranger", "alien"))
        before = items(client, "stranger")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    with running(settings, settings.store) as server:
        client = server.client
        readiness(client, "ready")
        popular = items(client, "nobody")
        assert before != popular
        wait_until(lambda: items(client, "stranger") == before)


class TestItems:
    def test_that_are_deleted_are_never_recommended(self, client: httpx.Client) -> None:
        assert "brazil" in items(client, "eve")
        response = client.delete("/v1/items/brazil")
        assert response.json() == {"id": "brazil", "deleted": True}
        assert "brazil" not in items(client, "eve")
        assert client.get("/v1/users/eve/why-not/brazil").json()["verdict"] == "deleted"
        assert client.delete("/v1/items/brazil").json() == {"id": "brazil", "deleted": False}

    def test_that_are_put_again_are_back(self, client: httpx.Client) -> None:
        client.delete("/v1/items/brazil")
        assert client.put("/v1/items/brazil", json={}).json()["id"] == "brazil"
        assert "brazil" in items(client, "eve")

    def test_go_by_their_new_attributes_at_once(self, client: httpx.Client) -> None:
        out = {"name": "in stock", "action": "require", "attribute": "stock", "least": 1}
        answer = client.post("/v1/users/eve/recommendations", json={"rules": [out]})
        error(answer, 422, "unknown_name", "rules[0].attribute")
        client.put("/v1/items/brazil", json={"attributes": {"stock": 3}})
        answer = client.post("/v1/users/eve/recommendations", json={"rules": [out]})
        assert [each["item"] for each in answer.json()["recommendations"]] == ["brazil"]

    def test_that_are_new_come_by_exploration(self, client: httpx.Client) -> None:
        body = {"attributes": {"title": "New", "genres": ["Horror"], "year": 2026}}
        client.put("/v1/items/new", json=body)
        assert client.get("/v1/users/eve/why-not/new").json()["verdict"] == "new"
        assert "new" not in items(client, "eve")
        found = {each["item"]: each for each in listed(client, "eve", exploration=1, k=50)}
        assert found["new"]["title"] == "New"
        assert found["new"]["sources"] == ["exploration"]
        assert 0 < found["new"]["propensity"] <= 1

    def test_keep_the_kinds_of_their_attributes(self, client: httpx.Client) -> None:
        body = {"attributes": {"title": 7, "year": 2026, "new": True, "vector": [0.5, 1, -2]}}
        assert client.put("/v1/items/new", json=body).status_code == 200
        assert client.get("/v1/items/new").json()["attributes"] == {
            **client.get("/v1/items/new").json()["attributes"],
            "new": "true",
            "year": 2026.0,
        }
        response = client.put("/v1/items/new", json={"attributes": {"year": "long ago"}})
        assert error(response, 422, "invalid_request") == (
            "attribute 'year' is not a number: expected number, as it is in the store; change "
            "the value, or the name"
        )


class TestUsers:
    def test_that_are_deleted_are_forgotten_everywhere(
        self, client: httpx.Client, settings: Settings
    ) -> None:
        send(client, event("ann", "hit"), event("stranger", "alien"))
        with served(settings) as other:
            for user in ("ann", "stranger"):
                assert items(client, user) != items(client, "nobody")
                response = client.delete(f"/v1/users/{user}")
                assert response.json()["deleted"] is True
                assert items(client, user) == items(client, "nobody")
            # what others did is still there
            send(client, event("other", "alien"))
            popular = items(client, "nobody")
            assert items(client, "other") != popular
            for user in ("ann", "stranger"):
                wait_until(lambda user=user: items(other, user) == popular)
            wait_until(lambda: items(other, "other") == items(client, "other"))

    def test_may_come_back(self, client: httpx.Client) -> None:
        client.delete("/v1/users/ann")
        assert client.put("/v1/users/ann", json={}).status_code == 200
        send(client, event("ann", "hit"))
        stranger = client.post("/v1/recommendations", json={"items": ["hit"]}).json()
        assert listed(client, "ann") == stranger["recommendations"]

    def test_are_put(self, client: httpx.Client, settings: Settings) -> None:
        client.put("/v1/users/zoe", json={"attributes": {"country": "fr"}})
        with SQLiteStore(Path(settings.store.removeprefix("sqlite:///")), {}) as store:
            assert store.read_node("user", "zoe") == {"country": "fr"}


class TestHistory:
    def test_of_some_kinds_only(self, client: httpx.Client) -> None:
        send(client, event("stranger", "alien", "view"), event("stranger", "hit", "cart"))
        viewed = client.post("/v1/recommendations", json={"items": ["alien"]}).json()
        assert listed(client, "stranger", kinds="view") == viewed["recommendations"]
        both = listed(client, "stranger", kinds=["view", "cart"])
        assert both == listed(client, "stranger")

    def test_as_of_a_time(self, client: httpx.Client) -> None:
        send(client, event("stranger", "alien"), event("stranger", "hit", time=NOW + 1))
        viewed = client.post("/v1/recommendations", json={"items": ["alien"]}).json()
        assert listed(client, "stranger", as_of=NOW + 1) == viewed["recommendations"]
        assert items(client, "stranger", as_of=NOW) == items(client, "nobody")

    def test_is_not_known_without_a_store(self, settings: Settings) -> None:
        with serving(create_app(settings)) as client:
            response = client.get(f"/v1/users/ann/recommendations?as_of={NOW}")
            assert "needs the events of a user" in error(response, 404, "no_store")

    def test_makes_rules(self, client: httpx.Client) -> None:
        for item in ("brazil", "hit"):
            client.put(f"/v1/items/{item}", json={"attributes": {"brand": "acme"}})
        rule = {
            "name": "returned brand", "action": "exclude", "attribute": "brand",
            "shared_by": "return",
        }  # fmt: skip

        def asked() -> set[str]:
            answer = client.post("/v1/users/eve/recommendations", json={"rules": [rule], "k": 50})
            return {each["item"] for each in answer.json()["recommendations"]}

        assert "brazil" in asked()
        send(client, event("eve", "hit", "return"))
        assert "brazil" not in asked()
