"""The global mean, and biases of users and items: what every model of ratings is held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.data.dataset import Dataset
from graphrec.models.fitted import Seed
from graphrec.models.hyper_parameters import Count, NotNegative
from graphrec.ratings.fitted import FittedRatings, fitted, prepare
from graphrec.ratings.log import Ratings
from graphrec.ratings.predictor import Baseline, RatingPredictor, Residual

USER_L2, ITEM_L2, SWEEPS = 3.0, 1.0, 10
"""Of the baseline that other models add to."""


@dataclass(frozen=True)
class GlobalMean:
    """The mean of all ratings, for everyone."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """The mean of the ratings of `data`."""
        ratings, _ = prepare(self, data, seed)
        base = _baseline(ratings, np.zeros(len(ratings.users)), np.zeros(len(ratings.items)))
        return fitted(ratings, predictor_of("mean", ratings, base))


@dataclass(frozen=True)
class Biases:
    """The mean, how much higher a user rates, and how much higher an item is rated.

    A bias is shrunk towards 0 as by `l2` further ratings that are the mean (Koren, "Factor in the
    neighbors", TKDD 2010).
    """

    user_l2: NotNegative = USER_L2
    item_l2: NotNegative = ITEM_L2
    sweeps: Count = SWEEPS
    """Of items, then users."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """The biases after the last sweep."""
        ratings, _ = prepare(self, data, seed)
        base = fit_baseline(ratings, self.user_l2, self.item_l2, self.sweeps)
        return fitted(ratings, predictor_of("biases", ratings, base))


def fit_baseline(
    ratings: Ratings, user_l2: float = USER_L2, item_l2: float = ITEM_L2, sweeps: int = SWEEPS
) -> Baseline:
    """Biases by alternating least squares: those of items given those of users, and back."""
    users, items = len(ratings.users), len(ratings.items)
    deviation = ratings.value - ratings.value.mean()
    of_user, of_item = np.zeros(users), np.zeros(items)
    user_weight = _per_rating(np.bincount(ratings.user, minlength=users), user_l2)
    item_weight = _per_rating(np.bincount(ratings.item, minlength=items), item_l2)
    for _ in range(sweeps):
        left = deviation - of_user[ratings.user]
        of_item = np.bincount(ratings.item, left, items) * item_weight
        left = deviation - of_item[ratings.item]
        of_user = np.bincount(ratings.user, left, users) * user_weight
    return _baseline(ratings, of_user, of_item)


def predictor_of(
    name: str, ratings: Ratings, baseline: Baseline, residual: Residual | None = None
) -> RatingPredictor:
    """A fitted model on the scale of the ratings."""
    return RatingPredictor(name, ratings.kind, ratings.low, ratings.high, baseline, residual)


def deviations(ratings: Ratings, baseline: Baseline) -> NDArray[np.float64]:
    """How far each rating is from the baseline: [R]."""
    return ratings.value - baseline.of(ratings.user, ratings.item)


def _per_rating(counts: NDArray[np.integer], l2: float) -> NDArray[np.float64]:
    """1 / (ratings + l2), and 0 without ratings."""
    return np.divide(1.0, counts + l2, out=np.zeros(len(counts)), where=counts > 0)


def _baseline(ratings: Ratings, user: NDArray[np.float64], item: NDArray[np.float64]) -> Baseline:
    return Baseline(
        float(ratings.value.mean()),
        user.astype(np.float32),
        item.astype(np.float32),
        np.bincount(ratings.user, minlength=len(user)).astype(np.int32),
        np.bincount(ratings.item, minlength=len(item)).astype(np.int32),
    )
