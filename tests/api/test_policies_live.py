"""Policies end to end: lists over HTTP, outcomes over HTTP, learned by each worker for itself."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.api.live import policies

from graphrec.settings import load_settings
from tests.support.command import error_line, graphrec, inside
from tests.support.live import wait_until
from tests.support.placed import prepared
from tests.support.service import serving

pytestmark = pytest.mark.slow

TOML = """
store = "sqlite:///graph.db"
[serve]
exposures = "exposures"

[policies.home]
lists = ["popular"]
exploration = 0.2
stay_minutes = 0.0001
context = ["device"]

[policies.home.actions.usual]
[policies.home.actions.home-first]
[[policies.home.actions.home-first.rules]]
name = "home alone"
action = "require"
attribute = "category"
any_of = ["home"]

[policies.home.rewards.view]
days = 1
"""

HOME = {"lamp", "soap", "rug", "vase"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("policies")
    prepared(found, TOML)
    return found


@pytest.fixture(scope="module")
def workers(folder: Path) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Two services of the same folder, as two workers are."""
    with pytest.MonkeyPatch.context() as patch, inside(folder):
        patch.setattr(policies, "LEARN_SECONDS", 0.05)
        settings = load_settings()
        apps = [create_app(settings, retry_seconds=0.05, store=settings.store) for _ in range(2)]
        with serving(apps[0]) as one, serving(apps[1]) as other:
            yield one, other


def shown(client: httpx.Client, user: str) -> list[str]:
    response = client.get("/v1/placements/popular", params={"user": user, "k": 3})
    assert response.status_code == 200, response.text
    return [each["item"] for each in response.json()["recommendations"]]


def state(client: httpx.Client, **query: str) -> dict[str, Any]:
    response = client.get("/v1/policies", params=query)
    assert response.status_code == 200, response.text
    return response.json()["policies"][0]


def test_the_loop_is_closed(folder: Path, workers: tuple[httpx.Client, httpx.Client]) -> None:
    """Serve, take outcomes, learn, serve: whoever sees things for the home alone, looks at them."""
    one, other = workers
    before = state(one, user="visitor 1")
    assert before["learned_from"] == 0
    assert {each["chance"] for each in before["actions"]} == {0.5}
    events = []
    for n in range(80):
        user = f"visitor {n}"
        listed = shown(one if n % 2 else other, user)
        if set(listed) <= HOME:
            events.append({"user": user, "item": listed[0], "kind": "view"})
    time.sleep(0.01)
    now = time.time_ns() // 1_000_000
    response = one.post("/v1/events", json={"events": [{**e, "time": now} for e in events]})
    assert response.status_code == 200, response.text

    def learned(client: httpx.Client) -> bool:
        found = state(client)
        return found["learned_from"] == 80 and found["actions"][1]["reward"] > 0.9

    wait_until(lambda: learned(one) and learned(other))
    found = state(one, user="visitor 3")
    usual, home = found["actions"]
    assert (usual["reward"], home["reward"]) == (0, 1)
    assert home["chance"] == pytest.approx(0.9, abs=0.02)  # but for half of the exploration
    assert "0.1 for exploration" in found["why"]
    assert found["context"] == ["device=desktop"]
    # Several workers agree, to the last digit.
    assert [each["chance"] for each in found["actions"]] == [
        each["chance"] for each in state(other, user="visitor 3")["actions"]
    ]
    after = Counter(set(shown(one, f"visitor {n}")) <= HOME for n in range(80, 160))
    assert after[True] > 60
    lines = _lines(folder)
    assert {each["policy"] for each in lines} == {"home/usual", "home/home-first"}
    assert {each["chance"] for each in lines[:10]} == {0.5}
    assert all(each["context"] == ["device=desktop"] for each in lines)


def test_visitors_get_the_first_action(workers: tuple[httpx.Client, httpx.Client]) -> None:
    lists = {
        tuple(
            each["item"]
            for each in workers[0].get("/v1/placements/popular?k=3").json()["recommendations"]
        )
        for _ in range(5)
    }
    assert len(lists) == 1


def test_a_policy_needs_a_log(folder: Path) -> None:
    (folder / "none.toml").write_text(TOML.replace('exposures = "exposures"', ""))
    done = graphrec(folder, "experiment", "list", "--settings", "none.toml")
    assert "there is no exposure log to learn from" in error_line(done)


def _lines(folder: Path) -> list[dict[str, Any]]:
    def read() -> list[dict[str, Any]]:
        paths = sorted((folder / "exposures").glob("*.jsonl"))
        return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]

    wait_until(lambda: len(read()) >= 160 * 3 - 40)
    return read()
