"""Bayesian factorisation of ratings by Gibbs sampling: the mean of many SVD++ that fit the data.

Salakhutdinov & Mnih, "Bayesian probabilistic matrix factorization using MCMC", ICML 2008, with what
was rated at all as side information of both sides (Simm et al., "Macau", MLSP 2017). The model is
that of `graphrec.ratings.factorisation`, but no L2 is to be chosen: how much vectors vary, and how
noisy ratings are, is drawn with them. A point estimate has to be held back from the noise; the mean
over draws does not, and is better at the same width.

The mean of the draws' predictions is one inner product of the vectors of all draws side by side,
which is then cut to its strongest dimensions. So what serves is as simple as SVD.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.data.dataset import Dataset
from graphrec.models.fitted import Seed
from graphrec.models.hyper_parameters import Count, Steps
from graphrec.ratings.biases import fit_baseline, predictor_of
from graphrec.ratings.factorisation import Half, estimates, halves_of, solve_half
from graphrec.ratings.factors import Factors, compressed
from graphrec.ratings.fitted import FittedRatings, fitted, prepare
from graphrec.ratings.least_squares import ridge

PRIOR_WEIGHT = 2.0
"""What the prior of the mean of vectors counts, in vectors."""

NOISE_FLOOR = 1e-3
"""Least variance of ratings around the model, as a share of all variance: constant ones have none.
"""


@dataclass(frozen=True)
class BayesianSVD:
    """Hyper-parameters; the defaults were chosen on validation."""

    dim: Count = 10
    votes: bool = True
    """Whether what was rated at all counts (SVD++), or only how (SVD)."""
    burn_in: Steps = 20
    """Draws before the first that counts."""
    draws: Count = 60
    """That count."""
    served_dim: Count = 48
    """Of the vectors that serve."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """The mean of the draws."""
        ratings, rng = prepare(self, data, seed)
        base = fit_baseline(ratings)
        deviation = ratings.value - base.mean
        floor = NOISE_FLOOR * max(float(deviation.var()), 1e-12)
        halves = halves_of(ratings, self.dim, self.votes, rng)
        penalty = [10.0, 10.0]
        noise = 1 / max(float(deviation.var()), 1e-12)
        kept: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        for sweep in range(self.burn_in + self.draws):
            for which, (own, other) in enumerate((halves, halves[::-1])):
                precision, penalty[which] = _draw_prior(own, penalty[which], rng)
                solve_half(own, other, deviation, precision, noise, rng)
            errors = ((deviation - estimates(*halves, ratings)) ** 2).sum()
            errors = max(errors, floor * len(ratings))
            noise = float(rng.gamma((len(ratings) + 1) / 2) / ((errors + floor) / 2))
            if sweep >= self.burn_in:
                kept.append((halves[0].rows, halves[1].rows))
        bias = [np.mean([draw[side][:, -1] for draw in kept], 0) for side in (0, 1)]
        user = np.hstack([draw[0][:, :-1] for draw in kept]) / len(kept)
        item = np.hstack([draw[1][:, :-1] for draw in kept])
        user, item = compressed(user, item, self.served_dim)
        factors = Factors.of(ratings, base, user, item, *bias)
        return fitted(ratings, predictor_of("bayesian-svd", ratings, base, factors))


def _draw_prior(
    half: Half, penalty: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], float]:
    """Draw what rows are pulled to, and how much: the precision [k, k], and that of the votes.

    The centre and the votes of the half are drawn with it.
    """
    features = half.side.features
    pull = 0.0 if half.votes is None else features @ half.votes
    half.centre, precision = _normal_wishart(half.rows - pull, rng)
    if half.votes is None:
        return precision, penalty
    count, width = half.votes.shape
    spread = np.linalg.cholesky(np.linalg.inv(precision)).T
    noise = rng.normal(size=half.rows.shape) @ spread
    right = features.T @ (half.rows - half.centre + noise)
    right += np.sqrt(penalty) * (rng.normal(size=half.votes.shape) @ spread)
    half.votes = ridge(features, right, penalty, half.votes)
    squares = float(np.einsum("fk,kl,fl->", half.votes, precision, half.votes, optimize=True))
    return precision, float(rng.gamma((count * width + 1) / 2) / ((squares + 1) / 2))


def _normal_wishart(
    rows: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean [k] and the precision [k, k] of a normal distribution, given N draws of it [N, k].

    The conjugate prior is that of the paper: centre 0, scale the identity, k degrees of freedom.
    """
    count, width = rows.shape
    mean = rows.mean(0)
    centred = rows - mean
    scatter = np.eye(width) + centred.T @ centred
    scatter += PRIOR_WEIGHT * count / (PRIOR_WEIGHT + count) * np.outer(mean, mean)
    root = np.linalg.cholesky(np.linalg.inv(scatter))
    lower = np.tril(rng.normal(size=(width, width)), -1)
    lower += np.diag(np.sqrt(rng.chisquare(width + count - np.arange(width))))
    factor = root @ lower  # Bartlett's decomposition of a Wishart draw
    precision = factor @ factor.T
    spread = np.linalg.cholesky(np.linalg.inv((PRIOR_WEIGHT + count) * precision))
    centre = count * mean / (PRIOR_WEIGHT + count) + spread @ rng.normal(size=width)
    return centre, precision
