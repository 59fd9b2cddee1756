"""Strategies: weights of what a service knows, as an action of a policy sets them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphrec.testing.simulation.world import Life, Visit, Whole

STRATEGIES: Mapping[str, tuple[float, float, float, float]] = {
    "fusion": (1.0, 1.0, 0.0, 0.0),
    "popular": (1.0, 0.0, 0.0, 0.0),
    "personal": (0.2, 1.5, 0.0, 0.0),
    "new": (0.7, 0.7, 2.0, 0.0),
    "rested": (1.0, 1.0, 0.0, 1.0),
}
"""The weights of popularity, learned taste, newness, and rest since an item was shown; the first
one is the fusion that serves without a policy."""


WEIGHTS = np.array([*STRATEGIES.values()])
"""[S, 4]"""


def all_listed(life: Life, visit: Visit) -> Whole:
    """The lists [S, k] of all strategies."""
    scores = WEIGHTS @ life.sources(visit)
    scores[:, ~visit.available] = -np.inf
    return np.argsort(-scores, axis=1, kind="stable")[:, : life.world.k]


def listed(life: Life, visit: Visit, weights: tuple[float, ...]) -> Whole:
    """The list [k] of a strategy."""
    scores = np.array(weights) @ life.sources(visit)
    scores[~visit.available] = -np.inf
    return np.argsort(-scores, kind="stable")[: life.world.k]
