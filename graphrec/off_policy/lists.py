"""How likely an item was to come to a place of a list that explores.

`graphrec.ranking.exploration` goes from place to place: with the share of exploration, an item is
drawn from a pool, else the next of the ranking comes. So the p-th of the ranking stands at place r
if p - 1 of the r - 1 places before are of the ranking, and this one is; and an item of the pool
stands at any place as likely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Place:
    """Where an item of a list comes from: the ranking, or a pool."""

    ranked: int | None
    """Its place in the ranking, from 1; None: it is of the pool."""
    drawn: float = 0.0
    """Of an item of the pool: how likely each draw is to be of it."""


@dataclass(frozen=True)
class Ranked:
    """What a policy shows: a ranking, of which a share of places goes to draws from a pool."""

    items: Sequence[str]
    """Best first: as many as the list has places."""
    share: float = 0.0
    """Of exploration."""
    pool: int = 0
    """Items that may be drawn, but for those of the ranking."""
    in_pool: frozenset[str] | None = None
    """Which those are; None: all others."""

    def place(self, item: str) -> Place:
        """Where an item would come from."""
        at = self._places.get(item)
        if at is not None:
            return Place(at)
        may = self.pool and (self.in_pool is None or item in self.in_pool)
        return Place(None, 1 / self.pool if may else 0.0)

    @property
    def _places(self) -> Mapping[str, int]:
        found: dict[str, int] = vars(self).get("_at") or {}
        if not found:
            found = {item: at for at, item in enumerate(self.items, start=1)}
            vars(self)["_at"] = found
        return found


def logged_places(propensities: Sequence[float | None], share: float) -> tuple[Place, ...]:
    """Where each item of a logged list came from; propensities are None but for what was drawn."""
    found, ranked = [], 0
    for each in propensities:
        if each is None:
            ranked += 1
            found.append(Place(ranked))
        else:
            found.append(Place(None, each / share if share else 0.0))
    return tuple(found)


def marginal(place: Place, share: float, k: int) -> Floats:
    """The probability [k] that an item stands at each place of a list, whatever else it has."""
    if place.ranked is None:
        return np.full(k, share * place.drawn)
    return of_ranked(place.ranked, share, k)


@lru_cache(4096)
def of_ranked(p: int, share: float, k: int) -> Floats:
    """The same of the p-th of the ranking."""
    found = [
        comb(r - 1, p - 1) * (1 - share) ** p * share ** (r - p) if r >= p else 0.0
        for r in range(1, k + 1)
    ]
    return np.array(found)


def following(places: Sequence[Place], share: float) -> Floats:
    """The probability [k] of each item at its place, given those before it.

    `places` are where the policy would have taken the items of a list from, in its order.
    """
    found = np.zeros(len(places))
    used: set[int] = set()
    waiting = 1
    for at, place in enumerate(places):
        while waiting in used:
            waiting += 1
        if place.ranked is None:
            found[at] = share * place.drawn
        elif place.ranked == waiting:
            found[at] = 1 - share
        if place.ranked is not None:
            used.add(place.ranked)
    return found
