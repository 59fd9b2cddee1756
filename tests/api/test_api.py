"""The service as its clients meet it: over HTTP, through a real server."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from functools import reduce
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi.openapi.models import OpenAPI
from graphrec.api.app import create_app
from graphrec.api.errors import ErrorAnswer
from graphrec.api.schemas import (
    browse,
    events,
    experiments,
    explanations,
    graph,
    nodes,
    placements,
    policies,
    ratings,
    recommendations,
    reports,
)
from pydantic import TypeAdapter, ValidationError

from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.recommend.results import Explanation
from graphrec.settings import RetrievalSettings, ServeSettings, Settings
from graphrec.snapshot.registry import load, publish
from tests.support.server import running
from tests.support.service import LIKES, error, serving, tiny_snapshot


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("api") / "snapshots"
    publish(tiny_snapshot(), folder)
    return Settings(snapshots=folder, serve=ServeSettings(max_k=50))


@pytest.fixture(scope="module")
def recommender(settings: Settings) -> Recommender:
    return Recommender.of(load(settings.snapshots), RetrievalSettings())


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    with serving(create_app(settings)) as client:
        yield client


def answer(response: httpx.Response, recommender: Recommender) -> Any:
    """The body of a success, without the version, which is checked."""
    assert response.status_code == 200, response.text
    body = response.json()
    assert body.pop("version") == recommender.snapshot.manifest.version
    return body


class TestUserRecommendations:
    @pytest.mark.parametrize("user", LIKES)
    def test_are_those_of_the_recommender(
        self, client: httpx.Client, recommender: Recommender, user: str
    ) -> None:
        response = client.get(f"/v1/users/{quote(user, safe='')}/recommendations", params={"k": 3})
        body = answer(response, recommender)
        assert body["user"] == user
        expected = recommender.recommend(Query(user=user, k=3))
        assert [found["item"] for found in body["recommendations"]] == [e.item for e in expected]
        assert [found["score"] for found in body["recommendations"]] == [e.score for e in expected]
        assert not {found["item"] for found in body["recommendations"]} & set(LIKES[user])

    def test_say_why(self, client: httpx.Client, recommender: Recommender) -> None:
        body = answer(client.get("/v1/users/ann/recommendations"), recommender)
        found = {each["item"]: each for each in body["recommendations"]}["c/d é?"]
        assert found["title"] == "Cédé"
        assert "neighbours" in found["sources"]
        assert found["reason"].startswith("Because you liked Alien: 2 people")
        assert [(path["item"], path["title"], path["people"]) for path in found["because"]] == [
            ("alien", "Alien", 2),
            ("brazil", None, 1),
        ]

    def test_are_popular_ones_for_an_unknown_user(
        self, client: httpx.Client, recommender: Recommender
    ) -> None:
        response = client.get("/v1/users/a%20new%2Fone/recommendations?k=2")
        body = answer(response, recommender)
        assert body["user"] == "a new/one"
        assert [each["item"] for each in body["recommendations"]] == ["hit", "brazil"]
        assert all(each["sources"] == ["popularity"] for each in body["recommendations"])
        assert body["recommendations"][0]["reason"] == "Popular: 5 people liked it"

    def test_are_ten_unless_asked(self, client: httpx.Client, recommender: Recommender) -> None:
        few = answer(client.get("/v1/users/new/recommendations"), recommender)
        assert len(few["recommendations"]) == len(recommender.snapshot.items) < 10
        parameters = client.get("/openapi.json").json()["paths"][
            "/v1/users/{user_id}/recommendations"
        ]["get"]["parameters"]
        assert parameters[1]["schema"]["default"] == 10


class TestSession:
    def test_is_personal(self, client: httpx.Client, recommender: Recommender) -> None:
        personal = client.post("/v1/recommendations", json={"items": ["alien"], "k": 3})
        popular = client.post("/v1/recommendations", json={"items": [], "k": 3})
        found = answer(personal, recommender)["recommendations"]
        assert [f["item"] for f in found] == [
            e.item for e in recommender.recommend(Query(items=("alien",), k=3))
        ]
        assert "neighbours" in found[0]["sources"]
        assert found[0]["because"][0]["item"] == "alien"
        others = answer(popular, recommender)["recommendations"]
        assert [f["item"] for f in others][:2] == ["hit", "brazil"]
        assert found != others

    def test_takes_as_many_items_as_it_says(
        self, client: httpx.Client, recommender: Recommender
    ) -> None:
        answer(client.post("/v1/recommendations", json={"items": ["alien"] * 1000}), recommender)

    @pytest.mark.parametrize(
        ("body", "field", "message"),
        [
            ({}, "items", "items is missing: expected it in the body"),
            (
                {"items": "alien"},
                "items",
                "items is 'alien': expected a list of at most 1000 ids of items",
            ),
            (
                {"items": ["alien"] * 1001},
                "items",
                "items is a list of 1001: expected a list of at most 1000 ids of items",
            ),
            (
                {"items": ["alien", 7]},
                "items[1]",
                "items[1] is 7: expected the id of an item, in quotes",
            ),
            (
                {"items": [""]},
                "items[0]",
                "items[0] is '': expected the id of an item, in quotes",
            ),
            (
                {"items": [{"id": 1}, None]},
                "items[0]",
                "items[0] is an object: expected the id of an item, in quotes; "
                "items[1] is null: expected the id of an item, in quotes",
            ),
            ({"items": [], "k": 0}, "k", "k is 0: expected a whole number from 1 to 50"),
            ({"items": [], "k": 51}, "k", "k is 51: expected a whole number from 1 to 50"),
            ({"items": [], "k": "5"}, "k", "k is '5': expected a whole number from 1 to 50"),
            ({"items": [], "k": True}, "k", "k is true: expected a whole number from 1 to 50"),
            ({"items": [], "k": 1.5}, "k", "k is 1.5: expected a whole number from 1 to 50"),
            (
                {"items": [], "limit": 5},
                "limit",
                "limit is unknown in the body: check its spelling, or leave it out",
            ),
            (
                ["alien"],
                None,
                "the body is a list of 1: expected an object, sent as application/json",
            ),
            (None, None, "the body is missing: expected an object, sent as application/json"),
        ],
    )
    def test_refuses(
        self, client: httpx.Client, body: Any, field: str | None, message: str
    ) -> None:
        response = client.post("/v1/recommendations", json=body)
        assert error(response, 422, "invalid_request", field) == message

    def test_does_not_repeat_itself_without_end(self, client: httpx.Client) -> None:
        response = client.post("/v1/recommendations", json={"items": [1] * 900 + ["x" * 9000]})
        message = error(response, 422, "invalid_request", "items[0]")
        assert message.endswith("; and 895 more")
        response = client.post("/v1/recommendations", json={"items": "x" * 9000})
        assert len(error(response, 422, "invalid_request", "items")) < 200

    def test_refuses_a_body_that_is_not_declared_as_json(self, client: httpx.Client) -> None:
        response = client.post(
            "/v1/recommendations", content=b'{"items": []}', headers={"content-type": "text/plain"}
        )
        assert error(response, 422, "invalid_request") == (
            "the body is not JSON: expected an object, sent as application/json"
        )

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b'{"items": ', "the body is not JSON: Expecting value at character 10; "),
            (b"\xff\xfe\xff", "the body is not JSON: "),
            (b"[" * 100_000, "the body is not JSON: "),
        ],
    )
    def test_refuses_malformed_json(self, client: httpx.Client, body: bytes, message: str) -> None:
        response = client.post(
            "/v1/recommendations", content=body, headers={"content-type": "application/json"}
        )
        found = error(response, 422, "malformed_json")
        assert found.startswith(message)
        assert "expected an object" in found

    def test_an_id_that_is_no_unicode_is_refused(self, client: httpx.Client) -> None:
        response = client.post(
            "/v1/recommendations",
            content=rb'{"items": ["\ud800"]}',
            headers={"content-type": "application/json"},
        )
        assert r"'\ud800'" in error(response, 422, "invalid_request", "items[0]")

    def test_of_an_unknown_item(self, client: httpx.Client) -> None:
        known = client.post("/v1/recommendations", json={"items": ["alien"]}).json()
        found = client.post("/v1/recommendations", json={"items": ["alien", "alein"]}).json()
        assert found["recommendations"] == known["recommendations"]
        assert (known["unknown_items"], known["warnings"]) == ([], [])
        assert found["unknown_items"] == ["alein"]
        assert found["warnings"] == ["items: item 'alein' is unknown; the list is made without it"]

    def test_of_nothing_that_is_known(self, client: httpx.Client) -> None:
        body = {"items": ["x", "y", "x"], "friends": ["nobody"]}
        found = client.post("/v1/recommendations", json=body).json()
        nothing = client.post("/v1/recommendations", json={"items": []}).json()
        assert found["recommendations"] == nothing["recommendations"] != []
        assert (found["unknown_items"], found["unknown_friends"]) == (["x", "y"], ["nobody"])


class TestRelatedItems:
    def test_by_graph(self, client: httpx.Client, recommender: Recommender) -> None:
        body = answer(client.get("/v1/items/alien/related?k=1"), recommender)
        assert body == {
            "item": "alien",
            "by": "graph",
            "related": [
                {"item": "c/d é?", "title": "Cédé", "score": 0.816496581, "people": 2},
            ],
            "degree": None,
            "counted": None,
        }

    @pytest.mark.parametrize("item", ["c/d é?", "%2F", "e/recommendations/f", "hit"])
    def test_by_embedding(self, client: httpx.Client, recommender: Recommender, item: str) -> None:
        response = client.get(f"/v1/items/{quote(item, safe='')}/related?by=embedding")
        body = answer(response, recommender)
        assert (body["item"], body["by"]) == (item, "embedding")
        assert [each["item"] for each in body["related"]] == [
            each.item for each in recommender.related(item, 10, "embedding")
        ]
        assert all(each["people"] is None for each in body["related"])

    def test_by_something_else(self, client: httpx.Client) -> None:
        response = client.get("/v1/items/alien/related?by=taste")
        assert error(response, 422, "invalid_request", "by") == (
            "by is 'taste': expected graph, embedding or store"
        )

    def test_of_an_unknown_item(self, client: httpx.Client) -> None:
        for by in ("graph", "embedding"):
            response = client.get("/v1/items/no%2Fsuch/related", params={"by": by})
            message = error(response, 404, "unknown_item", "item_id")
            assert message.startswith("item 'no/such' is unknown")

    def test_by_embedding_where_there_are_none(self, tmp_path: Path) -> None:
        publish(tiny_snapshot(embeddings=False), tmp_path)
        with serving(create_app(Settings(snapshots=tmp_path))) as client:
            assert client.get("/v1/items/alien/related").status_code == 200
            response = client.get("/v1/items/alien/related?by=embedding")
            assert "has no embeddings" in error(response, 404, "no_embeddings", "by")


class TestExplanation:
    @pytest.mark.parametrize(
        ("user", "item"),
        [("ann", "c/d é?"), ("dan/dora ß", "e/recommendations/f"), ("ann", "alien")],
    )
    def test_is_that_of_the_recommender(
        self, client: httpx.Client, recommender: Recommender, user: str, item: str
    ) -> None:
        path = f"/v1/users/{quote(user, safe='')}/recommendations/{quote(item, safe='')}"
        body = answer(client.get(f"{path}/explanation"), recommender)
        assert body["user"] == user
        expected = recommender.explain(Query(user=user), item, 5)
        found = TypeAdapter(Explanation).validate_python(body["explanation"])
        assert found == expected
        assert (found.item, found.seen) == (item, item in LIKES[user])
        assert sum(part.score for part in found.contributions) == pytest.approx(found.score)

    def test_gives_as_many_paths_as_asked(
        self, client: httpx.Client, recommender: Recommender
    ) -> None:
        path = "/v1/users/ann/recommendations/c%2Fd%20%C3%A9%3F/explanation"
        body = answer(client.get(path, params={"k": 1}), recommender)
        assert [path["item"] for path in body["explanation"]["because"]] == ["alien"]

    def test_of_an_unknown_item(self, client: httpx.Client) -> None:
        response = client.get("/v1/users/ann/recommendations/alein/explanation")
        assert "'alein'" in error(response, 404, "unknown_item", "item_id")

    def test_for_an_unknown_user(self, client: httpx.Client) -> None:
        response = client.get("/v1/users/nobody/recommendations/alien/explanation")
        assert "'nobody'" in error(response, 404, "unknown_user", "user_id")


class TestRequests:
    ROUTES = (
        "/v1/users/ann/recommendations",
        "/v1/users/ann/recommendations/hit/explanation",
        "/v1/items/alien/related",
    )

    @pytest.mark.parametrize("route", ROUTES)
    @pytest.mark.parametrize("k", ["0", "-1", "51", "9" * 5000])
    def test_k_out_of_bounds(self, client: httpx.Client, route: str, k: str) -> None:
        message = error(client.get(route, params={"k": k}), 422, "invalid_request", "k")
        assert re.fullmatch(r"k is \S{1,61}: expected a whole number from 1 to 50", message)

    @pytest.mark.parametrize("route", ROUTES)
    @pytest.mark.parametrize("k", ["1", "50"])
    def test_k_at_its_bounds(self, client: httpx.Client, route: str, k: str) -> None:
        assert client.get(route, params={"k": k}).status_code == 200

    @pytest.mark.parametrize("k", ["ten", "", "1.5"])
    def test_k_that_is_no_whole_number(self, client: httpx.Client, k: str) -> None:
        response = client.get("/v1/users/ann/recommendations", params={"k": k})
        assert error(response, 422, "invalid_request", "k") == (
            f"k is '{k}': expected a whole number from 1 to 50"
        )

    @pytest.mark.parametrize("route", ROUTES)
    def test_unknown_parameters_are_refused(self, client: httpx.Client, route: str) -> None:
        message = error(client.get(route, params={"limit": 5}), 422, "invalid_request", "limit")
        assert message == "limit is unknown in the query: check its spelling, or leave it out"

    def test_a_path_that_is_no_utf8(self, client: httpx.Client) -> None:
        response = client.get("/v1/users/%FF/recommendations")
        assert error(response, 422, "invalid_request", "user_id") == (
            "user_id is '%FF': expected percent-encoded UTF-8"
        )

    @pytest.mark.parametrize(
        "path",
        ["/v2", "/v1", "/v1/users//recommendations", "/v1/items/a/b/related", "/health/live/"],
    )
    def test_unknown_routes(self, client: httpx.Client, path: str) -> None:
        message = error(client.get(path), 404, "unknown_route")
        assert message == f"path {path!r} is unknown: expected one of those in /openapi.json"

    @pytest.mark.parametrize("path", ["/docs", "/redoc"])
    def test_no_page_with_content_of_other_hosts(self, client: httpx.Client, path: str) -> None:
        error(client.get(path), 404, "unknown_route")

    def test_a_method_that_a_route_does_not_have(self, client: httpx.Client) -> None:
        response = client.delete("/v1/recommendations")
        assert response.headers["allow"] == "POST"
        assert error(response, 405, "method_not_allowed") == (
            "method DELETE is not for path '/v1/recommendations': expected POST"
        )

    def test_other_origins_get_no_access(self, client: httpx.Client) -> None:
        response = client.get("/health/live", headers={"origin": "https://example.com"})
        assert not [name for name in response.headers if name.startswith("access-control")]

    def test_an_unexpected_exception_is_logged_and_not_told(
        self,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("a secret")

        with serving(create_app(settings)) as client, caplog.at_level(logging.ERROR):
            monkeypatch.setattr(Recommender, "recommend", fail)
            response = client.get("/v1/users/ann/recommendations")
            assert "secret" not in error(response, 500, "internal_error")
            assert client.get("/health/ready").status_code == 200
        assert "a secret" in caplog.text


class TestReadiness:
    def test_ready(self, client: httpx.Client, recommender: Recommender) -> None:
        assert client.get("/health/live").json() == {"status": "live"}
        body = answer(client.get("/health/ready"), recommender)
        manifest = recommender.snapshot.manifest
        assert body == {
            "status": "ready",
            "created": manifest.created,
            "counts": dict(manifest.counts),
            "parts": {"snapshot": "ready", "settings": "ready"},
            "warnings": [],
        }

    def test_without_a_snapshot(self, tmp_path: Path) -> None:
        with serving(create_app(Settings(snapshots=tmp_path / "none"), 7)) as client:
            assert client.get("/health/live").json() == {"status": "live"}
            for response in (
                client.get("/health/ready"),
                client.get("/v1/users/ann/recommendations"),
                client.get("/v1/users/ann/recommendations/alien/explanation"),
                client.get("/v1/items/alien/related"),
                client.post("/v1/recommendations", json={"items": []}),
            ):
                assert "run `graphrec train`" in error(response, 503, "not_ready")
                assert response.headers["retry-after"] == "7"
            error(client.get("/v2"), 404, "unknown_route")

    def test_with_a_broken_snapshot(self, tmp_path: Path) -> None:
        version = publish(tiny_snapshot(), tmp_path)
        (tmp_path / version / "items.json").write_text("[]")
        with serving(create_app(Settings(snapshots=tmp_path))) as client:
            assert client.get("/health/live").status_code == 200
            assert "items.json" in error(client.get("/health/ready"), 503, "not_ready")

    def test_where_loading_fails_unexpectedly(
        self,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise MemoryError("a secret")

        monkeypatch.setattr("graphrec.api.service.load", fail)
        with serving(create_app(settings, retry_seconds=0.01)) as client:
            time.sleep(0.1)
            message = error(client.get("/health/ready"), 503, "not_ready")
        assert message == "the snapshot cannot be loaded (MemoryError): the log says more"
        assert caplog.text.count("MemoryError: a secret") == 1

    def test_as_soon_as_a_snapshot_is_published(self, tmp_path: Path) -> None:
        with serving(create_app(Settings(snapshots=tmp_path), retry_seconds=0.02)) as client:
            error(client.get("/health/ready"), 503, "not_ready")
            version = publish(tiny_snapshot(), tmp_path)
            until = time.monotonic() + 10
            while (response := client.get("/health/ready")).status_code != 200:
                assert time.monotonic() < until
                time.sleep(0.02)
            assert response.json()["version"] == version
            shutil.rmtree(tmp_path)
            assert client.get("/v1/users/ann/recommendations").json()["version"] == version


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    return client.get("/openapi.json").json()


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for path, methods in document["paths"].items()
        if path.startswith("/v1/") and not path.startswith("/v1/admin/")
        for operation in methods.values()
    ]


NAME_NO_NODE = {
    *("items", "users", "popular", "snapshot", "placements", "experiments", "refreshes"),
    *("click_rates", "graph_value", "graph_linked", "policies"),
}
"""Operations in which no node is unknown."""


def with_nulls(model: TypeAdapter, example: dict[str, Any]) -> dict[str, Any]:
    """An example of the document, out of which FastAPI leaves what is null."""
    whole = deepcopy(example)
    try:
        model.validate_python(whole)
    except ValidationError as error:
        for each in error.errors():
            assert each["type"] == "missing"
            *path, name = each["loc"]
            reduce(lambda part, key: part[key], path, whole)[name] = None
    return whole


class TestOpenAPI:
    def test_is_valid(self, document: dict[str, Any]) -> None:
        OpenAPI.model_validate(document)
        schemas = document["components"]["schemas"]
        references = re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(document))
        assert set(references) == set(schemas)

    def test_has_the_routes(self, document: dict[str, Any]) -> None:
        assert {(path, method) for path, ms in document["paths"].items() for method in ms} == {
            ("/health/live", "get"),
            ("/health/ready", "get"),
            ("/v1/users/{user_id}/recommendations", "get"),
            ("/v1/users/{user_id}/recommendations/{item_id}/explanation", "get"),
            ("/v1/items/{item_id}/related", "get"),
            ("/v1/recommendations", "post"),
            ("/v1/items", "get"),
            ("/v1/items/{item_id}", "get"),
            ("/v1/users", "get"),
            ("/v1/users/{user_id}", "get"),
            ("/v1/users/{user_id}/similar", "get"),
            ("/v1/popular", "get"),
            ("/v1/snapshot", "get"),
            ("/v1/admin/snapshots", "get"),
            ("/v1/admin/reload", "post"),
            ("/v1/admin/promote", "post"),
            ("/v1/admin/rollback", "post"),
            ("/v1/users/{user_id}/recommendations", "post"),
            ("/v1/users/{user_id}/why-not/{item_id}", "get"),
            ("/v1/users/{user_id}/ratings/{item_id}", "get"),
            ("/v1/placements", "get"),
            ("/v1/placements/{name}", "get"),
            ("/v1/placements/{name}", "post"),
            ("/v1/experiments", "get"),
            ("/v1/policies", "get"),
            ("/v1/activity", "get"),
            ("/v1/refreshes", "get"),
            ("/v1/click-rates", "get"),
            ("/v1/graph/items/{item_id}", "get"),
            ("/v1/graph/items/{item_id}/people", "get"),
            ("/v1/graph/users/{user_id}", "get"),
            ("/v1/graph/values/{attribute}/{value}", "get"),
            ("/v1/graph/linked/{relation}/{node_type}/{node}", "get"),
            ("/v1/map", "get"),
            ("/v1/users/{user_id}/events", "get"),
            ("/v1/explanations", "post"),
            ("/v1/why-not", "post"),
            ("/v1/events", "post"),
            ("/v1/events", "delete"),
            ("/v1/items/{item_id}", "put"),
            ("/v1/items/{item_id}", "delete"),
            ("/v1/users/{user_id}", "put"),
            ("/v1/users/{user_id}", "delete"),
        }

    def test_every_answer_has_an_example(
        self, document: dict[str, Any], operations: list[dict[str, Any]]
    ) -> None:
        for operation in operations:
            content = operation["responses"]["200"]["content"]["application/json"]
            name = content["schema"]["$ref"].rpartition("/")[2]
            example = document["components"]["schemas"][name]["example"]
            schemas = (
                *(browse, events, experiments, explanations, graph, nodes, placements),
                *(policies, ratings, recommendations, reports),
            )
            model = TypeAdapter(next(vars(each)[name] for each in schemas if name in vars(each)))
            read = model.validate_python(with_nulls(model, example))
            assert model.dump_python(read, mode="json", exclude_none=True) == example

    def test_every_parameter_has_an_example(self, operations: list[dict[str, Any]]) -> None:
        for operation in operations:
            for parameter in operation.get("parameters", ()):
                assert parameter["schema"]["examples"]
                assert parameter["description"]

    def test_the_example_of_a_body_is_taken(
        self, client: httpx.Client, document: dict[str, Any]
    ) -> None:
        example = document["components"]["schemas"]["Session"]["example"]
        response = client.post("/v1/recommendations", json=example)
        assert response.json()["unknown_items"] == example["items"]  # they are of another catalogue

    def test_every_error_is_documented(self, operations: list[dict[str, Any]]) -> None:
        for operation in operations:
            responses = operation["responses"]
            names_nodes = operation["operationId"] not in NAME_NO_NODE
            expected = {"200", "422", "503"} | ({"404"} if names_nodes else set())
            named = {each["name"] for each in operation.get("parameters", ())}
            assert set(responses) == expected | ({"409"} if "cursor" in named else set())
            for status in expected - {"200"}:
                content = responses[status]["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ErrorAnswer"}
                for code, example in content["examples"].items():
                    assert ErrorAnswer.model_validate(example["value"]).error.code == code


@pytest.mark.slow
class TestProcess:
    def test_serves_until_it_is_told_to_stop(
        self, settings: Settings, recommender: Recommender
    ) -> None:
        with running(settings) as server:
            response = server.client.get("/v1/users/dan%2Fdora%20%C3%9F/recommendations")
            assert answer(response, recommender)["user"] == "dan/dora ß"
            assert "server" not in response.headers
        assert "Finished server process" in "".join(server.log)
        assert "dora" not in "".join(server.log)

    def test_imports_nothing_heavy(self, settings: Settings) -> None:
        code = f"""
import asyncio, sys
import httpx
import graphrec.api.server
from graphrec.api.app import create_app
from graphrec.settings import Settings

async def main():
    app = create_app(Settings(snapshots={str(settings.snapshots)!r}))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client,
    ):
        for path in (
            "/v1/users/ann/recommendations",
            "/v1/users/ann/recommendations/hit/explanation",
            "/v1/items/alien/related?by=graph",
            "/v1/items/alien/related?by=embedding",
        ):
            assert (await client.get(path)).status_code == 200, path

asyncio.run(main())
heavy = {{"torch", "dgl", "pandas", "pyarrow", "networkx", "sqlalchemy", "neo4j", "ingest"}}
print(sorted(heavy & set(sys.modules)))
"""
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (found.stdout, found.stderr) == ("[]\n", "")
