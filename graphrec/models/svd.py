"""Truncated SVD of the normalised interactions (PureSVD: Cremonesi, Koren & Turrin, RecSys 2010).

With V the strongest right singular directions of N = D_u^-a/2 · R · D_i^-b, where D_u and D_i are
the sums of R by user and by item, a history x has the scores x V Vᵀ D_i^(b-c). A user is the
weighted mean of the directions of their items, so an unknown user is embedded like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from graphrec.data.dataset import Dataset
from graphrec.data.degrees import normalised, popularity_factor, shares
from graphrec.models.embeddings import Embeddings
from graphrec.models.encoder import Encoder
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.hyper_parameters import Count, NotNegative, Search
from graphrec.models.spectral import strongest


@dataclass(frozen=True)
class SVD:
    """Hyper-parameters; the defaults were chosen on validation parts of four data sets."""

    dim: Annotated[Count, Search(16, 1024, log=True)] = 256
    user_exponent: Annotated[NotNegative, Search(0.0, 2.0)] = 0.5
    history_exponent: Annotated[NotNegative, Search(0.0, 1.0)] = 0.5
    target_exponent: Annotated[NotNegative, Search(0.0, 1.0)] = 0.3

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Embeddings]:
        """Embeddings of at most `dim` dimensions, fewer where there are fewer users or items."""
        graph, rng = prepare(self, data, seed)
        likes = graph.matrix
        votes = normalised(likes, self.user_exponent / 2, self.history_exponent)
        _, direction = strongest(votes, self.dim, rng)
        scale = popularity_factor(likes, self.history_exponent - self.target_exponent)
        vectors = Embeddings(
            shares(likes) @ direction,
            scale[:, None] * direction,
            Encoder(direction, np.zeros(direction.shape[1], np.float32)),
        )
        return FittedModel.of(graph, vectors)
