"""What is believed of the reward of each action, given a context: a Bayesian linear model each.

The reward of a list with action a in context x is θ_a · x and noise; x is 1 and an indicator of
each feature of the context. With a normal prior of θ_a and weights w of lists, which become less
with age, the posterior is normal, with precision A = I + Σ w x xᵀ and mean A⁻¹ Σ w r x (Li et al.,
"A contextual-bandit approach to personalized news article recommendation", WWW 2010; Agrawal &
Goyal, "Thompson sampling for contextual bandits with linear payoffs", ICML 2013).

Where a part of the reward comes late, the reward of a young list is too small. So a list counts as
the share of a list that its reward is known of: the factor of x xᵀ, but not of r x, which is the
sum of rewards that did come. The mean stays right (Vernade et al., "Stochastic bandit models for
delayed conversions", UAI 2017).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LEAST_KNOWN = 0.05
"""Share of a reward known, below which a list does not count at all."""

PRIOR = 10.0
"""Lists that the prior of each feature counts for."""


@dataclass(frozen=True)
class Trials:
    """N lists, with what came of them."""

    actions: tuple[str, ...]
    features: tuple[str, ...]
    """Such as `hour=06-12`."""
    action: Whole
    """[N]"""
    context: NDArray[np.bool_]
    """[N, F]"""
    reward: Floats
    """[N]: as far as it is known."""
    weight: Floats
    """[N]: by age, 1 for a list of now."""
    known: Floats
    """[N]: the share of its reward that is known."""

    def __len__(self) -> int:
        return len(self.action)

    @property
    def design(self) -> Floats:
        """[N, 1 + F]: 1, and the context."""
        return np.column_stack([np.ones(len(self)), self.context]).astype(np.float64)


@dataclass(frozen=True)
class Beliefs:
    """The posterior of A actions over 1 + F coefficients."""

    actions: tuple[str, ...]
    features: tuple[str, ...]
    mean: Floats
    """[A, 1 + F]"""
    covariance: Floats
    """[A, 1 + F, 1 + F]"""
    lists: Floats
    """[A]: how many lists each had, by their weights."""

    def x(self, context: Collection[str]) -> Floats:
        """A context [1 + F]; features that nothing was learned of add nothing."""
        return np.array([1.0, *(float(each in context) for each in self.features)])

    def reward(self, context: Collection[str]) -> tuple[Floats, Floats]:
        """The mean reward [A] that is expected of each action, and its standard deviation [A]."""
        x = self.x(context)
        variance = np.einsum("i,aij,j->a", x, self.covariance, x)
        return self.mean @ x, np.sqrt(np.maximum(variance, 0))


def nothing_known(actions: Sequence[str]) -> Beliefs:
    """What is believed before the first list."""
    count = len(actions)
    return Beliefs(
        tuple(actions), (), np.zeros((count, 1)), np.ones((count, 1, 1)), np.zeros(count)
    )


def learned(trials: Trials) -> Beliefs:
    """What is believed after some lists; the order of lists does not matter."""
    if not len(trials):
        return nothing_known(trials.actions)
    counts = trials.known >= LEAST_KNOWN
    weight = np.where(counts, trials.weight, 0.0)
    x, reward = trials.design, trials.reward
    overall = float(weight @ reward) / max(float(weight @ trials.known), 1e-9)
    spread = float(weight @ (reward - overall * trials.known) ** 2) / max(float(weight.sum()), 1e-9)
    noise = max(spread, 1e-6)
    count, size = len(trials.actions), x.shape[1]
    mean, covariance = np.zeros((count, size)), np.zeros((count, size, size))
    lists = np.bincount(trials.action, weight, count).astype(np.float64)
    for action in range(count):
        mine = np.flatnonzero((trials.action == action) & (weight > 0))
        of = x[mine]
        trials_of = weight[mine] * trials.known[mine]
        precision = PRIOR * np.eye(size) + of.T @ (of * trials_of[:, None])
        # The prior is that an action brings what all bring: what is learned is the difference.
        rest = weight[mine] * (reward[mine] - overall * trials.known[mine])
        inverse = np.linalg.inv(precision)
        mean[action] = inverse @ (of.T @ rest)
        covariance[action] = noise * inverse
    mean[:, 0] += overall
    return Beliefs(trials.actions, trials.features, mean, covariance, lists)


def indicators(
    contexts: Sequence[Collection[str]],
) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    """The features of N contexts, in the order of the alphabet, and which has which [N, F]."""
    features = sorted({each for context in contexts for each in context})
    column = {feature: at for at, feature in enumerate(features)}
    found = np.zeros((len(contexts), len(features)), bool)
    rows = [row for row, context in enumerate(contexts) for _ in context]
    found[rows, [column[each] for context in contexts for each in context]] = True
    return tuple(features), found


def expected(beliefs: Beliefs, context: Collection[str]) -> Mapping[str, tuple[float, float]]:
    """By action, the reward that is expected of it in a context, and its standard deviation."""
    mean, deviation = beliefs.reward(context)
    return dict(
        zip(beliefs.actions, zip(mean.tolist(), deviation.tolist(), strict=True), strict=True)
    )
