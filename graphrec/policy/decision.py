"""Which action is taken, and with what probability: exact, so that a log can be evaluated.

By Thompson sampling, an action is taken as often as its reward may be the largest. Rewards of
different actions are independent in the posterior, and normal, so this is ∫ φ_a Π Φ_b of the
others, which is computed; one draw picks the action by it. A share of lists draws evenly, so no
action that may be taken has probability 0.

The draw comes of a hash of the user, the policy and the time, so that all workers that have learned
the same draw the same, and somebody stays with an action for a while.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from graphrec.policy.beliefs import Beliefs
from graphrec.policy.definition import Learner

Floats = NDArray[np.float64]

POINTS, REACH = 61, 6.0
"""Of the integral, and standard deviations around each mean that it goes over."""

STEPS: Floats = np.linspace(-REACH, REACH, POINTS)
DENSITY: Floats = np.exp(-(STEPS**2) / 2)


@dataclass(frozen=True)
class Decision:
    """The action that makes a list."""

    policy: str
    action: str
    chance: float
    """How likely it was to be taken, in this context."""
    context: tuple[str, ...] = ()
    why: str = ""
    """In words, where the policy did not choose freely."""


def chances(
    beliefs: Beliefs,
    context: Collection[str],
    learner: Learner,
    exploration: float,
    width: float = 0.5,
    allowed: Collection[str] | None = None,
) -> Mapping[str, float]:
    """The probability of each action; 0 of those that are not allowed. One must be."""
    actions = beliefs.actions
    may = np.array([allowed is None or each in allowed for each in actions])
    mean, deviation = beliefs.reward(context)
    best = np.zeros(len(actions))
    if learner == "thompson":
        best[may] = best_of(mean[may], width * deviation[may])
    else:
        upper = np.where(may, mean + width * deviation, -np.inf)
        best[int(np.argmax(upper))] = 1.0
    found = (1 - exploration) * best + exploration * may / may.sum()
    return dict(zip(actions, found.tolist(), strict=True))


def best_of(mean: Floats, deviation: Floats) -> Floats:
    """The probability [A] that each of several independent normal values is the largest."""
    if len(mean) == 1:
        return np.ones(1)
    deviation = np.maximum(deviation, 1e-12)
    points = mean[:, None] + deviation[:, None] * STEPS  # [A, P]: around each
    below = ndtr((points[:, None, :] - mean[None, :, None]) / deviation[None, :, None])
    own = np.arange(len(mean))
    below[own, own] = 1.0
    found = (DENSITY * np.prod(below, axis=1)).sum(axis=1)
    return np.asarray(found / found.sum(), np.float64)


def drawn(chance: Mapping[str, float], part: float) -> str:
    """The action at a part of all, 0 to 1, of probabilities one after the other."""
    upto, last = 0.0, ""
    for action, each in chance.items():
        if each > 0:
            upto, last = upto + each, action
            if part < upto:
                return action
    return last


def part_of_time(user: str, policy: str, now: int, stay_minutes: float) -> float:
    """The part, 0 to 1, that somebody draws at a time, in milliseconds since 1970."""
    turn = int(now // (stay_minutes * 60_000))
    salt = hashlib.blake2b(f"{policy}\n{turn}".encode(), digest_size=32).digest()
    digest = hashlib.blake2b(user.encode(), key=salt, digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64
