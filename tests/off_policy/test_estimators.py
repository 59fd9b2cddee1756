"""Estimators against the truth, and where a log cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.off_policy.actions import ActionLog, judge
from graphrec.off_policy.estimate import NoOverlap
from graphrec.off_policy.lists import Place, Ranked, following, logged_places, marginal
from graphrec.off_policy.looked_at import looked_at, power_of_places
from graphrec.off_policy.slates import LoggedList, judge_lists
from graphrec.testing.simulation import STRATEGIES, World, explored_list, listed, logged_lists

NAMES = ("a", "b", "c")
MEAN = np.array([0.2, 0.5, 0.8])


def log_of(chance: list[float], rounds: int = 2000, seed: int = 0) -> ActionLog:
    rng = np.random.default_rng(seed)
    action = rng.choice(3, rounds, p=chance)
    return ActionLog(
        NAMES,
        action.astype(np.int64),
        np.array(chance)[action],
        (rng.random(rounds) < MEAN[action]).astype(np.float64),
        np.arange(rounds) // 2,
        np.ones((rounds, 1)),
    )


def always(action: int, rounds: int = 2000) -> np.ndarray:
    return np.tile(np.eye(3)[action], (rounds, 1))


@pytest.mark.parametrize("estimator", ["ips", "self-normalised", "doubly robust", "switch"])
def test_an_action_is_worth_what_it_brings(estimator: str) -> None:
    found = judge("b", log_of([0.5, 0.3, 0.2]), always(1))
    each = found.of(estimator)
    assert each.value == pytest.approx(0.5, abs=0.06)
    assert each.low < 0.5 < each.high
    assert (found.rounds, found.users) == (2000, 1000)
    assert found.logged.value == pytest.approx(0.5 * 0.2 + 0.3 * 0.5 + 0.2 * 0.8, abs=0.04)


def test_the_policy_of_the_log_is_worth_what_was_logged() -> None:
    log = log_of([0.5, 0.3, 0.2])
    found = judge("same", log, np.tile([0.5, 0.3, 0.2], (2000, 1)))
    assert found.of("ips").value == pytest.approx(found.logged.value)
    assert found.support.effective == pytest.approx(2000)
    assert found.support.largest_weight == pytest.approx(1)


def test_what_was_never_shown_is_refused() -> None:
    log = log_of([0.5, 0.5, 0.0])
    with pytest.raises(NoOverlap, match=r"'c' shows what was never shown: 100% .* such as c; exp"):
        judge("c", log, always(2))
    judged = judge("c at times", log, np.tile([0.49, 0.49, 0.02], (2000, 1)))
    assert judged.support.never_shown == pytest.approx(0.02)


def test_what_was_hardly_ever_shown_is_refused() -> None:
    with pytest.raises(NoOverlap, match=r"hardly ever shown: 2,000 lists .* 30 or more"):
        judge("c", log_of([0.5, 0.495, 0.005]), always(2))


def test_propensities_that_are_wrong_are_found() -> None:
    log = log_of([0.5, 0.3, 0.2])
    wrong = ActionLog(NAMES, log.action, log.chance * 1.5, log.reward, log.cluster, log.context)
    with pytest.raises(NoOverlap, match=r"the mean weight is 0\.6\d; expected 1"):
        judge("b", wrong, always(1))


def test_clipping_is_said() -> None:
    found = judge("c", log_of([0.5, 0.3, 0.2]), always(2), clip=3)
    assert found.support.clipped > 300
    assert found.support.largest_weight == 3
    assert found.of("ips").value < 0.6


def test_one_user_is_not_enough() -> None:
    log = log_of([0.5, 0.3, 0.2])
    one = ActionLog(
        NAMES, log.action, log.chance, log.reward, np.zeros(2000, np.int64), log.context
    )
    with pytest.raises(NoOverlap, match="1 users in the log: expected two or more"):
        judge("b", one, always(1))


# Lists


@settings(max_examples=20, deadline=None)
@given(st.floats(0.05, 0.6), st.integers(2, 5), st.integers(0, 1000))
def test_chances_of_places_are_those_of_the_lists_that_are_made(
    share: float, k: int, seed: int
) -> None:
    rng, others = np.random.default_rng(seed), np.arange(100, 120)
    count = np.zeros((k, k))
    drawn = np.zeros(k)
    for _ in range(1500):
        items, _ = explored_list(np.arange(k), others, share, rng)
        for place, item in enumerate(items.tolist()):
            if item < k:
                count[item, place] += 1
            else:
                drawn[place] += 1
    for item in range(k):
        assert marginal(Place(item + 1), share, k) == pytest.approx(count[item] / 1500, abs=0.06)
    of_pool = marginal(Place(None, 1 / 20), share, k) * 20
    assert of_pool == pytest.approx(drawn / 1500, abs=0.06)


def test_the_chance_of_a_list_is_that_of_its_places_in_turn() -> None:
    places = logged_places((None, 0.05, None), 0.2)
    assert [each.ranked for each in places] == [1, None, 2]
    assert following(places, 0.2) == pytest.approx([0.8, 0.05, 0.8])
    # Whoever would have begun with the second one never makes such a list.
    assert following((Place(2), Place(1)), 0.2) == pytest.approx([0, 0.8])


@pytest.mark.slow
def test_lists_are_worth_what_they_bring() -> None:
    """Over 12 logs, intervals of the click model hold the truth nearly always."""
    world = World(people=60, items=20, k=4, visits=200)
    held = 0
    for seed in range(12):
        lists, truth = logged_lists(
            world,
            lambda life, visit: listed(life, visit, STRATEGIES["fusion"]),
            lambda life, visit: listed(life, visit, STRATEGIES["personal"]),
            0.4,
            seed,
            200,
        )
        each = judge_lists("personal", lists, world.looked_at).of("click model")
        held += each.low <= truth <= each.high
    assert held >= 10


def plain(items: str, instead: str, reward: float, user: int, share: float = 0.0) -> LoggedList:
    rewards = (reward, *(0.0,) * (len(items) - 1))
    return LoggedList(tuple(items), (None,) * len(items), share, rewards, user, Ranked([*instead]))


def test_lists_that_are_the_same_are_worth_what_was_logged() -> None:
    lists = [plain("abc", "abc", n % 2, n) for n in range(60)]
    found = judge_lists("same", lists, looked_at(1, 3))
    assert {round(each.value, 9) for each in found.estimates} == {0.5}
    assert len(found.estimates) == 6


def test_another_list_without_exploration_is_refused() -> None:
    lists = [plain("abc", "xyz", 1, n) for n in range(60)]
    with pytest.raises(NoOverlap, match="'other' shows what was never shown: 100%"):
        judge_lists("other", lists, looked_at(1, 3))


def test_the_same_items_in_another_order_are_told_of_by_the_click_model_alone() -> None:
    lists = [plain("abc", "cba", 1, n) for n in range(60)]
    found = judge_lists("reversed", lists, looked_at(1, 3))
    assert {each.estimator for each in found.estimates} == {
        "click model",
        "click model, self-normalised",
    }
    assert found.of("click model").value == pytest.approx(1 / 3)  # the first one is looked at so
    assert sum("left out" in note for note in found.notes) == 4


def test_how_much_places_are_looked_at_is_found() -> None:
    drawn = np.full(5, 4000.0)
    outcomes = np.random.default_rng(0).poisson(drawn * 0.1 * np.arange(1, 6.0) ** -0.7)
    found = power_of_places(outcomes.astype(np.float64), drawn)
    assert found == pytest.approx(0.7, abs=0.1)
    assert power_of_places(np.ones(5), drawn) is None
