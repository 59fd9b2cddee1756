"""Diversity: a list whose items differ from each other.

Maximal marginal relevance (Carbonell & Goldstein, "The use of MMR, diversity-based reranking",
SIGIR 1998): the list is filled from the front, each time with the item of the largest

    (1 - diversity) · score - diversity · similarity to the most similar item in the list so far
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def diversified(
    scores: NDArray[np.float64], similarity: NDArray[np.floating], diversity: float, k: int
) -> NDArray[np.int64]:
    """The places of the `k` items to be listed of N, in order; ties go to the first.

    `scores` [N] are taken as shares of the largest one, `similarity` [N, N] is 1 at most.
    """
    relevance = scores / max(float(scores.max(initial=0)), np.finfo(np.float64).tiny)
    nearest = np.zeros(len(scores))
    chosen: list[int] = []
    left = np.ones(len(scores), bool)
    while len(chosen) < min(k, len(scores)):
        value = (1 - diversity) * relevance - diversity * nearest
        best = int(np.argmax(np.where(left, value, -np.inf)))
        chosen.append(best)
        left[best] = False
        nearest = np.maximum(nearest, similarity[best])
    return np.array(chosen, np.int64)
