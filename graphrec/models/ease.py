"""EASE: a linear autoencoder with a zero diagonal, in closed form (Steck, WWW 2019).

With G = RᵀR + λI and P = G⁻¹, the scores are R B, where B = I - P / diag(P) by columns. P is
dense, so it is for catalogues that fit into memory as items × items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from graphrec.data.dataset import Dataset
from graphrec.errors import DataError
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.history import HistoryScorer, ItemWeights
from graphrec.models.hyper_parameters import Rate, Search

MAX_ITEMS = 12_000
"""More than that take over 3 GiB, and minutes on two cores."""


@dataclass(frozen=True)
class EASE:
    """Hyper-parameters; the default was chosen on validation parts of three data sets."""

    regularization: Annotated[Rate, Search(1.0, 10_000.0, log=True)] = 300.0
    """λ, where the mean weight is 1."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[HistoryScorer[ItemWeights]]:
        """The weights between all pairs of items.

        Raises DataError where there are more than `MAX_ITEMS` items.
        """
        graph, _ = prepare(self, data, seed)
        items = len(graph.items)
        if items > MAX_ITEMS:
            raise DataError(
                f"ease on {items} items: expected at most {MAX_ITEMS}, as it inverts a matrix of "
                f"items by items; leave rare items out, or take graph-filter"
            )
        likes = graph.matrix
        mean = likes.data.mean(dtype=np.float64) if likes.nnz else 1.0
        weights = (likes.data / mean).astype(np.float32)
        history = sparse.csr_array((weights, likes.indices, likes.indptr), likes.shape)
        gram = (history.T @ history).toarray(order="F").astype(np.float64)
        gram[np.diag_indices(items)] += self.regularization
        factor, _ = lapack.dpotrf(gram, overwrite_a=True)
        upper, _ = lapack.dpotri(factor, overwrite_c=True)  # P, on and above the diagonal
        upper = np.triu(upper.astype(np.float32))
        weight = upper + np.triu(upper, 1).T
        weight /= -np.diag(weight).copy()
        np.fill_diagonal(weight, 0)
        return FittedModel.of(graph, HistoryScorer(history, ItemWeights(weight)))
