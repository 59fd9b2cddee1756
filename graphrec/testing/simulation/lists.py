"""Logs of lists that a policy made in a world, as the service would have logged them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from graphrec.off_policy.lists import Ranked
from graphrec.off_policy.slates import LoggedList
from graphrec.ranking.exploration import EvenPool, Explored, explore
from graphrec.testing.simulation.world import Life, Visit, Whole, World

Ranking: TypeAlias = Callable[[Life, Visit], Whole]
"""A policy of lists: the ranking [k] for a visit."""


def explored_list(
    ranked: Whole, others: Whole, share: float, rng: np.random.Generator
) -> tuple[Whole, tuple[float | None, ...]]:
    """A list [k] of which a share is drawn from other items, and what the log has of each place.

    That is the propensity of an item that was drawn, and None for the others.
    """
    ids = [str(row) for row in range(int(max(ranked.max(), others.max(initial=0))) + 1)]
    found = explore(ranked.tolist(), EvenPool(ids, others), share, len(ranked), rng)
    drawn = [(int(e.item), e.propensity) if isinstance(e, Explored) else (e, None) for e in found]
    return np.array([row for row, _ in drawn]), tuple(chance for _, chance in drawn)


def logged_lists(
    world: World, shown: Ranking, instead: Ranking, share: float, seed: int, visits: int
) -> tuple[list[LoggedList], float]:
    """Lists of one policy with a share of exploration, and the true mean reward of another one.

    The truth is the mean over the same visits: fatigue and drift are as the log made them.
    """
    life, rng = Life(world, seed), np.random.default_rng([seed, 2])
    found, truth = [], np.zeros(visits)
    for number in range(visits):
        visit = life.visit()
        ranked, other = shown(life, visit), instead(life, visit)
        pool = np.setdiff1d(np.flatnonzero(visit.available), ranked)
        items, propensities = explored_list(ranked, pool, share, rng)
        truth[number] = life.value(visit, other)
        outcome = life.respond(visit, items)
        found.append(
            LoggedList(
                tuple(map(str, items.tolist())),
                propensities,
                share,
                tuple(outcome.rewards.tolist()),
                visit.person,
                Ranked([*map(str, other.tolist())], 0.0, int(visit.available.sum()) - world.k),
            )
        )
    return found, float(truth.mean())
