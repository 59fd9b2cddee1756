"""Metrics of ranked lists, as pure functions on arrays, one value a user.

B users, I items, lists of length k. `ranked` holds item rows [B, k], best first, each at most once
in a list, with -1 after the last where a list is short. `relevant` is bool [B, I]: its stored
entries are the items with a positive test event of the user. k is always the width of `ranked`, so
that the empty places of a short list count as misses. Recall, NDCG and average precision of a user
without relevant items are 0 / 0, given as NaN.

METRICS lists those that an evaluation computes of each list, `ALL_LISTS` of
`graphrec.ranking.all_lists` those of all lists together: a new one is a function and a
line there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.evaluation.beyond_accuracy import (
    diversity,
    head_items,
    hits,
    long_tail_share,
    novelty,
    popular_lists,
    popularity_lift,
    quotient,
    serendipity,
)

RESAMPLE_ENTRIES = 2_000_000
"""Draws that the bootstrap holds at a time, 24 bytes each."""


def recall(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.float64]:
    """Hits / |relevant| [B].

    The convention of LightGCN (He et al. 2020) and of trec_eval: a user with more than k relevant
    items cannot reach 1.
    """
    return quotient(hits(ranked, relevant).sum(axis=1), np.diff(relevant.indptr))


def precision(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.float64]:
    """Hits / k [B]."""
    return hits(ranked, relevant).mean(axis=1)


def hit_rate(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.float64]:
    """1 where at least one of the k items is relevant, else 0 [B]."""
    return np.where(hits(ranked, relevant).any(axis=1), 1.0, 0.0)


def mrr(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.float64]:
    """1 / place of the first hit, 0 where there is none [B] (Voorhees 1999)."""
    hit = hits(ranked, relevant)
    return hit.any(axis=1) / (hit.argmax(axis=1) + 1)


def ndcg(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.float64]:
    """Σ over hits of 1 / log2(place + 1), over the same sum for an ideal list [B].

    The ideal list starts with min(|relevant|, k) hits (Järvelin & Kekäläinen 2002, binary gains).
    """
    hit = hits(ranked, relevant)
    k = hit.shape[1]
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])
    return quotient(hit @ discount, ideal[np.minimum(np.diff(relevant.indptr), k)])


def expected_hit_rate(
    better: NDArray[np.integer], tied: NDArray[np.integer], k: int
) -> NDArray[np.float64]:
    """Chance that the one relevant item is among the first k, ties in random order [B].

    `better` candidates have a higher score and `tied` others the same, so that it is at each of the
    places better + 1 … better + tied + 1 equally often (McSherry & Najork, ECIR 2008).
    """
    return np.clip((k - better) / (tied + 1), 0.0, 1.0)


def expected_ndcg(
    better: NDArray[np.integer], tied: NDArray[np.integer], k: int
) -> NDArray[np.float64]:
    """Mean of 1 / log2(place + 1) over those places, 0 beyond k [B]; see `expected_hit_rate`."""
    gain = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, k + 2)))])
    return (gain[np.minimum(better + tied + 1, k)] - gain[np.minimum(better, k)]) / (tied + 1)


def average_precision(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.float64]:
    """Σ over hits of (hits so far / place), over min(|relevant|, k) [B]; its mean is MAP@k.

    So a list with hits only has 1, as in RecBole. trec_eval and ranx divide by |relevant|.
    """
    hit = hits(ranked, relevant)
    k = hit.shape[1]
    so_far = np.cumsum(hit, axis=1) / np.arange(1, k + 1)
    best = np.minimum(np.diff(relevant.indptr), k)
    return quotient((so_far * hit).sum(axis=1), best)


@dataclass(frozen=True)
class Catalogue:
    """What metrics know of the I items, from train alone."""

    popularity: NDArray[np.integer]  # [I] users with a positive event of the item
    users: int
    """Users with any positive event."""
    features: sparse.csr_array | None = None
    """Of the items' attributes, as `named_features` gives them [I, D]; None where there are none.
    """

    @cached_property
    def head(self) -> NDArray[np.bool_]:
        """The popular items: `head_items` [I]."""
        return head_items(self.popularity)


@dataclass(frozen=True)
class RankedLists:
    """The lists of B users, and what metrics compare them with."""

    ranked: Rows  # [B, k]
    relevant: sparse.csr_array  # bool [B, I]
    liked: sparse.csr_array  # [B, I] with a positive event in train
    seen: sparse.csr_array  # [B, I] with any event in train
    items: Catalogue

    @cached_property
    def common(self) -> Rows:
        """What each would be shown without personalisation: `popular_lists` [B, k]."""
        return popular_lists(self.items.popularity, self.seen, self.ranked.shape[1])

    @property
    def diversity(self) -> NDArray[np.float64]:
        """Of each list by the items' attributes [B], NaN where items have none."""
        if self.items.features is None:
            return np.full(len(self.ranked), np.nan)
        return diversity(self.ranked, self.items.features)


PerUser: TypeAlias = Callable[[RankedLists], NDArray[np.float64]]
"""A metric: its value for each of B users [B], NaN for a user without one."""

METRICS: Mapping[str, PerUser] = {
    "recall": lambda lists: recall(lists.ranked, lists.relevant),
    "ndcg": lambda lists: ndcg(lists.ranked, lists.relevant),
    "hit": lambda lists: hit_rate(lists.ranked, lists.relevant),
    "mrr": lambda lists: mrr(lists.ranked, lists.relevant),
    "map": lambda lists: average_precision(lists.ranked, lists.relevant),
    "precision": lambda lists: precision(lists.ranked, lists.relevant),
    "long_tail": lambda lists: long_tail_share(lists.ranked, lists.items.head),
    "novelty": lambda lists: novelty(lists.ranked, lists.items.popularity, lists.items.users),
    "lift": lambda lists: popularity_lift(lists.ranked, lists.liked, lists.items.popularity),
    "serendipity": lambda lists: serendipity(lists.ranked, lists.relevant, lists.common),
    "diversity": lambda lists: lists.diversity,
}
"""By name, what is computed of every user's list; an evaluation names them such as "recall@10"."""

SLICED = ("recall", "ndcg")
"""Those of METRICS that are also given for some of the users, and for some of the items."""

Expected: TypeAlias = Callable[[NDArray[np.integer], NDArray[np.integer], int], NDArray[np.float64]]

EXPECTED: Mapping[str, Expected] = {
    "recall": expected_hit_rate,
    "ndcg": expected_ndcg,
    "hit": expected_hit_rate,
}
"""By name, what is computed where one relevant item is ranked among given candidates, of how many
candidates score higher, how many equal, and k. Recall of one item is the hit rate."""


def bootstrap_intervals(
    values: NDArray[np.float64], rng: np.random.Generator, resamples: int, confidence: float = 0.95
) -> NDArray[np.float64]:
    """Percentile bootstrap of the mean of each column of `values` [B, M]: low and high [M, 2].

    The users are drawn B at a time, with replacement, `resamples` (at least 1) times, the same for
    all columns; low and high cut off (1 − confidence) / 2 of the means at either end (Efron &
    Tibshirani 1993, chapter 13). NaN marks a user without a value, who counts in no mean.
    """
    users = len(values)
    present = ~np.isnan(values)
    filled = np.where(present, values, 0.0)
    chunk = max(1, RESAMPLE_ENTRIES // users)
    means = []
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        drawn = [rng.integers(0, users, users) for _ in range(size)]
        weight = np.array([np.bincount(d, minlength=users) for d in drawn], np.float64)
        counted = weight @ present
        means.append(
            np.divide(
                weight @ filled, counted, out=np.full_like(counted, np.nan), where=counted > 0
            )
        )
    tail = (1 - confidence) / 2
    return np.nanquantile(np.concatenate(means), [tail, 1 - tail], axis=0).T


def bootstrap_interval(
    values: NDArray[np.float64], rng: np.random.Generator, resamples: int, confidence: float = 0.95
) -> tuple[float, float]:
    """As `bootstrap_intervals`, for one metric of B users [B]: (low, high)."""
    low, high = bootstrap_intervals(values[:, None], rng, resamples, confidence)[0]
    return float(low), float(high)


def paired_difference(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    rng: np.random.Generator,
    resamples: int,
    confidence: float = 0.95,
) -> tuple[float, float, float]:
    """How much better a is than b on the same users [B]: (mean of a − b, low, high).

    The paired bootstrap (Koehn 2004; Sakai 2006): where the interval does not hold 0, the
    difference is more than chance in which users were drawn.
    """
    difference = a - b
    return float(difference.mean()), *bootstrap_interval(difference, rng, resamples, confidence)
