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
from copy import copy
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, expit

POINTS = 1024
"""Of the integral."""

REACH = 20.0
"""Shares are resolved between 1e-8 and 1 - 1e-8: points are even in their logarithmic odds."""

NEVER = 1e-9
"""A probability so small that nothing is won by it."""

GROUPS_AT_ONCE = 256
"""Whose points are added up at a time, so that they fit a processor's cache."""

BETAS_AT_ONCE = 16
"""Groups whose distribution functions are computed at a time: some milliseconds."""

GONE = -1


class Posteriors:
    """The posteriors of N items of the share of users who like them.

    Most items share their counts with others: each pair of counts is computed once, for a group.
    """

    def __init__(self, likes: NDArray[np.integer], seen: NDArray[np.integer]) -> None:
        """How many users like each item, `likes` [N], of the `seen` [N] who have seen it."""
        counts = np.stack([likes, seen - likes], axis=1)
        distinct, groups = np.unique(counts, axis=0, return_inverse=True)
        self.groups: NDArray[np.intp] = groups.reshape(-1)
        """The group of each item [N]."""
        self.sizes: NDArray[np.intp] = np.bincount(self.groups, minlength=len(distinct))
        """Items of each group [G]."""
        edges = expit(np.linspace(-REACH, REACH, POINTS - 2))
        points = np.concatenate([[0.0], edges, [1.0]])
        below = np.empty((len(distinct), POINTS))
        for start in range(0, len(distinct), BETAS_AT_ONCE):  # others wait for one part of it
            liked, disliked = 1.0 + distinct[start : start + BETAS_AT_ONCE].T
            part = betainc(liked[:, None], disliked[:, None], points)
            below[start : start + BETAS_AT_ONCE] = part
        self.log_below = np.log(np.maximum(below, np.finfo(np.float32).tiny)).astype(np.float32)
        """Logarithm of F [G, POINTS]."""
        # Trapezoids of Π F of all others, by F of the item; Π F of all is a factor put in later.
        mass = np.diff(below, axis=1, prepend=0, append=1)
        around = (mass[:, :-1] + mass[:, 1:]) / 2
        wins = np.divide(around, below, out=np.zeros_like(below), where=below > NEVER)
        self.wins = np.ascontiguousarray(wins.T, np.float32)
        """[POINTS, G]"""

    def followed_by(self, likes: NDArray[np.integer], seen: NDArray[np.integer]) -> Posteriors:
        """With further items [N] in place of the last one, and that one after them.

        Only what they do not share with each other is computed.
        """
        if not len(likes):
            return self
        more, made = Posteriors(likes, seen), copy(self)
        vars(made).pop("_of_all", None)
        count = len(self.sizes)
        last = self.groups[-1:]
        made.groups = np.concatenate([self.groups[:-1], more.groups + count, last])
        made.sizes = np.concatenate([self.sizes, more.sizes])
        made.log_below = np.concatenate([self.log_below, more.log_below])
        made.wins = np.concatenate([self.wins, more.wins], axis=1)
        return made

    @cached_property
    def _of_all(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._added_up(self.sizes)

    def sums(self, sizes: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The logarithm of Π F, and the sum of `wins`, for a pool of so many items of each group.

        Both are [POINTS]. What is not in the pool is taken off the sums of all, or what is in it is
        added up: whichever is of fewer groups.
        """
        without = self.sizes - sizes
        if np.count_nonzero(without) < np.count_nonzero(sizes):
            of_all, taken = self._of_all, self._added_up(without)
            return of_all[0] - taken[0], of_all[1] - taken[1]
        return self._added_up(sizes)

    def _added_up(
        self, sizes: NDArray[np.integer]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        log_below, wins = np.zeros((2, POINTS))
        rows = np.flatnonzero(sizes)
        for start in range(0, len(rows), GROUPS_AT_ONCE):
            part = rows[start : start + GROUPS_AT_ONCE]
            log_below += sizes[part] @ self.log_below[part].astype(np.float64)
            wins += self.wins[:, part].astype(np.float64) @ sizes[part]
        return log_below, wins


class ThompsonPool:
    """A pool whose items are as likely as they may be the best of it.

    An item is drawn in two steps: the point at which it wins, and then who wins there. So a draw
    takes time in proportion to points plus groups, and not to their product.
    """

    def __init__(self, ids: Sequence[str], of: Posteriors, rows: NDArray[np.integer]) -> None:
        """The items of distinct `rows` [N]; of rows beyond the posteriors, the last group."""
        self._ids, self._of = ids, of
        self._rows = rows
        self._groups = of.groups[np.minimum(rows, len(of.groups) - 1)]
        """Of each item of the pool [N]; GONE once it was drawn."""
        self._sizes = np.bincount(self._groups, minlength=len(of.sizes))
        self._log_below, self._wins = of.sums(self._sizes)
        self._left = len(rows)

    def __len__(self) -> int:
        return self._left

    def chance(self, group: int) -> float:
        """How likely one of the items of a group is to be drawn."""
        all_below = np.exp(self._log_below)
        own = float(self._of.wins[:, group] @ all_below) * int(self._sizes[group])
        return own / float(self._wins @ all_below)

    def draw(self, rng: np.random.Generator) -> tuple[str, float]:
        """An item, which leaves the pool, and how likely it was to be the one."""
        group = self._draw_group(rng)
        chance = self.chance(group) / int(self._sizes[group])
        among = np.flatnonzero(self._groups == group)
        at = among[int(rng.integers(len(among)))]
        self._groups[at] = GONE
        self._sizes[group] -= 1
        self._left -= 1
        self._log_below -= self._of.log_below[group]
        self._wins = np.maximum(self._wins - self._of.wins[:, group], 0)
        return self._ids[self._rows[at]], chance

    def _draw_group(self, rng: np.random.Generator) -> int:
        point = _drawn(self._wins * np.exp(self._log_below), rng)
        winners = self._of.wins[point] * self._sizes
        while not winners.any():  # what was taken off left a rounding error there
            self._wins[point] = 0
            point = _drawn(self._wins * np.exp(self._log_below), rng)
            winners = self._of.wins[point] * self._sizes
        return _drawn(winners, rng)


def _drawn(weights: NDArray[np.floating], rng: np.random.Generator) -> int:
    """A place, drawn in proportion to the weights; one of weight 0 never."""
    upto = np.cumsum(weights, dtype=np.float64)
    return int(np.searchsorted(upto, rng.random() * upto[-1], side="right"))
