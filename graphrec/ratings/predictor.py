"""What predicts a rating: a baseline of biases, and what a model adds to it; NumPy alone.

    rating(u, i)  =  mean + bias of u + bias of i  +  residual(u, i),   clipped to the scale

The baseline is what is left where a user or an item has no ratings, so that every model answers for
everyone, and says of what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.data.axes import axes

Basis: TypeAlias = Literal["model", "user", "item", "mean"]
"""What a prediction is made of: the model, as user and item both have ratings; or the mean with the
bias of the user alone, of the item alone, or of neither."""


@runtime_checkable
class Residual(Protocol):
    """A fitted model, by rows: what it adds to the baseline."""

    def residual(self, users: Rows, items: Rows) -> NDArray[np.float64]:
        """For N pairs of a user and an item that both have ratings: [N]."""
        ...


@dataclass(frozen=True)
class Baseline:
    """The mean of all ratings, and how far users and items are from it; 0 without ratings."""

    mean: float
    user: Annotated[NDArray[np.float32], axes("user")]  # [U]
    item: Annotated[NDArray[np.float32], axes("item")]  # [I]
    user_ratings: Annotated[NDArray[np.int32], axes("user")]  # [U], how many there are
    item_ratings: Annotated[NDArray[np.int32], axes("item")]  # [I]

    def of(self, users: Rows, items: Rows) -> NDArray[np.float64]:
        """Of N pairs: [N]."""
        found: NDArray[np.float64] = self.mean + self.user[users].astype(np.float64)
        return found + self.item[items]


@dataclass(frozen=True)
class RatingPredictor:
    """A fitted model of ratings, by rows; a snapshot holds one."""

    model: str
    """Its name, or that of its class."""
    kind: str
    """The kind of events that the ratings are."""
    low: float
    """The lowest rating of the data; no prediction is below."""
    high: float
    baseline: Baseline
    residual: Residual | None = None
    """None: the baseline is all."""

    def predict(self, users: Rows, items: Rows) -> NDArray[np.float64]:
        """The ratings of N pairs: [N]."""
        return np.clip(self.unclipped(users, items), self.low, self.high)

    def unclipped(self, users: Rows, items: Rows) -> NDArray[np.float64]:
        """The same, beyond the ends of the scale too, as models are combined of: [N]."""
        found = self.baseline.of(users, items)
        known = (self.baseline.user_ratings[users] > 0) & (self.baseline.item_ratings[items] > 0)
        if self.residual is not None and known.any():
            found[known] += self.residual.residual(users[known], items[known])
        return found

    def without_raters(self, gone: NDArray[np.integer]) -> RatingPredictor:
        """The same once users were taken out, of whom `gone` [I] had an event on each item.

        They count as raters no more; an item that has none left has no bias either, as it would
        tell what the last one gave.
        """
        base = self.baseline
        left = np.maximum(base.item_ratings - gone, 0).astype(np.int32)
        item = np.where(left > 0, base.item, np.float32(0))
        return replace(self, baseline=replace(base, item=item, item_ratings=left))


@dataclass(frozen=True)
class PredictedRating:
    """What a user would give an item."""

    user: str
    item: str
    rating: float
    """Between `low` and `high`."""
    low: float
    """The lowest rating of the data that the model was fitted to."""
    high: float
    basis: Basis
    model: str
    user_ratings: int
    """How many ratings of the user it is made of."""
    item_ratings: int
    """How many ratings of the item."""
    note: str | None = None
    """What is missing, as a sentence; None where nothing is."""


def prediction(
    predictor: RatingPredictor,
    user: str,
    item: str,
    value: float,
    user_ratings: int,
    item_ratings: int,
) -> PredictedRating:
    """A value on the scale of the data, and what it was made of: so many ratings of either."""
    basis = _BASES[user_ratings > 0, item_ratings > 0]
    return PredictedRating(
        user,
        item,
        float(np.clip(value, predictor.low, predictor.high)),
        predictor.low,
        predictor.high,
        basis,
        predictor.model,
        user_ratings,
        item_ratings,
        _note(user, item, basis),
    )


def predicted(
    predictor: RatingPredictor, user: str, item: str, user_row: int | None, item_row: int | None
) -> PredictedRating:
    """The prediction for a pair of ids, whose rows are None where nothing is known of them."""
    base = predictor.baseline
    if user_row is not None and item_row is not None:
        [value] = predictor.unclipped(np.array([user_row]), np.array([item_row]))
    else:
        own = 0.0 if user_row is None else float(base.user[user_row])
        its = 0.0 if item_row is None else float(base.item[item_row])
        value = base.mean + own + its
    return prediction(
        predictor,
        user,
        item,
        float(value),
        0 if user_row is None else int(base.user_ratings[user_row]),
        0 if item_row is None else int(base.item_ratings[item_row]),
    )


_BASES: Mapping[tuple[bool, bool], Basis] = {
    (True, True): "model",
    (True, False): "user",
    (False, True): "item",
    (False, False): "mean",
}
"""By whether the user has ratings, and whether the item has."""


def _note(user: str, item: str, basis: Basis) -> str | None:
    who, what = f"user {user!r} has no ratings", f"item {item!r} has no ratings"
    notes: Mapping[Basis, str] = {
        "user": f"{what}: predicted by how this user rates",
        "item": f"{who}: predicted by how this item is rated",
        "mean": f"{who}, and {what}: predicted by the mean of all ratings",
    }
    return notes.get(basis)
