"""Neighbourhood models of ratings: similar items of the user, or similar users of the item.

    residual(u, i)  =  Σ s(i, j) · deviation(u, j)  /  (Σ s(i, j) + confidence)

over the `neighbours` most similar items j that u rated (Koren, TKDD 2010), where a deviation is
how far a rating is from the baseline. With few or weak neighbours the residual is near 0. Of
`UserKNN`, the same over users who rated i.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.axes import axes
from graphrec.data.dataset import Dataset
from graphrec.models.fitted import Seed
from graphrec.models.hyper_parameters import Count, NotNegative
from graphrec.ratings.biases import deviations, fit_baseline, predictor_of
from graphrec.ratings.fitted import FittedRatings, fitted, prepare
from graphrec.ratings.fold_in import Rated
from graphrec.ratings.predictor import Residual
from graphrec.ratings.similarity import Similarity, similar_rows


@dataclass(frozen=True)
class ItemKNN:
    """Items like those that the user rated; the defaults were chosen on validation."""

    similarity: Similarity = "cosine"
    neighbours: Count = 40
    shrinkage: NotNegative = 100.0
    confidence: NotNegative = 0.3
    kept: Count = 500
    """Similar items kept of each: the neighbours are those of them that the user rated."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """The similarities of all items."""
        return _fit(self, data, seed, "item-knn", lambda away: away.T.tocsr(), ItemNeighbours)


@dataclass(frozen=True)
class UserKNN:
    """Users like this one who rated the item; the defaults were chosen on validation."""

    similarity: Similarity = "cosine"
    neighbours: Count = 60
    shrinkage: NotNegative = 100.0
    confidence: NotNegative = 0.3
    kept: Count = 500
    """Similar users kept of each: the neighbours are those of them who rated the item."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """The similarities of all users."""
        return _fit(self, data, seed, "user-knn", lambda away: away, UserNeighbours)


@dataclass(frozen=True)
class ItemNeighbours:
    """Fitted similarities of items, and what users rated."""

    similar: Annotated[sparse.csr_array, axes("item", "item")]  # float32 [I, I]
    deviations: Annotated[sparse.csr_array, axes("user", "item")]  # float32 [U, I]
    neighbours: int
    confidence: float

    def residual(self, users: Rows, items: Rows) -> NDArray[np.float64]:
        """[N]."""
        return _residuals(
            self.similar, self.deviations, items, users, self.neighbours, self.confidence
        )

    def folded(self, items: Rows, deviations: NDArray[np.float64], item: int) -> float:
        """The residual of an item row for someone in no row, given n deviations."""
        alone = replace(self, deviations=_row_of(items, deviations, self.similar.shape[1]))
        [found] = alone.residual(np.zeros(1, np.int32), np.array([item], np.int32))
        return float(found)

    def with_users(self, rows: Rows, rated: Sequence[Rated]) -> ItemNeighbours:
        """The same with what these users rated in their rows."""
        return replace(self, deviations=_with_rows(self.deviations, rows, rated))


@dataclass(frozen=True)
class UserNeighbours:
    """Fitted similarities of users, and what they rated."""

    similar: Annotated[sparse.csr_array, axes("user", "user")]  # float32 [U, U]
    deviations: Annotated[sparse.csr_array, axes("user", "item")]  # float32 [U, I]
    neighbours: int
    confidence: float

    @cached_property
    def by_item(self) -> sparse.csr_array:
        """The deviations from the side of items: float32 [I, U]."""
        return self.deviations.T.tocsr()

    def residual(self, users: Rows, items: Rows) -> NDArray[np.float64]:
        """[N]."""
        return _residuals(
            self.similar, self.by_item, users, items, self.neighbours, self.confidence
        )


def _fit(
    model: ItemKNN | UserKNN,
    data: Dataset,
    seed: Seed,
    name: str,
    side: Callable[[sparse.csr_array], sparse.csr_array],
    made: Callable[[sparse.csr_array, sparse.csr_array, int, float], Residual],
) -> FittedRatings:
    """A model of the rows that `side` makes of the deviations [U, I]: users, or items."""
    ratings, _ = prepare(model, data, seed)
    base = fit_baseline(ratings)
    away = ratings.matrix_of(deviations(ratings, base))
    similar = similar_rows(side(away), model.similarity, model.shrinkage, model.kept)
    residual = made(similar, away.astype(np.float32), model.neighbours, model.confidence)
    return fitted(ratings, predictor_of(name, ratings, base, residual))


def _row_of(items: Rows, deviations: NDArray[np.float64], count: int) -> sparse.csr_array:
    """One row of deviations: float32 [1, count]."""
    order = np.argsort(items)
    ends = np.array([0, len(items)], np.int32)
    return sparse.csr_array(
        (deviations[order].astype(np.float32), items[order].astype(np.int32), ends), (1, count)
    )


def _with_rows(
    deviations: sparse.csr_array, rows: Rows, rated: Sequence[Rated]
) -> sparse.csr_array:
    """Deviations [U, I] with those of users in their rows, which were empty."""
    added = [_row_of(each.items, each.deviations, deviations.shape[1]) for each in rated]
    order = np.arange(deviations.shape[0])
    order[rows] = deviations.shape[0] + np.arange(len(rows))
    return sparse.csr_array(sparse.vstack([deviations, *added], format="csr")[order])


def _residuals(
    similar: sparse.csr_array,  # [A, A]
    deviations: sparse.csr_array,  # [B, A]
    rows: Rows,  # [N] of A: whose neighbours are looked for
    among: Rows,  # [N] of B: where they must have a deviation
    neighbours: int,
    confidence: float,
) -> NDArray[np.float64]:
    """The weighted means of the deviations of neighbours, of N pairs: [N]."""
    found = np.zeros(len(rows))
    order = np.argsort(among, kind="stable")
    starts = np.flatnonzero(np.diff(among[order], prepend=-1))
    for at in np.split(order, starts[1:]):  # the pairs of one row of B together
        first = among[at[0]] if len(at) else 0
        begin, end = deviations.indptr[first], deviations.indptr[first + 1]
        columns, values = deviations.indices[begin:end], deviations.data[begin:end]
        weight = similar[rows[at]].toarray()[:, columns].astype(np.float64)
        if neighbours < weight.shape[1]:
            least = np.partition(weight, -neighbours, axis=1)[:, -neighbours, None]
            weight[weight < least] = 0
        total = weight.sum(1)
        found[at] = np.divide(
            weight @ values, total + confidence, out=np.zeros(len(at)), where=total > 0
        )
    return found
