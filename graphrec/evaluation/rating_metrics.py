"""Metrics of predicted ratings, and the order in which they put a user's items.

N predictions, of R ratings in all folds; U users. `group` numbers the predictions of one user in
one fold, which are ranked together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.evaluation.metrics import RESAMPLE_ENTRIES
from graphrec.evaluation.results import Metric

ERRORS = ("rmse", "mae", "mse")
"""How far predictions are from the ratings; the less the better."""

PAIR_BLOCK = 2**22
"""Pairs of predictions that are compared at a time."""


def error_sums(
    predicted: NDArray[np.float64], actual: NDArray[np.float64], user: Rows, users: int
) -> NDArray[np.float64]:
    """Of each user the squared errors, the absolute errors, and their number: [U, 3]."""
    error = predicted - actual
    columns = (error**2, np.abs(error), np.ones(len(error)))
    return np.column_stack([np.bincount(user, each, users) for each in columns])


def errors_of(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """RMSE, MAE and MSE [..., 3] of sums over users [..., 3]; NaN of no predictions."""
    squared, absolute, count = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore"):
        mse, mae = squared / count, absolute / count
    return np.stack([np.sqrt(mse), mae, mse], axis=-1)


def error_metrics(
    sums: NDArray[np.float64], rng: np.random.Generator, resamples: int
) -> Mapping[str, Metric]:
    """RMSE, MAE and MSE of all predictions, with 95 % bootstrap intervals over users.

    A user who is drawn brings all of their predictions, as errors of one user go together.
    """
    values = errors_of(sums.sum(0)).tolist()
    if not resamples:
        return dict(zip(ERRORS, map(Metric, values), strict=True))
    drawn = errors_of(resampled(sums, rng, resamples))
    low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0).tolist()
    return {name: Metric(*each) for name, *each in zip(ERRORS, values, low, high, strict=True)}


def rmse_difference(
    one: NDArray[np.float64], other: NDArray[np.float64], rng: np.random.Generator, resamples: int
) -> tuple[float, float, float]:
    """RMSE of one model minus that of another, by their sums [U, 3]: (difference, low, high).

    A paired bootstrap over users: where the interval does not hold 0, the difference is more than
    chance in which users were drawn.
    """
    both = resampled(np.hstack([one, other]), rng, resamples)
    drawn = errors_of(both[:, :3])[:, 0] - errors_of(both[:, 3:])[:, 0]
    low, high = np.nanquantile(drawn, [0.025, 0.975]).tolist()
    return float(errors_of(one.sum(0))[0] - errors_of(other.sum(0))[0]), low, high


def resampled(
    sums: NDArray[np.float64], rng: np.random.Generator, resamples: int
) -> NDArray[np.float64]:
    """Sums [resamples, C] over users who are drawn with replacement, of columns by user [U, C]."""
    present = sums[sums[:, 2] > 0]
    users = len(present)
    found = []
    chunk = max(1, RESAMPLE_ENTRIES // max(users, 1))
    for start in range(0, resamples, chunk):
        draws = [rng.integers(0, users, users) for _ in range(min(chunk, resamples - start))]
        found.append(np.array([np.bincount(d, minlength=users) for d in draws]) @ present)
    return np.concatenate(found)


def concordant_pairs(
    predicted: NDArray[np.float64], actual: NDArray[np.float64], group: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Of each group, the share of pairs with different ratings that are predicted in that order.

    Equal predictions are half right (FCP of Koren & Sill, RecSys 2011, with ties). NaN where all
    ratings of a group are equal. In ascending order of groups.
    """
    return np.array([_concordant(predicted[at], actual[at]) for at in _groups(group)], np.float64)


def ndcg(
    predicted: NDArray[np.float64], actual: NDArray[np.float64], group: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """NDCG@k of each group's items in the order of the predictions.

    The gain of an item is how far its rating is above the lowest of the group; equal predictions
    get the mean gain of all in their places. NaN where all ratings of a group are equal.
    """
    return np.array([_ndcg(predicted[at], actual[at], k) for at in _groups(group)], np.float64)


def _groups(group: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else []


def _concordant(predicted: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    right = pairs = 0.0
    size = max(1, PAIR_BLOCK // max(len(actual), 1))
    for start in range(0, len(actual), size):
        block = slice(start, start + size)
        higher = actual[block, None] > actual[None]
        gap = predicted[block, None] - predicted[None]
        right += float(((gap > 0) + 0.5 * (gap == 0))[higher].sum())
        pairs += float(higher.sum())
    return right / pairs if pairs else np.nan


def _ndcg(predicted: NDArray[np.float64], actual: NDArray[np.float64], k: int) -> float:
    gain = actual - actual.min()
    discount = 1 / np.log2(np.arange(2, len(gain) + 2))
    discount[k:] = 0
    ideal = float(np.sort(gain)[::-1] @ discount)
    if not ideal:
        return np.nan
    order = np.argsort(-predicted, kind="stable")
    _, tied = np.unique(-predicted[order], return_inverse=True)
    mean = np.bincount(tied, gain[order]) / np.bincount(tied)
    return float(mean[tied] @ discount) / ideal
