"""A shop small enough to train on in a second, with tastes that can be learnt."""

from __future__ import annotations

import random

from graphrec.data import Graph, Interactions

DAY = 86_400
"""Seconds."""

Rating = tuple[str, str, float, int]
"""User, item, stars and time in seconds since 1970."""


def ratings(users: int = 40, items: int = 30, each: int = 12, seed: int = 0) -> list[Rating]:
    """Even users rate even items high, odd users odd ones, now and then the other way round.

    Nobody rates an item twice, and no two ratings have the same time.
    """
    rng = random.Random(seed)  # noqa: S311
    rows = []
    for user in range(users):
        taste = [item for item in range(items) if item % 2 == user % 2]
        other = [item for item in range(items) if item % 2 != user % 2]
        liked = rng.sample(taste, each - 2)
        rows += [(f"u{user:02}", f"i{item:02}", float(rng.choice([4, 5]))) for item in liked]
        rows += [(f"u{user:02}", f"i{item:02}", 1.0) for item in rng.sample(other, 2)]
    rng.shuffle(rows)
    return [(user, item, stars, (20_000 + n) * DAY) for n, (user, item, stars) in enumerate(rows)]


def graph_of(rows: list[Rating]) -> Graph:
    """The likes as a graph, in canonical order."""
    users, items, stars, times = zip(*rows, strict=True)
    weights = [float(value >= 3.5) for value in stars]
    log = Interactions.of(users, items, weights, [time * 1000 for time in times])
    return Graph(log.sorted())
