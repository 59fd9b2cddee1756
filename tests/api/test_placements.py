"""Placements over HTTP: the same lists as in Python, kept, logged, and with errors that teach."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app

from graphrec.placement.ready import READY, with_ready
from graphrec.recommend.recommender import Recommender
from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from tests.support.placed import ITEMS, shop
from tests.support.service import error, serving

IN_STOCK = {"name": "in stock", "action": "require", "attribute": "stock", "least": 1}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("placements")
    publish(shop(), folder / "snapshots")
    placements = {"also-bought": {"fields": ["price"], "label": "bundle"}}
    return Settings(
        snapshots=folder / "snapshots",
        placements=with_ready(placements),
        rules=[IN_STOCK],
        serve=ServeSettings(exposures=folder / "exposures"),
    )


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    with serving(create_app(settings)) as client:
        yield client


def get(client: httpx.Client, name: str, **asked: Any) -> dict[str, Any]:
    response = client.get(f"/v1/placements/{name}", params=asked)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("name", READY)
def test_answers_as_python_does(client: httpx.Client, settings: Settings, name: str) -> None:
    beside = name in ("similar", "also-bought", "also-viewed", "cart")
    asked = {"item": "phone"} if beside else {"user": "ann"}
    found = get(client, name, k=8, **asked)
    python = Recommender.serving(shop(), settings).placement(name, k=8, **asked)
    assert [each["item"] for each in found["recommendations"]] == [each.item for each in python]
    assert found["placement"] == name
    assert "cable" not in {each["item"] for each in found["recommendations"]}
    for each, expected in zip(found["recommendations"], python, strict=True):
        assert each["reason"] == expected.reason
        assert each["reason_code"] == expected.reason_code


def test_several_items_and_fields(client: httpx.Client) -> None:
    with_commas = get(client, "cart", items="phone,lamp")
    assert with_commas["recommendations"] == get(
        client, "cart", items=["phone", "lamp"]
    )["recommendations"]  # fmt: skip
    [first, *_] = get(client, "also-bought", item="phone")["recommendations"]
    assert first["fields"] == {"price": 20.0}
    [asked, *_] = get(client, "also-bought", item="phone", fields="title,brand")["recommendations"]
    assert asked["fields"] == {"title": "Charger", "brand": "acme"}
    assert get(client, "also-bought", items=["phone", "xyz"])["unknown_items"] == ["xyz"]


def test_where_and_language(client: httpx.Client) -> None:
    found = get(client, "popular", where=["category:home"], language="de")["recommendations"]
    assert found
    assert {ITEMS[each["item"]][0] for each in found} == {"home"}
    assert found[0]["reason"].startswith("Beliebt")


def test_a_body_has_rules_and_attributes(client: httpx.Client) -> None:
    cheap = {"name": "cheap", "action": "require", "attribute": "price", "most": 30}
    body = {"rules": [cheap], "k": 8, "attributes": {"country": "FR"}}
    response = client.post("/v1/placements/popular", json=body)
    items = {each["item"] for each in response.json()["recommendations"]}
    assert items
    assert items <= {item for item, each in ITEMS.items() if each[3] <= 30}


def test_a_band_is_relative_to_the_cart(client: httpx.Client) -> None:
    band = {"name": "no dearer", "action": "require", "attribute": "price", "most_times": 1.5}
    body = {"rules": [band], "items": ["charger"], "k": 8}
    found = client.post("/v1/placements/similar", json=body).json()["recommendations"]
    assert found
    assert all(ITEMS[each["item"]][3] <= 30 for each in found)


def test_the_list_of_placements(client: httpx.Client) -> None:
    found = {each["name"]: each for each in client.get("/v1/placements").json()["placements"]}
    assert found.keys() == READY.keys()
    assert found["cart"]["needs"] == "items"
    assert found["again"]["needs"] == "user"
    assert found["also-bought"]["settings"]["fields"] == ["price"]


def test_errors(client: httpx.Client) -> None:
    said = error(client.get("/v1/placements/also-bougth"), 404, "unknown_placement", "name")
    assert "did you mean 'also-bought'?" in said
    assert "give item" in error(client.get("/v1/placements/cart"), 422, "invalid_request")
    error(client.get("/v1/placements/popular?where=home"), 422, "invalid_request", "where[0]")
    said = error(
        client.get("/v1/placements/popular?where=categorie:home"), 422, "unknown_name",
        "where.categorie",
    )  # fmt: skip
    assert "did you mean 'category'?" in said
    error(client.get("/v1/placements/popular?fields=prize"), 422, "unknown_name", "fields[0]")
    error(client.get("/v1/placements/popular?k=0"), 422, "invalid_request", "k")
    error(client.get("/v1/placements/popular?use=ann"), 422, "invalid_request", "use")


def test_exposures_have_the_label(client: httpx.Client, settings: Settings) -> None:
    get(client, "also-bought", item="phone", user="ann")
    get(client, "also-bought", item="phone", user="ann")  # kept
    folder = settings.serve.exposures
    assert folder is not None
    lines: list[dict[str, Any]] = []
    for _ in range(100):
        files = [*folder.glob("*.jsonl")]
        lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
        labels = [each["placement"] for each in lines if each["rank"] == 1]
        if labels.count("bundle") >= 2:
            break
        time.sleep(0.05)  # the log is written twice a second
    assert labels.count("bundle") >= 2


def test_fields_and_settings_that_are_otherwise(client: httpx.Client) -> None:
    found = get(client, "popular", fields="category,brand")["recommendations"]
    assert all(each["fields"].keys() == {"category", "brand"} for each in found)
    body = {"k": 3, "fields": ["category"], "changes": {"caps": {"category": 1}}}
    listed = client.post("/v1/placements/popular", json=body).json()["recommendations"]
    assert len({each["fields"]["category"] for each in listed}) == len(listed) == 3
    for changes, field, sentence in (
        ({"diversity": 2}, "changes.diversity", "changes.diversity is 2: expected"),
        ({"caps": {"bramd": 1}}, "changes.caps", "did you mean 'brand'"),
        ({"rules": []}, "changes.rules", "is not to be changed"),
    ):
        response = client.post("/v1/placements/popular", json={"changes": changes})
        assert sentence in error(response, 422, "invalid_request", field)
