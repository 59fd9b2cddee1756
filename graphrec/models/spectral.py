"""The spectrum of a graph: its strongest, which are its smoothest, directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.degrees import normalised

POWER_ITERATIONS = 3
"""Of the randomised range finder; the spectra of interactions fall off slowly."""

OVERSAMPLING = 16
"""Directions that are followed beyond those that are asked for."""

AT_ONCE = 64
"""Directions that go through the graph together: each takes 4 bytes a user meanwhile."""

ROWS_AT_ONCE = 2**13
"""Of users whose place along the directions is made at a time."""


class Passes(Protocol):
    """A matrix [U, I] that is multiplied from both sides, wherever it is."""

    @property
    def shape(self) -> tuple[int, int]:
        """Users and items."""
        ...

    @property
    def empty(self) -> bool:
        """Whether no element is stored."""
        ...

    def drawn(self, width: int, rng: np.random.Generator) -> NDArray[np.floating]:
        """The transpose times a standard normal [U, width], drawn row by row: [I, width]."""
        ...

    def there_and_back(self, narrow: NDArray[np.float32]) -> NDArray[np.floating]:
        """The transpose times the matrix times [I, W]: [I, W]."""
        ...

    def triangle(self, found: NDArray[np.float32]) -> NDArray[np.float32]:
        """R of the QR decomposition of the matrix times [I, C]."""
        ...


@dataclass(frozen=True)
class InMemory:
    """Passes over a matrix of this process."""

    matrix: sparse.csr_array
    back: sparse.csr_array
    """Its transpose."""

    @classmethod
    def of(cls, matrix: sparse.csr_array) -> InMemory:
        """Those over a matrix [U, I]."""
        return cls(matrix, matrix.T.tocsr())

    @property
    def shape(self) -> tuple[int, int]:
        """As in `Passes`."""
        users, items = self.matrix.shape
        return users, items

    @property
    def empty(self) -> bool:
        """As in `Passes`."""
        return not self.matrix.nnz

    def drawn(self, width: int, rng: np.random.Generator) -> NDArray[np.floating]:
        """As in `Passes`."""
        return self.back @ rng.standard_normal((self.shape[0], width), np.float32)

    def there_and_back(self, narrow: NDArray[np.float32]) -> NDArray[np.floating]:
        """As in `Passes`."""
        return self.back @ (self.matrix @ narrow)

    def triangle(self, found: NDArray[np.float32]) -> NDArray[np.float32]:
        """As in `Passes`."""
        triangle = np.empty((0, found.shape[1]), np.float32)
        for start in range(0, self.shape[0], ROWS_AT_ONCE):
            places = self.matrix[start : start + ROWS_AT_ONCE] @ found
            both: Any = np.linalg.qr(np.concatenate([triangle, places]), mode="r")
            triangle = both  # an array, with this mode
        return triangle


def strongest(
    matrix: sparse.csr_array, dim: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The largest singular values [D], and their right singular directions [I, D], of [U, I]."""
    return strongest_of(InMemory.of(matrix), dim, rng)


def strongest_of(
    passes: Passes, dim: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The same by passes over the matrix.

    By a randomised range finder (Halko, Martinsson & Tropp 2011) on the side of the items, so that
    no array has a row a user and a column a direction; D is `dim`, or the rank that the shape
    allows where that is less, and 0 for a matrix without entries.
    """
    shape = passes.shape
    dim = 0 if passes.empty else min(dim, *shape)
    if dim == 0:
        return np.empty(0, np.float32), np.empty((shape[1], 0), np.float32)
    count = min(dim + OVERSAMPLING, *shape)
    found = np.empty((shape[1], count), np.float32)
    parts = [slice(start, min(start + AT_ONCE, count)) for start in range(0, count, AT_ONCE)]
    for part in parts:
        found[:, part] = passes.drawn(part.stop - part.start, rng)
    for _ in range(POWER_ITERATIONS):
        found = _orthonormal(found)
        for part in parts:
            found[:, part] = passes.there_and_back(np.ascontiguousarray(found[:, part]))
    found = _orthonormal(found)
    # Of the places of all users along what is found.
    _, sigma, rotation = np.linalg.svd(passes.triangle(found), full_matrices=False)
    directions = found @ np.ascontiguousarray(rotation[:dim].T)
    return sigma[:dim].astype(np.float32), directions


def _orthonormal(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """An orthonormal basis [I, D] of the space of some columns [I, D]."""
    basis: NDArray[np.float32] = np.linalg.qr(columns)[0]
    return basis


def item_spectrum(
    matrix: sparse.csr_array, dim: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The top right singular vectors [I, dim] of D_u^-½ R D_i^-½ and their values [dim].

    R is the pattern of `matrix` [U, I]; the largest value of such a matrix is 1. Where the graph
    has fewer directions than `dim`, or nothing is along them, the rest are zeros.
    """
    pattern = sparse.csr_array(
        (np.ones(matrix.nnz, np.float32), matrix.indices, matrix.indptr), matrix.shape
    )
    sigma, direction = strongest(normalised(pattern, 0.5, 0.5), dim, rng)
    strength = sigma / max(sigma.max(initial=0), np.finfo(np.float32).tiny)
    known = int(np.count_nonzero(strength > 1e-4))
    vectors = np.zeros((matrix.shape[1], dim), np.float32)
    vectors[:, :known] = direction[:, :known]
    return vectors, np.pad(strength[:known], (0, dim - known))
