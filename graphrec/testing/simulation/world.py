"""A world of people and items, and one course of it.

A person clicks an item of a list if they look at its place and are attracted to it: the
position-based model (Craswell et al., "An experimental comparison of click position-bias models",
WSDM 2008). The log-odds of attraction are

    level + appeal of the item + taste of the person · vector of the item
          + liking of new things of their segment, where the item is new
          - fatigue · times that the item was shown to them lately

Tastes drift from visit to visit, a click may become a purchase some visits later, and items arrive.
All that is drawn comes of the seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

HOURS, DEVICES = 24, 2

SHARE_SHOWN_LATELY = 0.8
"""Of what was shown to a person lately, what is left at their next visit."""

NEW_FOR = 400
"""Visits, of anybody, for which an item is new."""


@dataclass(frozen=True)
class World:
    """What a world is like; visits are those of anybody, one after the other."""

    people: int = 200
    items: int = 60
    tastes: int = 6
    """Numbers that a taste consists of."""
    segments: int = 3
    """Of people: each likes new things more, or less."""
    k: int = 8
    """Length of lists."""
    level: float = -1.0
    """Log-odds of attraction to an item that is like any other."""
    drift: float = 0.0
    """Standard deviation of the change of a taste between two visits."""
    shift_at: int | None = None
    """A visit from which on segments like what others liked before; None: never."""
    fatigue: float = 0.0
    """What each time that an item was shown lately takes off the log-odds."""
    position: float = 1.0
    """A place is looked at with probability rank ** -position."""
    buys: float = 0.2
    """Probability that a click becomes a purchase."""
    worth: float = 2.0
    """Reward of a purchase; that of a click is 1."""
    delay: float = 0.0
    """Mean number of visits until a purchase is known."""
    arrivals: float = 0.0
    """Items that arrive with each visit, beside those that are there from the beginning."""
    visits: int = 4000
    """For which arrivals are prepared."""

    @property
    def looked_at(self) -> Floats:
        """The probability that each place [k] is looked at."""
        return np.arange(1, self.k + 1, dtype=np.float64) ** -self.position


@dataclass(frozen=True, eq=False)
class Visit:
    """Somebody who is to be shown a list."""

    number: int
    """From 0: the time."""
    person: int
    segment: int
    history: int
    """Clicks of the person so far."""
    hour: int
    device: int
    available: NDArray[np.bool_]
    """[I]: the items that are there."""

    @cached_property
    def context(self) -> tuple[str, ...]:
        """What a policy may go by, as the service names it."""
        bounds = ("0", "1-4", "5-19", "20+")
        history = bounds[int(np.searchsorted([1, 5, 20], self.history, "right"))]
        return (
            f"history={history}",
            f"segment={self.segment}",
            f"hour={self.hour // 6 * 6:02}-{self.hour // 6 * 6 + 6:02}",
            f"device={('desktop', 'mobile')[self.device]}",
        )


@dataclass(frozen=True)
class Outcome:
    """What came of a list."""

    clicks: NDArray[np.bool_]
    """[k]"""
    rewards: Floats
    """[k]: all that will have come of each place."""
    known: tuple[tuple[int, float], ...]
    """The visit at which each part of the reward is known, and the part."""


@dataclass
class Life:
    """A course of a world: it changes with each visit and each response."""

    world: World
    seed: int
    visited: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Draw who and what there is."""
        world, self._rng = self.world, np.random.default_rng(self.seed)
        self._attraction: tuple[int, Floats] = (-1, np.empty(0))  # of the visit that is now
        more = round(world.arrivals * world.visits)
        count, rng = world.items + more, self._rng
        self.vectors: Floats = rng.normal(size=(count, world.tastes)) / np.sqrt(world.tastes)
        self.appeal: Floats = rng.normal(scale=0.7, size=count)
        self.arrived: Whole = np.concatenate(
            [np.full(world.items, -NEW_FOR), np.sort(rng.integers(0, world.visits, more))]
        )
        # A third of what is there from the beginning is new at first.
        self.arrived[: world.items // 3] = 0
        self.taste: Floats = rng.normal(scale=1.5, size=(world.people, world.tastes))
        self.segment: Whole = rng.integers(world.segments, size=world.people)
        self.likes_new: Floats = np.linspace(-2.5, 2.5, world.segments)
        self.lately: Floats = np.zeros((world.people, count))
        self.history: Whole = rng.integers(0, 30, size=world.people) * rng.integers(
            0, 2, size=world.people
        )
        self._noise: Floats = rng.normal(scale=1.5, size=(world.people, world.tastes))

    def visit(self) -> Visit:
        """Who comes next."""
        world, rng, number = self.world, self._rng, self.visited
        self.visited += 1
        if number == world.shift_at:
            self.likes_new = self.likes_new[::-1].copy()
        person = int(rng.integers(world.people))
        if world.drift:
            self.taste[person] += rng.normal(scale=world.drift, size=world.tastes)
        self.lately[person] *= SHARE_SHOWN_LATELY
        return Visit(
            number,
            person,
            int(self.segment[person]),
            int(self.history[person]),
            int(rng.integers(HOURS)),
            int(rng.integers(DEVICES)),
            self.arrived <= number,
        )

    def attraction(self, visit: Visit) -> Floats:
        """The probability [I] that each item is clicked if it is looked at."""
        at, kept = self._attraction
        if at == visit.number:
            return kept
        world = self.world
        odds = world.level + self.appeal + self.vectors @ self.taste[visit.person]
        odds = odds + self.likes_new[visit.segment] * self.is_new(visit)
        odds = odds - world.fatigue * self.lately[visit.person]
        found: Floats = np.where(visit.available, 1 / (1 + np.exp(-odds)), 0.0)
        self._attraction = visit.number, found
        return found

    def is_new(self, visit: Visit) -> NDArray[np.bool_]:
        """Which items [I] are new."""
        fresh: NDArray[np.bool_] = visit.available & (visit.number - self.arrived < NEW_FOR)
        return fresh

    def values(self, visit: Visit, lists: Whole) -> Floats:
        """The mean reward [L] of each of L lists [L, k], as of now."""
        per_click = 1 + self.world.buys * self.world.worth
        found: Floats = self.attraction(visit)[lists] @ self.world.looked_at * per_click
        return found

    def value(self, visit: Visit, items: Whole) -> float:
        """The mean reward of a list [k], as of now."""
        return float(self.values(visit, items[None])[0])

    def best(self, visit: Visit) -> Whole:
        """The list [k] of the largest mean reward at this visit: the optimum, as places are looked
        at independently of each other.
        """
        return np.argsort(-self.attraction(visit), kind="stable")[: self.world.k]

    def respond(self, visit: Visit, items: Whole) -> Outcome:
        """What the person does with a list; they tire of it, and their history grows."""
        world, rng = self.world, self._rng
        looked = rng.random(len(items)) < world.looked_at[: len(items)]
        clicks = looked & (rng.random(len(items)) < self.attraction(visit)[items])
        bought = clicks & (rng.random(len(items)) < world.buys)
        waits = rng.exponential(world.delay, len(items)) if world.delay else np.zeros(len(items))
        self.lately[visit.person, items] += 1
        self._attraction = -1, np.empty(0)
        self.history[visit.person] += int(clicks.sum())
        at = visit.number + 1
        known = [(at, 1.0)] * int(clicks.sum())
        known += [(at + int(wait), world.worth) for wait in waits[bought].tolist()]
        return Outcome(clicks, clicks + world.worth * bought, tuple(known))

    def learned(self, visit: Visit) -> Floats:
        """The taste that a service learned from the history: the truth only in part."""
        error = 1 / np.sqrt(1 + visit.history)
        found: Floats = (1 - error) * self.taste[visit.person] + error * self._noise[visit.person]
        return found

    def sources(self, visit: Visit) -> Floats:
        """What a service would know [4, I]: popularity, a taste learned from the history, newness,
        and how long ago an item was shown to the person. The truth only in part.
        """
        return np.stack(
            [
                self.appeal,
                self.vectors @ self.learned(visit),
                self.is_new(visit).astype(np.float64),
                -self.lately[visit.person],
            ]
        )
