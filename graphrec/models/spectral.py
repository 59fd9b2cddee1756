"""The spectrum of a graph: its strongest, which are its smoothest, directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from graphrec.data.degrees import normalised

POWER_ITERATIONS = 3
"""Of the randomised range finder; the spectra of interactions fall off slowly."""


def strongest(
    matrix: sparse.csr_array, dim: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The largest singular values [D], and their right singular directions [I, D], of [U, I].

    By a randomised range finder (Halko, Martinsson & Tropp 2011); D is `dim`, or the rank that the
    shape allows where that is less, and 0 for a matrix without entries.
    """
    dim = min(dim, *matrix.shape) if matrix.nnz else 0
    if dim == 0:
        return np.empty(0, np.float32), np.empty((matrix.shape[1], 0), np.float32)
    _, sigma, right = randomized_svd(
        matrix, dim, n_iter=POWER_ITERATIONS, random_state=int(rng.integers(2**32))
    )
    return sigma.astype(np.float32), np.ascontiguousarray(right.T, np.float32)


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
