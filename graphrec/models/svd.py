"""Truncated SVD of the normalised interactions (PureSVD: Cremonesi, Koren & Turrin, RecSys 2010).

With V the strongest right singular directions of N = D_u^-a/2 · R · D_i^-b, where D_u and D_i are
the sums of R by user and by item, a history x has the scores x V Vᵀ D_i^(b-c). A user is the
weighted mean of what their items say, so one whom training never met is embedded like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from graphrec.data import Graph
from graphrec.embeddings import Embeddings
from graphrec.encoder import Encoder
from graphrec.graph_filter import shares
from graphrec.models.ranges import Count, NotNegative

POWER_ITERATIONS = 3
"""Of the randomised range finder; the spectra of interactions fall off slowly."""


@dataclass(frozen=True)
class SVD:
    """Hyper-parameters; the defaults were chosen on validation parts of four data sets."""

    dim: Count = 128
    user_exponent: NotNegative = 0.5
    history_exponent: NotNegative = 0.5
    target_exponent: NotNegative = 0.3

    def fit(self, graph: Graph, rng: np.random.Generator) -> Embeddings:
        """Embeddings of at most `dim` dimensions, fewer where there are fewer users or items."""
        likes = graph.matrix
        votes = normalised(likes, self.user_exponent / 2, self.history_exponent)
        _, direction = strongest(votes, self.dim, rng)
        scale = popularity_factor(likes, self.history_exponent - self.target_exponent)
        return Embeddings(
            shares(likes) @ direction,
            scale[:, None] * direction,
            Encoder(direction, np.zeros(direction.shape[1], np.float32)),
        )


def normalised(
    matrix: sparse.csr_array, user_exponent: float, item_exponent: float
) -> sparse.csr_array:
    """D_u^-user_exponent · R · D_i^-item_exponent of weights R [U, I], as float32 [U, I].

    In units of the largest entry, as weights may be too small for the powers of single precision.
    """
    by_user, by_item = (
        np.asarray(matrix.sum(axis=axis, dtype=np.float64)).ravel() for axis in (1, 0)
    )
    data = matrix.data * np.repeat(_power(by_user, -user_exponent), np.diff(matrix.indptr))
    data *= _power(by_item, -item_exponent)[matrix.indices]
    data /= data.max(initial=0) or 1
    return sparse.csr_array((data.astype(np.float32), matrix.indices, matrix.indptr), matrix.shape)


def popularity_factor(matrix: sparse.csr_array, exponent: float) -> NDArray[np.float32]:
    """The sums of weights [U, I] by item, relative to the largest, ^ exponent: float32 [I].

    0 for an item without weights, which nothing speaks for.
    """
    popularity = np.asarray(matrix.sum(axis=0, dtype=np.float64)).ravel()
    relative = popularity / (popularity.max(initial=0) or 1)
    return _power(relative, exponent).astype(np.float32)


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


def _power(values: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Each value ^ exponent, 0 where a value is 0."""
    return np.power(values, exponent, out=np.zeros_like(values), where=values > 0)
