"""A model of item-item scores: on how many users two items agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.axes import axes
from graphrec.data.dataset import Dataset
from graphrec.models.fitted import FittedModel
from graphrec.models.history import HistoryScorer
from graphrec.models.protocol import Seed


@dataclass(frozen=True)
class Agreement:
    """Pairs of items by how many users like both."""

    users: Annotated[NDArray[np.float32], axes("item", "item")]  # [I, I]

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """Scores [B, I] for histories of weights [B, I]."""
        scores: NDArray[np.float32] = histories @ self.users
        return scores

    def score_history(self, items: Rows, weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """The scores [I] for one history of distinct `items` [H], with their weights [H]."""
        scores: NDArray[np.float32] = weights.astype(np.float32) @ self.users[items]
        return scores


@dataclass(frozen=True)
class Agreeing:
    """Items that the same users like."""

    least: int = 1
    """Users that two items must share."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[HistoryScorer[Agreement]]:
        """Count the users of each pair of items."""
        graph = data.weighted
        liked = (graph.matrix > 0).astype(np.float32)
        shared = (liked.T @ liked).toarray()
        np.fill_diagonal(shared, 0)
        agreement = Agreement(np.where(shared >= self.least, shared, 0).astype(np.float32))
        return FittedModel.of(graph, HistoryScorer(graph.matrix, agreement))
