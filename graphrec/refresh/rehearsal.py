"""The figures of a candidate snapshot that the gate checks: offline evaluation before publishing.

A model must not be tested on the events it was trained on. So the test slice holds events that the
serving snapshot was not made from, if enough of them are new. The candidate was made from them, and
is evaluated by its rehearsal: the same settings, epochs and weights, fitted on the events before
the slice. Both make lists with the code that serves, for the same users, without the items that
these had seen before the slice.

If too few events are new, the slice is the test of `graphrec train`. The serving snapshot was made
from it, so the comparison takes the figure that its own rehearsal had on its own slice. These are
other users, so the intervals are combined as those of independent figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Graph, Rows
from graphrec.data.dataset import Dataset
from graphrec.errors import DataError
from graphrec.evaluation import evaluator as evaluate
from graphrec.evaluation.metrics import paired_difference
from graphrec.evaluation.results import Comparison, ModelResult
from graphrec.evaluation.splits.split import Split, sample_users
from graphrec.models import create
from graphrec.ranking.all_lists import coverage, overlap
from graphrec.recommend.recommender import Recommender
from graphrec.refresh.gate import Difference, Health, Quality
from graphrec.settings import Settings
from graphrec.snapshot.manifest import Manifest
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.view import View
from graphrec.training.fit import FUSION, split_at, split_log

POPULARITY = "popularity"
SERVING = "serving"
"""The name of the serving snapshot in the table of models."""

MAX_USERS = 4_000
"""Test users that are ranked; of more, a random sample."""

INFERRED_USERS = 64
"""The same after an incremental update, whose weights were evaluated when they were trained."""

HEALTH_USERS = 64
"""Users whose lists are compared with each other; of more, a random sample."""

FEW_USERS = 20
"""Fewer users with likes than these may each have a large share of them."""

RESAMPLES = 1000
"""Of users, for the intervals of differences."""


@dataclass(frozen=True)
class Slice:
    """The newest events, to evaluate on."""

    protocol: str
    split: Split
    unseen: bool
    """Whether the serving snapshot was made from none of the test events."""


@dataclass(frozen=True)
class Rehearsal:
    """The evaluation of lists on a slice."""

    slice: Slice
    candidate: ModelResult
    popularity: ModelResult
    serving: ModelResult | None
    """None where there is none, or where it was made from the slice."""
    seed: int
    """Of the draws of users for intervals."""

    def as_json(self) -> dict[str, Any]:
        """The figures, as of a `Comparison`."""
        results = (self.popularity, self.candidate, self.serving)
        return Comparison(
            tuple(each for each in results if each is not None),
            self.slice.split,
            k=self.candidate.evaluation.k,
            seed=self.seed,
            protocol=self.slice.protocol,
        ).as_json()


def newest(data: Dataset, serving: Manifest | None, settings: Settings) -> Slice | None:
    """The slice of a data set to rehearse on; None where too few users could be tested."""
    least = settings.refresh.min_test_users
    try:
        protocol, split = split_log(data, settings)
    except DataError:
        return None
    if serving is not None and serving.newest_event is not None and split.cutoff is not None:
        newer = split_at(data, max(serving.newest_event + 1, split.cutoff), settings)
        if _testable(newer, least):
            return Slice("since the serving snapshot", newer, unseen=True)
    return Slice(protocol, split, unseen=serving is None) if _testable(split, least) else None


def rehearse(
    candidate: Recommender,
    serving: Snapshot | None,
    on: Slice,
    settings: Settings,
    fit_seconds: float = 0.0,
    max_users: int = MAX_USERS,
) -> Rehearsal:
    """The lists of a candidate, of popularity and of what serves, for the same users.

    Of more than `max_users` test users, a random sample.
    """
    k, resamples = settings.evaluation.k, settings.evaluation.resamples
    split = sample_users(on.split, max_users, evaluate.model_rng(settings.seed, "rehearsal"))

    def row(name: str, rank: evaluate.Rank, seconds: float = 0.0) -> ModelResult:
        # The same draws of users for all of them.
        rng = np.random.default_rng(settings.seed)
        found = evaluate.evaluate_ranking(rank, split, k=k, resamples=resamples, rng=rng)
        return ModelResult(name, found, None, seconds, None)

    popular = create(POPULARITY).fit(Dataset.of_weights(split.train), settings.seed)
    return Rehearsal(
        on,
        row(FUSION, rank_as(candidate, split.train), fit_seconds),
        row(POPULARITY, evaluate.rank_by(popular, split.train)),
        row(SERVING, rank_as(_served(serving, settings), split.train))
        if serving is not None and on.unseen
        else None,
        settings.seed,
    )


def rank_as(recommender: Recommender, train: Graph) -> evaluate.Rank:
    """The lists that a recommender would serve to the users of another graph, in its rows.

    Without what these have seen in `train`, whether or not its snapshot knows. Users whom it does
    not know get its popular items, and items that `train` does not hold are left out.
    """
    likes, popular = recommender.snapshot.likes, recommender.snapshot.popularity.order
    row_of_user = np.array([likes.users.rows.get(u, -1) for u in train.users.ids], np.int32)
    row_in_train = np.array([train.items.rows.get(i, -1) for i in likes.items.ids], np.int32)
    gone = int(np.count_nonzero(row_in_train < 0))
    met = np.diff(train.seen.indptr)

    def rank(users: Rows, k: int) -> Rows:
        ranked = np.full((len(users), k), -1, np.int32)
        rows = row_of_user[users]
        known = np.flatnonzero(rows >= 0)
        knew = np.diff(likes.seen.indptr)[rows[known]]
        # So many of a list may fall out.
        spare = gone + int(np.maximum(met[users[known]] - knew, 0).max(initial=0))
        lists = dict(zip(known, recommender.rank(rows[known], k + spare), strict=True))
        for b, user in enumerate(users):
            listed = lists.get(b, popular)
            found = row_in_train[listed[listed >= 0]]
            seen = train.seen.indices[train.seen.indptr[user] : train.seen.indptr[user + 1]]
            left = found[(found >= 0) & ~np.isin(found, seen)][:k]
            ranked[b, : len(left)] = left
        return ranked

    return rank


def quality(rehearsal: Rehearsal | None, serving: Manifest | None, seed: int) -> Quality | None:
    """How the candidate compares, by NDCG@k."""
    if rehearsal is None:
        return None
    name = f"ndcg@{rehearsal.candidate.evaluation.k}"
    recorded = None if serving is None else _recorded(serving, name)
    value, against = None, None
    if rehearsal.serving is not None:
        value = rehearsal.serving.evaluation.metrics[name].value
        against = _paired(rehearsal.candidate, rehearsal.serving, name, seed)
    elif recorded is not None:
        value = recorded.mean
        against = _independent(rehearsal.candidate, recorded, name)
    return Quality(
        candidate=rehearsal.candidate.evaluation.metrics[name].value,
        over_popularity=_paired(rehearsal.candidate, rehearsal.popularity, name, seed),
        serving=value,
        over_serving=against,
    )


def health(snapshot: Snapshot, settings: Settings) -> Health:
    """Of the lists and vectors that a snapshot serves, over a sample of its warm users."""
    k = settings.evaluation.k
    warm = np.flatnonzero(np.diff(snapshot.history.indptr)).astype(np.int32)
    rng = evaluate.model_rng(settings.seed, "health")
    drawn = np.sort(rng.choice(warm, min(len(warm), HEALTH_USERS), replace=False))
    lists = _served(snapshot, settings).rank(drawn, k)
    embeddings = snapshot.embeddings
    return Health(
        user_spread=None if embeddings is None else spread(embeddings.user_without_bias[warm]),
        item_spread=None if embeddings is None else spread(embeddings.item_without_bias),
        overlap=float(np.nan_to_num(overlap(lists, len(snapshot.items)))),
        coverage=coverage(lists, len(snapshot.items)),
        user_share=user_share(snapshot.history),
    )


def user_share(history: sparse.csr_array) -> float | None:
    """The largest share of one user in the weights [U, I]; None of fewer users than FEW_USERS."""
    by_user = np.asarray(history.sum(axis=1, dtype=np.float64)).ravel()
    if np.count_nonzero(by_user) < FEW_USERS:
        return None
    return float(by_user.max() / by_user.sum())


def _served(snapshot: Snapshot, settings: Settings) -> Recommender:
    return Recommender(View.of(snapshot), settings.retrieval)


def spread(vectors: NDArray[np.float32]) -> float:
    """The variance of the directions of vectors [N, dim], summed over dimensions: 0 to 1.

    1 less the squared length of their mean at unit length: 0 where all point one way (the circular
    variance, in more dimensions: Mardia & Jupp, "Directional Statistics", 2000). Vectors of zeros
    point nowhere, and count as equal to each other.
    """
    if len(vectors) < 2:
        return 1.0
    length = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    pointing = length[:, 0] > 0
    if not pointing.any():
        return 0.0
    mean = (vectors[pointing] / length[pointing]).mean(axis=0)
    return float(1 - mean @ mean) * float(pointing.mean())


def kept_likes(serving: Snapshot, candidate: Snapshot) -> float:
    """Of the likes of the serving snapshot, the share that the candidate holds, by ids."""
    before, now = serving.likes, candidate.likes
    if not before.by_user.nnz:
        return 1.0
    user = np.array([now.users.rows.get(u, -1) for u in before.users.ids], np.int64)
    item = np.array([now.items.rows.get(i, -1) for i in before.items.ids], np.int64)
    users, items = (rows.astype(np.int64) for rows in before.by_user.tocoo().coords)
    users, items = user[users], item[items]
    there = (users >= 0) & (items >= 0)
    stored = np.ones(np.count_nonzero(there), bool)
    held = sparse.csr_array((stored, (users[there], items[there])), now.by_user.shape)
    return float(held.multiply(now.by_user).nnz / before.by_user.nnz)


def _testable(split: Split, least: int) -> bool:
    return len(np.unique(split.test.user)) >= least and split.train.matrix.nnz > 0


def _paired(one: ModelResult, other: ModelResult, name: str, seed: int) -> Difference:
    a, b = one.evaluation.per_user[name], other.evaluation.per_user[name]
    rng = np.random.default_rng(seed)
    return Difference(*paired_difference(a, b, rng, RESAMPLES))


def _recorded(serving: Manifest, name: str) -> Difference | None:
    """The figure of the serving snapshot's own rehearsal, as it was measured at the time."""
    for row in serving.metrics.get("models", ()):
        found = row["metrics"].get(name) if row["model"] == FUSION else None
        if found is not None:
            value = cast("float", found["value"])
            low, high = (value if found[end] is None else found[end] for end in ("low", "high"))
            return Difference(value, low, high)
    return None


def _independent(one: ModelResult, other: Difference, name: str) -> Difference:
    """Of two figures on different users: their variances add up."""
    metric = one.evaluation.metrics[name]
    mine = 0.0 if metric.low is None or metric.high is None else (metric.high - metric.low) / 2
    half = math.hypot(mine, (other.high - other.low) / 2)
    mean = metric.value - other.mean
    return Difference(mean, mean - half, mean + half)
