"""A blend of models of ratings: each weighs what makes them best together on ratings held out.

Ratings are held out of what the models are fitted to, their predictions of these are combined by
the weights, none below 0, with the least squared errors (stacking: Breiman 1996), and then all are
fitted again to all ratings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.errors import SettingsError
from graphrec.models.fitted import Seed
from graphrec.models.hyper_parameters import Part
from graphrec.ratings import create_rating_model
from graphrec.ratings.biases import deviations, fit_baseline, predictor_of
from graphrec.ratings.fitted import FittedRatings, RatingModel, fitted, prepare
from graphrec.ratings.fold_in import FoldsIn, Rated
from graphrec.ratings.log import Ratings
from graphrec.ratings.predictor import Residual

MEMBERS = "bayesian-svd, svd++, item-knn, user-knn"

MIN_RATINGS = 20
"""With fewer, nothing can be held out: the models weigh the same."""


@dataclass(frozen=True)
class Blended:
    """The residual of a pair is the weighted sum of those of models."""

    members: tuple[Residual, ...]
    weights: tuple[float, ...]

    def residual(self, users: Rows, items: Rows) -> NDArray[np.float64]:
        """[N]."""
        found = np.zeros(len(users))
        for weight, member in zip(self.weights, self.members, strict=True):
            if weight:
                found += weight * member.residual(users, items)
        return found

    def folded(self, items: Rows, deviations: NDArray[np.float64], item: int) -> float:
        """The weighted sum of those of the members that can say something."""
        return sum(
            weight * member.folded(items, deviations, item)
            for weight, member in zip(self.weights, self.members, strict=True)
            if isinstance(member, FoldsIn)
        )

    def with_users(self, rows: Rows, rated: Sequence[Rated]) -> Blended:
        """The same, of the members that can say something."""
        members = tuple(
            member.with_users(rows, rated) if isinstance(member, FoldsIn) else member
            for member in self.members
        )
        return replace(self, members=members)


@dataclass(frozen=True)
class Blend:
    """Several models in one; the defaults were chosen on validation."""

    members: str = MEMBERS
    """Names of models, with commas between; those with a residual of the biases."""
    held_out: Part = 0.1
    """Share of the ratings that weights are chosen on."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """The weighted models, all fitted to all ratings.

        Raises SettingsError for a member that is unknown, or adds nothing to the biases.
        """
        ratings, rng = prepare(self, data, seed)
        models = self.models()
        weights = np.full(len(models), 1 / len(models))
        if len(ratings) >= MIN_RATINGS:
            held = rng.permutation(len(ratings)) < self.held_out * len(ratings)
            weights = _weights(models, ratings.take(~held), ratings.take(held), rng)
        members = tuple(_residual(name, each, ratings, rng) for name, each in models.items())
        blended = Blended(members, tuple(weights.tolist()))
        return fitted(ratings, predictor_of("blend", ratings, fit_baseline(ratings), blended))

    def models(self) -> Mapping[str, RatingModel]:
        """The members with their defaults, by name; raises SettingsError and MissingExtra."""
        names = [name.strip() for name in self.members.split(",") if name.strip()]
        if not names or "blend" in names:
            raise SettingsError(
                f"members of a blend are {self.members!r}: expected names of other models of "
                f"ratings, with commas between, such as {MEMBERS!r}"
            )
        return {name: create_rating_model(name) for name in names}


def _residual(
    name: str, model: RatingModel, ratings: Ratings, rng: np.random.Generator
) -> Residual:
    """What a model adds to the baseline; raises SettingsError for one that adds nothing."""
    found = model.fit(ratings.as_dataset(), rng).predictor.residual
    if found is None:
        raise SettingsError(
            f"member {name!r} of a blend adds nothing to the biases: expected another model; take "
            f"it out"
        )
    return found


def _weights(
    models: Mapping[str, RatingModel], train: Ratings, held: Ratings, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The weights of models fitted to `train` with the least errors on what was held out."""
    base = fit_baseline(train)
    known = (base.user_ratings[held.user] > 0) & (base.item_ratings[held.item] > 0)
    columns = [
        _residual(name, model, train, rng).residual(held.user[known], held.item[known])
        for name, model in models.items()
    ]
    if not known.any():
        return np.full(len(models), 1 / len(models))
    weights: NDArray[np.float64] = nnls(np.column_stack(columns), deviations(held, base)[known])[0]
    return weights
