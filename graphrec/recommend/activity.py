"""What happened when: events, users and items of a view, in buckets of some days each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.data.times import DAY
from graphrec.errors import DataError, UnknownNode
from graphrec.recommend.view_events import events_of
from graphrec.snapshot.view import View

MOST = 2000
"""Buckets that an answer may have."""

ENOUGH = 120
"""Buckets up to which a finer one is chosen, where none is asked for."""

LENGTHS = (1, 7, 28, 364)
"""Days of a bucket, where none is asked for."""


@dataclass(frozen=True)
class Activity:
    """Counts of N buckets of time."""

    days: int
    """Of each bucket."""
    times: tuple[int, ...]
    """[N]: when each begins, in milliseconds since 1970; one that is empty is there too."""
    events: Mapping[str, tuple[int, ...]]
    """[N] by kind, the most frequent first."""
    users: tuple[int, ...]
    """[N]: how many people did anything."""
    items: tuple[int, ...]
    """[N]: with how many items."""
    totals: Mapping[str, int]
    """Events by kind, whenever they were."""
    undated: int
    """Events whose time is not known: they are in no bucket."""
    active_users: int
    """People with an event at any time."""
    active_items: int
    """Items with an event at any time: others are cold."""
    all_items: int
    """Items that there are."""


def activity(view: View, item: str | None = None, days: int | None = None) -> Activity:
    """What happened when, or with one item; `days` is the length of a bucket.

    Each event counts that is known, also what was returned or rated low. Raises UnknownNode, and
    DataError where there would be more than `MOST` buckets.
    """
    row = None if item is None else view.items.ids.rows.get(item)
    if item is not None and (row is None or item in view.delta.deleted):
        raise UnknownNode("item", item)
    found = events_of(view, None if row is None else np.array([row]))
    kinds = found.kinds
    dated = found.time > 0
    known = found.time[dated]
    first, last = (int(known.min()), int(known.max())) if len(known) else (0, 0)
    length = _length((last - first) // DAY + 1, days)
    start = first // DAY * DAY
    count = (last - start) // (length * DAY) + 1 if len(known) else 0
    bucket = (found.time - start) // (length * DAY)
    totals = np.bincount(found.kind, minlength=len(kinds))
    order = [kind for kind in np.argsort(-totals, kind="stable").tolist() if totals[kind]]

    def counted(chosen: NDArray[np.bool_]) -> tuple[int, ...]:
        return tuple(np.bincount(bucket[chosen], minlength=count).tolist())

    def distinct(who: NDArray[np.integer]) -> tuple[int, ...]:
        pairs = np.unique(bucket[dated] << 32 | who[dated])
        return tuple(np.bincount(pairs >> 32, minlength=count).tolist())

    return Activity(
        length,
        tuple(range(start, start + count * length * DAY, length * DAY)),
        {kinds[kind]: counted(dated & (found.kind == kind)) for kind in order},
        distinct(found.user),
        distinct(found.item),
        {kinds[kind]: int(totals[kind]) for kind in order},
        int((~dated).sum()),
        len(np.unique(found.user)),
        len(np.unique(found.item)),
        len(view.items.ids) - len(view.items.deleted),
    )


def _length(span: int, asked: int | None) -> int:
    if asked is None:
        fitting = (days for days in LENGTHS if span <= days * ENOUGH)
        return next(fitting, -(-span // ENOUGH))
    least = -(-span // MOST)
    if asked < least:
        raise DataError(
            f"days is {asked}: expected at least {least}, so that {span} days make no more than "
            f"{MOST} buckets"
        )
    return asked
