"""The graph filter: item-item scores from the co-occurrence of items, without its strongest part.

With R the weights, D_u and D_i their sums by user and by item, the votes

    N = D_u^-a/2 · R · D_i^-b

make the linear filter NᵀN of a history, which is two steps on the graph: to the users who share its
items, and to the items of these (the linear part of GF-CF: Shen et al., CIKM 2021). In terms of the
singular values σ and directions v of N it is Σ σ² v vᵀ, and the strongest directions, of which the
first is popularity, drown the rest: the more so, the denser the log. So σ² is held to a ceiling

    F(σ) = min(σ², κ²),    κ = saturation · ‖N‖_F (1/√U + 1/√I)

κ is `saturation` times the largest singular value that chance gives a U × I matrix of independent
entries of the same mean square (Marchenko & Pastur 1967; Geman 1980), U and I counting those with
interactions. Directions beyond the ceiling are more than chance, and weigh the same; below it,
the linear filter stays as it is, so that there is no number of dimensions to be tuned. A last
factor D_i^(b-c) lets an item be recommended with another exponent, c, than it has in a history.

By `spectral_weight`, the low-pass term of GF-CF is added: D_i^-b (Σ σ^s v vᵀ) D_i^b over the
`dim` strongest directions, both at the same mean length over the users. The mean is one for all
users: so the sum stays linear, and one matrix of items by items.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.dataset import Dataset
from graphrec.data.degrees import normalised, popularity_factor, shares
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.graph_filter.scorer import Exponents, Factors, FittedFilter
from graphrec.models.history import HistoryScorer
from graphrec.models.hyper_parameters import Count, NotNegative, Search
from graphrec.models.spectral import strongest

ASKED = 512
"""Users at most, evenly spread, on whom the lengths of the two terms are compared."""


@dataclass(frozen=True)
class GraphFilter:
    """Hyper-parameters; the defaults were chosen on parts of Gowalla, ml-1m and an Amazon log."""

    user_exponent: Annotated[NotNegative, Search(0.0, 2.0)] = 0.5
    """a: how much less a vote of a heavy user counts."""
    history_exponent: Annotated[NotNegative, Search(0.0, 1.0)] = 0.5
    """b: how much less a popular item of the history weighs."""
    target_exponent: Annotated[NotNegative, Search(0.0, 1.0)] = 0.2
    """c: how much popular items are held back as recommendations."""
    saturation: Annotated[NotNegative | None, Search(0.25, 8.0, log=True)] = 1.25
    """None: no ceiling, which leaves the linear filter."""
    dim: Annotated[Count, Search(32, 768, log=True)] = 256
    """At most so many directions are held to the ceiling; it is raised where more would reach it.
    """
    spectral_weight: Annotated[NotNegative, Search(0.0, 1.0)] = 0.35
    spectral_power: Annotated[NotNegative, Search(0.0, 3.0)] = 0.5
    """s: 0 is the ideal low-pass filter."""
    neighbours: Count = 512
    """Scores that are kept for each item, the largest in size, in a catalogue too large for all."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[HistoryScorer[FittedFilter]]:
        """The votes, and the part of the strongest directions that is above the ceiling."""
        graph, rng = prepare(self, data, seed)
        likes = graph.matrix
        votes = normalised(likes, self.user_exponent / 2, self.history_exponent)
        sigma, direction = strongest(votes, self.dim, rng)
        ceiling = self._ceiling(likes, votes, sigma)
        above = sigma > ceiling
        excess = direction[:, above] * np.sqrt(sigma[above] ** 2 - ceiling**2)
        smooth = direction * sigma ** (self.spectral_power / 2)
        factors = Factors(
            votes,
            excess.astype(np.float32),
            popularity_factor(likes, self.history_exponent - self.target_exponent),
            (smooth if self.spectral_weight else smooth[:, :0]).astype(np.float32),
            popularity_factor(likes, self.history_exponent),
            neighbours=self.neighbours,
        )
        if self.spectral_weight:
            ratio = _ratio_of_lengths(factors, likes)
            factors = replace(factors, smoothing=self.spectral_weight * ratio)
        exponents = Exponents(self.user_exponent, self.history_exponent, self.target_exponent)
        return FittedModel.of(graph, HistoryScorer(likes, FittedFilter.of(factors, exponents)))

    def _ceiling(
        self, likes: sparse.csr_array, votes: sparse.csr_array, sigma: NDArray[np.float32]
    ) -> float:
        if self.saturation is None:
            return np.inf
        users = np.count_nonzero(likes.sum(axis=1)) or 1
        liked = np.count_nonzero(likes.sum(axis=0)) or 1
        chance = np.linalg.norm(votes.data) * (users**-0.5 + liked**-0.5)
        cut = len(sigma) == self.dim < min(likes.shape)  # else there are no weaker ones
        return float(max(self.saturation * chance, sigma[-1] if cut else 0.0))


def _ratio_of_lengths(factors: Factors, likes: sparse.csr_array) -> float:
    """How much longer the linear term is for a user than the low-pass one: the geometric mean.

    0 where one of them is nothing to everyone.
    """
    active = np.flatnonzero(np.diff(likes.indptr))
    histories = shares(likes[active[:: -(-len(active) // ASKED) or 1]])
    linear, smooth = (
        np.linalg.norm(term(histories), axis=1) for term in (factors.linear, factors.smooth)
    )
    both = (linear > 0) & (smooth > 0)
    return float(np.exp(np.log(linear[both] / smooth[both]).mean())) if both.any() else 0.0
