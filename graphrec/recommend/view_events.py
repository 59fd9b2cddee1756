"""All events of a view as columns: those of the snapshot that still hold, and those since."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Interactions, Vocabulary
from graphrec.snapshot.view import View

Columns: TypeAlias = tuple[NDArray[np.integer], ...]
Mask: TypeAlias = NDArray[np.bool_]


class ViewEvents(NamedTuple):
    """N events of a view."""

    kinds: tuple[str, ...]
    """What the codes of kinds mean."""
    kind: NDArray[np.int32]
    """[N]: codes."""
    user: NDArray[np.int32]
    """[N]: rows; of users who came since the snapshot, after those of the snapshot."""
    item: NDArray[np.int32]
    """[N]: rows."""
    time: NDArray[np.int64]
    """[N]: in milliseconds since 1970; 0: unknown."""

    def at(self, chosen: NDArray[np.bool_]) -> ViewEvents:
        """Those that are chosen [N]."""
        return ViewEvents(
            self.kinds,
            self.kind[chosen],
            self.user[chosen],
            self.item[chosen],
            self.time[chosen],
        )


def events_of(
    view: View,
    items: NDArray[np.integer] | None = None,
    users: NDArray[np.integer] | None = None,
) -> ViewEvents:
    """All events, or those on some item rows, or those of some user rows, as `ViewEvents` has them.

    Each event counts that is known, also what was returned or rated low.
    """
    codes: dict[str, int] = {}
    parts: list[Columns] = []
    wanted = None if items is None else _mask(len(view.items.ids), items)
    known = None if users is None else np.sort(users[users < len(view.snapshot.users)])
    for kind, held in view.snapshot.events.items():
        code = codes.setdefault(kind, len(codes))
        for matrix in (held.counted, held.others):
            part = _of_matrix(matrix, code, wanted, known)
            kept = _still_holds(view, part[1], part[2])
            parts.append(part if kept is None else tuple(column[kept] for column in part))
    asked = None if users is None else set(users.tolist())
    written = np.array([*_written(view, codes, wanted, asked)], np.int64).reshape(-1, 4).T
    parts.append(tuple(written))
    kinds, rows, on, times = (np.concatenate(column) for column in zip(*parts, strict=True))
    return ViewEvents(
        tuple(codes),
        kinds.astype(np.int32),
        rows.astype(np.int32),
        on.astype(np.int32),
        times.astype(np.int64),
    )


def _mask(count: int, rows: NDArray[np.integer]) -> Mask:
    mask = np.zeros(count, bool)
    mask[rows] = True
    return mask


def _of_matrix(
    matrix: sparse.csr_array, code: int, items: Mask | None, users: NDArray[np.integer] | None
) -> Columns:
    """Kind, user, item and time of the elements of a matrix [U, I]; of some users or items."""
    rows = np.arange(matrix.shape[0], dtype=np.int32) if users is None else users
    part = matrix if users is None else matrix[users]
    on, times = part.indices, part.data
    if items is None:
        user = np.repeat(rows, np.diff(part.indptr))
    else:
        at = np.flatnonzero(items[on])
        user = rows[np.searchsorted(part.indptr, at, "right") - 1]
        on, times = on[at], times[at]
    return np.full(len(on), code, np.int32), user, on, times


def events_since(view: View, since: int) -> Interactions:
    """The events from a time on (milliseconds), each of weight 1."""
    found = events_of(view)
    late = found.at(found.time >= since)
    new = tuple(user for user in view.delta.users if view.row(user) is None)
    rows = [*range(len(view.snapshot.users)), *_new_rows(view)]
    users, user = np.unique(late.user, return_inverse=True)
    names = dict(zip(rows, (*view.snapshot.users.ids, *new), strict=True))
    return Interactions(
        Vocabulary(tuple(names[row] for row in users.tolist())),
        view.items.ids,
        user.astype(np.int32),
        late.item,
        np.ones(len(late.user), np.float32),
        late.time,
        late.kind.astype(np.uint8),
        kinds=found.kinds,
    )


def user_row(view: View, user: str) -> int | None:
    """The row of a user in these events; None for one who has none."""
    row = view.row(user)
    if row is not None or user not in view.delta.users:
        return row
    new = next(at for at, each in enumerate(view.delta.users) if each == user)
    return len(view.snapshot.users) + new


def _new_rows(view: View) -> Iterator[int]:
    """The rows of the users of the delta that the snapshot does not have."""
    many = len(view.snapshot.users)
    for place, user in enumerate(view.delta.users):
        if view.row(user) is None:
            yield many + place


def _still_holds(
    view: View, users: NDArray[np.integer], items: NDArray[np.integer]
) -> NDArray[np.bool_] | None:
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
    pairs = users.astype(np.int64) * many + items
    lost = np.isin(items, view.items.void) | np.isin(users, gone)
    return ~(lost | np.isin(pairs, renewed))


def _written(
    view: View, codes: dict[str, int], items: Mask | None, users: set[int] | None
) -> Iterator[tuple[int, int, int, int]]:
    """The events since the snapshot: codes of kinds, rows of users and items, and times."""
    rows, many, deleted = view.items.ids.rows, len(view.snapshot.users), view.delta.deleted
    for place, (user, each) in enumerate(view.delta.users.items()):
        at = view.row(user)
        row = many + place if at is None else at
        if users is not None and row not in users:
            continue
        for event in each.events:
            column = rows.get(event.item)
            if column is None or event.item in deleted:
                continue
            if items is None or items[column]:
                yield codes.setdefault(event.kind, len(codes)), row, column, event.time
