"""Content-kNN: items whose features are similar to those of the history, without other users.

It knows nothing of other users, so it treats an item of today as one of last year: the baseline
that every cold-start model is shown beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.data.features import feature_matrix
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.hyper_parameters import Count, Search


@dataclass(frozen=True)
class ContentScorer:
    """Scores are sums of the similarities of the history to the target."""

    history: sparse.csr_array  # [U, I] weights
    similarity: NDArray[np.float32]  # [H, I] from the items with positive events to all
    liked: Rows  # [H]

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I]; zeros for a user with no history."""
        return self.score_histories(self.history[users])

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """Scores [B, I] for histories of weights [B, I]."""
        scores: NDArray[np.float32] = histories[:, self.liked] @ self.similarity
        return scores


@dataclass(frozen=True)
class ContentKNN:
    """Cosine of the features; each target keeps its nearest among the items that are liked."""

    neighbours: Annotated[Count | None, Search(20, 2000, log=True)] = 100
    """None: all of them, which compares the target with the profile of the user."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[ContentScorer]:
        """Similarities of items with positive events to all; zeros without features."""
        graph, _ = prepare(self, data, seed)
        features = feature_matrix(graph.attributes.get("item", {}), len(graph.items))
        length = np.sqrt(np.asarray(features.multiply(features).sum(axis=1)).ravel())
        unit = sparse.diags_array(1 / np.where(length > 0, length, 1)) @ features
        liked = np.unique(graph.matrix.indices).astype(np.int32)
        similarity = np.maximum((unit[liked] @ unit.T).toarray(), 0).astype(np.float32)
        similarity[np.arange(len(liked)), liked] = 0
        if self.neighbours is not None and self.neighbours < len(liked):
            least = np.partition(similarity, -self.neighbours, axis=0)[-self.neighbours]
            similarity[similarity < least] = 0
        return FittedModel.of(graph, ContentScorer(graph.matrix, similarity, liked))
