"""What the lists of all users are like together: pure functions of item rows [B, k].

-1 stands after the last item of a list that is short; `items` is the size of the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows

MOST_LISTED = 30
"""Items whose share of all places is measured by `concentration`."""


def coverage(ranked: Rows, items: int) -> float:
    """Share of the `items` of the catalogue that are in at least one list (Ge et al. 2010)."""
    return len(np.unique(ranked[ranked >= 0])) / max(items, 1)


def overlap(ranked: Rows, items: int) -> float:
    """Mean share of the places of two users' lists that hold the same items, over all pairs.

    1: everyone gets the same list. 1 − the inter-user diversity of Zhou et al. 2010. NaN for fewer
    than two lists.
    """
    count = _times_listed(ranked, items)
    pairs = len(ranked) * (len(ranked) - 1) * ranked.shape[1]
    return float((count * (count - 1)).sum() / pairs) if pairs else np.nan


def concentration(ranked: Rows, items: int) -> float:
    """Share of all places that go to the MOST_LISTED items which are listed most often."""
    count = np.sort(_times_listed(ranked, items))
    return float(count[-MOST_LISTED:].sum() / max(count.sum(), 1))


AllLists: TypeAlias = Callable[[Rows, int], float]
"""A metric of all lists [B, k] together, out of so many items."""

ALL_LISTS: Mapping[str, AllLists] = {
    "coverage": coverage,
    "overlap": overlap,
    "concentration": concentration,
}
"""By name, what is computed of all lists of an evaluation together."""


def _times_listed(ranked: Rows, items: int) -> NDArray[np.float64]:
    """In how many lists each of the items is [I]."""
    return np.bincount(ranked[ranked >= 0], minlength=items).astype(np.float64)
