"""A Gaussian process over features: what items of similar features share beyond the sum of them.

A sum over features gives the same for a genre whatever the other genres are, and whenever. But
films of the same three genres and the same years have more in common than that. So the residuals of
known items, which are their vectors less what the sum over their features gives, are taken for a
Gaussian process over features, and a cold item gets its posterior mean: a weighted sum over known
items by their similarity (Rasmussen & Williams, "Gaussian Processes for Machine Learning", 2006,
eq. 2.25). Where no item is similar, it is 0, and the sum stands alone.

The distance of two items is the mean over attributes of how much more they differ than items
usually do, so that a year counts as much as all of the genres, whatever their units and their
number. `DECAY` and `NOISE` were chosen among .5 to 2 on the validation items of MovieLens-1M.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.features import FeatureSpace, NumberColumns, WordColumns

MAX_ITEMS = 2_000
"""Known items at most; of more, those with most events."""

MAX_COLUMNS = 256
"""Features at most that are compared; of more, those in which most pairs of items differ."""

DECAY = 0.5
"""The similarity of items is e to the power of minus this at the usual distance."""

NOISE = 0.5
"""Variance of what is an item's alone, where that of what it shares with similar ones is 1."""


@dataclass(frozen=True)
class GaussianProcess:
    """M known items, by their features, and their weights."""

    columns: Rows  # [C] of the features that are compared
    scale: NDArray[np.float32]  # [C] the distance that a difference of 1 makes
    known: NDArray[np.float32]  # [M, C] scaled
    weights: NDArray[np.float32]  # [M, D]

    def mean(self, features: sparse.csr_array) -> NDArray[np.float32]:
        """The posterior mean of items with these features [N, F]: [N, D]."""
        similarity = _similarity(_scaled(features, self.columns, self.scale), self.known)
        mean: NDArray[np.float32] = (similarity @ self.weights).astype(np.float32)
        return mean


@dataclass(frozen=True)
class KnownItems:
    """The known items that others are compared with: a `GaussianProcess` but for its weights."""

    rows: Rows  # [M]
    columns: Rows  # [C]
    scale: NDArray[np.float32]  # [C]
    features: NDArray[np.float32]  # [M, C] scaled
    inverse: NDArray[np.float32]  # [M, M] of their covariance, with noise

    @classmethod
    def of(
        cls, space: FeatureSpace, features: sparse.csr_array, events: NDArray[np.integer]
    ) -> KnownItems | None:
        """From items with `features` [I, F] of this space and so many `events` [I].

        None where no two known items differ in a feature.
        """
        warm = np.flatnonzero((events > 0) & (np.diff(features.indptr) > 0))
        rows = np.sort(warm[np.argsort(-events[warm], kind="stable")[:MAX_ITEMS]]).astype(np.int32)
        if not len(rows):
            return None
        scale, distance = _scales(space, sparse.csr_array(features[rows]))
        chosen = np.argsort(-distance, kind="stable")[:MAX_COLUMNS]
        columns = np.sort(chosen[distance[chosen] > 0]).astype(np.int32)
        if not len(columns):
            return None
        known = _scaled(features[rows], columns, scale[columns])
        covariance = _similarity(known, known) + NOISE * np.eye(len(rows))
        inverse = np.linalg.inv(covariance).astype(np.float32)
        return cls(rows, columns, scale[columns], known, inverse)

    def process(self, residuals: NDArray[np.float32]) -> GaussianProcess:
        """The process that gives these residuals [I, D] of all items."""
        weights = self.inverse @ residuals[self.rows]
        return GaussianProcess(self.columns, self.scale, self.features, weights)


def _similarity(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """[N, C], [M, C] -> [N, M]: e to the power of minus their distance."""
    high = np.max(other, axis=0, initial=0)
    flags = (high > 0) & _only_zero_or(high, one) & _only_zero_or(high, other)
    ones, others = one[:, flags], other[:, flags]
    # |a - b| = a + b - 2 a b / high, where both are 0 or `high`: most columns are words.
    distance = ones.sum(1)[:, None] + others.sum(1) - 2 * (ones / high[flags]) @ others.T
    one, other = one[:, ~flags], other[:, ~flags]
    # Row by row, in NumPy: scipy.spatial would cost serving 15 MB and a quarter second to import.
    for row, each in enumerate(one):
        distance[row] += np.abs(other - each).sum(axis=1)
    return np.exp(-np.maximum(distance, 0, dtype=np.float64))


def _only_zero_or(high: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether all values [N, C] of a column are 0, or that of `high` [C]."""
    only: NDArray[np.bool_] = ((values == 0) | (values == high)).all(axis=0)
    return only


def _scaled(
    features: sparse.csr_array, columns: Rows, scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    chosen: NDArray[np.float32] = features[:, columns].toarray() * scale
    return chosen


def _scales(
    space: FeatureSpace, features: sparse.csr_array
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Of each feature, the distance that a difference of 1 makes, and the mean distance [F].

    The buckets of a number are left out, as its value is more precise.
    """
    scale, start = np.zeros(features.shape[1], np.float32), 0
    difference = _mean_difference(features)
    attributes = []
    for columns in space.columns.values():
        width = columns.matrix((None,)).shape[1]
        if isinstance(columns, NumberColumns):
            difference[start + 2 : start + width] = 0
        elif not isinstance(columns, WordColumns):
            difference[start : start + width] = 0
        attributes.append(slice(start, start + width))
        start += width
    used = [each for each in attributes if difference[each].sum() > 0]
    for each in used:
        scale[each] = DECAY / (len(used) * difference[each].sum())
    return scale, difference * scale


def _mean_difference(features: sparse.csr_array) -> NDArray[np.float64]:
    """Of each column of [N, F], the mean over pairs of rows of how much they differ [F].

    By Gini's formula, from sorted values; the zeros that are not stored are all in one place.
    """
    count, by_column = features.shape[0], features.tocsc()
    found = np.zeros(features.shape[1])
    for column in range(features.shape[1]):
        stored = by_column.data[by_column.indptr[column] : by_column.indptr[column + 1]]
        values = np.sort(stored.astype(np.float64))
        place = np.arange(len(values)) + np.where(values < 0, 0, count - len(values))
        found[column] = 2 * values @ (2 * place + 1 - count) / count**2
    return found
