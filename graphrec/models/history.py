"""Models that score a history: item-item scores, and the histories of the users in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.axes import axes
from graphrec.models.scorer import FoldIn, ItemScores


class HistoryScores(ItemScores, FoldIn, Protocol):
    """Item-item scores for one history, and for many at once."""


Scores = TypeVar("Scores", bound=HistoryScores, covariant=True)


@dataclass(frozen=True)
class HistoryScorer(Generic[Scores]):
    """A fitted model whose scores are those of each user's history in training."""

    history: sparse.csr_array  # [U, I] weights
    items: Scores
    """It holds no history, so that what serves need not hold two."""

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I]; zeros for a user with no history."""
        return self.items.score_histories(self.history[users])

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """Scores [B, I] for histories of weights [B, I]."""
        return self.items.score_histories(histories)

    def score_history(self, items: Rows, weights: NDArray[np.floating]) -> NDArray[np.floating]:
        """The scores [I] for one history of distinct `items` [H], with their weights [H]."""
        return self.items.score_history(items, weights)


@dataclass(frozen=True)
class ItemWeights:
    """Scores are sums of weights from the items of the history to the target."""

    weights: Annotated[sparse.csr_array | NDArray[np.float32], axes("item", "item")]
    """[I, I]: from history item (row) to target item (column)."""

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """Scores [B, I] for histories of weights [B, I]."""
        found = histories @ self.weights
        scores: NDArray[np.float32] = found.toarray() if sparse.issparse(found) else found
        return scores

    def score_history(self, items: Rows, weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """The scores [I] for one history of distinct `items` [H], with their weights [H]."""
        scores: NDArray[np.float32] = self.weights[items].T @ weights.astype(np.float32)
        return scores


@runtime_checkable
class FollowsHistories(ItemScores, Protocol):
    """Item-item scores that follow from histories, and can be computed again when these change."""

    def updated(self, before: sparse.csr_array, after: sparse.csr_array) -> ItemScores:
        """The scores with other histories [U, I]; the first columns are those of before."""
        ...

    def without_users(self, before: ItemScores, kept: NDArray[np.integer]) -> ItemScores:
        """The scores after users were taken out; `before` is of all, of whom `kept` are left."""
        ...
