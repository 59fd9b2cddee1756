"""Logs of lists that a policy made in a world, as the service would have logged them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from graphrec.off_policy.lists import Ranked, of_ranked
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
    world: World,
    shown: Ranking,
    instead: Ranking,
    share: float,
    seed: int,
    visits: int,
    share_instead: float = 0.0,
) -> tuple[list[LoggedList], float]:
    """Lists of one policy with a share of exploration, and the true mean reward of another one.

    The other one explores with `share_instead`. The truth is the mean over the same visits: fatigue
    and drift are as the log made them.
    """
    life, rng = Life(world, seed), np.random.default_rng([seed, 2])
    found, truth = [], np.zeros(visits)
    for number in range(visits):
        visit = life.visit()
        ranked, other = shown(life, visit), instead(life, visit)
        pool = np.setdiff1d(np.flatnonzero(visit.available), ranked)
        items, propensities = explored_list(ranked, pool, share, rng)
        truth[number] = value_of(life, visit, other, share_instead)
        outcome = life.respond(visit, items)
        found.append(
            LoggedList(
                tuple(map(str, items.tolist())),
                propensities,
                share,
                tuple(outcome.rewards.tolist()),
                visit.person,
                Ranked(
                    [*map(str, other.tolist())],
                    share_instead,
                    int(visit.available.sum()) - world.k,
                ),
                tuple(map(str, ranked.tolist())),
            )
        )
    return found, float(truth.mean())


def value_of(life: Life, visit: Visit, ranked: Whole, share: float) -> float:
    """The mean reward of a ranking of which a share of places is drawn from all other items."""
    if not share:
        return life.value(visit, ranked)
    k, attraction = len(ranked), life.attraction(visit)
    pool = np.setdiff1d(np.flatnonzero(visit.available), ranked)
    chance = np.array([of_ranked(place, share, k) for place in range(1, k + 1)])
    by_place = attraction[ranked] @ chance + share * attraction[pool].mean()
    per_click = 1 + life.world.buys * life.world.worth
    return float(by_place @ life.world.looked_at[:k]) * per_click
