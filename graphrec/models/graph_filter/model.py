"""The graph filter: item-item scores from the spectrum of the graph.

With R the weights, D_u and D_i their sums by user and by item, and σ₁ the largest singular value,

    N = D_u^-a/2 · R · D_i^-½ / σ₁        P = NᵀN = Σ λ v vᵀ,   0 ≤ λ ≤ 1

P is two steps on the graph: to the users who share an item, and to the items of these. Its
strongest directions v, of which the first is popularity, drown the rest: the more so, the denser
the log. So a direction counts by a response h(λ) instead of λ (Shen et al., CIKM 2021), and an item
with one exponent in a history, b, and with another one as a recommendation, c:

    W = D_i^(½-b) · Σ h(λ) v vᵀ · D_i^(½-c)        h(λ) = min(flat(λ), f κ²) + w

- flat(λ) is ½ - ½ (1 - 2λ)^f below λ = ½, and its mirror image above: λ itself for f = 1, and the
  flatter about ½, the larger f is (ChebyCF: Kim et al., SIGIR 2025).
- κ, the ceiling, is `saturation` times the largest singular value that chance gives a matrix of
  independent entries of the same mean square, ‖N‖_F (1/√U + 1/√I), U and I counting those with
  interactions (Marchenko & Pastur 1967; Geman 1980). What is more than chance weighs the same.
- w is the ideal low-pass filter: it adds the strongest directions as they are.

h is exact on the `dim` strongest directions. Below them λ is small, and h nearly f λ, its slope at
0. So W comes to f P and a part of rank `dim`, and there is no polynomial to be evaluated.

Which exponents and which response suit a log is a matter of the log, and so b, c, the ceiling and w
may be left open (None): what there is to choose from is HISTORY_EXPONENTS, TARGET_EXPONENTS and
RESPONSES, and it is chosen on validation (`graphrec.evaluation.variants`). A fit without validation
takes the first of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.dataset import Dataset
from graphrec.data.degrees import normalised, popularity_factor
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.graph_filter.nearest import warn_of_long_histories
from graphrec.models.graph_filter.scorer import (
    DENSE_UP_TO,
    Exponents,
    Factors,
    FittedFilter,
    shared_votes,
)
from graphrec.models.graph_filter.variants import FilterVariants
from graphrec.models.history import HistoryScorer
from graphrec.models.hyper_parameters import Count, NotNegative, Search
from graphrec.models.spectral import strongest

HISTORY_EXPONENTS = (0.65, 0.5, 0.8)
"""b: what there is to choose from, the first without validation."""

TARGET_EXPONENTS = (0.2, 0.1)
"""c: the same."""

RESPONSES = ((1.6, 0.1), (0.8, 0.0))
"""Ceiling and w: the same."""

NOTHING = 1e-4
"""Singular values below it, of the largest, are rounding errors."""


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
    """b: how much less a popular item of the history weighs. None: chosen on validation."""
    target_exponent: Annotated[NotNegative | None, Search(0.0, 1.0)] = None
    """c: how much popular items are held back as recommendations. None: chosen on validation."""
    flatness: Annotated[NotNegative, Search(1.0, 8.0, log=True)] = 1.5
    """f: 1 is the linear filter."""
    saturation: Annotated[NotNegative | None, Search(0.25, 8.0, log=True)] = None
    """The ceiling; 0: no ceiling. None: chosen on validation."""
    low_pass: Annotated[NotNegative | None, Search(0.0, 0.5)] = None
    """w: what each of the strongest directions counts beside its response. None: chosen on
    validation."""
    dim: Annotated[Count, Search(32, 768, log=True)] = 512
    """The strongest directions, on which the response is exact."""
    neighbours: Count = 512
    """Scores that are kept for each item, the largest in size, in a catalogue too large for all."""

    def variants(self) -> tuple[GraphFilter, ...]:
        """The filters to choose from: with what is given, and all that there is of what is open."""
        found = (
            replace(
                self,
                history_exponent=history,
                saturation=saturation,
                low_pass=low_pass,
                target_exponent=target,
            )
            for history, (saturation, low_pass), target in product(*self.choices())
        )
        return tuple(found)

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[HistoryScorer[FittedFilter]]:
        """The strongest directions, and what all of them come to for each pair of items."""
        graph, rng = prepare(self, data, seed)
        likes = graph.matrix
        spectrum = self._spectrum(likes, rng)
        histories, responses, targets = self.choices()
        history, response, target = histories[0], responses[0], targets[0]
        factors = Factors(
            spectrum.votes,
            spectrum.directions,
            self._gains(likes, spectrum, *response),
            popularity_factor(likes, 0.5 - history),
            popularity_factor(likes, 0.5 - target),
            slope=self.flatness,
            neighbours=self.neighbours,
        )
        if not factors.small:
            warn_of_long_histories(likes)
        fitted = FittedFilter.of(factors, Exponents(self.user_exponent, history, target))
        return FittedModel.of(graph, HistoryScorer(likes, fitted))

    def fit_variants(self, data: Dataset, seed: Seed = 0) -> FilterVariants:
        """As in `VariantModel`: they share the strongest directions.

        Scores are those of a fit, but for the smallest pairs of a large catalogue, which it drops.
        """
        graph, rng = prepare(self, data, seed)
        likes = graph.matrix
        spectrum = self._spectrum(likes, rng)
        histories, responses, targets = self.choices()
        return FilterVariants(
            likes,
            spectrum.votes,
            spectrum.directions,
            self.flatness,
            tuple(popularity_factor(likes, 0.5 - history) for history in histories),
            tuple(self._gains(likes, spectrum, *response) for response in responses),
            tuple(popularity_factor(likes, 0.5 - target) for target in targets),
            shared=_shared(spectrum.votes),
        )

    def choices(self) -> tuple[Sequence[float], Sequence[tuple[float, float]], Sequence[float]]:
        """History exponents, responses and target exponents: those given, or all there are."""
        histories = HISTORY_EXPONENTS if self.history_exponent is None else (self.history_exponent,)
        targets = TARGET_EXPONENTS if self.target_exponent is None else (self.target_exponent,)
        responses = (
            (
                saturation if self.saturation is None else self.saturation,
                low_pass if self.low_pass is None else self.low_pass,
            )
            for saturation, low_pass in RESPONSES
        )
        return histories, tuple(dict.fromkeys(responses)), targets

    def _spectrum(self, likes: sparse.csr_array, rng: np.random.Generator) -> Spectrum:
        votes = normalised(likes, self.user_exponent / 2, 0.5)
        first, strength, directions = known(*strongest(votes, self.dim, rng))
        return Spectrum(votes / np.float32(first), strength, directions)

    def _gains(
        self, likes: sparse.csr_array, spectrum: Spectrum, saturation: float, low_pass: float
    ) -> NDArray[np.float32]:
        """What the strongest directions count beside f times their strength: h - f λ [D]."""
        users = np.count_nonzero(likes.sum(axis=1)) or 1
        liked = np.count_nonzero(likes.sum(axis=0)) or 1
        length = np.linalg.norm(spectrum.votes.data)
        cut = len(spectrum.strength) == self.dim < min(likes.shape)
        return self.gains(
            spectrum.strength, chance(length, users, liked), cut, saturation, low_pass
        )

    def gains(
        self,
        strength: NDArray[np.float32],
        chance: np.floating | float,
        cut: bool,
        saturation: float,
        low_pass: float,
    ) -> NDArray[np.float32]:
        """The same of the strength λ of D directions; `cut`: there are more, which are weaker.

        `chance` is the largest singular value that chance gives.
        """
        distance = np.abs(1 - 2 * strength) ** self.flatness
        response = 0.5 + 0.5 * np.sign(strength - 0.5) * distance
        if saturation:
            # What is not among the directions is left as it is: the ceiling is not below it.
            least = float(strength[-1]) if cut else 0.0
            ceiling = self.flatness * max((saturation * chance) ** 2, least)
            response = np.minimum(response, ceiling)
        gains = response + low_pass - self.flatness * strength
        return gains.astype(np.float32)


def known(
    sigma: NDArray[np.float32], directions: NDArray[np.float32]
) -> tuple[float, NDArray[np.float32], NDArray[np.float32]]:
    """σ₁, and λ [D] and the directions [I, D] of those along which there is anything.

    Of a small log they are more than its rank, and the rest are along nothing.
    """
    first = float(sigma.max(initial=0)) or 1.0
    some = sigma > first * NOTHING
    return first, (sigma[some] / first) ** 2, np.ascontiguousarray(directions[:, some])


def chance(
    length: np.floating | float, users: int | np.integer, items: int | np.integer
) -> np.floating | float:
    """The largest singular value that chance gives a matrix of a Frobenius norm, κ unscaled.

    `users` and `items` are those with interactions.
    """
    return length * (users**-0.5 + items**-0.5)


def _shared(votes: sparse.csr_array) -> NDArray[np.float32] | None:
    """NᵀN [I, I] of a small catalogue."""
    count = votes.shape[1]
    return shared_votes(votes, np.arange(count, dtype=np.int32)) if count <= DENSE_UP_TO else None
