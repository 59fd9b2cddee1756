"""The graph filter: item-item scores from the spectrum of the graph.

With R the weights, D_u and D_i their sums by user and by item, and σ₁ the largest singular value,

    N = D_u^-a/2 · R · D_i^-½ / σ₁        P = NᵀN = Σ λ v vᵀ,   0 ≤ λ ≤ 1

P is two steps on the graph: to the users who share an item, and to the items of these. Its strongest
directions v, of which the first is popularity, drown the rest: the more so, the denser the log. So
a direction counts by a response h(λ) instead of λ (Shen et al., CIKM 2021), and an item with one
exponent in a history, b, and with another one as a recommendation, c:

    W = D_i^(½-b) · Σ h(λ) v vᵀ · D_i^(½-c)        h(λ) = min(flat(λ), f κ²) + w

- flat(λ) is ½ - ½ (1 - 2λ)^f below λ = ½, and its mirror image above: λ itself for f = 1, and the
  flatter about ½, the larger f is (ChebyCF: Kim et al., SIGIR 2025).
- κ, the ceiling, is `saturation` times the largest singular value that chance gives a matrix of
  independent entries of the same mean square, ‖N‖_F (1/√U + 1/√I), U and I counting those with
  interactions (Marchenko & Pastur 1967; Geman 1980). What is more than chance weighs the same.
- w is the ideal low-pass filter: it adds the strongest directions as they are.

h is exact on the `dim` strongest directions. Below them λ is small, and h nearly f λ, its slope at
0. So W comes to f P and a part of rank `dim`, and there is no polynomial to be evaluated.

Which exponents suit a log is a matter of the log: those that are None are chosen on validation
among EXPONENTS where there is one (`graphrec.evaluation.variants`), and are the first else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.dataset import Dataset
from graphrec.data.degrees import normalised, popularity_factor
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.graph_filter.scorer import Exponents, Factors, FittedFilter
from graphrec.models.history import HistoryScorer
from graphrec.models.hyper_parameters import Count, NotNegative, Search
from graphrec.models.spectral import strongest

EXPONENTS = ((0.7, 0.1), (0.5, 0.15), (0.9, 0.1))
"""Of the history and of the target, b and c: what there is to choose from."""


@dataclass(frozen=True)
class Spectrum:
    """The strongest directions of a graph."""

    votes: sparse.csr_array  # N [U, I]
    strength: NDArray[np.float32]  # λ [D], the largest first
    directions: NDArray[np.float32]  # v [I, D]


@dataclass(frozen=True)
class GraphFilter:
    """Hyper-parameters; the defaults were chosen on parts of Gowalla, ml-1m and an Amazon log."""

    user_exponent: Annotated[NotNegative, Search(0.0, 2.0)] = 0.5
    """a: how much less a vote of a heavy user counts."""
    history_exponent: Annotated[NotNegative | None, Search(0.0, 1.0)] = None
    """b: how much less a popular item of the history weighs."""
    target_exponent: Annotated[NotNegative | None, Search(0.0, 1.0)] = None
    """c: how much popular items are held back as recommendations."""
    flatness: Annotated[NotNegative, Search(1.0, 8.0, log=True)] = 1.5
    """f: 1 is the linear filter."""
    saturation: Annotated[NotNegative | None, Search(0.25, 8.0, log=True)] = 1.25
    """None: no ceiling."""
    low_pass: Annotated[NotNegative, Search(0.0, 0.5)] = 0.0
    """w: what each of the strongest directions counts beside its response."""
    dim: Annotated[Count, Search(32, 768, log=True)] = 512
    """The strongest directions, on which the response is exact."""
    neighbours: Count = 512
    """Scores that are kept for each item, the largest in size, in a catalogue too large for all."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[HistoryScorer[FittedFilter]]:
        """The strongest directions, and what all of them come to for each pair of items."""
        graph, rng = prepare(self, data, seed)
        model = self._variants()[0]
        factors = model._factors(graph.matrix, self._spectrum(graph.matrix, rng))
        fitted = FittedFilter.of(factors, model._exponents())
        return FittedModel.of(graph, HistoryScorer(graph.matrix, fitted))

    def variants(
        self, data: Dataset, seed: Seed = 0
    ) -> Iterator[tuple[GraphFilter, HistoryScorer[Factors]]]:
        """The filters with the exponents that there are to choose from, fitted to the data.

        They share the spectrum, and score by it, which takes less than all pairs of items do where
        few users are asked about.
        """
        graph, rng = prepare(self, data, seed)
        spectrum = self._spectrum(graph.matrix, rng)
        for model in self._variants():
            yield model, HistoryScorer(graph.matrix, model._factors(graph.matrix, spectrum))

    def _variants(self) -> list[GraphFilter]:
        """With the exponents that are given, and of the others those of EXPONENTS."""
        found = [
            replace(
                self,
                history_exponent=b if self.history_exponent is None else self.history_exponent,
                target_exponent=c if self.target_exponent is None else self.target_exponent,
            )
            for b, c in EXPONENTS
        ]
        return list(dict.fromkeys(found))

    def _exponents(self) -> Exponents:
        assert self.history_exponent is not None  # noqa: S101 - one of `_variants`
        assert self.target_exponent is not None  # noqa: S101
        return Exponents(self.user_exponent, self.history_exponent, self.target_exponent)

    def _spectrum(self, likes: sparse.csr_array, rng: np.random.Generator) -> Spectrum:
        votes = normalised(likes, self.user_exponent / 2, 0.5)
        sigma, directions = strongest(votes, self.dim, rng)
        first = float(sigma.max(initial=0)) or 1.0
        votes = sparse.csr_array((votes.data / np.float32(first), votes.indices, votes.indptr), votes.shape)
        return Spectrum(votes, (sigma / first) ** 2, directions)

    def _factors(self, likes: sparse.csr_array, spectrum: Spectrum) -> Factors:
        exponents = self._exponents()
        gains = self._response(likes, spectrum) - self.flatness * spectrum.strength
        return Factors(
            spectrum.votes,
            spectrum.directions,
            gains.astype(np.float32),
            popularity_factor(likes, 0.5 - exponents.history),
            popularity_factor(likes, 0.5 - exponents.target),
            slope=self.flatness,
            neighbours=self.neighbours,
        )

    def _response(self, likes: sparse.csr_array, spectrum: Spectrum) -> NDArray[np.float32]:
        """h of the strongest directions [D]."""
        distance = np.abs(1 - 2 * spectrum.strength) ** self.flatness
        flat = 0.5 + 0.5 * np.sign(spectrum.strength - 0.5) * distance
        if self.saturation is None:
            return flat + self.low_pass
        users = np.count_nonzero(likes.sum(axis=1)) or 1
        liked = np.count_nonzero(likes.sum(axis=0)) or 1
        chance = np.linalg.norm(spectrum.votes.data) * (users**-0.5 + liked**-0.5)
        # What is not among the directions is left as it is: the ceiling is not below it.
        least = spectrum.strength[-1] if len(spectrum.strength) == self.dim else 0.0
        ceiling = self.flatness * max((self.saturation * chance) ** 2, float(least))
        return np.minimum(flat, ceiling) + self.low_pass
