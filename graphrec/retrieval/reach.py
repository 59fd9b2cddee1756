"""How many people an item is as near to: what keeps one new item from being near to everybody.

Some vectors are near to nearly all others (hubs: Radovanovic et al., "Hubs in space", JMLR 2010).
What says that an item suits someone is not how near it is, but that it is nearer than to most.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SAMPLE = 500
"""People, or what stands for them, that an item is compared with."""

AMONG = 64
"""The nearest new items that are looked at for a list."""


class Sample(NamedTuple):
    """S people as a source sees them."""

    queries: NDArray[np.float32]
    """[S, dim]"""
    mean: NDArray[np.float64]
    """[S]: of the scores of all items."""
    deviation: NDArray[np.float64]
    """[S]"""

    def share_nearer(
        self, vectors: NDArray[np.float32], z_scores: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The share of the people to whom each of C items [C, dim] is nearer than its z-score [C].

        0 where there is nobody to compare with.
        """
        if not len(self.queries):
            return np.zeros(len(vectors))
        scores = self.queries.astype(np.float64) @ vectors.T.astype(np.float64)
        theirs = (scores - self.mean[:, None]) / self.deviation[:, None]
        found: NDArray[np.float64] = (theirs > z_scores).mean(axis=0)
        return found


def evenly(count: int, most: int = SAMPLE) -> NDArray[np.int64]:
    """At most so many of `count` rows, at even distances."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, most)).astype(np.int64))
