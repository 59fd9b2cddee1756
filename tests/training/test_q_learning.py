"""Q-learning: it learns what is worth more, and what is seen in a later list; by its seed alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphrec.ranking.q_network.state import FURTHER
from graphrec.ranking.q_network.steps import Step
from graphrec.training.q_learning import Learned, QLearning

X = 4 + FURTHER
LOOKED = 1 / np.arange(1, 4)

FAST: dict[str, Any] = {"epochs": 12, "batch_size": 128, "learning_rate": 0.01}


def steps(count: int, seed: int = 0, later: float = 0.0) -> list[Step]:
    """Lists of three of six items: the last input of an item is its worth; the one before it says
    that the next list is worth more, by `later`.
    """
    rng = np.random.default_rng(seed)
    found, gained = [], np.zeros(40)
    for number in range(count):
        user = int(rng.integers(40))
        inputs = rng.normal(size=(6, X)).astype(np.float32)
        looked = rng.random(3) < LOOKED
        rewards = looked * (1 + inputs[:3, -1] + gained[user])
        gained[user] = later * float(inputs[:3, -2] @ LOOKED)
        found.append(Step(user, float(number), inputs, np.arange(3), rewards))
    return found


def slope(learned: Learned, column: int) -> float:
    """How much an input is worth."""
    rng = np.random.default_rng(9)
    before = rng.normal(size=(200, X)).astype(np.float32)
    after = before.copy()
    after[:, column] += 1
    return float((learned.values(after) - learned.values(before)).mean())


@pytest.fixture(scope="module")
def learned() -> Learned:
    return QLearning(**FAST).fit(steps(1000, later=1.0), LOOKED, 1e9, 0)


def test_it_learns_what_is_worth_more(learned: Learned) -> None:
    assert slope(learned, -1) == pytest.approx(1, abs=0.35)
    assert abs(slope(learned, 2)) < 0.2


def test_it_learns_what_follows(learned: Learned) -> None:
    """Which one that looks at this list alone does not."""
    alone = QLearning(**FAST, discount=0.01).fit(steps(1000, later=1.0), LOOKED, 1e9, 0)
    assert slope(learned, -2) > 0.25
    assert slope(learned, -2) > slope(alone, -2) + 0.15


def test_a_seed_is_one_network() -> None:
    spec, some = QLearning(epochs=2), steps(300)
    first, second = (spec.fit(some, LOOKED, 1e9, 3) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first.weights, second.weights, strict=True))
    assert first.scale == second.scale
    other = spec.fit(some, LOOKED, 1e9, 4)
    assert not np.array_equal(first.weights[0], other.weights[0])


def test_values_of_what_was_not_shown_are_kept_low() -> None:
    """By the conservative term: the third input is 2 for all that was never shown."""
    some = []
    for step in steps(600):
        inputs = step.candidates.copy()
        inputs[:3, 2], inputs[3:, 2] = 0, 2
        some.append(replace(step, candidates=inputs))
    one = QLearning(epochs=1, learning_rate=0.05)
    specs = replace(one, conservative=0.0), replace(one, conservative=1.0)
    free, kept = (spec.fit(some, LOOKED, 1e9, 0) for spec in specs)
    assert slope(kept, 2) < slope(free, 2) - 0.02
