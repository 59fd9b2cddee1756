"""Fusion: one ranking out of what several sources say of the items.

For one person, each source has a score for every item. The scales of the sources have nothing in
common, so a score counts by how far it stands out: the strength of an item is the number of
standard deviations by which its score is above the mean over all items, and 0 below it (z-score
normalisation, CombSUM: Montague & Aslam, "Relevance score normalization for metasearch", CIKM
2001). The fused score is the sum of weight times strength over the sources.

What a source is worth depends on how much it has to go by: with one click, popularity says more of
someone than with a hundred. So people are told apart by how many items they like, and the weights
of each group are chosen apart, on validation, where it has enough people to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows

Source: TypeAlias = Literal[
    "embedding", "neighbours", "popularity", "fallback", "boost", "exploration"
]
"""What speaks for an item; `fallback` is popular items that fill up a list, unrecalled, `boost` a
rule, and `exploration` chance."""

Strengths = NDArray[np.float64]

LEVELS = (0.0, 0.1, 0.2, 0.35, 0.6, 1.0)
"""Weights to choose from; the largest of the sources' is always 1, since only ratios matter."""

DIGITS = 4
"""Of strengths: fewer than single precision has, so that scores which are equal but for how they
were summed up tie."""

TRACE = 0.01
"""The least weight of popularity: it orders what no other source tells apart."""

LEAST = (0, 1, 3, 6, 21)
"""The least number of items that people of each group like, so: 0, 1–2, 3–5, 6–20, more."""

ENOUGH = 50
"""People of a group below whom it gets the weights of everyone."""

CLEARLY = 2.0
"""Standard errors by which other weights must be better for a group than those of everyone."""


@dataclass(frozen=True)
class Group:
    """People who like at least so many items, and fewer than those of the next group do."""

    least: int
    weights: Mapping[str, float]
    """Of the sources."""
    people: int = 0
    """How many the weights were chosen on; 0: they are those of everyone."""


Weights: TypeAlias = tuple[Group, ...]
"""The groups, in ascending order; the first begins with 0."""


def alike(weights: Mapping[str, float]) -> Weights:
    """The same weights for everyone."""
    return (Group(0, weights),)


def weights_for(groups: Weights, likes: int) -> Mapping[str, float]:
    """The weights for someone who likes so many items."""
    return next(group.weights for group in reversed(groups) if likes >= group.least)


def bounds() -> tuple[tuple[int, int | None], ...]:
    """The least and the most items that people of each group like; None: there is no most."""
    return (*((least, more - 1) for least, more in pairwise(LEAST)), (LEAST[-1], None))


@dataclass(frozen=True)
class Opinion:
    """What one source says of all items to one person."""

    source: Source
    candidates: Rows
    """The items it recalls; all of them stand out."""
    of: Callable[[Rows], Strengths]
    """The strength [N] of any items [N]."""


@dataclass(frozen=True)
class Fused:
    """Items in one ranking, the best first."""

    items: Rows  # [N]
    scores: NDArray[np.float64]  # [N]
    strengths: Strengths  # [S, N] by source


@dataclass(frozen=True)
class Judged:
    """Items that were recalled for one person, and whether they were right."""

    strength: Strengths  # [N, S] by source
    hit: NDArray[np.bool_]  # [N]
    hits: int
    """Items that would have been right, recalled or not."""
    likes: int = 0
    """Items that the person was known to like."""


def strengths(scores: NDArray, mean: float, deviation: float) -> Strengths:
    """How far each score stands out, to DIGITS decimals; all 0 where the scores are all alike."""
    if not deviation > 0:
        return np.zeros(len(scores))
    distance: Strengths = (scores.astype(np.float64) - mean) / deviation
    return np.maximum(distance, 0).round(DIGITS)


def fuse(opinions: Sequence[Opinion], weights: Mapping[str, float]) -> Fused:
    """All items that any source recalls, ranked; ties go to the lowest row."""
    items = recalled(opinions)
    strength = np.empty((len(opinions), len(items)))
    scores = np.zeros(len(items))
    for own, opinion in zip(strength, opinions, strict=True):
        own[:] = opinion.of(items)
        scores += weights[opinion.source] * own
    order = np.argsort(-scores, kind="stable")
    return Fused(items[order], scores[order], strength.take(order, axis=1))


def recalled(opinions: Sequence[Opinion]) -> Rows:
    """The items that any source recalls, by row [N]."""
    rows = np.concatenate([np.empty(0, np.int32), *(each.candidates for each in opinions)])
    rows.sort()
    first = np.ones(len(rows), bool)
    np.not_equal(rows[1:], rows[:-1], out=first[1:])
    return rows[first]


def choose_weights(
    sources: Sequence[Source], judged: Sequence[Judged], k: int, beginners: Sequence[Judged] = ()
) -> tuple[Weights, float]:
    """Weights of LEVELS for each group of people, and the mean NDCG@k of the best for everyone.

    Everyone gets the weights with the best mean; of equally good ones, the first, where high
    weights of the sources that come first are tried first. A group gets its own best ones where it
    has ENOUGH people and they are better CLEARLY, by the standard error of the paired differences:
    of so many weights, one is the best for any few people by chance. `beginners` count for their
    groups alone.
    """
    levels = [
        [max(level, TRACE) if source == "popularity" else level for level in reversed(LEVELS)]
        for source in sources
    ]
    tried = [np.array(each) for each in product(*levels) if max(each) == 1]
    values = _ndcg(tried, judged, k)  # [T, P]
    means = values.mean(axis=1) if len(judged) else np.zeros(len(tried))
    best = int(np.argmax(means))
    likes = np.array([each.likes for each in (*judged, *beginners)])
    values = np.concatenate([values, _ndcg(tried, beginners, k)], axis=1)
    groups = []
    for least, most in bounds():
        of_group = values[:, (likes >= least) & (most is None or likes <= most)]
        own = _clearly_best(of_group, best)
        people = 0 if own == best else of_group.shape[1]
        groups.append(Group(least, dict(zip(sources, tried[own].tolist(), strict=True)), people))
    return tuple(groups), float(means[best])


def _clearly_best(values: NDArray[np.float64], common: int) -> int:
    """Which of T weights is best by the values [T, P], or the `common` one if that is not clear."""
    people = values.shape[1]
    if people < ENOUGH:
        return common
    own = int(np.argmax(values.mean(axis=1)))
    gain = values[own] - values[common]
    clear = gain.mean() > CLEARLY * gain.std(ddof=1) / np.sqrt(people)
    return own if clear else common


def _ndcg(
    tried: Sequence[NDArray[np.float64]], judged: Sequence[Judged], k: int
) -> NDArray[np.float64]:
    """NDCG@k by each of T weights [S], for each of P people: [T, P]."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    found = np.zeros((len(tried), len(judged)))
    for p, each in enumerate(judged):
        ideal = discounts[: min(each.hits, k)].sum()
        for t, weights in enumerate(tried):
            top = np.argsort(-(each.strength @ weights), kind="stable")[:k]
            found[t, p] = discounts[: len(top)][each.hit[top]].sum() / ideal
    return found
