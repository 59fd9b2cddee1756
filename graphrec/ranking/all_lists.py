"""What the lists of all users are like together: pure functions of item rows [B, k].

-1 stands after the last item of a list that is short; `items` is the size of the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows

MOST_LISTED = 30
"""Items whose share of all places is measured by `concentration`."""


def coverage(ranked: Rows, items: int) -> float:
    """Share of the `items` of the catalogue that are in at least one list (Ge et al. 2010)."""
    return Listed.of(ranked, items).coverage


def overlap(ranked: Rows, items: int) -> float:
    """Mean share of the places of two users' lists that hold the same items, over all pairs.

    1: everyone gets the same list. 1 − the inter-user diversity of Zhou et al. 2010. NaN for fewer
    than two lists.
    """
    return Listed.of(ranked, items).overlap


def concentration(ranked: Rows, items: int) -> float:
    """Share of all places that go to the MOST_LISTED items which are listed most often."""
    return Listed.of(ranked, items).concentration


@dataclass(frozen=True)
class Listed:
    """How often each item is in lists, from which the above follow."""

    times: NDArray[np.float64]  # [I]
    lists: int
    places: int
    """Of each list, filled or not."""

    @classmethod
    def of(cls, ranked: Rows, items: int) -> Listed:
        """That of lists [B, k]."""
        times = np.bincount(ranked[ranked >= 0], minlength=items).astype(np.float64)
        return cls(times, *ranked.shape)

    @property
    def coverage(self) -> float:
        """As the function."""
        return int(np.count_nonzero(self.times)) / max(len(self.times), 1)

    @property
    def overlap(self) -> float:
        """As the function."""
        pairs = self.lists * (self.lists - 1) * self.places
        return float((self.times * (self.times - 1)).sum() / pairs) if pairs else np.nan

    @property
    def concentration(self) -> float:
        """As the function."""
        most = np.sort(self.times)[-MOST_LISTED:]
        return float(most.sum() / max(self.times.sum(), 1))


AllLists: TypeAlias = Callable[[Rows, int], float]
"""A metric of all lists [B, k] together, out of so many items."""

ALL_LISTS: Mapping[str, AllLists] = {
    "coverage": coverage,
    "overlap": overlap,
    "concentration": concentration,
}
"""By name, what is computed of all lists of an evaluation together."""
