"""What happened when: events, users and items of a view, in buckets of some days each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphrec.data.times import DAY
from graphrec.errors import DataError, UnknownNode
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


class _Events(NamedTuple):
    """N events of a view."""

    kind: NDArray[np.int32]
    """Their codes."""
    user: NDArray[np.int32]
    """Rows; of users who came since the snapshot, after those of the snapshot."""
    item: NDArray[np.int32]
    time: NDArray[np.int64]

    def at(self, chosen: NDArray[np.bool_]) -> _Events:
        return _Events(self.kind[chosen], self.user[chosen], self.item[chosen], self.time[chosen])


def activity(view: View, item: str | None = None, days: int | None = None) -> Activity:
    """What happened when, or with one item; `days` is the length of a bucket.

    Each event counts that is known, also what was returned or rated low. Raises UnknownNode, and
    DataError where there would be more than `MOST` buckets.
    """
    row = None if item is None else view.items.ids.rows.get(item)
    if item is not None and (row is None or item in view.delta.deleted):
        raise UnknownNode("item", item)
    kinds, found = _events_of(view, row)
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


def _events_of(view: View, row: int | None) -> tuple[tuple[str, ...], _Events]:
    """The kinds of events, and all events, or those on an item row."""
    codes: dict[str, int] = {}
    parts = []
    for kind, held in view.snapshot.events.items():
        code = codes.setdefault(kind, len(codes))
        for matrix in (held.counted, held.others):
            items = matrix.indices
            if row is None:
                users = np.repeat(
                    np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr)
                )
                part = _Events(_all(code, items), users, items, matrix.data)
            else:
                at = np.flatnonzero(items == row)
                users = (np.searchsorted(matrix.indptr, at, "right") - 1).astype(np.int32)
                part = _Events(_all(code, at), users, items[at], matrix.data[at])
            kept = _still_holds(view, part)
            parts.append(part if kept is None else part.at(kept))
    written = np.array([*_written(view, codes, row)], np.int64).reshape(-1, 4).T
    parts.append(_Events(*written))
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return tuple(codes), _Events(*columns)


def _all(code: int, like: NDArray[np.integer]) -> NDArray[np.int32]:
    return np.full(len(like), code, np.int32)


def _still_holds(view: View, events: _Events) -> NDArray[np.bool_] | None:
    """Which events of the snapshot are not gone, or known anew; None: all are as they were."""
    rows, known, many = view.items.ids.rows, view.snapshot.users.rows, len(view.items.ids)
    gone = [known[user] for user in view.delta.forgotten if user in known]
    renewed = [
        at * many + rows[item]
        for user, each in view.delta.users.items()
        if (at := view.row(user)) is not None
        for item in {*(event.item for event in each.events), *each.taken_back}
        if item in rows
    ]
    if not (gone or renewed or len(view.items.void)):
        return None
    pairs = events.user.astype(np.int64) * many + events.item
    lost = np.isin(events.item, view.items.void) | np.isin(events.user, gone)
    return ~(lost | np.isin(pairs, renewed))


def _written(
    view: View, codes: dict[str, int], row: int | None
) -> Iterator[tuple[int, int, int, int]]:
    """The events since the snapshot: codes of kinds, rows of users and items, and times."""
    rows, many, deleted = view.items.ids.rows, len(view.snapshot.users), view.delta.deleted
    for place, (user, each) in enumerate(view.delta.users.items()):
        at = view.row(user)
        for event in each.events:
            item = rows.get(event.item)
            if item is not None and event.item not in deleted and row in (None, item):
                code = codes.setdefault(event.kind, len(codes))
                yield code, many + place if at is None else at, item, event.time
