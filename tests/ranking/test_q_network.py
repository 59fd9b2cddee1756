"""The Q-network that serves: what it goes by, and what it adds."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.ranking.q_network.network import QNetwork, forward
from graphrec.ranking.q_network.shown import HOUR, NOT_SHOWN, shown_in
from graphrec.ranking.q_network.state import Shown, counts, inputs, mean_vector, width
from graphrec.ranking.q_network.steps import Step, table
from graphrec.ranking.q_network.trial import QTrial
from graphrec.retrieval.profile import UserProfile

NOW = 1_700_000_000_000
TRIAL = QTrial(300, 80, 90.0, 0.2, 0.05, 0.01, 0.09)
DIM = 3


def network(items: int = 5) -> QNetwork:
    """One that dislikes what was shown lately, and goes by nothing else."""
    rng = np.random.default_rng(0)
    size = width(DIM)
    wide = np.zeros(size, np.float32)
    wide[4 * DIM + 5] = -1  # times that it was shown lately
    return QNetwork(
        rng.normal(size=(items, DIM)).astype(np.float32),
        np.linspace(1, 0, items).astype(np.float32),
        (np.zeros((size, 4), np.float32), np.zeros((4, 1), np.float32)),
        (np.zeros(4, np.float32), np.zeros(1, np.float32)),
        wide,
        np.zeros(size, np.float32),
        np.ones(size, np.float32),
        0.5,
        2.0,
        24.0,
        48.0,
        TRIAL,
    )


def test_what_was_shown_lately_counts_by_its_age() -> None:
    lists = [(NOW - 48 * HOUR, ["a", "b", "?"]), (NOW - 1, ["b"]), (NOW + 5, ["c"])]
    shown = shown_in(lists, {"a": 0, "b": 1, "c": 2}, NOW, 48)
    lately, last = counts(shown, np.array([2, 1, 0]))
    assert lately == pytest.approx([0, 1.5, 0.5], abs=1e-6)
    assert last.tolist() == [0, 1, 0]
    assert not len(shown_in(NOT_SHOWN, {}, NOW, 1).items)


def test_it_adds_what_is_relative_to_the_other_candidates() -> None:
    shown = shown_in([(NOW - 1, ["b"])], {"b": 1}, NOW, 48)
    items = np.array([3, 1, 0])
    added = network().added(items, np.array([2.0, 1.0, 0.0]), UserProfile(), shown, NOW)
    assert added == pytest.approx(2 / 0.5 * np.array([1 / 3, -2 / 3, 1 / 3]), abs=1e-3)
    assert added.sum() == pytest.approx(0, abs=1e-6)
    assert len(network().added(items[:0], np.zeros(0), UserProfile(), Shown(), NOW)) == 0


def test_a_session_is_what_was_liked_in_its_hours() -> None:
    vectors = network().vectors
    profile = UserProfile(
        np.array([1, 4], np.int32),
        np.array([1.0, 1.0]),
        np.array([NOW - 30 * HOUR, NOW - HOUR]),
    )
    found = network().inputs(np.array([0]), np.array([1.0]), profile, Shown(), NOW)[0]
    assert found[3 * DIM : 4 * DIM] == pytest.approx(mean_vector(vectors, np.array([4])))
    assert found[2 * DIM : 3 * DIM] == pytest.approx(mean_vector(vectors, np.array([1, 4])))
    assert np.isfinite(
        network().inputs(np.array([0]), np.array([1.0]), UserProfile(), Shown(), 0)
    ).all()


def test_inputs_are_as_wide_as_is_said() -> None:
    found = inputs(
        np.zeros(DIM),
        np.zeros(DIM),
        0,
        Shown(),
        np.arange(4),
        np.ones((4, DIM), np.float32),
        np.zeros(4),
        np.arange(4.0),
    )
    assert found.shape == (4, width(DIM))


def test_layers_are_rectified_but_for_the_last() -> None:
    weights = (np.array([[1.0, -1.0]], np.float32), np.array([[1.0], [2.0]], np.float32))
    biases = (np.zeros(2, np.float32), np.array([-1], np.float32))
    found = forward(np.array([[3.0], [-3.0]]), weights, biases, np.array([10], np.float32))
    assert found.tolist() == [3 - 1 + 30, 6 - 1 - 30]


def test_steps_are_followed_by_those_of_the_same_course() -> None:
    def step(user: int, time: float) -> Step:
        return Step(user, time, np.ones((2, 3), np.float32), np.array([0]), np.array([1.0]))

    made = table([step(1, 5), step(0, 9), step(0, 1), step(0, 100)], 2, 10)
    assert made.user.tolist() == [0, 0, 0, 1]
    assert made.following.tolist() == [[1, -1], [-1, -1], [-1, -1], [-1, -1]]


@pytest.mark.parametrize(("low", "earned"), [(0.01, True), (0.0, True), (-0.001, False)])
def test_it_serves_where_the_lower_bound_is_not_below_fusion(low: float, earned: bool) -> None:
    trial = QTrial(300, 80, 90.0, 0.2, 0.05, low, 0.09)
    assert trial.earned is earned
    assert f"({low:+.4f} to +0.0900)" in str(trial)
