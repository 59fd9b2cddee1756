"""A whole log at once: sorted on the disk, made into tables there, and copied into the store.

What an event costs does not depend on how many there are, as it does where each batch touches all
pages of the table and its indexes. Memory holds a part of the rows at a time.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Interactions, last_of_equal
from graphrec.progress import Progress
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.btree import PageFile, Tree, cells_of, integer_type
from graphrec.store.sqlite.known import KnownRows
from graphrec.store.sqlite.rows import Positions, kind_rows
from graphrec.store.sqlite.runs import SortedRuns, Table
from graphrec.store.sqlite.write import check_finite

ROWS: Final = np.dtype(
    [
        ("user", "i4"),
        ("item", "i4"),
        ("time", "i8"),
        ("position", "i8"),  # NEW where it was not in the store
        ("weight", "f4"),
        ("kind", "i4"),
    ]
)

NEW: Final = -1

KEY: Final = ("user", "item", "kind", "time")
"""What identifies an event."""

ORDERS: Final = {
    "events": (*KEY, "weight", "position"),
    "events_by_item": ("item", "user", "kind", "weight", "time"),
    "events_by_position": ("position", *KEY),
}
"""The columns of the table and its indexes as SQLite keeps them, in the order of the rows."""


def load(
    connection: sqlite3.Connection,
    positions: Positions,
    batches: Iterable[Interactions],
    progress: Progress | None = None,
) -> int:
    """Add events, and the nodes and kinds that they name; returns how many were new.

    Within a transaction of the caller's; the connection has the database `made` attached to it
    afterwards, where anything was new. Raises DataError for a weight that is not finite.
    """
    with ExitStack() as files:
        folder = Path(files.enter_context(tempfile.TemporaryDirectory(prefix="graphrec-")))

        def runs(table: str) -> SortedRuns:
            by = KEY if table == "events" else ORDERS[table]
            by = by[:1] if table == "events_by_position" else by
            file = files.enter_context(tempfile.TemporaryFile(prefix="graphrec-"))
            return SortedRuns(file, ROWS, by)

        given = runs("events")
        extent = Extent()
        held = 0
        for rows in _held(connection):
            held += len(rows)
            extent.add(rows)
            given.add(rows)
        total = held
        for rows in _encoded(connection, positions, batches):
            total += len(rows)
            extent.add(rows)
            given.add(rows)
        extent.last(positions, total)

        file = PageFile(folder / "made.db", _schema(connection))
        trees = {name: Tree(file, file.roots[name]) for name in ORDERS}
        others = {"events_by_item": runs("events_by_item")}
        if held:  # else events have positions in their order
            others["events_by_position"] = runs("events_by_position")
        done = new = changed = 0
        for rows in given.parts():
            done += len(rows)
            rows, added, altered = merged(rows, positions)
            new += added
            changed += altered
            for name, tree in trees.items():
                if name in others:
                    others[name].add(rows)
                else:
                    tree.add(extent.cells(rows, ORDERS[name]))
            _tell(progress, "sorting", done, total)
        done = 0
        for name, sorted_runs in others.items():
            for rows in sorted_runs.parts():
                trees[name].add(extent.cells(rows, ORDERS[name]))
                done += len(rows)
                _tell(progress, "indexing", done, total * len(others))
        for tree in trees.values():
            tree.finish()
        file.close()
        if changed:
            connection.execute(sql.ATTACH, (str(folder / "made.db"),))
            if held:
                connection.execute(sql.CLEAR_EVENTS)
            connection.execute(sql.COPY_EVENTS)
        return new


class Extent:
    """The least and the largest value of each column: they say how many bytes it takes."""

    def __init__(self) -> None:
        self._low = dict.fromkeys(ROWS.names or (), 0)
        self._high = dict.fromkeys(ROWS.names or (), 0)
        self._whole = True

    def add(self, rows: Table) -> None:
        """Some more rows."""
        for name in ROWS.names or ():
            if name != "weight" and len(rows):
                self._low[name] = min(self._low[name], int(rows[name].min()))
                self._high[name] = max(self._high[name], int(rows[name].max()))
        if self._whole and len(rows):
            small = np.clip(rows["weight"], -128, 127).astype(np.int8)
            self._whole = bool((small == rows["weight"]).all())

    def last(self, positions: Positions, count: int) -> None:
        """So many positions will be taken."""
        self._high["position"] = max(self._high["position"], positions.last + count)

    def cells(self, rows: Table, columns: Iterable[str]) -> NDArray[np.uint8]:
        """The records of the rows. A weight of a whole number is kept as one, as SQLite does."""
        names = list(columns)
        return cells_of([rows[name] for name in names], [self._type(name) for name in names])

    def _type(self, name: str) -> int:
        if name == "weight":
            return 1 if self._whole else 7
        return integer_type(self._low[name], self._high[name])


def merged(rows: Table, positions: Positions) -> tuple[Table, int, int]:
    """One row of each event: the last one, with its position; how many are new, and how many new
    or changed.

    `rows` are sorted by KEY. What was in the store comes first among equal ones, and keeps its
    position where its weight stays.
    """
    if not len(rows):
        return rows, 0, 0
    is_last = last_of_equal([rows[name] for name in KEY])
    last = np.flatnonzero(is_last)
    first = np.concatenate(([0], last[:-1] + 1))
    was = rows["position"][first]
    one = rows.take(last)
    stays = (was != NEW) & (rows["weight"][first] == one["weight"])
    one["position"] = was
    changed = int((~stays).sum())
    one["position"][~stays] = np.array(positions.take(changed), np.int64)
    return one, int((was == NEW).sum()), changed


def _schema(connection: sqlite3.Connection) -> list[str]:
    """The statements that make the table of events and its indexes, as the store has them."""
    return [statement for (statement,) in connection.execute(sql.READ_EVENTS_SCHEMA)]


def _held(connection: sqlite3.Connection) -> Iterator[Table]:
    """What the store has."""
    cursor = connection.execute(sql.READ_ALL)
    while found := cursor.fetchmany(100_000):
        yield np.array(found, ROWS)


def _encoded(
    connection: sqlite3.Connection, positions: Positions, batches: Iterable[Interactions]
) -> Iterator[Table]:
    """Batches in the store's rows; the nodes and kinds that are new are added to it."""
    users, items = KnownRows(connection, "user"), KnownRows(connection, "item")
    for events in batches:
        check_finite(events)
        rows: NDArray[Any] = np.empty(len(events), ROWS)
        rows["user"] = users.of(positions, events.users, events.user)
        rows["item"] = items.of(positions, events.items, events.item)
        rows["kind"] = kind_rows(connection, events.kinds, events.kind)
        rows["time"] = events.time
        rows["weight"] = events.weight
        rows["position"] = NEW
        yield rows


def _tell(progress: Progress | None, stage: str, done: int, total: int) -> None:
    if progress:
        progress(stage, done, total)
