"""A Q-network end to end: lists over HTTP, outcomes over HTTP, training, and lists again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.api.live import policies

from graphrec.settings import load_settings
from graphrec.snapshot.registry import load
from tests.support.command import graphrec, inside
from tests.support.live import wait_until
from tests.support.placed import prepared
from tests.support.service import serving

pytestmark = pytest.mark.slow

TOML = """
store = "sqlite:///graph.db"
[serve]
exposures = "exposures"

[placements.home]
type = "for-you"
k = 3
exploration = 0.5

[policies.home]
lists = ["home"]
exploration = 0.2
stay_minutes = 0.0001
context = ["device"]

[policies.home.actions.usual]
[policies.home.actions.learned]
network = "home"

[policies.home.rewards.view]
days = 1
[policies.home.network]
candidates = 10
strength = 5
"""

LISTS = 240


def shown(client: httpx.Client, user: str) -> list[dict[str, Any]]:
    response = client.get("/v1/placements/home", params={"user": user, "explain": "true"})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["recommendations"]
    return found


def state(client: httpx.Client, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/v1/policies", params=query).json()["policies"][0]
    return found


def policy_parts(listed: list[dict[str, Any]]) -> list[float]:
    """What the policy added to each item of a list that was ranked."""
    return [
        part["score"]
        for each in listed
        for part in each["contributions"] or ()
        if part["source"] == "policy"
    ]


def soap(listed: list[dict[str, Any]]) -> bool:
    return any(each["item"] == "soap" for each in listed)


def test_serve_learn_train_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees the soap looks at it, which popularity does not know."""
    prepared(tmp_path, TOML)
    monkeypatch.setattr(policies, "LEARN_SECONDS", 0.05)
    with inside(tmp_path):
        settings = load_settings()
        app = create_app(settings, retry_seconds=0.05, store=settings.store)
        with serving(app) as client:
            before = state(client, user="new 1")
            assert "run `graphrec policy train home`" in before["actions"][1]["broken"]
            assert before["actions"][1]["chance"] == 0
            told = []
            for n in range(LISTS):
                listed = shown(client, f"new {n}")
                assert not policy_parts(listed)
                place = [each["item"] for each in listed].index("soap") + 1 if soap(listed) else 0
                if place and n % place == 0:  # as places are looked at
                    told.append({"user": f"new {n}", "item": "soap", "kind": "view"})
            time.sleep(0.01)
            now = time.time_ns() // 1_000_000
            events = [{**each, "time": now} for each in told]
            response = client.post("/v1/events", json={"events": events})
            assert response.status_code == 200, response.text
            wait_until(lambda: state(client)["learned_from"] == LISTS)
            done = graphrec(tmp_path, "policy", "train", "home", "--json")
            assert done.code == 0, done.err
            found = done.json()
            assert found["trial"]["low"] > 0
            assert found["trial"]["gain"] == pytest.approx(1, abs=0.7)
            snapshot = load(tmp_path / "snapshots")
            assert snapshot.networks["home"].trial.lists == LISTS
            assert snapshot.learned["home"].lists == LISTS
            wait_until(lambda: state(client)["actions"][1]["broken"] is None)
            assert state(client, user="new 1")["actions"][1]["chance"] > 0.1
            after = [shown(client, f"later {n}") for n in range(60)]
            learned = [each for each in after if policy_parts(each)]
            assert 10 < len(learned) < 60
            for listed in learned:
                ranked = [each for each in listed if each["propensity"] is None]
                assert ranked[0]["item"] == "soap"
                assert "policy" in ranked[0]["sources"]
                for each in ranked:
                    parts = sum(part["score"] for part in each["contributions"])
                    assert parts == pytest.approx(each["score"])
            # A switch, without a restart.
            assert graphrec(tmp_path, "policy", "off", "home").code == 0
            wait_until(lambda: not state(client)["enabled"])
            assert not any(policy_parts(shown(client, f"off {n}")) for n in range(20))
            assert graphrec(tmp_path, "policy", "on", "home").code == 0
            wait_until(lambda: state(client)["enabled"])
        # A machine without the log goes on from what the snapshot has.
        (tmp_path / "exposures").rename(tmp_path / "elsewhere")
        app = create_app(settings, retry_seconds=0.05, store=settings.store)
        with serving(app) as client:
            assert state(client)["learned_from"] == LISTS
