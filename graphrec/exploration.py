"""Exploration: a share of places for items that nothing speaks for yet.

ε-greedy (Sutton & Barto, "Reinforcement learning", 2nd edition, section 2.2): each place is given
to chance with probability `share`. How likely an item was to come to its place is logged with it,
so that what people make of it can be weighed by the inverse (Horvitz & Thompson, 1952).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Listed = TypeVar("Listed")


@dataclass(frozen=True)
class Explored:
    """An item that chance put into a list."""

    item: str
    propensity: float
    """How likely it was to come to this place, given those before it."""


def explore(
    listed: Sequence[Listed], pool: Sequence[str], share: float, k: int, rng: np.random.Generator
) -> list[Listed | Explored]:
    """A list of `k` with about a `share` of places given to items of `pool`, each drawn once.

    What was listed keeps its order, and its end makes room.
    """
    left, waiting = list(pool), list(reversed(listed))
    found: list[Listed | Explored] = []
    while len(found) < k and (left or waiting):
        if left and rng.random() < share:
            propensity = share / len(left)
            at = int(rng.integers(len(left)))
            left[at], left[-1] = left[-1], left[at]
            found.append(Explored(left.pop(), propensity))
        elif waiting:
            found.append(waiting.pop())
        else:
            break
    return found
