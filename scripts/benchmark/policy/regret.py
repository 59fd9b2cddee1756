"""Regret of policies in the simulator, over seeds, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from graphrec.testing.simulation import (
    EpsilonGreedy,
    Fixed,
    Learned,
    Policy,
    Uniform,
    World,
    course,
)

LEARN_EVERY = 100
"""Visits."""

POINTS = 20
"""Of a curve."""

EPSILON = "epsilon-greedy"


@dataclass(frozen=True)
class Regret:
    """That of a policy in a world."""

    policy: str
    mean: float
    low: float
    high: float
    """`low` and `high` bound the 95 % interval of the mean over seeds (Student's t)."""
    reward: float
    """Mean reward of a list."""
    of_epsilon: float
    """The mean, as a share of that of ε-greedy."""
    of_epsilon_high: float
    """The upper bound of that share, paired by seed."""
    curve: tuple[float, ...]
    """Mean regret up to each of POINTS equal parts of the visits."""


def worlds(visits: int) -> Mapping[str, World]:
    """What a policy meets."""
    return {
        "segments": World(arrivals=0.05, visits=visits),
        "shift, delay and fatigue": World(
            arrivals=0.05,
            visits=visits,
            shift_at=visits // 2,
            delay=100,
            drift=0.02,
            fatigue=0.1,
        ),
    }


def policies(world: World) -> Mapping[str, Callable[[], Policy]]:
    """What is compared; learners know how long purchases take, and discount where tastes shift."""
    half_life = None if world.shift_at is None else world.visits / 4
    delay = world.delay
    return {
        "random": Uniform,
        "greedy fusion": Fixed,
        EPSILON: EpsilonGreedy,
        "epsilon-greedy with contexts": lambda: EpsilonGreedy(contexts=True),
        "thompson": lambda: Learned("thompson", half_life=half_life, delay=delay),
        "linucb": lambda: Learned("linucb", half_life=half_life, delay=delay),
    }


def regrets(world: World, seeds: int) -> tuple[Regret, ...]:
    """The regret of each policy; that of the optimum is 0."""
    found: dict[str, np.ndarray] = {}
    rewards: dict[str, float] = {}
    for name, make in policies(world).items():
        done = [course(world, make(), seed, world.visits, LEARN_EVERY) for seed in range(seeds)]
        found[name] = np.array([each.regret for each in done])
        rewards[name] = float(np.mean([each.value for each in done]))
    epsilon = found[EPSILON].sum(axis=1)
    return tuple(_regret(name, each, epsilon, rewards[name]) for name, each in found.items())


def _regret(name: str, regret: np.ndarray, epsilon: np.ndarray, reward: float) -> Regret:
    total = regret.sum(axis=1)
    reach = float(stats.t.ppf(0.975, len(total) - 1)) / np.sqrt(len(total))
    ratio = total.sum() / epsilon.sum()
    # Of the ratio of two means, by the delta method.
    spread = float((total - ratio * epsilon).std(ddof=1)) / float(epsilon.mean())
    upto = np.linspace(0, regret.shape[1], POINTS + 1).astype(int)[1:] - 1
    mean = float(total.mean())
    error = float(total.std(ddof=1))
    return Regret(
        name,
        mean,
        mean - reach * error,
        mean + reach * error,
        reward,
        float(ratio),
        float(ratio + reach * spread),
        tuple(np.cumsum(regret, axis=1).mean(axis=0)[upto].tolist()),
    )
