"""Implicit alternating least squares (Hu, Koren & Volinsky, ICDM 2008), by the `implicit` package.

A pair that is not liked has rating 0 and confidence 1; a liked one has rating 1 and a confidence of
1 + `alpha` times its weight in units of the mean weight. Well tuned, it keeps up with what came
later (Rendle et al., RecSys 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from graphrec.data.dataset import Dataset
from graphrec.models.embeddings import Embeddings
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.hyper_parameters import Count, NotNegative, Rate, Search


@dataclass(frozen=True)
class IALS:
    """Hyper-parameters; the defaults were chosen on validation parts of four data sets."""

    dim: Annotated[Count, Search(16, 256, log=True)] = 128
    alpha: Annotated[Rate, Search(0.1, 100.0, log=True)] = 10.0
    regularization: Annotated[NotNegative, Search(0.1, 1000.0, log=True)] = 40.0
    sweeps: Count = 10
    """Of users, then items. No epochs to be chosen: more of them hardly change anything."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Embeddings]:
        """The factors after the last sweep."""
        graph, rng = prepare(self, data, seed)
        likes = graph.matrix
        mean = likes.data.mean(dtype=np.float64) if likes.nnz else 1.0
        confidence = sparse.csr_matrix(
            ((1 + self.alpha * likes.data / mean).astype(np.float32), likes.indices, likes.indptr),
            likes.shape,
        )
        with threadpool_limits(1, "blas"):  # its own threads call BLAS, which would start more
            model = AlternatingLeastSquares(
                factors=self.dim,
                regularization=self.regularization,
                iterations=self.sweeps,
                random_state=int(rng.integers(2**31)),
            )
            model.fit(confidence, show_progress=False)
        return FittedModel.of(graph, Embeddings(model.user_factors, model.item_factors))
