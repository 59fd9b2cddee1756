"""Metrics of ranked lists, as pure functions on arrays, one value a user.

B users, I items, lists of length k. `ranked` holds item rows [B, k], best first, each at most once
in a list, with -1 after the last where a list is short. `relevant` is bool [B, I]: its stored
entries are the items with a positive test event of the user. k is always the width of `ranked`, so
that the empty places of a short list count as misses. Recall, NDCG and average precision of a user
without relevant items are 0 / 0, given as NaN.

METRICS lists those that an evaluation computes: a new one is a function and a line there.
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

RESAMPLE_ENTRIES = 2_000_000
"""Draws that the bootstrap holds at a time, 24 bytes each."""


def recall(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.float64]:
    """Hits / |relevant| [B].

    The convention of LightGCN (He et al. 2020) and of trec_eval: a user with more than k relevant
    items cannot reach 1.
    """
    return _share(_hits(ranked, relevant).sum(axis=1), np.diff(relevant.indptr))


def precision(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.float64]:
    """Hits / k [B]."""
    return _hits(ranked, relevant).mean(axis=1)


def hit_rate(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.float64]:
    """1 where at least one of the k items is relevant, else 0 [B]."""
    return np.where(_hits(ranked, relevant).any(axis=1), 1.0, 0.0)


def mrr(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.float64]:
    """1 / place of the first hit, 0 where there is none [B] (Voorhees 1999)."""
    hits = _hits(ranked, relevant)
    return hits.any(axis=1) / (hits.argmax(axis=1) + 1)


def ndcg(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.float64]:
    """Σ over hits of 1 / log2(place + 1), over the same sum for an ideal list [B].

    The ideal list starts with min(|relevant|, k) hits (Järvelin & Kekäläinen 2002, binary gains).
    """
    hits = _hits(ranked, relevant)
    k = hits.shape[1]
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])
    return _share(hits @ discount, ideal[np.minimum(np.diff(relevant.indptr), k)])


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
    hits = _hits(ranked, relevant)
    k = hits.shape[1]
    so_far = np.cumsum(hits, axis=1) / np.arange(1, k + 1)
    best = np.minimum(np.diff(relevant.indptr), k)
    return _share((so_far * hits).sum(axis=1), best)


def novelty(ranked: Rows, popularity: NDArray[np.integer], users: int) -> NDArray[np.float64]:
    """Mean over the list of −log2 p(i), in bits; p(i) = popularity of i / users [B].

    `popularity` [I] counts the users with a positive event of each item in train, `users` those
    with any; an item without one counts as having one. The mean self-information of Zhou et al.
    2010, "Solving the apparent diversity-accuracy dilemma of recommender systems", and one of the
    item novelty models of Vargas & Castells 2011. NaN for an empty list.
    """
    surprise = np.log2(max(users, 1)) - np.log2(np.maximum(popularity, 1))
    return _list_mean(ranked, surprise)


def long_tail_share(ranked: Rows, head: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the list that is outside the `head` [I] of popular items [B]; NaN for an empty list.

    Averaged over users it is the APLT of Abdollahpouri et al. 2019, "Managing Popularity Bias in
    Recommender Systems with Personalized Re-ranking".
    """
    return _list_mean(ranked, ~head)


def coverage(ranked: Rows, items: int) -> float:
    """Share of the `items` of the catalogue that are in at least one list (Ge et al. 2010)."""
    return len(np.unique(ranked[ranked >= 0])) / max(items, 1)


def head_items(popularity: NDArray[np.integer], share: float = 0.2) -> NDArray[np.bool_]:
    """The most popular `share` of the catalogue, ties to the lowest row: bool [I].

    A fifth of the items is the usual short head (Abdollahpouri et al. 2019, "The Unfairness of
    Popularity Bias in Recommendation").
    """
    head = np.zeros(len(popularity), bool)
    size = int(np.ceil(share * len(popularity)))
    head[np.argsort(-popularity.astype(np.int64), kind="stable")[:size]] = True
    return head


@dataclass(frozen=True)
class RankedLists:
    """The lists of B users, and what metrics compare them with."""

    ranked: Rows  # [B, k]
    relevant: sparse.csr_array  # bool [B, I]
    popularity: NDArray[np.integer]  # [I] users with a positive event of the item in train
    users: int
    """Users with any positive event in train."""

    @cached_property
    def head(self) -> NDArray[np.bool_]:
        """The popular items: `head_items` [I]."""
        return head_items(self.popularity)


PerUser: TypeAlias = Callable[[RankedLists], NDArray[np.float64]]
"""A metric: its value for each of B users [B], NaN for a user without one."""

METRICS: Mapping[str, PerUser] = {
    "recall": lambda lists: recall(lists.ranked, lists.relevant),
    "ndcg": lambda lists: ndcg(lists.ranked, lists.relevant),
    "hit": lambda lists: hit_rate(lists.ranked, lists.relevant),
    "mrr": lambda lists: mrr(lists.ranked, lists.relevant),
    "map": lambda lists: average_precision(lists.ranked, lists.relevant),
    "precision": lambda lists: precision(lists.ranked, lists.relevant),
    "long_tail": lambda lists: long_tail_share(lists.ranked, lists.head),
    "novelty": lambda lists: novelty(lists.ranked, lists.popularity, lists.users),
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


def _hits(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.bool_]:
    """Which places of the lists hold a relevant item: bool [B, k]."""
    users, items = relevant.shape
    keys = np.repeat(np.arange(users), np.diff(relevant.indptr)) * items + relevant.indices
    places = np.arange(users)[:, None] * items + ranked
    return np.isin(places, keys) & (ranked >= 0)


def _share(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    """The quotient [B], NaN where `whole` is 0."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _list_mean(ranked: Rows, value: NDArray) -> NDArray[np.float64]:
    """The mean `value` [I] of the items of each list [B], NaN for an empty one."""
    filled = ranked >= 0
    return _share((value[ranked] * filled).sum(axis=1), filled.sum(axis=1))
