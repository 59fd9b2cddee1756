"""What a list is like beside being right: how popular, how surprising, how varied.

B users, I items, lists of length k. `ranked` holds item rows [B, k], best first, with -1 after the
last where a list is short. One value a user, NaN for an empty list; what all lists are like
together is in `graphrec.ranking.all_lists`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, Rows
from graphrec.data.graph import labels

NAMED = ("category", "tags")
"""Kinds of attributes by which items are alike or different."""


def novelty(ranked: Rows, popularity: NDArray[np.integer], users: int) -> NDArray[np.float64]:
    """Mean over the list of −log2 p(i), in bits; p(i) = popularity of i / users [B].

    `popularity` [I] counts the users with a positive event of each item in train, `users` those
    with any; an item without one counts as having one. The mean self-information of Zhou et al.
    2010, "Solving the apparent diversity-accuracy dilemma of recommender systems", and one of the
    item novelty models of Vargas & Castells 2011.
    """
    surprise = np.log2(max(users, 1)) - np.log2(np.maximum(popularity, 1))
    return list_mean(ranked, surprise)


def long_tail_share(ranked: Rows, head: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the list that is outside the `head` [I] of popular items [B].

    Averaged over users it is the APLT of Abdollahpouri et al. 2019, "Managing Popularity Bias in
    Recommender Systems with Personalized Re-ranking".
    """
    return list_mean(ranked, ~head)


def popularity_lift(
    ranked: Rows, history: sparse.csr_array, popularity: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Mean popularity of the list over that of the user's history, less 1 [B].

    0: as popular as what the user likes; 1: twice as popular. `history` [B, I] has the items that
    the users like in train; NaN for a user without one. The popularity lift of Abdollahpouri et al.
    2020, "The Connection Between Popularity Bias, Calibration, and Fairness in Recommendation",
    of each user instead of a group.
    """
    pattern = sparse.csr_array(
        (np.ones(history.nnz), history.indices, history.indptr), history.shape
    )
    liked = quotient(pattern @ popularity.astype(np.float64), np.diff(history.indptr))
    return quotient(list_mean(ranked, popularity), liked) - 1


def serendipity(ranked: Rows, relevant: sparse.csr_array, common: Rows) -> NDArray[np.float64]:
    """Share of the list that is relevant and not what everyone would be shown [B].

    `common` [B, k] is the list of an unpersonalised recommender for each user: the most popular
    items that the user has not seen. Ge, Delgado-Battenfeld & Jannach 2010, "Beyond accuracy:
    evaluating recommender systems by coverage and serendipity".
    """
    usual = (ranked[:, :, None] == common[:, None, :]).any(axis=2)
    return (hits(ranked, relevant) & ~usual).mean(axis=1)


def diversity(ranked: Rows, features: sparse.csr_array) -> NDArray[np.float64]:
    """1 − the mean cosine of the attributes of two items of the list [B]; NaN for fewer than two.

    `features` [I, D] has a row of length 1 for each item, or of zeros for one without attributes,
    which is like no other. The intra-list similarity of Ziegler et al. 2005, "Improving
    recommendation lists through topic diversification".
    """
    size = np.count_nonzero(ranked >= 0, axis=1)
    user, place = np.nonzero(ranked >= 0)
    shown = sparse.csr_array(
        (np.ones(len(user)), (user, ranked[user, place])), (len(ranked), features.shape[0])
    )
    total = shown @ features
    own = shown @ np.asarray(features.multiply(features).sum(axis=1)).ravel()
    pairs = np.asarray(total.multiply(total).sum(axis=1)).ravel() - own
    return 1 - quotient(pairs, size * (size - 1))


def named_features(attributes: Mapping[str, Attribute], count: int) -> sparse.csr_array | None:
    """For `diversity`: the categories and tags of `count` items, rows of length 1 [I, D].

    None where items have neither.
    """
    columns: dict[tuple[str, str], int] = {}
    rows, places = [], []
    for name, attribute in attributes.items():
        if attribute.kind not in NAMED:
            continue
        for row, value in enumerate(attribute.values):
            for label in labels(value):
                rows.append(row)
                places.append(columns.setdefault((name, label), len(columns)))
    if not columns:
        return None
    found = sparse.csr_array((np.ones(len(rows)), (rows, places)), (count, len(columns)))
    found.data[:] = 1
    length = np.sqrt(np.maximum(np.diff(found.indptr), 1))
    return sparse.csr_array(found / length[:, None])


def popular_lists(popularity: NDArray[np.integer], seen: sparse.csr_array, k: int) -> Rows:
    """The k most popular items [I] that each of B users has not `seen` [B, I]: [B, k].

    Ties go to the lowest row; -1 where there are no more.
    """
    order = np.argsort(-popularity.astype(np.int64), kind="stable").astype(np.int32)
    found = np.full((seen.shape[0], k), -1, np.int32)
    for own, start, end in zip(found, seen.indptr[:-1], seen.indptr[1:], strict=True):
        first = order[: k + end - start]
        new = first[~np.isin(first, seen.indices[start:end])][:k]
        own[: len(new)] = new
    return found


def head_items(popularity: NDArray[np.integer], share: float = 0.2) -> NDArray[np.bool_]:
    """The most popular `share` of the catalogue, ties to the lowest row: bool [I].

    A fifth of the items is the usual short head (Abdollahpouri et al. 2019, "The Unfairness of
    Popularity Bias in Recommendation").
    """
    head = np.zeros(len(popularity), bool)
    size = int(np.ceil(share * len(popularity)))
    head[np.argsort(-popularity.astype(np.int64), kind="stable")[:size]] = True
    return head


def hits(ranked: Rows, relevant: sparse.csr_array) -> NDArray[np.bool_]:
    """Which places of the lists hold a relevant item: bool [B, k]."""
    users, items = relevant.shape
    keys = np.repeat(np.arange(users), np.diff(relevant.indptr)) * items + relevant.indices
    places = np.arange(users)[:, None] * items + ranked
    return np.isin(places, keys) & (ranked >= 0)


def list_mean(ranked: Rows, value: NDArray) -> NDArray[np.float64]:
    """The mean `value` [I] of the items of each list [B], NaN for an empty one."""
    filled = ranked >= 0
    return quotient((value[ranked] * filled).sum(axis=1), filled.sum(axis=1))


def quotient(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    """The quotient [B], NaN where `whole` is 0."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
