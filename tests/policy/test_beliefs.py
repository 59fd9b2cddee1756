"""What is believed of actions, and what is decided by it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.policy.beliefs import Trials, indicators, learned, nothing_known
from graphrec.policy.decision import best_of, chances, drawn, part_of_time

ACTIONS = ("usual", "other")


def trials(count: int = 400, known: float = 1.0, age: float = 1.0) -> Trials:
    """At night `other` brings 1 more, by day 1 less; some of the reward is known."""
    rng = np.random.default_rng(0)
    action, night = rng.integers(2, size=count), rng.integers(2, size=count)
    reward = 2 + np.where(action == 1, np.where(night == 1, 1.0, -1.0), 0.0)
    features, context = indicators([("hour=night",) if n else ("hour=day",) for n in night])
    return Trials(
        ACTIONS,
        features,
        action.astype(np.int64),
        context,
        reward * known,
        np.full(count, age),
        np.full(count, known),
    )


@pytest.mark.parametrize("learner", ["thompson", "linucb"])
def test_the_best_action_of_each_context_is_taken(learner: str) -> None:
    beliefs = learned(trials())
    for context, best in (("hour=night", "other"), ("hour=day", "usual")):
        found = chances(beliefs, [context], learner, 0.1)  # type: ignore[arg-type]
        assert found[best] > 0.9
        assert min(found.values()) >= 0.05 - 1e-12
        assert sum(found.values()) == pytest.approx(1)


def test_a_reward_that_is_known_in_part_counts_in_full() -> None:
    whole, half = learned(trials()), learned(trials(known=0.5))
    for context in ("hour=night", "hour=day"):
        assert half.reward([context])[0] == pytest.approx(whole.reward([context])[0], abs=0.15)


def test_old_lists_are_forgotten_by_and_by() -> None:
    fresh, old = learned(trials()), learned(trials(age=0.01))
    assert old.reward(["hour=night"])[1].mean() > 3 * fresh.reward(["hour=night"])[1].mean()


def test_a_feature_that_was_never_there_adds_nothing() -> None:
    beliefs = learned(trials())
    assert np.array_equal(beliefs.x(["device=mobile"]), beliefs.x([]))


def test_nothing_is_known_at_first() -> None:
    found = chances(nothing_known(ACTIONS), ["hour=day"], "thompson", 0.1)
    assert [*found.values()] == pytest.approx([0.5, 0.5])
    empty = trials(0)
    assert learned(empty).lists.tolist() == [0, 0]


def test_actions_that_are_not_allowed_have_no_chance() -> None:
    found = chances(learned(trials()), ["hour=night"], "thompson", 0.1, allowed=["usual"])
    assert found == {"usual": 1.0, "other": 0.0}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-5, 5), st.floats(0.01, 3)),
        min_size=2,
        max_size=5,
    )
)
def test_an_action_is_as_likely_as_it_may_be_the_best(values: list[tuple[float, float]]) -> None:
    mean, deviation = (np.array(each) for each in zip(*values, strict=True))
    draws = np.random.default_rng(0).normal(mean, deviation, (20_000, len(mean)))
    expected = np.bincount(draws.argmax(axis=1), minlength=len(mean)) / len(draws)
    assert best_of(mean, deviation) == pytest.approx(expected, abs=0.03)


@given(st.floats(0, 1, exclude_max=True))
def test_what_is_drawn_has_a_chance(part: float) -> None:
    assert drawn({"a": 0.25, "b": 0.0, "c": 0.75}, part) == ("a" if part < 0.25 else "c")


def test_somebody_stays_with_an_action_for_a_while() -> None:
    parts = [part_of_time("ann", "home", minute * 60_000, 30) for minute in range(90)]
    assert len(set(parts)) == 3
    assert part_of_time("ann", "home", 0, 30) != part_of_time("ann", "cart", 0, 30)
    many = [part_of_time(f"user {n}", "home", 0, 30) for n in range(2000)]
    assert np.mean(many) == pytest.approx(0.5, abs=0.02)
