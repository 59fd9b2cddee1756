"""Users who came after a model of ratings was fitted, known by what they rated since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.ratings.predictor import Baseline, RatingPredictor, Residual

BIAS_L2 = 5.0
"""Ratings at the baseline that the bias of such a user is shrunk by."""


class Rated(NamedTuple):
    """What a user gave items that others rated before, and how far that is from the baseline."""

    items: Rows  # [n]
    bias: float
    """Of the user."""
    deviations: NDArray[np.float64]  # [n]

    @classmethod
    def of(cls, baseline: Baseline, items: Rows, values: NDArray[np.float64]) -> Rated:
        """That of n ratings, less those of items that have no others."""
        known = baseline.item_ratings[items] > 0
        items, values = items[known], values[known]
        away = values - baseline.mean - baseline.item[items]
        bias = float(away.sum() / (len(away) + BIAS_L2))
        return cls(items, bias, away - bias)


@runtime_checkable
class FoldsIn(Protocol):
    """A residual that can say something of a user by deviations from the baseline alone."""

    def folded(self, items: Rows, deviations: NDArray[np.float64], item: int) -> float:
        """The residual of an item row for someone in no row, given n deviations."""
        ...

    def with_users(self, rows: Rows, rated: Sequence[Rated]) -> Residual:
        """The same with what these users rated in their rows, which were empty."""
        ...


def rating_of(predictor: RatingPredictor, rated: Rated, item: int | None) -> float:
    """What someone in no row would give an item row, or an item without ratings; not clipped."""
    base, residual = predictor.baseline, predictor.residual
    value = base.mean + rated.bias
    if item is None:
        return value
    value += float(base.item[item])
    return value + (
        residual.folded(rated.items, rated.deviations, item)
        if isinstance(residual, FoldsIn)
        else 0.0
    )


def with_users(predictor: RatingPredictor, found: Mapping[int, Rated]) -> RatingPredictor:
    """The same with users in their rows, which were empty: what each of them rated, by row."""
    if not found:
        return predictor
    rows = np.fromiter(found, np.int32, len(found))
    rated = list(found.values())
    base, residual = predictor.baseline, predictor.residual
    user, counts = base.user.copy(), base.user_ratings.copy()
    user[rows] = [each.bias for each in rated]
    counts[rows] = [len(each.items) for each in rated]
    if isinstance(residual, FoldsIn):
        residual = residual.with_users(rows, rated)
    return replace(
        predictor, baseline=replace(base, user=user, user_ratings=counts), residual=residual
    )
