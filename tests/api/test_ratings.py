"""Predicted ratings over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from graphrec.api.app import create_app

from graphrec.data import Attribute
from graphrec.data.weighting import DEFAULT_POLICY, weigh
from graphrec.ratings import BayesianSVD
from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.snapshot.registry import load, publish
from graphrec.store import open_store
from graphrec.testing.ratings import two_tastes
from tests.support.service import error, serving, tiny_snapshot
from tests.support.snapshots import build_snapshot


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of a service with a store and a snapshot of the same ratings."""
    folder = tmp_path_factory.mktemp("ratings")
    settings = Settings(snapshots=folder / "snapshots", store=f"sqlite:///{folder / 'g.db'}")
    data = two_tastes()
    with open_store(settings.store, DEFAULT_POLICY) as store:
        store.write_events(data.recorded.interactions)
        graph, position = store.read_graph(), store.position()
    titles = Attribute("text", tuple(f"The {item}th" for item in graph.items.ids))
    graph = weigh(type(graph)(graph.interactions, {"item": {"title": titles}}), DEFAULT_POLICY)
    fitted = BayesianSVD(dim=2, burn_in=5, draws=10).fit(data)
    snapshot = build_snapshot(graph, ratings=fitted.predictor)
    manifest = replace(snapshot.manifest, position=position)
    publish(replace(snapshot, manifest=manifest), settings.snapshots)
    return settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    with serving(create_app(settings, store=settings.store)) as client:
        yield client


def test_is_that_of_the_recommender(client: httpx.Client, settings: Settings) -> None:
    recommender = Recommender.of(load(settings.snapshots))
    body = client.get("/v1/users/00/ratings/00").json()
    assert body.pop("version") == recommender.snapshot.manifest.version
    assert body.pop("title") == "The 00th"
    assert body == vars(recommender.predict("00", "00"))
    assert body["basis"] == "model"
    assert body["rating"] > 3.4


@pytest.mark.parametrize(
    ("user", "item", "basis"),
    [("nobody", "00", "item"), ("00", "noth%2Fing", "user"), ("nobody", "nothing", "mean")],
)
def test_of_what_is_not_known_says_so(
    client: httpx.Client, user: str, item: str, basis: str
) -> None:
    answer = client.get(f"/v1/users/{user}/ratings/{item}")
    assert answer.status_code == 200
    assert answer.json()["basis"] == basis
    assert "no ratings" in answer.json()["note"]
    assert 2 <= answer.json()["rating"] <= 4


def test_what_someone_new_rates_is_in_the_next_prediction(client: httpx.Client) -> None:
    before = client.get("/v1/users/new/ratings/01").json()
    assert before["basis"] == "item"
    rated = [
        {"user": "new", "item": f"{n:02}", "kind": "rating", "weight": 4 if n % 2 else 2}
        for n in range(2, 20)
    ]
    assert client.post("/v1/events", json={"events": rated}).status_code in (200, 202)
    after = client.get("/v1/users/new/ratings/01").json()
    assert (after["basis"], after["user_ratings"]) == ("model", 18)
    assert after["rating"] > 3.2 > 2.8 > client.get("/v1/users/new/ratings/00").json()["rating"]


def test_without_a_model_there_is_none(tmp_path: Path) -> None:
    publish(tiny_snapshot(), tmp_path)
    with serving(create_app(Settings(snapshots=tmp_path))) as client:
        message = error(client.get("/v1/users/ann/ratings/alien"), 404, "no_ratings")
        assert "train again" in message


def test_unknown_parameters_are_refused(client: httpx.Client) -> None:
    error(client.get("/v1/users/00/ratings/00?k=3"), 422, "invalid_request", "k")
