"""Fusion: one ranking out of what several sources say of the items.

For one person, each source has a score for every item. The scales of the sources have nothing in
common, so a score counts by how far it stands out: the strength of an item is the number of
standard deviations by which its score is above the mean over all items, and 0 below it (z-score
normalisation, CombSUM: Montague & Aslam, "Relevance score normalization for metasearch", CIKM
2001). The fused score is the sum of weight times strength over the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.explain import Source

Strengths = NDArray[np.float64]

LEVELS = (0.0, 0.1, 0.2, 0.35, 0.6, 1.0)
"""Weights to choose from; the largest of the sources' is always 1, since only ratios matter."""

DIGITS = 4
"""Of strengths: fewer than single precision has, so that scores which are equal but for how they
were summed up, for one person or for many at once, tie."""

TRACE = 0.01
"""The least weight of popularity: it orders what no other source tells apart."""


@dataclass(frozen=True)
class Opinion:
    """What one source says of all items to one person."""

    source: Source
    candidates: Rows
    """The items it recalls, the best first; all of them stand out."""
    of: Callable[[Rows], Strengths]
    """The strength [N] of any items [N]."""


@dataclass(frozen=True)
class Judged:
    """Items that were recalled for one person, and whether they were right."""

    strength: Strengths  # [N, S] by source
    hit: NDArray[np.bool_]  # [N]
    hits: int
    """Items that would have been right, recalled or not."""


def strengths(scores: NDArray, mean: float, deviation: float) -> Strengths:
    """How far each score stands out, to DIGITS decimals; all 0 where the scores are all alike."""
    if not deviation > 0:
        return np.zeros(len(scores))
    distance: Strengths = (scores.astype(np.float64) - mean) / deviation
    return np.maximum(distance, 0).round(DIGITS)


def fuse(
    opinions: Sequence[Opinion], weights: Mapping[str, float]
) -> tuple[Rows, NDArray[np.float64]]:
    """All items that any source recalls, best first, and their fused scores, both [N].

    Ties go to the lowest row.
    """
    items = recalled(opinions)
    scores = np.zeros(len(items))
    for opinion in opinions:
        scores += weights[opinion.source] * opinion.of(items)
    order = np.argsort(-scores, kind="stable")
    return items[order], scores[order]


def recalled(opinions: Sequence[Opinion]) -> Rows:
    """The items that any source recalls, by row [N]."""
    return np.unique(np.concatenate([np.empty(0, np.int32), *(o.candidates for o in opinions)]))


def choose_weights(
    sources: Sequence[Source], judged: Sequence[Judged], k: int
) -> tuple[Mapping[str, float], float]:
    """The weights of LEVELS with the best mean NDCG@k, and that; of equally good ones, the first.

    Sources that come first are tried with high weights first.
    """
    levels = [
        [max(level, TRACE) if source == "popularity" else level for level in reversed(LEVELS)]
        for source in sources
    ]
    tried = [np.array(each) for each in product(*levels) if max(each) == 1]
    values = [_mean_ndcg(weights, judged, k) for weights in tried]
    best = int(np.argmax(values))
    return dict(zip(sources, tried[best].tolist(), strict=True)), values[best]


def _mean_ndcg(weights: NDArray[np.float64], judged: Sequence[Judged], k: int) -> float:
    discounts = 1 / np.log2(np.arange(2, k + 2))
    total = 0.0
    for each in judged:
        scores = each.strength @ weights
        top = np.argsort(-scores, kind="stable")[:k]
        ideal = discounts[: min(each.hits, k)].sum()
        total += float(discounts[: len(top)][each.hit[top]].sum() / ideal)
    return total / max(len(judged), 1)
