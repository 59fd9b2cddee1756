"""Factorisation of ratings with biases and L2, with and without what was rated at all (SVD, SVD++).

    rating(u, i)  =  mean + bias of u + bias of i + p_u · q_i
    p_u           =  e_u + |N(u)|^-½ Σ y_j  over the items j that u rated

In SVD++ (Koren, KDD 2008) which items a user rated says something beside how; here it also does so
for the users who rated an item, and for biases as for vectors. Every e_u, and every y_j, is pulled
to 0 by the squares of its numbers (L2). Rows of users, rows of items and the y are solved for in
turn, each by ridge regressions (alternating least squares).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.dataset import Dataset
from graphrec.models.fitted import Seed
from graphrec.models.hyper_parameters import Count, Rate
from graphrec.ratings.biases import fit_baseline, predictor_of
from graphrec.ratings.factors import Factors
from graphrec.ratings.fitted import FittedRatings, fitted, prepare
from graphrec.ratings.least_squares import ridge, solve_rows
from graphrec.ratings.log import Ratings

START = 0.1
"""Standard deviation of the vectors at first."""


class Side(NamedTuple):
    """Users, or items: what they rated, from their side; N rows, M columns."""

    pairs: sparse.csr_array  # [N, M], 1 where there is a rating
    places: NDArray[np.intp]  # [R], the rating that each stored element is
    features: sparse.csr_array  # [N, M], |N(row)|^-½ where there is a rating


def sides_of(ratings: Ratings) -> tuple[Side, Side]:
    """Those of the users and of the items."""
    places = np.arange(len(ratings), dtype=np.float64)
    of_user = ratings.matrix_of(places)
    return _side(of_user), _side(of_user.T.tocsr())


def _side(places: sparse.csr_array) -> Side:
    shape = places.indices, places.indptr
    ones = sparse.csr_array((np.ones(places.nnz), *shape), places.shape)
    counts = np.diff(places.indptr)
    share = np.repeat(np.divide(1, np.sqrt(np.maximum(counts, 1))), counts)
    features = sparse.csr_array((share, *shape), places.shape)
    return Side(ones, places.data.astype(np.intp), features)


@dataclass
class Half:
    """The coefficients of one side while they are fitted: vectors, and a bias as the last."""

    side: Side
    rows: NDArray[np.float64]  # [N, dim + 1]
    votes: NDArray[np.float64] | None  # [M, dim + 1], the y; None without them
    centre: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))  # [dim + 1]

    @property
    def prior(self) -> NDArray[np.float64]:
        """What rows are pulled to: [N, dim + 1]."""
        centre = np.broadcast_to(self.centre, self.rows.shape)
        return centre.copy() if self.votes is None else centre + self.side.features @ self.votes


def halves_of(
    ratings: Ratings, dim: int, votes: bool, rng: np.random.Generator
) -> tuple[Half, Half]:
    """Both sides before the first sweep."""
    found = []
    for side in sides_of(ratings):
        shape = side.pairs.shape
        start = np.hstack([rng.normal(0, START, (shape[0], dim)), np.zeros((shape[0], 1))])
        found.append(Half(side, start, np.zeros((shape[1], dim + 1)) if votes else None))
    return found[0], found[1]


def solve_half(
    own: Half,
    other: Half,
    deviation: NDArray[np.float64],
    precision: NDArray[np.float64],
    noise: float,
    rng: np.random.Generator | None = None,
) -> None:
    """Solve for the rows of one half, given the other; with `rng`, draw them.

    `deviation` [R] is how far ratings are from the mean.
    """
    pairs = own.side.pairs
    value = deviation[own.side.places] - other.rows[pairs.indices, -1]
    targets = sparse.csr_array((value, pairs.indices, pairs.indptr), pairs.shape)
    design = np.hstack([other.rows[:, :-1], np.ones((len(other.rows), 1))])
    own.rows = solve_rows(pairs, targets, design, precision, own.prior, noise, rng)


def estimates(user: Half, item: Half, ratings: Ratings) -> NDArray[np.float64]:
    """What the halves make of the ratings they were fitted to, as deviations from the mean: [R]."""
    one, other = user.rows[ratings.user], item.rows[ratings.item]
    found: NDArray[np.float64] = np.einsum("rd,rd->r", one[:, :-1], other[:, :-1])
    return found + one[:, -1] + other[:, -1]


@dataclass(frozen=True)
class SVD:
    """Factorisation with biases and L2; the defaults were chosen on validation."""

    dim: Count = 10
    l2: Rate = 15.0
    bias_l2: Rate = 3.0
    sweeps: Count = 15
    """Of users, then items."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """The vectors after the last sweep."""
        ratings, rng = prepare(self, data, seed)
        return _fit("svd", self, ratings, rng, None)


@dataclass(frozen=True)
class SVDpp:
    """The same with what was rated at all: SVD++."""

    dim: Count = 20
    l2: Rate = 20.0
    bias_l2: Rate = 3.0
    votes_l2: Rate = 5.0
    """Of the y, in units of the other."""
    sweeps: Count = 15
    """Of users, then items, and of what was rated at all."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """The vectors after the last sweep."""
        ratings, rng = prepare(self, data, seed)
        return _fit("svd++", self, ratings, rng, self.votes_l2)


def _fit(
    name: str,
    model: SVD | SVDpp,
    ratings: Ratings,
    rng: np.random.Generator,
    votes_l2: float | None,
) -> FittedRatings:
    base = fit_baseline(ratings)
    deviation = ratings.value - base.mean
    halves = halves_of(ratings, model.dim, votes_l2 is not None, rng)
    precision = np.diag([model.l2] * model.dim + [model.bias_l2])
    for _ in range(model.sweeps):
        for own, other in (halves, halves[::-1]):
            solve_half(own, other, deviation, precision, 1.0)
            if own.votes is not None and votes_l2 is not None:
                right = own.side.features.T @ own.rows
                own.votes = ridge(own.side.features, right, votes_l2, own.votes)
    user, item = (half.rows for half in halves)
    factors = Factors.of(ratings, base, user[:, :-1], item[:, :-1], user[:, -1], item[:, -1])
    return fitted(ratings, predictor_of(name, ratings, base, factors))
