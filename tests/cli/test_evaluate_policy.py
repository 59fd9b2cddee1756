"""`graphrec experiment evaluate`: from a folder with a log, a store and a snapshot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec.data import Interactions
from graphrec.store.sqlite.store import SQLiteStore
from tests.support.command import error_line, graphrec
from tests.support.placed import ITEMS, NOW, prepared

TOML = """
store = "sqlite:///graph.db"
[serve]
exposures = "exposures"

[placements.for-you]
k = 3
label = "row"
exclude_seen = false

[policies.home]
lists = ["popular"]
[policies.home.actions.usual]
[policies.home.actions.other]
diversity = 0.5
[policies.home.rewards.view]
days = 1

[experiments.tried]
lists = ["recommendations"]
start = 2100-01-01
[experiments.tried.variants.usual]
[experiments.tried.variants.popular]
weights = { popularity = 5.0 }
[experiments.tried.goals.view]
days = 1
"""

K, SHARE = 3, 0.5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lists of three by chance, of each placement; whoever is shown a lamp, looks at it."""
    found = tmp_path_factory.mktemp("evaluate")
    prepared(found, TOML)
    rng, lines, views = np.random.default_rng(0), [], []
    for n in range(240):
        user, at = f"visitor {n % 80}", NOW + n * 1000
        shown = rng.permutation([*ITEMS])[:K].tolist()
        about = {"time": at, "version": "v", "user": user, "request": f"r{n}"}
        for rank, item in enumerate(shown, start=1):
            row: dict[str, Any] = {**about, "item": item, "rank": rank}
            # Every place was drawn, of the eight items.
            drawn = {**row, "propensity": SHARE / 8, "exploration": SHARE}
            lines.append({**drawn, "placement": None})
            lines.append({**drawn, "placement": "row"})
            action = "other" if n % 2 else "usual"
            chosen = {"policy": f"home/{action}", "chance": 0.5, "context": ["hour=00-06"]}
            lines.append({**row, "propensity": None, "placement": "popular", **chosen})
        if "lamp" in shown:
            views.append((user, at + 10))
    text = "\n".join(json.dumps(each, separators=(",", ":")) for each in lines)
    (found / "log.jsonl").write_text(text + "\n")
    with SQLiteStore(found / "graph.db", {}) as store:
        store.write_events(
            Interactions.of(
                [user for user, _ in views],
                ["lamp"] * len(views),
                [1.0] * len(views),
                [at for _, at in views],
                ["view"] * len(views),
            )
        )
    return found


def evaluated(folder: Path, policy: str, *options: str) -> dict[str, Any]:
    answer = graphrec(
        folder, "experiment", "evaluate", policy, "--log", "log.jsonl", "--json", *options
    )
    found: dict[str, Any] = answer.json()
    return found


def estimates(found: dict[str, Any]) -> dict[str, float]:
    return {each["estimator"]: each["value"] for each in found["estimates"]}


def test_an_action_and_a_policy(folder: Path) -> None:
    found = evaluated(folder, "home/other")
    assert (found["policy"], found["rounds"], found["users"]) == ("home/other", 240, 80)
    assert set(estimates(found)) == {"ips", "self-normalised", "doubly robust", "switch"}
    assert found["support"]["mean_weight"] == pytest.approx(1)
    learned = evaluated(folder, "home")
    assert learned["rounds"] == 120
    assert "learned from the first half" in learned["notes"][-1]


@pytest.mark.parametrize("policy", ["for-you", "recommendations", "tried/popular"])
def test_lists_of_what_serves(folder: Path, policy: str) -> None:
    options = () if policy.startswith("tried") else ("--reward", "view=2", "--days", "1")
    found = evaluated(folder, policy, "--position", "0", *options)
    assert found["rounds"] == 240
    assert "click model" in estimates(found)
    assert found["support"]["effective"] > 30
    assert found["support"]["clipped"] == 0
    assert any("no weight" not in note and "rank ** -0.00" in note for note in found["notes"])


def test_a_table_says_what_it_rests_on(folder: Path) -> None:
    answer = graphrec(folder, "experiment", "evaluate", "home/usual", "--log", "log.jsonl")
    assert answer.code == 0, answer.err
    assert "240 lists of 80 users tell as much as 120 lists" in " ".join(answer.out.split())
    assert "no weight was cut" in answer.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing", "--reward", "view"), "there is no policy 'nothing'"),
        (("home/nothing",), "policy 'home' has no action 'nothing'"),
        (("tried/nothing",), "experiment 'tried' has no variant 'nothing'"),
        (("for-you",), "no reward: expected --reward KIND"),
        (("for-you", "--reward", "view=much"), "expected KIND or KIND=WEIGHT"),
        (
            ("popular", "--reward", "view"),
            "is one of type 'popular': expected one of type 'for-you'",
        ),
    ],
)
def test_what_is_wrong_is_said(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    answer = graphrec(folder, "experiment", "evaluate", *arguments, "--log", "log.jsonl")
    assert answer.code == 1
    assert said in error_line(answer)


def test_what_was_never_shown_is_refused(folder: Path) -> None:
    only = [
        line
        for line in (folder / "log.jsonl").read_text().splitlines()
        if '"placement":"popular"' not in line or "home/usual" in line
    ]
    (folder / "usual.jsonl").write_text("\n".join(only) + "\n")
    answer = graphrec(folder, "experiment", "evaluate", "home/other", "--log", "usual.jsonl")
    assert answer.code == 1
    assert "'home/other' shows what was never shown: 100%" in error_line(answer)
