"""Evaluation of models of ratings: each is fitted on a part, and predicts the rest.

Of `folds`, each is predicted once by a model that was fitted on the others. Folds are random, as
published figures are: a model then learns from later ratings of the same users too. Splits by time
ask what a service is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.data.dataset import Dataset
from graphrec.errors import DataError, SettingsError
from graphrec.evaluation import rating_metrics as metrics
from graphrec.evaluation.evaluator import model_rng
from graphrec.evaluation.metrics import bootstrap_intervals
from graphrec.evaluation.results import Metric, metrics_json
from graphrec.progress import Progress
from graphrec.ratings.fitted import RatingModel
from graphrec.ratings.log import Ratings, ratings_of

RESAMPLES = 1000
"""Of users, for the intervals."""

BASELINES = ("mean", "biases")
"""Models that every comparison shows."""


@dataclass(frozen=True)
class RatingSplit:
    """A part to fit on and a part to predict, of the same users and items."""

    train: Ratings
    test: Ratings


@dataclass(frozen=True)
class RatingResult:
    """The figures of one model over all splits."""

    model: str
    metrics: Mapping[str, Metric]
    """`rmse`, `mae` and `mse` of all predictions; `fcp` and `ndcg@k`: means over users and folds.
    """
    folds: tuple[Mapping[str, float], ...]
    """RMSE, MAE and MSE of each split."""
    sums: NDArray[np.float64] = field(repr=False)  # [U, 3]
    """Of each user the squared and the absolute errors, and the number of predictions."""
    fallbacks: int
    """Predictions of the biases alone, as the user or the item has no rating in train."""
    fit_seconds: float
    predict_seconds: float

    def as_json(self) -> dict[str, Any]:
        """The figures, times in seconds."""
        return {
            "model": self.model,
            "metrics": metrics_json(self.metrics),
            "folds": [dict(each) for each in self.folds],
            "fallbacks": self.fallbacks,
            "fit_seconds": self.fit_seconds,
            "predict_seconds": self.predict_seconds,
        }


@dataclass(frozen=True, repr=False)
class RatingComparison:
    """Models of ratings evaluated on the same splits."""

    results: tuple[RatingResult, ...]
    protocol: str
    splits: int
    ratings: int
    """That were predicted."""
    users: int
    """Whose ratings were predicted."""
    items: int
    low: float
    high: float
    k: int
    seed: int

    def as_json(self) -> dict[str, Any]:
        """The figures, as `graphrec evaluate --task rating --json` writes them."""
        names = ("protocol", "splits", "ratings", "users", "items", "low", "high", "k", "seed")
        facts = {name: getattr(self, name) for name in names}
        return {"task": "rating", **facts, "models": [each.as_json() for each in self.results]}

    def __repr__(self) -> str:
        table = self._table()
        width = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join([row[0].ljust(width[0]), *map(str.rjust, row[1:], width[1:])]).rstrip()
            for row in table
        ]
        return "\n".join([*lines, self._note()])

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._table()
        )
        return f"<table>{rows}</table><p>{escape(self._note())}</p>"

    def _table(self) -> list[list[str]]:
        rows = [["model", "rmse", "mae", "fcp", f"ndcg@{self.k}", "seconds"]]
        for result in self.results:
            cells = [_cell(result.metrics.get(name)) for name in rows[0][1:-1]]
            seconds = f"{result.fit_seconds + result.predict_seconds:.1f}"
            rows.append([result.model, *cells, seconds])
        return rows

    def _note(self) -> str:
        return f"{self.ratings:,} ratings of {self.users:,} users; in brackets: 95 % bootstrap"


def compare_ratings(
    models: Mapping[str, RatingModel] | Sequence[RatingModel],
    data: Dataset,
    test: Dataset | None = None,
    *,
    folds: int = 5,
    kind: str | None = None,
    k: int = 10,
    seed: int = 0,
    resamples: int = RESAMPLES,
    progress: Progress | None = None,
) -> RatingComparison:
    """Fit models to ratings and evaluate what they predict of others.

    Without a `test` of its own, the ratings of `data` are cut at random into `folds`. `kind` is
    that of `ratings_of`. Raises DataError where there are no ratings, or fewer than folds, and
    what fitting raises.
    """
    if test is None:
        protocol, splits = f"{folds}-fold", random_folds(ratings_of(data, kind), folds, seed)
    else:
        protocol, splits = "given", given(ratings_of(data, kind), ratings_of(test, kind))
    named = models if isinstance(models, Mapping) else _labelled(models)
    return evaluate_ratings(
        named, splits, protocol=protocol, k=k, seed=seed, resamples=resamples, progress=progress
    )


def random_folds(ratings: Ratings, folds: int, seed: int) -> tuple[RatingSplit, ...]:
    """As many splits, in which each rating is predicted once; folds are drawn at random.

    Raises SettingsError for fewer than 2 folds, DataError for fewer ratings than folds.
    """
    if folds < 2:
        raise SettingsError(f"folds are {folds}: expected 2 or more; 5 are usual")
    if len(ratings) < folds:
        raise DataError(
            f"{len(ratings)} ratings cannot be cut into {folds} folds: expected at least one each; "
            f"load more, or take fewer folds"
        )
    fold = model_rng(seed, "folds").permutation(len(ratings)) % folds
    return tuple(
        RatingSplit(ratings.take(fold != each), ratings.take(fold == each)) for each in range(folds)
    )


def by_time(ratings: Ratings, share: float) -> tuple[RatingSplit, ...]:
    """One split: train on all ratings before one time, predict the newest `share` from it on.

    Raises DataError where all ratings have one time.
    """
    time = ratings.graph.interactions.time
    times = np.unique(time)
    if len(times) < 2:
        raise DataError(
            "the ratings have one time: expected different ones to split by; use random folds"
        )
    newer = len(time) - np.searchsorted(np.sort(time), times[1:])
    cutoff = times[1:][int(np.argmin(np.abs(newer - share * len(time))))]
    return (RatingSplit(ratings.take(time < cutoff), ratings.take(time >= cutoff)),)


def given(train: Ratings, test: Ratings) -> tuple[RatingSplit, ...]:
    """One split that was made elsewhere, in the rows of train and what test has besides.

    Raises DataError where a rating is in both.
    """
    users = train.users.extended([u for u in test.users.ids if u not in train.users])
    items = train.items.extended([i for i in test.items.ids if i not in train.items])
    sides = [
        ratings_of(
            Dataset(
                each.graph.with_interactions(each.graph.interactions.recode(users, items)),
                each.as_dataset().kinds,
            )
        )
        for each in (train, test)
    ]
    keys = [each.user.astype(np.int64) * len(items) + each.item for each in sides]
    both = np.isin(keys[1], keys[0])
    if both.any():
        at = int(np.argmax(both))
        raise DataError(
            f"train holds {np.count_nonzero(both):,} of {len(both):,} pairs of user and item that "
            f"the test asks for, such as user {users.ids[sides[1].user[at]]!r} and item "
            f"{items.ids[sides[1].item[at]]!r}: expected none; take them out of train"
        )
    return (RatingSplit(*sides),)


def evaluate_ratings(
    models: Mapping[str, RatingModel],
    splits: Sequence[RatingSplit],
    *,
    protocol: str,
    k: int,
    seed: int,
    resamples: int = RESAMPLES,
    progress: Progress | None = None,
) -> RatingComparison:
    """The figures of models over the test sides of all splits, each fitted on the train side."""
    tests = [split.test for split in splits]
    user = np.concatenate([test.user for test in tests])
    item = np.concatenate([test.item for test in tests])
    actual = np.concatenate([test.value for test in tests])
    users = len(tests[0].users)
    group = np.concatenate([n * users + t.user.astype(np.int64) for n, t in enumerate(tests)])
    results = []
    for step, (name, model) in enumerate(models.items()):
        if progress:
            progress("comparing models of ratings", step, len(models))
        results.append(_measured(name, model, splits, user, actual, group, k, seed, resamples))
    return RatingComparison(
        tuple(results),
        protocol,
        len(splits),
        len(actual),
        len(np.unique(user)),
        len(np.unique(item)),
        min(split.train.low for split in splits),
        max(split.train.high for split in splits),
        k,
        seed,
    )


def _measured(
    name: str,
    model: RatingModel,
    splits: Sequence[RatingSplit],
    user: NDArray[np.int32],
    actual: NDArray[np.float64],
    group: NDArray[np.int64],
    k: int,
    seed: int,
    resamples: int,
) -> RatingResult:
    found, folds = [], []
    fallbacks, fitting, predicting = 0, 0.0, 0.0
    users = len(splits[0].test.users)
    for number, split in enumerate(splits):
        began = perf_counter()
        fitted = model.fit(split.train.as_dataset(), model_rng(seed, f"{name} {number}"))
        fitting += perf_counter() - began
        began = perf_counter()
        predictor, test = fitted.predictor, split.test
        values = predictor.predict(test.user, test.item)
        predicting += perf_counter() - began
        base = predictor.baseline
        known = (base.user_ratings[test.user] > 0) & (base.item_ratings[test.item] > 0)
        fallbacks += int(np.count_nonzero(~known))
        sums = metrics.error_sums(values, test.value, test.user, users).sum(0)
        folds.append(dict(zip(metrics.ERRORS, metrics.errors_of(sums).tolist(), strict=True)))
        found.append(values)
    predicted = np.concatenate(found)
    sums = metrics.error_sums(predicted, actual, user, users)
    rng = model_rng(seed, "intervals")
    ranked = {
        "fcp": metrics.concordant_pairs(predicted, actual, group),
        f"ndcg@{k}": metrics.ndcg(predicted, actual, group, k),
    }
    return RatingResult(
        name,
        {
            **metrics.error_metrics(sums, rng, resamples),
            **_means(ranked, np.unique(group) % users, users, rng, resamples),
        },
        tuple(folds),
        sums,
        fallbacks,
        fitting,
        predicting,
    )


def _means(
    ranked: Mapping[str, NDArray[np.float64]],
    owner: NDArray[np.int64],
    users: int,
    rng: np.random.Generator,
    resamples: int,
) -> dict[str, Metric]:
    """The means over users of what groups have; no metric where no group has a value."""
    found = {}
    for name, values in ranked.items():
        has = ~np.isnan(values)
        if not has.any():
            continue
        count = np.bincount(owner[has], minlength=users)
        total = np.bincount(owner[has], values[has], users)
        per_user = total[count > 0] / count[count > 0]
        ends = () if not resamples else bootstrap_intervals(per_user[:, None], rng, resamples)[0]
        found[name] = Metric(float(per_user.mean()), *map(float, ends))
    return found


def _labelled(models: Sequence[RatingModel]) -> dict[str, RatingModel]:
    """The models by what they are, each label once."""
    found: dict[str, RatingModel] = {}
    for model in models:
        label = repr(model)
        number = sum(each.split(" #")[0] == label for each in found)
        found[f"{label} #{number + 1}" if number else label] = model
    return found


def _cell(metric: Metric | None) -> str:
    if metric is None:
        return "–"
    value = f"{metric.value:.4f}"
    return value if metric.low is None else f"{value} ({metric.low:.3f}–{metric.high:.3f})"
