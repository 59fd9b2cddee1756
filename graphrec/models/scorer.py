"""What models give when they are fitted, by row: B users, I items."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.sequences import Sequences


class Scorer(Protocol):
    """Scores for the users of the training data."""

    def score(self, users: Rows) -> NDArray[np.float32]:
        """The score of each item for each of the B user rows: finite, [B, I].

        A user without interactions in training gets scores too, from whatever the model knows
        without them; zeros where that is nothing.
        """
        ...


@runtime_checkable
class FoldIn(Protocol):
    """Scores for any user, known or not, from a history of items."""

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """Scores [B, I] for histories of weights [B, I]."""
        ...


@runtime_checkable
class FollowsOrder(Protocol):
    """Scores for any user, known or not, from the order of a history."""

    def with_histories(self, histories: Sequences) -> Scorer:
        """The same of other histories of the U users."""
        ...


@runtime_checkable
class ItemScores(Protocol):
    """Scores from one item to another, which add up over a history."""

    def score_history(self, items: Rows, weights: NDArray[np.floating]) -> NDArray[np.floating]:
        """Scores [I] for one history of H distinct items [H], with their weights [H].

        The same as `score_histories` gives for it, without the cost of sparse arrays.
        """
        ...


@runtime_checkable
class NearestScores(ItemScores, Protocol):
    """The same where an item has scores to few others, and 0 to the rest."""

    def score_nearest(
        self, items: Rows, weights: NDArray[np.floating]
    ) -> tuple[Rows, NDArray[np.float64]] | None:
        """The items [N] that a history has scores to, ascending, and these [N]; the rest are 0.

        None where items have scores to nearly all others, so that `score_history` is as good.
        """
        ...


@runtime_checkable
class Vectors(Protocol):
    """Vectors of users and items, whose inner product is the score."""

    @property
    def user(self) -> NDArray[np.float32]:
        """[U, dim]."""
        ...

    @property
    def item(self) -> NDArray[np.float32]:
        """[I, dim]."""
        ...
