"""A whole log at once: sorted on the disk, made into tables there, and copied into the store.

What an event costs does not depend on how many there are, as it does where each batch touches all
pages of the table and its indexes. Memory holds a part of the rows at a time.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Interactions, last_of_equal
from graphrec.errors import StoreError
from graphrec.progress import Progress
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.beside import Beside, ahead
from graphrec.store.sqlite.btree import PageFile, Tree
from graphrec.store.sqlite.deletion import without_deleted
from graphrec.store.sqlite.known import KnownRows
from graphrec.store.sqlite.layout import KEY, NEW, ORDERS, ROWS, Extent
from graphrec.store.sqlite.rows import Positions, kind_rows
from graphrec.store.sqlite.runs import SortedRuns, Table
from graphrec.store.sqlite.write import check_finite

BY_USER, BY_ITEM, BY_POSITION = ORDERS


def load(
    connection: sqlite3.Connection,
    positions: Positions,
    batches: Iterable[Interactions],
    progress: Progress | None = None,
) -> int:
    """Add events, and the nodes and kinds that they name; returns how many were new.

    Within a transaction of the caller's; the connection has the database `made` attached to it
    afterwards, where anything was new. `progress` reports "sorting" and "indexing". Raises
    DataError for a weight that is not finite, and StoreError where the disk takes no more.
    """
    with disk_errors(), ExitStack() as files:
        folder = Path(files.enter_context(tempfile.TemporaryDirectory(prefix="graphrec-")))
        beside = files.enter_context(closing(Beside()))

        def runs(by: tuple[str, ...]) -> SortedRuns:
            return files.enter_context(closing(SortedRuns(ROWS, by)))

        given = runs(KEY)
        extent = Extent()
        held, total = _gather(connection, positions, batches, given, extent, beside)

        file = files.enter_context(closing(PageFile(folder / "made.db", _schema(connection))))
        trees = {name: Tree(file, file.roots[name]) for name in ORDERS}
        sorting = {BY_ITEM: runs(ORDERS[BY_ITEM])}
        if held:  # else events have positions in their order
            sorting[BY_POSITION] = runs(ORDERS[BY_POSITION][:1])
        add: Mapping[str, Callable[[Table], None]] = {
            name: sorting[name].add if name in sorting else partial(_add, trees[name], extent, name)
            for name in ORDERS
        }
        new = changed = done = 0
        for rows in given.parts():
            done += len(rows)
            one, added, altered = merged(rows, positions)
            new, changed = new + added, changed + altered
            beside.do(partial(_each, add.values(), one))
            _tell(progress, "sorting", done, total)
        beside.wait()
        given.close()
        if not changed:
            return 0
        done = 0
        for name, rows_of_tree in sorting.items():
            for rows in rows_of_tree.parts():
                done += len(rows)
                beside.do(partial(_add, trees[name], extent, name, rows))
                _tell(progress, "indexing", done, len(sorting) * total)
        beside.wait()
        for tree in trees.values():
            tree.finish()
        file.close()
        connection.execute(sql.ATTACH, (str(folder / "made.db"),))
        if held:
            connection.execute(sql.CLEAR_EVENTS)
        connection.execute(sql.COPY_EVENTS)
        return new


@contextmanager
def disk_errors() -> Iterator[None]:
    """What goes wrong with temporary files, as a StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"events cannot be sorted: {error}; nothing of the log was stored; make room for about "
            f"150 bytes an event, or set TMPDIR to a folder that has room"
        ) from error


def _gather(
    connection: sqlite3.Connection,
    positions: Positions,
    batches: Iterable[Interactions],
    given: SortedRuns,
    extent: Extent,
    beside: Beside,
) -> tuple[int, int]:
    """Give what the store has, then the batches; how many events it had, and how many there are."""
    held = 0
    for rows in _held(connection):
        held += len(rows)
        extent.add(rows)
        given.add(rows)
    total = held
    for rows in _encoded(connection, positions, batches):
        total += len(rows)
        extent.add(rows)
        beside.do(partial(given.add, rows))
    beside.wait()
    extent.last(positions, total)
    return held, total


def _add(tree: Tree, extent: Extent, name: str, rows: Table) -> None:
    tree.add(extent.cells(rows, ORDERS[name]))


def _each(adds: Iterable[Callable[[Table], None]], rows: Table) -> None:
    for add in adds:
        add(rows)


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
    for batch in ahead(batches):
        check_finite(batch)
        events = without_deleted(connection, batch)
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
