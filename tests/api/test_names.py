"""Names in requests and in settings: what is unknown is an error, or is told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app

from graphrec.data import Attribute, Graph
from graphrec.settings import RetrievalSettings, ServeSettings, Settings
from graphrec.snapshot.registry import publish
from graphrec.store.sqlite.store import SQLiteStore
from tests.support.live import readiness, wait_until
from tests.support.service import error, figures, serving
from tests.support.small_data import graph_of, ratings
from tests.support.snapshots import build_snapshot

RULES: list[dict[str, Any]] = [
    {"name": "no restricted", "action": "exclude", "attribute": "restrictd", "any_of": ["yes"]},
    {"name": "brands", "action": "exclude", "attribute": "brand", "any_of": ["acmee"]},
]


def fill(folder: Path) -> None:
    """A store and a snapshot of the same."""
    graph = graph_of(ratings())
    count = len(graph.items)
    attributes = {
        "brand": Attribute("category", ("acme",) * count),
        "until": Attribute("category", ("2020-01-01", "2999-01-01") * (count // 2)),
    }
    with SQLiteStore(folder / "graph.db", Settings().kinds) as store:
        store.write_events(graph.interactions)
        store.write_nodes("item", graph.items, attributes)
        country = Attribute("category", ("DE",) * len(graph.users))
        store.write_nodes("user", graph.users, {"country": country})
        position = store.position()
    graph = Graph(graph.interactions, {"item": attributes, "user": {"country": country}})
    snapshot = build_snapshot(
        graph, embeddings=None, encoder=None, seed=0, cutoff=None, models={}, metrics={}
    )
    manifest = replace(snapshot.manifest, position=position)
    publish(replace(snapshot, manifest=manifest), folder / "snapshots")


def settings_in(folder: Path, **more: Any) -> Settings:
    return Settings(
        store=f"sqlite:///{folder / 'graph.db'}", snapshots=folder / "snapshots", **more
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    fill(folder)
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    settings = settings_in(folder)
    with serving(create_app(settings, retry_seconds=0.05, store=settings.store)) as client:
        readiness(client, "ready")
        yield client


def by_rule(client: httpx.Client, **rule: Any) -> httpx.Response:
    body = {"items": [], "rules": [{"name": "r", "action": "require", **rule}]}
    return client.post("/v1/recommendations", json=body)


class TestRequests:
    def test_an_attribute_in_a_rule(self, client: httpx.Client) -> None:
        response = by_rule(client, attribute="brnd", any_of=["acme"])
        message = error(response, 422, "unknown_name", "rules[0].attribute")
        assert message == "no item has an attribute 'brnd': did you mean 'brand'?"
        for path in ("/v1/users/u00/recommendations", "/v1/why-not"):
            body: dict[str, Any] = {
                "rules": [{"name": "r", "action": "boost", "attribute": "brnd", "any_of": ["a"],
                           "factor": 2}]
            }  # fmt: skip
            if path == "/v1/why-not":
                body |= {"items": [], "item": "i00"}
            error(client.post(path, json=body), 422, "unknown_name", "rules[0].attribute")

    def test_a_value_in_a_rule_is_a_warning(self, client: httpx.Client) -> None:
        found = by_rule(client, attribute="brand", any_of=["acmee"]).json()
        assert (
            "rules[0].any_of: no item has 'brand' = 'acmee': did you mean 'acme'?"
            in (found["warnings"])
        )
        assert found["warnings"][-1] == "the list is empty: rules leave out every item"

    def test_dates(self, client: httpx.Client) -> None:
        found = by_rule(client, available_until="until").json()
        listed = [int(each["item"][1:]) % 2 for each in found["recommendations"]]
        assert listed
        assert set(listed) == {1}

    def test_kinds(self, client: httpx.Client) -> None:
        path = "/v1/users/u00/recommendations"
        message = error(
            client.get(path, params={"kinds": "interction"}), 422, "unknown_name", "kinds"
        )
        assert message.startswith("no event is of kind 'interction': did you mean 'interaction'?")
        response = client.get(path, params={"kinds": "rating"})  # of the settings; no event yet
        assert response.json()["warnings"] == ["kinds: no event is of kind 'rating' yet"]
        response = client.get("/v1/users/u00/why-not/i00", params={"kinds": "x"})
        error(response, 422, "unknown_name", "kinds")

    def test_attributes_of_a_visitor(self, client: httpx.Client) -> None:
        body = {"items": [], "attributes": {"contry": "DE"}}
        message = error(
            client.post("/v1/recommendations", json=body),
            422,
            "unknown_name",
            "attributes.contry",
        )
        assert message == "no user has an attribute 'contry': did you mean 'country'?"

    @pytest.mark.parametrize(
        ("path", "body", "field", "said"),
        [
            ("/v1/recommendations", {"item": ["i00"], "items": []}, "item", "mean items?"),
            ("/v1/recommendations", {"items": [], "rule": []}, "rule", "mean rules?"),
            (
                "/v1/recommendations",
                {"items": [], "rules": [{"name": "r", "action": "require", "atribute": "brand",
                                         "any_of": ["a"]}]},
                "rules[0].atribute",
                "mean attribute?",
            ),
            ("/v1/recommendations?k=5", {"items": []}, "k", "k is unknown in the query"),
            ("/v1/users/u00/recommendations?kk=5", None, "kk", "mean k?"),
            ("/v1/users/u00/recommendations?exclude-seen=true", None, "exclude-seen",
             "mean exclude_seen?"),
            ("/v1/items/i00?brand=x", None, "brand", "unknown in the query"),
        ],
    )  # fmt: skip
    def test_fields_and_parameters(
        self, client: httpx.Client, path: str, body: Any, field: str, said: str
    ) -> None:
        response = client.get(path) if body is None else client.post(path, json=body)
        assert said in error(response, 422, "invalid_request", field)

    def test_a_parameter_of_a_write_that_is_none_writes_nothing(self, client: httpx.Client) -> None:
        response = client.delete("/v1/items/i00?dry_run=true")
        error(response, 422, "invalid_request", "dry_run")
        assert client.get("/v1/items/i00").status_code == 200

    def test_items_to_allow_and_deny(self, client: httpx.Client) -> None:
        path = "/v1/users/u00/recommendations"
        found = client.get(path, params={"allow": "nothing", "deny": ["x", "i01"]}).json()
        assert found["recommendations"] == []
        assert found["warnings"] == [
            "allow: item 'nothing' is unknown",
            "deny: item 'x' is unknown",
            "the list is empty: allow and deny leave no item",
        ]

    def test_as_of_in_any_unit(self, client: httpx.Client) -> None:
        path, day = "/v1/users/u00/recommendations", 20_200 * 86_400
        lists = [
            client.get(path, params={"as_of": as_of, "k": 3}).json()
            for as_of in (day, 1000 * day, "2025-04-22", "2025-04-22T02:00:00+02:00")
        ]
        assert all(each == lists[0] for each in lists)
        assert lists[0]["warnings"] == []
        early = client.get(path, params={"as_of": "1990-01-01"}).json()["warnings"]
        assert "before the first event of the log" in early[0]
        late = client.get(path, params={"as_of": "2200-01-01"}).json()["warnings"]
        assert "is in the future" in late[0]
        for wrong in ("yesterday", "", "-5", "1", "2999-01-01"):
            message = error(
                client.get(path, params={"as_of": wrong}), 422, "invalid_request", "as_of"
            )
            assert "since 1970, or ISO 8601" in message

    def test_a_segment_where_there_are_none(self, client: httpx.Client) -> None:
        found = client.post("/v1/recommendations", json={"items": [], "segment": "DE"}).json()
        assert "segment: 'DE' is ignored, as the snapshot has no segments" in found["warnings"][0]


class TestUnknownInExplanations:
    def test_a_session_with_an_unknown_item(self, client: httpx.Client) -> None:
        body = {"items": ["i00", "added-today"], "item": "i02"}
        said = "items: item 'added-today' is unknown; the list is made without it"
        explained = client.post("/v1/explanations", json=body).json()["explanation"]
        assert explained["warnings"] == [said]
        assert client.post("/v1/why-not", json=body).json()["warnings"] == [said]


def test_empty_lists_are_counted_by_cause(client: httpx.Client) -> None:
    def count(cause: str) -> float:
        return figures(client)[("graphrec_lists_empty_total", cause)]

    before = {cause: count(cause) for cause in ("rules", "not_allowed", "seen", "exhausted")}
    by_rule(client, attribute="brand", any_of=["acmee"])
    everything = [f"i{n:02}" for n in range(30)]
    client.post("/v1/recommendations", json={"items": [], "deny": everything})
    client.post("/v1/recommendations", json={"items": everything})
    odd = {"items": everything[1::2], "rules": [{"name": "r", "action": "require",
           "available_until": "until"}]}  # fmt: skip
    client.post("/v1/recommendations", json=odd)
    assert {cause: count(cause) - times for cause, times in before.items()} == dict.fromkeys(
        before, 1
    )


def test_settings_that_name_what_is_not_there(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_in(
        folder,
        rules=RULES,
        retrieval=RetrievalSettings(popular_by="contry", weights={"neighbors": 1}),
    )
    with (
        caplog.at_level(logging.WARNING),
        serving(create_app(settings, retry_seconds=0.05, store=settings.store)) as client,
    ):
        body = readiness(client, "degraded")
        said = body["parts"]["settings"]
        assert "rules[0].attribute: rule 'no restricted': no item has an attribute" in said
        assert "retrieval.popular_by: no user has an attribute 'contry': did you mean" in said
        assert "there is no source 'neighbors': did you mean 'neighbours'?" in said
        assert body["warnings"] == [
            "rules[1].any_of: rule 'brands': no item has 'brand' = 'acmee': did you mean 'acme'?"
        ]
        assert client.get("/v1/users/u00/recommendations").status_code == 200
        assert figures(client)[("graphrec_setting_problems",)] == 3
        # What is put since is known, and the readiness says so.
        put = client.put("/v1/items/i00", json={"attributes": {"restrictd": "yes"}})
        assert put.status_code == 200
        wait_until(lambda: figures(client)[("graphrec_setting_problems",)] == 2)
        assert by_rule(client, attribute="restrictd", any_of=["yes"]).json()["warnings"] == [
            "the list is empty: rules leave out every item"  # by the rule of the settings
        ]
    logged = [record.getMessage() for record in caplog.records]
    assert sum("degraded: setting rules[0].attribute" in line for line in logged) == 1


def test_a_rule_that_requires_what_is_not_there_leaves_nothing_and_says_so(folder: Path) -> None:
    rule = {"name": "in stock", "action": "require", "attribute": "stok", "least": 1}
    settings = settings_in(folder, rules=[rule], serve=ServeSettings())
    with serving(create_app(settings)) as client:
        found = client.get("/v1/users/u00/recommendations").json()
        assert found["recommendations"] == []
        assert "its name is unknown" in found["warnings"][0]
        assert figures(client)[("graphrec_lists_empty_total", "unknown_name")] == 1
