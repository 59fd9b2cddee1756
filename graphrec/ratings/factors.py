"""Ratings as inner products of vectors: what factorisations and graph networks are fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.data.axes import axes
from graphrec.ratings.predictor import Baseline


@dataclass(frozen=True)
class Factors:
    """The residual of a pair is the inner product of the two vectors."""

    user: Annotated[NDArray[np.float32], axes("user")]  # [U, dim]
    item: Annotated[NDArray[np.float32], axes("item")]  # [I, dim]

    @classmethod
    def of(
        cls,
        baseline: Baseline,
        mean: float,
        user: NDArray[np.floating],
        item: NDArray[np.floating],
        user_bias: NDArray[np.floating],
        item_bias: NDArray[np.floating],
    ) -> Factors:
        """Vectors [U, d] and [I, d], and biases of the model's own, as a residual of a baseline.

        The differences of the biases are two more dimensions.
        """
        of_user = np.column_stack(
            [user, user_bias + mean - baseline.mean - baseline.user, np.ones(len(user))]
        )
        of_item = np.column_stack([item, np.ones(len(item)), item_bias - baseline.item])
        return cls(of_user.astype(np.float32), of_item.astype(np.float32))

    def residual(self, users: Rows, items: Rows) -> NDArray[np.float64]:
        """[N]."""
        found: NDArray[np.float64] = np.einsum(
            "nd,nd->n", self.user[users], self.item[items], dtype=np.float64
        )
        return found


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
