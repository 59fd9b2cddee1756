"""A made-up log of any size as a Parquet file, which takes memory for its ids and a part of it.

Users are active by a power law and items popular by one, and both are in groups: most of what
someone does is with items of their own group. So popularity says something, and who is alike says
more. Events are in the order of time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from graphrec.progress import Progress

ACTIVITY, POPULARITY = 0.5, 0.8
"""Exponents: the n-th most active user, or most popular item, has n^-exponent of the first."""

OWN_GROUP = 0.7
"""Share of the events that are with an item of the user's own group."""

GROUP_ITEMS = 300
"""Items of a group, about."""

CHUNK = 1_000_000
START, STEP = 1_500_000_000_000, 1000
"""Milliseconds: of the first event, and between two."""


@dataclass(frozen=True)
class Size:
    """How large a log is."""

    events: int
    users: int
    items: int

    def share(self, part: float) -> Size:
        """A log of the same shape that has a part of the events."""
        return Size(*(max(round(each * part), 1) for each in (self.events, self.users, self.items)))


def write_log(path: Path, size: Size, seed: int, progress: Progress | None = None) -> None:
    """Columns user, item and timestamp (milliseconds)."""
    rng = np.random.default_rng(seed)
    groups = max(size.items // GROUP_ITEMS, 1)
    own = rng.integers(0, groups, size.users, np.int32)
    active = _cumulative(size.users, ACTIVITY)
    each = -(-size.items // groups)  # items of a group: one in so many, by popularity
    popular = _cumulative(each, POPULARITY)
    users = _names("u", rng.permutation(size.users))
    items = _names("i", rng.permutation(size.items))
    schema = pa.schema({"user": pa.string(), "item": pa.string(), "timestamp": pa.int64()})
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, size.events, CHUNK):
            count = min(CHUNK, size.events - start)
            user = np.searchsorted(active, rng.random(count))
            group = np.where(
                rng.random(count) < OWN_GROUP, own[user], rng.integers(0, groups, count)
            )
            item = np.searchsorted(popular, rng.random(count)) * groups + group
            item %= size.items  # the last group may be smaller
            columns = [
                users.take(pa.array(user)),
                items.take(pa.array(item)),
                START + STEP * (start + np.arange(count)),
            ]
            writer.write_table(pa.table(columns, schema))
            if progress:
                progress("making a log", start + count, size.events)


def _cumulative(count: int, exponent: float) -> NDArray[np.float64]:
    share = np.cumsum(np.arange(1, count + 1, dtype=np.float64) ** -exponent)
    share /= share[-1]
    return share


def _names(prefix: str, numbers: NDArray[np.integer]) -> pa.Array:
    return pa.array((f"{prefix}{number}" for number in numbers.tolist()), pa.string())
