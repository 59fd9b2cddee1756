"""Evaluation of ranked lists against held-out events.

The protocol is the same for every model: fit on `Split.train` only; rank the full catalogue for
every user with a test event, without the items the user has seen in train; ties go to the lowest
item row; take the mean over those users. Users without a positive event in train get the popularity
list, whatever the model; the recommender that serves has a list of its own for them. Intervals are
a 95 % bootstrap over users.

Where a split gives the candidates of each user, the test item is ranked among these instead, with
ties in random order, and the figures are expectations over that order (`evaluate_candidates`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Protocol, TypeAlias, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Graph, Rows
from graphrec.data.dataset import Dataset
from graphrec.errors import DataError
from graphrec.evaluation import beyond_accuracy, metrics
from graphrec.evaluation.memory import with_peak_memory
from graphrec.evaluation.metrics import Catalogue, RankedLists
from graphrec.evaluation.results import Evaluation, Metric, ModelResult, Slice
from graphrec.evaluation.splits.split import Split
from graphrec.models.fitted import FittedModel
from graphrec.models.hyper_parameters import Point
from graphrec.models.protocol import EpochModel, Model, Scorer
from graphrec.models.top_k import require_finite, rivals, top_k
from graphrec.ranking.all_lists import ALL_LISTS
from graphrec.ranking.fusion import bounds

Rank: TypeAlias = Callable[[Rows, int], Rows]
"""The lists of users [B], k items each: item rows [B, k], best first, -1 where a list is short."""


@runtime_checkable
class Ranks(Protocol):
    """A fitted model that makes lists of its own, such as the recommender that serves."""

    def rank(self, users: Rows, k: int) -> Rows:
        """The lists of users [B]: item rows [B, k], best first, -1 where a list is short."""
        ...


ChooseEpochs: TypeAlias = Callable[[EpochModel, np.random.Generator], EpochModel]
"""The model with the number of epochs that is best on a validation split."""

USER_SLICES: Mapping[str, tuple[float, float]] = {
    "warm_users": (1, np.inf),
    "cold_users": (0, 0),
    **{
        f"users_{least}_up" if most is None else f"users_{least}_to_{most}": (least, most or np.inf)
        for least, most in bounds()
        if least
    },
}
"""By name, the least and the most items with a positive event in train that its users have. The
last ones are the groups of `graphrec.ranking.fusion`, each with its own source weights."""

ALL = "all"
"""No slice: all test users and all their relevant items."""

SLICES = (*USER_SLICES, "head_items", "tail_items", "cold_items")

BLOCK_BYTES = 64 * 2**20
"""Size of the float32 scores of one block of users."""


def popularity(train: Graph) -> NDArray[np.int64]:
    """How many users have a positive event with each item [I]."""
    return np.bincount(train.matrix.indices, minlength=len(train.items))


def rank_by(scorer: Scorer, train: Graph, pool: Rows | None = None) -> Rank:
    """Lists by score, without the items a user has seen in train; for users without a positive
    event the popularity list.

    With a `pool` of item rows, in ascending order, only these are listed.
    """
    score = served_scores(scorer, train)
    if pool is None:
        return lambda users, k: top_k(score(users), k, train.seen[users])

    def rank(users: Rows, k: int) -> Rows:
        places = top_k(score(users)[:, pool], k, train.seen[users][:, pool])
        return np.where(places < 0, -1, pool[places]).astype(np.int32)

    return rank


def served_scores(scorer: Scorer, train: Graph) -> Callable[[Rows], NDArray[np.float32]]:
    """Scores of users [B], those of popularity for users without a positive event: [B, I]."""
    fallback = np.asarray(train.matrix.sum(axis=0), np.float32)
    likes = np.diff(train.matrix.indptr)

    def score(users: Rows) -> NDArray[np.float32]:
        warm = likes[users] > 0
        if warm.all():
            return scorer.score(users)
        scores = np.tile(fallback, (len(users), 1))
        if warm.any():
            scores[warm] = scorer.score(users[warm])
        return scores

    return score


def evaluate(
    scorer: Scorer, split: Split, *, k: int, resamples: int, rng: np.random.Generator
) -> Evaluation:
    """Evaluate a fitted model by the lists that `rank_by` makes of its scores.

    Where the split gives candidates, by the rank among them: `evaluate_candidates`. Its `parts` are
    slices with `_alone` after their name. `resamples` are those of the bootstrap; with 0 there are
    no intervals, and `rng` is not used. Raises DataError where the test is empty, TrainingError
    where a score is not finite.
    """
    if split.candidates is not None:
        return evaluate_candidates(scorer, split, k=k, resamples=resamples, rng=rng)
    own = scorer.scorer if isinstance(scorer, FittedModel) else scorer
    if isinstance(own, Ranks) and split.pool is None:
        rank: Rank = own.rank
    else:
        rank = rank_by(scorer, split.train, split.pool)
    found = evaluate_ranking(rank, split, k=k, resamples=resamples, rng=rng)
    alone = {}
    for name, items in split.parts.items():
        part = evaluate(scorer, split.among(items), k=k, resamples=resamples, rng=rng)
        metrics_of = {f"{each}@{k}": part.metrics[f"{each}@{k}"] for each in metrics.SLICED}
        alone[f"{name}_alone"] = Slice(len(part.users), metrics_of)
    return replace(found, slices={**found.slices, **alone})


def evaluate_ranking(
    rank: Rank, split: Split, *, k: int, resamples: int, rng: np.random.Generator
) -> Evaluation:
    """Evaluate anything that makes lists, such as the recommender that serves; see `evaluate`."""
    users, right = relevant(split)
    items = right.shape[1]
    liked, seen = split.train.matrix, split.train.seen
    likes = np.diff(liked.indptr)
    attributes = split.train.attributes.get("item", {})
    catalogue = Catalogue(
        popularity(split.train),
        int(np.count_nonzero(likes)),
        beyond_accuracy.named_features(attributes, items),
    )

    ranked = np.empty((len(users), k), np.int32)
    blocks = []
    seconds = 0.0
    size = max(1, BLOCK_BYTES // (4 * items))
    for start in range(0, len(users), size):
        block = slice(start, start + size)
        began = perf_counter()
        ranked[block] = rank(users[block], k)
        seconds += perf_counter() - began
        own = users[block]
        lists = RankedLists(ranked[block], right[block], liked[own], seen[own], catalogue)
        blocks.append(per_user(lists, likes[own]))
    columns = {
        (part, f"{name}@{k}"): np.concatenate([block[part, name] for block in blocks])
        for part, name in blocks[0]
    }
    found = _evaluation(k, users, columns, SLICES, seconds, resamples, rng)
    of_all = {
        f"{name}@{k}": Metric(value)
        for name, metric in ALL_LISTS.items()
        if not np.isnan(value := metric(ranked, items))
    }
    return replace(found, metrics={**found.metrics, **of_all})


def evaluate_candidates(
    scorer: Scorer, split: Split, *, k: int, resamples: int, rng: np.random.Generator
) -> Evaluation:
    """Evaluate a fitted model by the rank of each user's one test item among their candidates.

    Recall and hit rate are the same here: HR@k of the NCF paper (He et al., WWW 2017). A candidate
    that was given twice counts once, and the test item does not compete with itself. An item that
    ties with others takes each of their ranks equally often: a model with constant scores gets
    k / candidates, not a perfect list. Raises as `evaluate` does, and DataError where a user has
    more than one test item.
    """
    users, right = relevant(split)
    counts = np.diff(right.indptr)
    if counts.max() > 1:
        user = split.test.users.ids[users[int(counts.argmax())]]
        raise DataError(
            f"user {user!r} has {counts.max()} test items: expected one for each user where "
            f"candidates are given; leave out the others, or the candidates"
        )
    tested, candidates = right.indices, cast("sparse.csr_array", split.candidates)[users]
    score = served_scores(scorer, split.train)
    better, tied = np.zeros(len(users), np.int64), np.zeros(len(users), np.int64)
    began = perf_counter()
    size = max(1, BLOCK_BYTES // (4 * right.shape[1]))
    for start in range(0, len(users), size):
        block = slice(start, start + size)
        scores = score(users[block])
        require_finite(scores)
        better[block], tied[block] = rivals(scores, tested[block], candidates[block])
    seconds = perf_counter() - began
    warm = np.diff(split.train.matrix.indptr)[users] > 0
    columns = {
        (ALL, f"{name}@{k}"): expected(better, tied, k)
        for name, expected in metrics.EXPECTED.items()
    }
    parts = {"warm_users": warm, "cold_users": ~warm}
    for part, inside in parts.items():
        for name in metrics.SLICED:
            columns[part, f"{name}@{k}"] = np.where(inside, columns[ALL, f"{name}@{k}"], np.nan)
    return _evaluation(k, users, columns, tuple(parts), seconds, resamples, rng)


@dataclass(frozen=True)
class Fitted:
    """A fitted model, and what was chosen of it on validation."""

    scorer: Scorer
    epochs: int | None = None
    chosen: Mapping[str, Point] = field(default_factory=dict)
    """Hyper-parameters that were open, by the name of the model."""
    note: str = ""
    """What else validation says of it, in a sentence."""


def fit_and_evaluate(
    name: str,
    model: Model,
    split: Split,
    *,
    seed: int,
    k: int,
    resamples: int,
    choose: ChooseEpochs | None = None,
) -> ModelResult:
    """Fit a model on the whole of train, in as many epochs as `choose` says, and evaluate it.

    Without `choose`, or for a model that does not learn in epochs, hyper-parameters stay as they
    are. `choose` must look at a validation split that was carved from `split.train` alone.
    Raises what `evaluate` and the model raise.
    """

    def fit() -> Fitted:
        choose_rng, fit_rng = model_rng(seed, name).spawn(2)
        chosen = model
        if choose is not None and isinstance(model, EpochModel):
            chosen = choose(model, choose_rng)
        epochs = chosen.epochs if isinstance(chosen, EpochModel) else None
        return Fitted(chosen.fit(Dataset.of_weights(split.train), fit_rng), epochs)

    return measure(name, fit, split, seed=seed, k=k, resamples=resamples)


def measure(
    name: str,
    fit: Callable[[], Fitted],
    split: Split,
    *,
    seed: int,
    k: int,
    resamples: int,
) -> ModelResult:
    """Evaluate what `fit` gives, with the time and memory it takes.

    Memory is sampled 20 times a second, so that what an earlier model used does not count unless
    the process still holds it; a short peak is seen for sure only where it is a new high of the
    process. Raises what `evaluate` and `fit` raise.
    """

    def run() -> tuple[Fitted, Evaluation, float]:
        began = perf_counter()
        fitted = fit()
        fit_seconds = perf_counter() - began
        # The same draws of users for every model, so that their intervals can be compared.
        bootstrap_rng = np.random.default_rng(seed)
        result = evaluate(fitted.scorer, split, k=k, resamples=resamples, rng=bootstrap_rng)
        return fitted, result, fit_seconds

    (fitted, result, fit_seconds), peak_mib = with_peak_memory(run)
    return ModelResult(
        name, result, fitted.epochs, fit_seconds, peak_mib, fitted.chosen, fitted.note
    )


def model_rng(seed: int, name: str) -> np.random.Generator:
    """The generator of one model, which does not depend on the other models of a comparison."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def relevant(split: Split) -> tuple[Rows, sparse.csr_array]:
    """The T users with a test event, and the items of their test events: bool [T, I].

    Raises DataError where the test is empty.
    """
    test = split.test
    if len(test) == 0:
        raise DataError(
            f"test set has 0 events (and {split.repeats} left out because train holds their pair): "
            f"expected at least 1 positive one of an item that is new to its user; give more "
            f"events, or see [kinds] in the settings for what counts as positive"
        )
    users, row = np.unique(test.user, return_inverse=True)
    shape = (len(users), len(test.items))
    right = sparse.csr_array((np.ones(len(test), bool), (row, test.item)), shape)
    right.sum_duplicates()
    return users, right


def per_user(
    lists: RankedLists, likes: NDArray[np.integer]
) -> dict[tuple[str, str], NDArray[np.float64]]:
    """By slice and metric: [B], NaN where a user has no value. `likes` [B] as in USER_SLICES."""
    values = {(ALL, name): metric(lists) for name, metric in metrics.METRICS.items()}
    for part, (least, most) in USER_SLICES.items():
        inside = (likes >= least) & (likes <= most)
        for name in metrics.SLICED:
            values[part, name] = np.where(inside, values[ALL, name], np.nan)
    new = lists.items.popularity == 0
    for part, items in (
        ("head_items", lists.items.head),
        ("tail_items", ~lists.items.head),
        ("cold_items", new),
    ):
        among = replace(lists, relevant=_among(lists.relevant, items))
        for name in metrics.SLICED:
            values[part, name] = metrics.METRICS[name](among)
    return values


def _evaluation(
    k: int,
    users: Rows,
    columns: Mapping[tuple[str, str], NDArray[np.float64]],
    slices: Sequence[str],
    seconds: float,
    resamples: int,
    rng: np.random.Generator,
) -> Evaluation:
    """The evaluation of what users have by slice and metric [T]."""
    means = _means(columns, resamples, rng)

    def of(part: str) -> dict[str, Metric]:
        return {name: metric for (p, name), metric in means.items() if p == part}

    return Evaluation(
        k=k,
        users=users,
        per_user={name: values for (part, name), values in columns.items() if part == ALL},
        metrics=of(ALL),
        slices={
            part: Slice(
                users=int(np.count_nonzero(~np.isnan(columns[part, f"{metrics.SLICED[0]}@{k}"]))),
                metrics=of(part),
            )
            for part in slices
        },
        score_seconds=seconds,
    )


def _among(relevant: sparse.csr_array, items: NDArray[np.bool_]) -> sparse.csr_array:
    """The entries of [B, I] in the columns of `items` [I], in the same shape."""
    kept = items[relevant.indices]
    indptr = np.concatenate([[0], np.cumsum(kept)])[relevant.indptr]
    return sparse.csr_array((relevant.data[kept], relevant.indices[kept], indptr), relevant.shape)


def _means(
    columns: Mapping[tuple[str, str], NDArray[np.float64]],
    resamples: int,
    rng: np.random.Generator,
) -> dict[tuple[str, str], Metric]:
    """The mean of each column over the users who have a value; no metric where there are none."""
    filled = {key: values for key, values in columns.items() if not np.isnan(values).all()}
    means = [float(np.nanmean(values)) for values in filled.values()]
    if resamples == 0:
        return dict(zip(filled, map(Metric, means), strict=True))
    stacked = np.column_stack(list(filled.values()))
    intervals = metrics.bootstrap_intervals(stacked, rng, resamples).tolist()
    return {
        key: Metric(mean, *interval)
        for key, mean, interval in zip(filled, means, intervals, strict=True)
    }
