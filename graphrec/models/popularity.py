"""Popularity: the baseline that every other model is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.hyper_parameters import NotNegative, Search
from graphrec.models.training.negative_sampling import positive_chances


@dataclass(frozen=True)
class PopularityScorer:
    """The same scores for everyone."""

    popularity: NDArray[np.float32]  # [I]

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I], each row the same."""
        return np.broadcast_to(self.popularity, (len(users), len(self.popularity)))

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """The same for any histories [B, I]."""
        return np.broadcast_to(self.popularity, histories.shape)


@dataclass(frozen=True)
class Popularity:
    """How often an item would be drawn by `positive_chances`: over all time, or recently."""

    half_life_share: Annotated[NotNegative | None, Search(0.005, 1.0, log=True)] = None
    """Where above 0, an event counts half as much for each such share of the log that is newer."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[PopularityScorer]:
        """The sum of each item's positive weights, in units of the mean weight."""
        graph, _ = prepare(self, data, seed)
        chance = positive_chances(graph, self.half_life_share) * graph.matrix.nnz
        counts = np.bincount(graph.matrix.indices, chance, minlength=len(graph.items))
        return FittedModel.of(graph, PopularityScorer(counts.astype(np.float32)))


@dataclass(frozen=True)
class RecentPopularity(Popularity):
    """Recent popularity: the stronger baseline on a log with times, and the same on one without.

    What the learned models get beyond it is personal, as their item biases start from it.
    """

    half_life_share: Annotated[NotNegative | None, Search(0.005, 1.0, log=True)] = 0.05
