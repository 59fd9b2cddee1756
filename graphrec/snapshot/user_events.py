"""The events of one user as of now, kind by kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.data.in_force import happened, meanings_of
from graphrec.data.kind_events import KindEvents, no_events, time_matrix, with_rows
from graphrec.snapshot.view import View, log_of


class Acts(NamedTuple):
    """What one user did of one kind: N events."""

    items: Rows
    """[N]: item rows of the view."""
    times: NDArray[np.int64]
    """[N]: in milliseconds since 1970; 0: unknown."""
    counted: NDArray[np.bool_]
    """[N]: false for what no longer counts, such as a purchase that was returned."""


UserEvents: TypeAlias = Mapping[str, Acts]
"""By kind."""

NO_ACTS = Acts(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, bool))


def user_events(view: View, user: str) -> UserEvents:
    """The events of a user by kind: those of the snapshot, and what was written since.

    Of a pair of the user and an item that was written to, all events are known anew.
    """
    written = view.delta.users.get(user)
    events = () if written is None else written.events
    rows = view.items.ids.rows
    void = set(view.items.void.tolist())
    if written is not None:
        renewed = (*(event.item for event in events), *written.taken_back)
        void |= {rows[item] for item in renewed if item in rows}
    found: dict[str, list[Acts]] = {}
    row = view.row(user)
    if row is not None:
        for kind, each in view.snapshot.events.items():
            found[kind] = [_left(each, row, void)]
    if events:
        log = log_of(events)
        counts = happened(log, meanings_of(log.kinds, view.kinds), log.weight)
        items = np.array([rows.get(item, -1) for item in log.items.ids], np.int32)[log.item]
        for code, kind in enumerate(log.kinds):
            mine = (log.kind == code) & (items >= 0)
            found.setdefault(kind, []).append(Acts(items[mine], log.time[mine], counts[mine]))
    return {kind: _joined(parts) for kind, parts in found.items()}


def events_after(
    before: Mapping[str, KindEvents], view: View, users: Mapping[str, int], shape: tuple[int, int]
) -> dict[str, KindEvents]:
    """The events of a snapshot that was extended to `shape`, with those of some users as of now.

    `users` are those to whom anything was written, with their rows.
    """
    after = [user_events(view, user) for user in users]
    rows = np.array(list(users.values()), np.int64)
    kinds = dict.fromkeys([*before, *(kind for each in after for kind in each)])
    found = {}
    for kind in kinds:
        own = [each.get(kind, NO_ACTS) for each in after]
        held = before.get(kind)
        made = _with_rows(no_events(*shape) if held is None else held, rows, own)
        if made.counted.nnz or made.others.nnz:
            found[kind] = made
    return found


def _with_rows(held: KindEvents, rows: NDArray[np.int64], own: Collection[Acts]) -> KindEvents:
    if not len(rows):
        return held
    place = np.repeat(np.arange(len(own)), [len(acts.items) for acts in own])
    items, times, counted = (
        np.concatenate([getattr(acts, name) for acts in own]) for name in Acts._fields
    )
    shape = (len(own), held.counted.shape[1])
    return with_rows(
        held,
        rows,
        KindEvents(
            *(
                time_matrix(place[part], items[part], times[part], shape)
                for part in (counted, ~counted)
            )
        ),
    )


def _left(held: KindEvents, row: int, void: Collection[int]) -> Acts:
    """The events of a user row of a snapshot, but for those on some items."""
    parts = []
    for matrix, counted in ((held.counted, True), (held.others, False)):
        start, end = matrix.indptr[row : row + 2]
        items, times = matrix.indices[start:end], matrix.data[start:end]
        parts.append(Acts(items, times, np.full(len(items), counted)))
    found = _joined(parts)
    if not void or not len(found.items):
        return found
    kept = ~np.isin(found.items, np.fromiter(void, np.int64))
    return Acts(found.items[kept], found.times[kept], found.counted[kept])


def _joined(parts: Iterable[Acts]) -> Acts:
    items, times, counted = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Acts(items.astype(np.int32), times, counted)
