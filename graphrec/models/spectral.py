"""The spectrum of a graph: its strongest, which are its smoothest, directions."""

from __future__ import annotations

from typing import Any

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


def strongest(
    matrix: sparse.csr_array, dim: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The largest singular values [D], and their right singular directions [I, D], of [U, I].

    By a randomised range finder (Halko, Martinsson & Tropp 2011) on the side of the items, so that
    no array has a row a user and a column a direction; D is `dim`, or the rank that the shape
    allows where that is less, and 0 for a matrix without entries.
    """
    dim = min(dim, *matrix.shape) if matrix.nnz else 0
    if dim == 0:
        return np.empty(0, np.float32), np.empty((matrix.shape[1], 0), np.float32)
    count = min(dim + OVERSAMPLING, *matrix.shape)
    back = matrix.T.tocsr()
    found = np.empty((matrix.shape[1], count), np.float32)
    parts = [slice(start, min(start + AT_ONCE, count)) for start in range(0, count, AT_ONCE)]
    for part in parts:
        found[:, part] = back @ rng.standard_normal(
            (matrix.shape[0], part.stop - part.start), np.float32
        )
    for _ in range(POWER_ITERATIONS):
        found = _orthonormal(found)
        for part in parts:
            found[:, part] = back @ (matrix @ np.ascontiguousarray(found[:, part]))
    found = _orthonormal(found)
    triangle = np.empty((0, count), np.float32)  # of the places of all users along what is found
    for start in range(0, matrix.shape[0], ROWS_AT_ONCE):
        places = matrix[start : start + ROWS_AT_ONCE] @ found
        both: Any = np.linalg.qr(np.concatenate([triangle, places]), mode="r")
        triangle = both  # an array, with this mode
    _, sigma, rotation = np.linalg.svd(triangle, full_matrices=False)
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
