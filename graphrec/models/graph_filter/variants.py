"""Several filters in the directions of one graph, which score together.

They are all combinations of some ways to weigh a history, some responses and some ways to weigh a
target. Most of a score is the same for many of them: two steps on the graph for each way to weigh a
history, and a sum over the directions for each response.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.degrees import shares


@dataclass(frozen=True)
class FilterVariants:
    """The filters B (f NᵀN + V G Vᵀ) C, for each B, G and C.

    `graphrec.models.graph_filter.scorer.Factors` says what the letters are.
    """

    likes: sparse.csr_array  # [U, I], weights of the histories in training
    votes: sparse.csr_array  # N [U, I]
    directions: NDArray[np.float32]  # V [I, D]
    slope: float  # f
    history: tuple[NDArray[np.float32], ...]  # diagonals of B [I]
    gains: tuple[NDArray[np.float32], ...]  # diagonals of G [D]
    target: tuple[NDArray[np.float32], ...]  # diagonals of C [I]
    shared: NDArray[np.float32] | None = None
    """NᵀN [I, I], where the catalogue is small enough to hold it."""

    def score_variants(self, users: Rows) -> Iterator[NDArray[np.float32]]:
        """As in `VariantScorer`: [B, I] by B, then by G, then by C."""
        histories = shares(self.likes[users])
        for history in self.history:
            weighed = sparse.csr_array(histories * history[None, :])
            if self.shared is None:
                linear = (weighed @ self.votes.T @ self.votes).toarray()
            else:
                linear = weighed @ self.shared
            linear *= np.float32(self.slope)
            along = weighed @ self.directions
            for gains in self.gains:
                scores = linear + (along * gains) @ self.directions.T
                for target in self.target:
                    yield scores * target
