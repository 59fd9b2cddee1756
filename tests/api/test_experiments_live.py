"""Experiments end to end: lists over HTTP, exposures on disk, reports on the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app

from graphrec.experiment.assignment import variant_of
from graphrec.settings import load_settings
from graphrec.snapshot.canary import start_canary
from graphrec.snapshot.registry import current, publish, rollback
from tests.support.command import error_line, graphrec, inside
from tests.support.live import wait_until
from tests.support.placed import PEOPLE, prepared, shop
from tests.support.service import serving

pytestmark = pytest.mark.slow

TOML = """
store = "sqlite:///graph.db"
[serve]
exposures = "exposures"

[[rules]]
name = "in stock"
action = "require"
attribute = "stock"
least = 1

[experiments.home]
lists = ["popular", "recommendations"]

[experiments.home.variants.usual]

[experiments.home.variants.home-first]
share = 0.4
placements = { popular = { k = 2, label = "top" } }
[[experiments.home.variants.home-first.rules]]
name = "home alone"
action = "require"
attribute = "category"
any_of = ["home"]

[experiments.home.goals.view]
days = 1

[experiments.home.goals.revenue]
kinds = ["purchase"]
attribute = "price"
"""

HOME = {"lamp", "soap", "rug", "vase"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("experiments")
    prepared(found, TOML)
    return found


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with served(folder) as client:
        yield client


def served(folder: Path) -> Any:
    with inside(folder):
        settings = load_settings()
        settings = settings.model_copy(
            update={
                "store": f"sqlite:///{folder / 'graph.db'}",
                "snapshots": folder / "snapshots",
                "serve": settings.serve.model_copy(update={"exposures": folder / "exposures"}),
            }
        )
    return serving(create_app(settings, retry_seconds=0.05, store=settings.store))


def listed(client: httpx.Client, path: str, **asked: Any) -> list[str]:
    response = client.get(path, params=asked)
    assert response.status_code == 200, response.text
    return [each["item"] for each in response.json()["recommendations"]]


def popular(client: httpx.Client, **asked: Any) -> list[str]:
    return listed(client, "/v1/placements/popular", **asked)


def variant(folder: Path, user: str, name: str = "home") -> str | None:
    return variant_of(user, name, load_settings(folder / "graphrec.toml").experiments[name])


def rows(folder: Path) -> list[dict[str, Any]]:
    files = (folder / "exposures").glob("*.jsonl")
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_everyone_gets_the_lists_of_their_variant(client: httpx.Client, folder: Path) -> None:
    for user in PEOPLE[:30]:
        tried = variant(folder, user) == "home-first"
        for _ in range(2):  # the second one is kept
            found = popular(client, user=user)
            assert (len(found) == 2) == (set(found) <= HOME) == tried
        plain = listed(client, f"/v1/users/{user}/recommendations")
        assert (set(plain) <= HOME) == tried
        other = listed(client, "/v1/placements/trending", user=user)  # it is not about these
        assert other == listed(client, "/v1/placements/trending")
        asked = client.get("/v1/experiments", params={"user": user}).json()["experiments"]
        assert asked[0]["variant"] == variant(folder, user)
    assert len(popular(client)) > 2  # a visitor has the control
    body = {"items": ["phone"], "k": 8}
    found = client.post("/v1/recommendations", json=body).json()["recommendations"]
    assert not {each["item"] for each in found} <= HOME


def test_explanations_are_of_the_list_of_the_variant(client: httpx.Client, folder: Path) -> None:
    for user in PEOPLE[:12]:
        answer = client.get(f"/v1/users/{user}/why-not/case").json()
        tried = variant(folder, user) == "home-first"
        assert (answer["verdict"] == "ruled_out") == tried
        assert answer.get("rule") == ("home alone" if tried else None)


def test_the_list_of_experiments(client: httpx.Client) -> None:
    [found] = client.get("/v1/experiments").json()["experiments"]
    assert (found["name"], found["state"], found["reason"]) == ("home", "running", None)
    assert found["lists"] == ["popular", "recommendations"]
    shares = {each["name"]: (each["share"], each["control"]) for each in found["variants"]}
    assert shares == {"usual": (0.6, True), "home-first": (0.4, False)}
    assert found["variants"][1]["settings"]["placements"] == {"popular": {"k": 2, "label": "top"}}
    assert [each["kinds"] for each in found["goals"]] == [["view"], ["purchase"]]
    assert found["variant"] is None


def test_from_a_list_to_a_report_and_to_being_forgotten(tmp_path: Path) -> None:
    prepared(tmp_path, TOML)
    with served(tmp_path) as client:
        events = []
        for n, user in enumerate(PEOPLE):
            found = popular(client, user=user)
            tried = len(found) == 2
            if n % 10 < (6 if tried else 2):
                events.append({"user": user, "item": found[0], "kind": "view"})
            if n % 10 == 0:
                events.append({"user": user, "item": found[1], "kind": "purchase"})
        sent = client.post("/v1/events", json={"events": events})
        assert sent.status_code == 200, sent.text
        lists = sum(2 if variant(tmp_path, user) == "home-first" else 7 for user in PEOPLE)
        wait_until(lambda: len(rows(tmp_path)) == lists)
    for row in rows(tmp_path):
        label = {"home/home-first": "top", "home/usual": "popular"}
        assert row["placement"] == label[row["variant"]]
        assert row["rank"] >= 1
        assert row["propensity"] is None
    report = graphrec(tmp_path, "experiment", "report", "home", "--json").json()
    users = {each["variant"]: each["users"] for each in report["variants"]}
    expected = [variant(tmp_path, user) for user in PEOPLE]
    assert users == {each: expected.count(each) for each in users}
    views = report["goals"][0]["figures"]["users"]
    assert views[1]["verdict"] == "higher"
    assert views[1]["low"] < 0.4 < views[1]["high"]
    revenue = report["goals"][1]["figures"]["per_user"]
    assert revenue[0]["value"] > 0
    assert report["trusted"]
    said = graphrec(tmp_path, "experiment", "report", "home", "--segment", "country")
    assert said.code == 0, said.err
    assert "country: DE" in said.out
    assert "whenever you look" in said.out

    tried = next(user for user in PEOPLE if variant(tmp_path, user) == "home-first")
    assert graphrec(tmp_path, "forget", tried).code == 0
    after = graphrec(tmp_path, "experiment", "report", "home", "--json").json()
    left = {each["variant"]: each["users"] for each in after["variants"]}
    assert left == {"usual": users["usual"], "home-first": users["home-first"] - 1}

    for day in (tmp_path / "exposures").glob("*.jsonl"):  # other logs, by id
        shutil.copy(day, tmp_path / "mine.jsonl")
    mine = graphrec(
        tmp_path, "experiment", "report", "home", "--exposures", "mine.jsonl",
        "--key", "exposures/key", "--json",
    )  # fmt: skip
    assert mine.json()["variants"] == after["variants"]


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    prepared(tmp_path, TOML)
    said = error_line(graphrec(tmp_path, "experiment", "report", "hom"))
    assert "there is no experiment 'hom': did you mean 'home'?" in said
    (tmp_path / "exposures").mkdir()
    said = error_line(graphrec(tmp_path, "experiment", "report", "home"))
    assert "no exposures of experiment 'home': expected some of usual, home-first" in said
    [found] = graphrec(tmp_path, "experiment", "list", "--json").json()
    assert found["shares"] == {"usual": 0.6, "home-first": 0.4}
    assert "home-first 40%" in graphrec(tmp_path, "experiment", "list").out


# Snapshots


PINNED = """
[experiments.model]
[experiments.model.variants.old]
snapshot = "{0}"
[experiments.model.variants.new]
snapshot = "{1}"
[experiments.model.goals.view]
"""


def version(client: httpx.Client, user: str) -> str:
    found: str = client.get(f"/v1/users/{user}/recommendations").json()["version"]
    return found


def test_variants_may_have_snapshots_of_their_own(tmp_path: Path) -> None:
    prepared(tmp_path, "")
    snapshots = tmp_path / "snapshots"
    first = current(snapshots)
    later = [datetime(2030, 1, day, tzinfo=timezone.utc) for day in (1, 2, 3)]
    second, third, canary = (publish(shop(), snapshots, at) for at in later)
    rollback(snapshots, third)
    start_canary(snapshots, canary, 0.5)
    (tmp_path / "graphrec.toml").write_text(PINNED.format(first, second.partition("-")[0]))
    with served(tmp_path) as client:
        expected = {
            user: first if variant(tmp_path, user, "model") == "old" else second
            for user in PEOPLE[:20]
        }
        assert {user: version(client, user) for user in expected} == expected
        assert client.get("/health/ready").json()["status"] == "ready"
        metrics = client.get("/metrics").text
        assert f'role="experiment",version="{first}"' in metrics
        # One that goes, as when it is deleted by hand: the experiment ends, and it is said.
        (snapshots / first).rename(tmp_path / "gone")
        client.post("/v1/admin/reload")
        wait_until(lambda: client.get("/health/ready").json()["status"] == "degraded")
        reason = client.get("/v1/experiments").json()["experiments"][0]["reason"]
        assert f"snapshot {first!r} is not in" in reason
        assert {version(client, user) for user in PEOPLE[:20]} == {third, canary}
