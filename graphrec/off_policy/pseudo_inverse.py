"""The pseudo-inverse estimator: what a policy of lists would bring, by the reward of whole lists.

The reward of a list is taken to be a sum of what each place brings with its item, of which only the
sum need be known. With 1_s the places and items of a list, Γ = E[1_s 1_sᵀ] over the lists that the
log might have shown, and q the same mean of the policy, a list counts q Γ⁺ 1_s times (Swaminathan
et al., "Off-policy evaluation for slate recommendation", NIPS 2017).

Of the items of a pool, each is as likely to be drawn. So Γ is two small matrices: one over the
items of the ranking and the pool as a whole, and one over places, for how an item of the pool
differs from the others. Both depend only on the share of exploration and on lengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from graphrec.off_policy.lists import Ranked, marginal, of_ranked

Floats = NDArray[np.float64]


def weight(items: Sequence[str], ranked: Sequence[str], share: float, instead: Ranked) -> float:
    """How often a list counts for another policy.

    `ranked` is what the log would have shown without exploration, as long as the list; what else
    the list has was drawn from a pool, as large as that of `instead`.
    """
    k = len(items)
    pool = max(instead.pool, k + 1)
    place = {item: at for at, item in enumerate(ranked)}
    after = {item: marginal(instead.place(item), instead.share, k) for item in {*items, *ranked}}
    whole, apart = _inverses(k, pool, share)
    one, mean = np.zeros(len(whole)), np.zeros(len(whole))
    drawn = np.zeros(k)
    for at, item in enumerate(items):
        if item in place:
            one[_row(at, place[item])] = 1
        else:
            one[_rows(k) + at] = pool**-0.5
            drawn[at] = 1
    of_pool = np.ones(k)
    for item, at in place.items():
        of_pool -= after[item]
        for p in range(at, k):
            mean[_row(p, at)] = after[item][p]
    mean[_rows(k) :] = of_pool * pool**-0.5
    both = np.stack([after[item] if item not in place else np.zeros(k) for item in items], axis=1)
    differs = both - np.outer(of_pool, drawn) / pool
    return float(mean @ whole @ one + (apart * differs).sum())


@lru_cache(256)
def _inverses(k: int, pool: int, share: float) -> tuple[Floats, Floats]:
    rows = _rows(k)
    chance = np.array([of_ranked(p, share, k) for p in range(1, k + 1)])  # [ranked, place]
    gamma = np.zeros((rows + k, rows + k))
    for p in range(k):
        for j in range(p + 1):
            here = _row(p, j)
            gamma[here, here] = chance[j, p]
            for q in range(p + 1, k):
                for later in range(j + 1, q + 1):
                    there = _row(q, later)
                    both = chance[j, p] * chance[later - j - 1, q - p - 1]
                    gamma[here, there] = gamma[there, here] = both
            for q in range(k):
                if q > p:
                    both = chance[j, p] * share
                elif q < p:
                    both = share * (chance[j, p - 1] if j < p else 0.0)
                else:
                    both = 0.0
                gamma[here, rows + q] = gamma[rows + q, here] = both * pool**-0.5
    gamma[rows:, rows:] = share**2 / pool
    at = np.arange(rows, rows + k)
    gamma[at, at] = share / pool
    apart = np.full((k, k), -(share**2) / (pool * (pool - 1)))
    np.fill_diagonal(apart, share / pool)
    whole, between = (np.linalg.pinv(each, hermitian=True) for each in (gamma, apart))
    return whole.astype(np.float64), between.astype(np.float64)


def _rows(k: int) -> int:
    """How many pairs there are of a place and an item of the ranking that can stand there."""
    return k * (k + 1) // 2


def _row(place: int, ranked: int) -> int:
    """The row of a place and of an item of the ranking, both from 0."""
    return place * (place + 1) // 2 + ranked
