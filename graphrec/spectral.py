"""Structural features: where each item lies in the smoothest directions of the graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

OVERSAMPLED = 16
ITERATIONS = 3


def item_spectrum(
    matrix: sparse.csr_array, dim: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The top right singular vectors [I, dim] of Dᵤ^-½ R Dᵢ^-½ and their singular values [dim].

    R is the pattern of `matrix` [U, I]. By randomised subspace iteration (Halko, Martinsson &
    Tropp, SIAM Review 2011); columns beyond the rank of so small a graph are zeros.
    """
    pattern = matrix.copy()
    pattern.data = np.ones(pattern.nnz, np.float32)
    users, items = (np.maximum(pattern.sum(axis), 1).astype(np.float32) for axis in (1, 0))
    normalised = sparse.csr_array(
        sparse.diags_array(users**-0.5) @ pattern @ sparse.diags_array(items**-0.5)
    )
    back = sparse.csr_array(normalised.T)
    width = min(dim + OVERSAMPLED, *matrix.shape)
    basis = rng.standard_normal((matrix.shape[1], width)).astype(np.float32)
    for _ in range(ITERATIONS):
        basis = np.linalg.qr(back @ np.linalg.qr(normalised @ basis)[0])[0]
    _, values, rotation = np.linalg.svd(np.linalg.qr(normalised @ basis, mode="r"))
    known = min(dim, width)
    known = int(np.count_nonzero(values[:known] > 1e-4))
    found = np.zeros((matrix.shape[1], dim), np.float32)
    found[:, :known] = basis @ rotation[:known].T
    strength = np.zeros(dim, np.float32)
    strength[:known] = values[:known]
    return found, strength
