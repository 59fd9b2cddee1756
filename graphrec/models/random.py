"""Random lists: the baseline where popularity cannot be known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.models.fitted import FittedModel, Seed, prepare


@dataclass(frozen=True)
class ChanceScorer:
    """Scores that have nothing to do with the users, and differ between them."""

    seed: int
    items: int

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I], for a user the same each time."""
        return np.stack(
            [
                np.random.default_rng([self.seed, int(u)]).random(self.items, np.float32)
                for u in users
            ]
        )

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """Scores [B, I] for histories [B, I], by their place among them."""
        return self.score(np.arange(histories.shape[0], dtype=np.int32))


@dataclass(frozen=True)
class Random:
    """Every order of the items is equally likely."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[ChanceScorer]:
        """Learns how many items there are."""
        graph, rng = prepare(self, data, seed)
        scorer = ChanceScorer(int(rng.integers(2**31)), len(graph.items))
        return FittedModel.of(graph, scorer)
