"""Exploration: a share of places for items drawn at random.

ε-greedy (Sutton & Barto, "Reinforcement learning", 2nd edition, section 2.2): with
probability `share`, a place gets an item drawn from a pool: evenly, or by its estimated chance of
being the best one (`graphrec.ranking.thompson`). The probability of the draw is logged with the
item as its propensity, so that clicks can be weighted by the inverse (Horvitz & Thompson, 1952).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Listed = TypeVar("Listed")

Exploration: TypeAlias = Literal["epsilon", "thompson"]
"""How chance draws: each item is as likely, or the likelier the better it may be."""


@dataclass(frozen=True)
class Explored:
    """An item that chance put into a list."""

    item: str
    propensity: float
    """How likely it was to come to this place, given those before it."""


class Pool(Protocol):
    """What chance draws from; each item can be drawn once."""

    def __len__(self) -> int: ...

    def draw(self, rng: np.random.Generator) -> tuple[str, float]:
        """An item, which leaves the pool, and how likely it was to be the one."""
        ...


class EvenPool:
    """A pool whose items are all as likely."""

    def __init__(self, ids: Sequence[str], rows: NDArray[np.integer]) -> None:
        """The items of distinct `rows`."""
        self._ids, self._rows = ids, rows.copy()
        self._left = len(rows)

    def __len__(self) -> int:
        return self._left

    def draw(self, rng: np.random.Generator) -> tuple[str, float]:
        """An item, which leaves the pool, and how likely it was to be the one."""
        at, rows = int(rng.integers(self._left)), self._rows
        chance = 1 / self._left
        self._left -= 1
        row = int(rows[at])
        rows[at] = rows[self._left]
        return self._ids[row], chance


def explore(
    listed: Sequence[Listed], pool: Pool, share: float, k: int, rng: np.random.Generator
) -> list[Listed | Explored]:
    """A list of `k` with about a `share` of places given to items that are drawn from a pool.

    What was listed keeps its order, and its end makes room.
    """
    waiting = list(reversed(listed))
    found: list[Listed | Explored] = []
    while len(found) < k and (len(pool) or waiting):
        if len(pool) and rng.random() < share:
            item, chance = pool.draw(rng)
            found.append(Explored(item, share * chance))
        elif waiting:
            found.append(waiting.pop())
        else:
            break
    return found
