"""Diversity: a list whose items are not all alike.

Maximal marginal relevance (Carbonell & Goldstein, "The use of MMR, diversity-based reranking",
SIGIR 1998): the list is filled from the front, each time with the item of the largest

    (1 - diversity) · score - diversity · likeness to the most alike item in the list so far
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def diversified(
    scores: NDArray[np.float64], likeness: NDArray[np.floating], diversity: float, k: int
) -> NDArray[np.int64]:
    """The places of the `k` items to be listed of N, in order; ties go to the first.

    `scores` [N] are taken as shares of the largest one, `likeness` [N, N] is 1 at most.
    """
    relevance = scores / max(float(scores.max(initial=0)), np.finfo(np.float64).tiny)
    nearest = np.zeros(len(scores))
    chosen: list[int] = []
    left = np.ones(len(scores), bool)
    while len(chosen) < min(k, len(scores)):
        worth = (1 - diversity) * relevance - diversity * nearest
        best = int(np.argmax(np.where(left, worth, -np.inf)))
        chosen.append(best)
        left[best] = False
        nearest = np.maximum(nearest, likeness[best])
    return np.array(chosen, np.int64)
