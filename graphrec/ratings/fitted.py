"""What a model of ratings is, and what fitting one gives: ids in, ratings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.data.ids import as_id, as_ids
from graphrec.errors import DataError
from graphrec.models.fitted import Seed
from graphrec.models.hyper_parameters import check_values
from graphrec.ratings.log import Ratings, ratings_of
from graphrec.ratings.predictor import PredictedRating, RatingPredictor, predicted


@dataclass(frozen=True)
class FittedRatings:
    """A fitted model of ratings, with the ids of the U users and I items it was fitted to."""

    users: Vocabulary
    items: Vocabulary
    predictor: RatingPredictor
    """The same model by row."""

    def predict(self, user: str, item: str) -> PredictedRating:
        """What a user would give an item, within the scale of the data.

        Ids without ratings, or of which nothing is known, are no error: the prediction is made of
        the biases that there are, and its `basis` and `note` say so.
        """
        user, item = as_id(user), as_id(item)
        rows = self.users.rows.get(user), self.items.rows.get(item)
        return predicted(self.predictor, user, item, *rows)

    def predict_all(self, users: Sequence[str], items: Sequence[str]) -> NDArray[np.float64]:
        """What each of N users would give the item in the same place: [N].

        Raises DataError where there are not as many users as items.
        """
        if len(users) != len(items):
            raise DataError(
                f"{len(users):,} users and {len(items):,} items: expected as many; give the pairs "
                f"in two columns"
            )
        user, item = (
            np.fromiter((nodes.rows.get(each, -1) for each in as_ids(ids)), np.int32, len(ids))
            for nodes, ids in ((self.users, users), (self.items, items))
        )
        known = (user >= 0) & (item >= 0)
        found = np.empty(len(user))
        found[known] = self.predictor.predict(user[known], item[known])
        for at in np.flatnonzero(~known).tolist():
            found[at] = self.predict(users[at], items[at]).rating
        return found


class RatingModel(Protocol):
    """A frozen dataclass of hyper-parameters; fitting changes neither it nor the data."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """Fit to the ratings of `data` (`graphrec.ratings.log.ratings_of`).

        Raises DataError where there are none, and SettingsError where a hyper-parameter is out of
        its range.
        """
        ...


def prepare(model: Any, data: Dataset, seed: Seed) -> tuple[Ratings, np.random.Generator]:
    """What a fit starts with: the ratings of the data, and a generator.

    Raises SettingsError where a hyper-parameter of the model is out of its range, and DataError
    where there are no ratings.
    """
    check_values(model)
    return ratings_of(data), np.random.default_rng(seed)


def fitted(ratings: Ratings, predictor: RatingPredictor) -> FittedRatings:
    """A predictor of rows with the ids of the ratings it was fitted to."""
    return FittedRatings(ratings.users, ratings.items, predictor)
