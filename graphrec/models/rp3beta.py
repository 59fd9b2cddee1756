"""Random walks of three steps: P3α (Cooper et al. 2014) and RP3β (Paudel et al. 2017).

From a user the walk goes to an item they like, to a user who likes it, to an item that one likes,
each in proportion to the weights of the edges, raised to α. The middle and last step make the
similarity of a history item h to a target item t, which RP3β divides by the popularity of t:

    Σ_u P(h → u)^α P(u → t)^α / (Σ_u x_ut)^β

With β = 0 it is P3α. As in Ferrari Dacrema et al. (RecSys 2019) the nearest are kept, here those of
each target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.dataset import Dataset
from graphrec.data.degrees import popularity_factor, shares
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.history import HistoryScorer, ItemWeights
from graphrec.models.hyper_parameters import Count, NotNegative, Rate, Search
from graphrec.models.knn import largest_products


@dataclass(frozen=True)
class RP3Beta:
    """Hyper-parameters; the defaults were chosen on validation parts of four data sets."""

    alpha: Annotated[Rate, Search(0.2, 2.0)] = 0.6
    beta: Annotated[NotNegative, Search(0.0, 1.0)] = 0.3
    neighbours: Annotated[Count, Search(20, 1000, log=True)] = 100

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[HistoryScorer[ItemWeights]]:
        """Similarities of all pairs of items that share a user, the nearest kept."""
        graph, _ = prepare(self, data, seed)
        likes = graph.matrix
        from_user = step(likes, self.alpha)  # P(u → t)^α [U, I]
        from_item = step(sparse.csr_array(likes.T.tocsr()), self.alpha)  # P(h → u)^α [I, U]
        rare = sparse.diags_array(popularity_factor(likes, -self.beta))

        def walked(products: sparse.csr_array, _: NDArray[np.int64]) -> NDArray[np.float32]:
            return products.data

        to_history = largest_products(
            sparse.csr_array(rare @ from_user.T.tocsr()),
            sparse.csr_array(from_item.T.tocsr()),
            self.neighbours,
            walked,
        )
        return FittedModel.of(graph, HistoryScorer(from_user, ItemWeights(to_history.T.tocsr())))


def step(weights: sparse.csr_array, alpha: float) -> sparse.csr_array:
    """The probabilities of a step from rows to columns in proportion to weights, to the `alpha`."""
    chance = shares(weights)
    return sparse.csr_array((chance.data**alpha, chance.indices, chance.indptr), chance.shape)
