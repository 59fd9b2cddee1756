"""A Q-network beside greedy fusion, in the simulator: where sessions matter, and where they don't.

Each seed is a world. Fusion with a share of exploration serves first, and its log is learned from.
Then both go on from there, in the same world: fusion alone, and the network. `served` is what a
service shows: the network where it has earned its place by off-policy evaluation, else fusion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
from scipy import stats

from graphrec.off_policy.estimate import NoOverlap
from graphrec.off_policy.lists import Ranked
from graphrec.off_policy.slates import LoggedList, compared
from graphrec.testing.simulation import Life, World
from graphrec.testing.simulation.sessions import Logged, Memory, Scores, fusion, lists_of
from graphrec.testing.simulation.world import Floats, Whole

STRENGTH = 2.0
"""As the settings have it."""

SHARE = 0.3
"""Of exploration in the log."""


@dataclass(frozen=True)
class Gain:
    """What somebody's lists bring, over seeds."""

    policy: str
    reward: float
    """Mean reward of a list."""
    gain: float
    """That of greedy fusion taken off."""
    low: float
    high: float
    """Ends of the 95 % interval of the gain, paired by seed (Student's t)."""
    served: float
    """Share of the seeds in which it served."""


def worlds(visits: int) -> Mapping[str, World]:
    """What is compared in."""
    return {
        "fatigue and delay": World(visits=visits, fatigue=0.4, delay=100),
        "neither": World(visits=visits),
    }


def gains(world: World, seeds: int, logged: int, later: int) -> tuple[Gain, ...]:
    """By policy, over seeds: a log of so many lists, and as many `later` ones."""
    names = ("greedy fusion", "Q-network", "served", "optimum")
    found = np.zeros((seeds, len(names)))
    earned = np.zeros(seeds)
    for seed in range(seeds):
        log = lists_of(
            Life(world, seed), Memory(), fusion, logged, share=SHARE, seed=seed, candidates=30
        )
        network, earned[seed] = learned(world, log, seed)
        found[seed, 0] = _mean(log, fusion, later)
        found[seed, 1] = _mean(log, network, later)
        found[seed, 2] = found[seed, 1 if earned[seed] else 0]
        found[seed, 3] = _optimum(log, later)
    shares = (1.0, 1.0, float(earned.mean()), 1.0)
    gain = found - found[:, :1]
    reach = float(stats.t.ppf(0.975, seeds - 1)) / np.sqrt(seeds) * gain.std(axis=0, ddof=1)
    return tuple(
        Gain(name, float(found[:, at].mean()), float(mean), float(mean - off), float(mean + off), s)
        for at, (name, mean, off, s) in enumerate(
            zip(names, gain.mean(axis=0), reach, shares, strict=True)
        )
    )


def learned(world: World, log: Logged, seed: int) -> tuple[Scores, bool]:
    """What a network learned of a log, and whether it may serve.

    As `graphrec.off_policy.network` does: it is judged by networks of other people.
    """
    fit = import_module("graphrec.training.q_learning").QLearning().fit
    apart = world.people * 8.0
    folds = np.array([each.user for each in log.steps]) % 2
    lists, usual = [], []
    made = [
        fit(
            [step for step, fold in zip(log.steps, folds, strict=True) if fold != held],
            world.looked_at,
            apart,
            seed,
        )
        for held in (0, 1)
    ]
    for each, fold, (items, fused, table) in zip(log.logged, folds, log.tables, strict=True):
        scores = fused + STRENGTH * made[int(fold)].relative(table)
        lists.append(_instead(each, items, scores, world.k))
        usual.append(Ranked([*map(str, items[: world.k].tolist())]))
    try:
        _, gain, _ = compared("network", lists, usual, world.looked_at)
        earned = gain.low >= 0
    except NoOverlap:
        earned = False
    whole: Any = fit(list(log.steps), world.looked_at, apart, seed)
    return lambda table, fused: fused + STRENGTH * whole.relative(table), earned


def _instead(each: LoggedList, items: Whole, scores: Floats, k: int) -> LoggedList:
    best = items[np.argsort(-scores, kind="stable")[:k]]
    return replace(each, instead=Ranked([*map(str, best.tolist())]))


def _mean(log: Logged, scores: Scores, later: int) -> float:
    life, memory = log.on()
    return float(lists_of(life, memory, scores, later, keep=False).values.mean())


def _optimum(log: Logged, later: int) -> float:
    """The best list of each visit, by the truth."""
    life, _ = log.on()
    values = np.zeros(later)
    for at in range(later):
        visit = life.visit()
        best = life.best(visit)
        values[at] = life.value(visit, best)
        life.respond(visit, best)
    return float(values.mean())
