"""What items of like features have in common, beyond the sum of what their features say.

A sum says the same of a genre whatever the other genres are, and whenever. But films of the same
three genres and the same years have more in common than that. What known items turned out to be,
less what the sum makes of them, is therefore taken for a Gaussian process over features, and an
item that nobody has met gets its expectation: a weighted sum over known items, of which the like
ones count (Rasmussen & Williams, "Gaussian Processes for Machine Learning", 2006, eq. 2.25). Where
no item is like it, that is nothing, and the sum alone speaks.

How unlike two items are is the mean over attributes of how much more they differ than items usually
do, so that a year says as much as all of the genres, whatever their units and their number. `FALL`
and `NOISE` were chosen among .5 to 2 on the validation items of MovieLens-1M.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.features import FeatureSpace, NumberColumns, WordColumns

LISTENED = 2_000
"""Known items that are listened to; of more, those with most events."""

COLUMNS = 256
"""Features that are compared; of more, those that tell most pairs of items apart."""

FALL = 0.5
"""The likeness of items is e to the power of minus this, where they are as unlike as usual."""

NOISE = 0.5
"""The variance of what is an item's alone, where that of what it shares with its like is 1."""


@dataclass(frozen=True)
class Likeness:
    """M known items, by their features, and what each adds to an item that is like it."""

    columns: Rows  # [C] of the features that are compared
    scale: NDArray[np.float32]  # [C] what a difference of 1 counts
    known: NDArray[np.float32]  # [M, C] scaled
    added: NDArray[np.float32]  # [M, D]

    def said(self, features: sparse.csr_array) -> NDArray[np.float32]:
        """Of items with these features [N, F], what those that are like them add [N, D]."""
        alike = _alike(_scaled(features, self.columns, self.scale), self.known)
        said: NDArray[np.float32] = (alike @ self.added).astype(np.float32)
        return said


@dataclass(frozen=True)
class Known:
    """The known items that others are compared with: all of a `Likeness` but what they add."""

    rows: Rows  # [M]
    columns: Rows  # [C]
    scale: NDArray[np.float32]  # [C]
    features: NDArray[np.float32]  # [M, C] scaled
    inverse: NDArray[np.float32]  # [M, M] of their likeness, with noise

    @classmethod
    def of(
        cls, space: FeatureSpace, features: sparse.csr_array, events: NDArray[np.integer]
    ) -> Known | None:
        """Out of items with `features` [I, F] of this space and so many `events` [I].

        None where features tell no two known items apart.
        """
        met = np.flatnonzero((events > 0) & (np.diff(features.indptr) > 0))
        rows = np.sort(met[np.argsort(-events[met], kind="stable")[:LISTENED]]).astype(np.int32)
        if not len(rows):
            return None
        scale, apart = _scales(space, sparse.csr_array(features[rows]))
        telling = np.argsort(-apart, kind="stable")[:COLUMNS]
        columns = np.sort(telling[apart[telling] > 0]).astype(np.int32)
        if not len(columns):
            return None
        known = _scaled(features[rows], columns, scale[columns])
        covariance = _alike(known, known) + NOISE * np.eye(len(rows))
        inverse = np.linalg.inv(covariance).astype(np.float32)
        return cls(rows, columns, scale[columns], known, inverse)

    def likeness(self, beyond: NDArray[np.float32]) -> Likeness:
        """Given what every item is, beyond the sum of what its features say [I, D]."""
        return Likeness(self.columns, self.scale, self.features, self.inverse @ beyond[self.rows])


def _alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """[N, C], [M, C] -> [N, M]: 1 for the same, less the farther apart they are."""
    # Row by row, in NumPy: scipy.spatial would cost serving 15 MB and a quarter second to import.
    apart = np.empty((len(one), len(other)))
    for row, each in enumerate(one):
        apart[row] = np.abs(other - each).sum(axis=1)
    return np.exp(-apart)


def _scaled(
    features: sparse.csr_array, columns: Rows, scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    chosen: NDArray[np.float32] = features[:, columns].toarray() * scale
    return chosen


def _scales(
    space: FeatureSpace, features: sparse.csr_array
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Of each feature, what a difference of 1 counts, and what pairs of items differ in it [F].

    Of a number, the buckets count nothing, as its value says more.
    """
    scale, start = np.zeros(features.shape[1], np.float32), 0
    apart = _mean_difference(features)
    attributes = []
    for columns in space.columns.values():
        width = columns.matrix((None,)).shape[1]
        if isinstance(columns, NumberColumns):
            apart[start + 2 : start + width] = 0
        elif not isinstance(columns, WordColumns):
            apart[start : start + width] = 0
        attributes.append(slice(start, start + width))
        start += width
    telling = [each for each in attributes if apart[each].sum() > 0]
    for each in telling:
        scale[each] = FALL / (len(telling) * apart[each].sum())
    return scale, apart * scale


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
