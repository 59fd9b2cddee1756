"""How many people did something with each item in a window of time.

It is counted once a minute, of the snapshot and of what was written since: what comes within a
minute counts from the next one on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphrec.data import labels
from graphrec.data.in_force import happened, meanings_of
from graphrec.data.times import DAY
from graphrec.recommend.placements.found import Ground
from graphrec.snapshot.view import View, log_of

MINUTE = 60_000
KEPT = 64
"""Windows that are kept."""


class Window(NamedTuple):
    """Which events are meant."""

    kinds: frozenset[str]
    since: int
    until: int
    """Milliseconds since 1970; not in the window."""
    attribute: str | None = None
    """Of users, with `value`: only those who have it."""
    value: str | None = None


def people_in(ground: Ground, days: float | None, before: float = 0) -> NDArray[np.int64]:
    """How many people did it with each item [I + N] in so many last days.

    `before` is by how many days the window ends earlier than now. Windows begin and end with a
    minute.
    """
    minute = ground.now // MINUTE * MINUTE + MINUTE
    until = minute - round(before * DAY)
    since = 0 if days is None else until - round(days * DAY)
    attribute = None if ground.segment is None else ground.placement.segment
    window = Window(ground.kinds, since, until, attribute, ground.segment)
    view, kept = ground.view, ground.view.windows
    key = (window, view.delta.edition)
    if key not in kept:
        while len(kept) >= KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = _counted(view, window)
    return kept[key]


def _counted(view: View, window: Window) -> NDArray[np.int64]:
    pairs = view.snapshot.pairs_of(window.kinds)
    codes, items = pairs.within(window.since, window.until), pairs.shape[1]
    users, columns = np.divmod(codes, max(items, 1))
    kept = ~np.isin(columns, view.items.void)
    if view.delta.forgotten:
        gone = (view.snapshot.users.rows.get(user, -1) for user in view.delta.forgotten)
        kept &= ~np.isin(users, np.fromiter(gone, np.int64))
    if window.attribute is not None:
        column = view.snapshot.user_attributes.get(window.attribute)
        values = () if column is None else column.values
        among = np.array([window.value in labels(value) for value in values], bool)
        kept &= among[users] if len(among) else False
    written = _written(view, window, items)
    kept &= ~np.isin(codes, np.fromiter(written.replaced, np.int64))
    found = np.bincount(columns[kept], minlength=len(view.items.ids))
    np.add.at(found, np.fromiter(written.rows, np.int64), 1)
    return found


class _Written(NamedTuple):
    replaced: list[int]
    """Pairs of the snapshot that were written to, as user · I + item."""
    rows: list[int]
    """An item row for each pair with an event in the window."""


def _written(view: View, window: Window, items: int) -> _Written:
    """What was written since the snapshot."""
    rows, replaced, added = view.items.ids.rows, list[int](), list[int]()
    kinds = window.kinds
    for user, each in view.delta.users.items():
        at = view.row(user)
        if at is not None:
            names = {*(event.item for event in each.events), *each.taken_back}
            known = (rows[item] for item in names if item in rows)
            replaced += (at * items + row for row in known if row < items)
        inside = [e for e in each.events if window.since <= e.time < window.until]
        if not inside or not _in_segment(view, user, window):
            continue
        log = log_of(each.events)
        counts = happened(log, meanings_of(log.kinds, view.kinds), log.weight)
        weights = view.weights(each.events) if not kinds else None
        counted = {
            event.item
            for place, event in enumerate(each.events)
            if window.since <= event.time < window.until
            and (weights[place] > 0 if weights is not None else event.kind in kinds)
            and counts[place]
        }
        added += (rows[item] for item in counted if item in rows)
    return _Written(replaced, added)


def _in_segment(view: View, user: str, window: Window) -> bool:
    if window.attribute is None:
        return True
    written = view.delta.users.get(user)
    if written is not None and written.attributes is not None:
        return window.value in labels(written.attributes.get(window.attribute))
    row = view.row(user)
    return row is not None and window.value in labels(
        view.snapshot.about(row).get(window.attribute)
    )
