"""Ratings as inner products of vectors: what factorisations and graph networks are fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.data.axes import axes
from graphrec.ratings.fold_in import Rated
from graphrec.ratings.log import Ratings
from graphrec.ratings.predictor import Baseline


@dataclass(frozen=True)
class Factors:
    """The residual of a pair is the inner product of the two vectors."""

    user: Annotated[NDArray[np.float32], axes("user")]  # [U, dim], 0 without ratings
    item: Annotated[NDArray[np.float32], axes("item")]  # [I, dim]
    noise: float
    """The mean square of what is left of a rating it was fitted to."""

    @classmethod
    def of(
        cls,
        ratings: Ratings,
        baseline: Baseline,
        user: NDArray[np.floating],
        item: NDArray[np.floating],
        user_bias: NDArray[np.floating],
        item_bias: NDArray[np.floating],
    ) -> Factors:
        """Vectors [U, d] and [I, d], and biases of the model's own, as a residual of a baseline.

        The differences of the biases are two more dimensions.
        """
        of_user = np.column_stack([user, user_bias - baseline.user, np.ones(len(user))])
        of_user[baseline.user_ratings == 0] = 0
        of_item = np.column_stack([item, np.ones(len(item)), item_bias - baseline.item])
        found = cls(of_user.astype(np.float32), of_item.astype(np.float32), 0.0)
        left = ratings.value - baseline.of(ratings.user, ratings.item)
        left -= found.residual(ratings.user, ratings.item)
        return replace(found, noise=float((left**2).mean()))

    def residual(self, users: Rows, items: Rows) -> NDArray[np.float64]:
        """[N]."""
        found: NDArray[np.float64] = np.einsum(
            "nd,nd->n", self.user[users], self.item[items], dtype=np.float64
        )
        return found

    def folded(self, items: Rows, deviations: NDArray[np.float64], item: int) -> float:
        """The residual of an item row for someone in no row, given n deviations."""
        return float(self.vector_of(items, deviations) @ self.item[item])

    def with_users(self, rows: Rows, rated: Sequence[Rated]) -> Factors:
        """The same with the vectors of users in these rows."""
        user = self.user.copy()
        user[rows] = [self.vector_of(each.items, each.deviations) for each in rated]
        return replace(self, user=user)

    def vector_of(self, items: Rows, deviations: NDArray[np.float64]) -> NDArray[np.float64]:
        """The vector of someone in no row [dim], given n deviations.

        The mean of what the normal distribution of the users' vectors becomes by these ratings.
        """
        mean, covariance = self._spread
        rated = self.item[items].astype(np.float64)
        system = rated @ covariance @ rated.T + (self.noise + FLOOR) * np.eye(len(items))
        away = np.linalg.solve(system, deviations - rated @ mean)
        found: NDArray[np.float64] = mean + covariance @ (rated.T @ away)
        return found

    @cached_property
    def _spread(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The mean [dim] and the covariance [dim, dim] of the vectors of users with ratings."""
        known = self.user[self.user.any(axis=1)].astype(np.float64)
        mean = known.mean(0)
        return mean, (known - mean).T @ (known - mean) / len(known)


FLOOR = 1e-6
"""Of the noise, where none was left."""


def compressed(
    user: NDArray[np.float64], item: NDArray[np.float64], dim: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Narrower vectors with nearly the same inner products: [U, dim] and [I, dim].

    The best ones of that width (Eckart & Young 1936), by a decomposition of the small core between
    two orthonormal bases. As they are where they are no wider.
    """
    if user.shape[1] <= dim:
        return user, item
    of_user, of_item = np.linalg.qr(user), np.linalg.qr(item)
    left, strength, right = np.linalg.svd(of_user.R @ of_item.R.T, full_matrices=False)
    root = np.sqrt(strength[:dim])
    return of_user.Q @ (left[:, :dim] * root), of_item.Q @ (right[:dim].T * root)
