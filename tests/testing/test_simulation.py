"""The simulator: what it promises of its truth."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.data import Interactions
from graphrec.testing.simulation import (
    EpsilonGreedy,
    Fixed,
    Learned,
    Life,
    Optimal,
    Uniform,
    World,
    course,
    replay,
)

WORLD = World(people=50, items=30, k=4, arrivals=0.05, visits=400)


def test_a_seed_is_one_course() -> None:
    first, second = (course(WORLD, Learned(), 3, 200) for _ in range(2))
    assert np.array_equal(first.rewards, second.rewards)
    assert not np.array_equal(first.rewards, course(WORLD, Learned(), 4, 200).rewards)


def test_the_value_of_a_list_is_its_mean_reward() -> None:
    rewards, values = np.zeros(3000), np.zeros(3000)
    life = Life(World(people=20, items=20, k=4), 0)
    for at in range(3000):
        visit = life.visit()
        values[at] = life.value(visit, np.arange(4))
        rewards[at] = life.respond(visit, np.arange(4)).rewards.sum()
    error = rewards.std() / np.sqrt(3000)
    assert rewards.mean() == pytest.approx(values.mean(), abs=4 * error)


def test_nothing_is_better_than_the_optimum() -> None:
    life, rng = Life(WORLD, 0), np.random.default_rng(0)
    for _ in range(50):
        visit = life.visit()
        there = np.flatnonzero(visit.available)
        others = [rng.choice(there, 4, replace=False) for _ in range(10)]
        best = life.value(visit, life.best(visit))
        assert best >= max(life.value(visit, each) for each in others)


def test_people_tire_and_tastes_drift() -> None:
    tired = Life(World(people=1, items=10, k=4, fatigue=1.0), 0)
    visit = tired.visit()
    before = tired.attraction(visit)
    tired.respond(visit, np.arange(4))
    after = tired.attraction(visit)
    assert (after[:4] < before[:4]).all()
    assert np.array_equal(after[4:], before[4:])
    drifting = Life(World(people=1, drift=0.5), 0)
    taste = drifting.taste.copy()
    drifting.visit()
    assert not np.array_equal(drifting.taste, taste)


def test_purchases_come_late_and_items_arrive() -> None:
    life = Life(World(buys=1.0, delay=50, visits=400, arrivals=0.1), 0)
    known = []
    for _ in range(100):
        visit = life.visit()
        known += [(at - visit.number, part) for at, part in life.respond(visit, np.arange(8)).known]
    waits = [wait for wait, part in known if part == 2.0]
    assert np.mean(waits) == pytest.approx(51, rel=0.3)
    assert life.visit().available.sum() > 60


def test_regret_is_least_where_the_best_is_known() -> None:
    total = {
        name: course(WORLD, policy, 0, 400).total
        for name, policy in {
            "random": Uniform(),
            "fixed": Fixed("popular"),
            "epsilon": EpsilonGreedy(),
            "optimal": Optimal(),
        }.items()
    }
    assert total["optimal"] < min(total["random"], total["fixed"], total["epsilon"])
    assert all(each >= 0 for each in total.values())


@pytest.mark.slow
def test_a_learner_comes_nearer_to_the_best_than_epsilon_greedy() -> None:
    world = World(arrivals=0.05, visits=1500)
    found = {
        name: sum(course(world, make(), seed, 1500, 100).total for seed in range(2))
        for name, make in {"learned": lambda: Learned("linucb"), "epsilon": EpsilonGreedy}.items()
    }
    assert found["learned"] < 0.75 * found["epsilon"]


def test_a_log_is_replayed_with_rejection() -> None:
    rng = np.random.default_rng(0)
    user, item = rng.integers(5, size=2000), rng.integers(10, size=2000)
    log = Interactions.of(
        [f"u{n}" for n in user],
        [f"i{n}" for n in item],
        np.where(item < 5, 5.0, 1.0),
        range(2000),
    )
    good = {at for at, name in enumerate(log.items.ids) if int(name[1:]) < 5}

    def best(user: int, among: np.ndarray) -> int:
        return next((each for each in among.tolist() if each in good), int(among[0]))

    knowing, any_ = (
        replay(log, best, candidates=5),
        replay(log, lambda _, a: int(a[0]), candidates=5),
    )
    assert any_.accepted == pytest.approx(400, abs=60)
    assert any_.mean == pytest.approx(0.5, abs=0.08)
    assert knowing.mean is not None
    assert knowing.mean > 0.9
