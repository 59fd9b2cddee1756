"""Models that score by a history: item-item scores, and the histories of the users in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows


@runtime_checkable
class ItemScores(Protocol):
    """Scores of all items for any history: what may serve as the neighbourhood."""

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """Scores [B, I] for histories of weights [B, I]; zeros for an empty one."""
        ...

    def score_history(self, items: Rows, weights: NDArray[np.floating]) -> NDArray[np.floating]:
        """The scores [I] for one history of distinct `items` [H], with their weights [H]."""
        ...


@dataclass(frozen=True)
class HistoryScorer:
    """A fitted model whose scores are those of each user's history in training."""

    history: sparse.csr_array  # [U, I] weights
    items: ItemScores

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I]; zeros for a user with no history."""
        return self.items.score_histories(self.history[users])

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """Scores [B, I] for histories of weights [B, I]."""
        return self.items.score_histories(histories)


@runtime_checkable
class FollowsHistories(ItemScores, Protocol):
    """Item-item scores that follow from histories, and can be computed again when these change."""

    def updated(self, before: sparse.csr_array, after: sparse.csr_array) -> ItemScores:
        """The scores with other histories [U, I]; the first columns are those of before."""
        ...

    def without_users(self, before: ItemScores, kept: NDArray[np.integer]) -> ItemScores:
        """The scores after users were taken out; `before` is of all, of whom `kept` are left."""
        ...
