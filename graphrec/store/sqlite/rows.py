"""Rows of nodes and kinds in the file, and the positions of what is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from graphrec.data import MAX_KINDS, Rows, Vocabulary
from graphrec.errors import DataError, UnknownNode
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.file import transaction

LOOKUP = 500
"""Ids in one look-up; older SQLites take 999 parameters."""

TOGETHER = 200
"""Nodes that one statement adds."""


class Positions:
    """The positions to come; some of those that are taken may be left out."""

    def __init__(self, last: int) -> None:
        self.last = last

    def take(self, count: int = 1) -> range:
        """The next ones."""
        first = self.last + 1
        self.last += count
        return range(first, first + count)


@contextmanager
def written(connection: sqlite3.Connection) -> Iterator[Positions]:
    """One transaction, which other writers wait for, and the positions of what it writes.

    Where anything changed, the position after them becomes the store's.
    """
    with transaction(connection, "IMMEDIATE"):
        held, before = position_of(connection), connection.total_changes
        positions = Positions(held)
        yield positions
        if connection.total_changes > before:
            connection.execute(sql.SET_POSITION, (positions.take()[0],))
        else:
            positions.last = held  # what was taken was for nothing


def position_of(connection: sqlite3.Connection) -> int:
    """The last position that was given."""
    (last,) = connection.execute(sql.READ_POSITION).fetchone()
    return int(last)


def row_of(connection: sqlite3.Connection, node_type: str, node_id: str) -> int:
    """The row of a node; raises UnknownNode."""
    found = connection.execute(sql.FIND_NODE, (node_type, node_id)).fetchone()
    if found is None:
        raise UnknownNode(node_type, node_id)
    return int(found[0])


def rows_of(
    connection: sqlite3.Connection, positions: Positions, node_type: str, ids: Sequence[str]
) -> Mapping[str, int]:
    """The row of each of the distinct `ids`; those that are new are added, in their order."""
    rows: dict[str, int] = {}
    for start in range(0, len(ids), LOOKUP):
        chunk = ids[start : start + LOOKUP]
        query = sql.FIND_NODES.substitute(ids=",".join("?" * len(chunk)))
        rows.update(connection.execute(query, (node_type, *chunk)))
    new = [node_id for node_id in ids if node_id not in rows]
    return {**rows, **add_nodes(connection, positions, node_type, new)}


def add_nodes(
    connection: sqlite3.Connection, positions: Positions, node_type: str, ids: Sequence[str]
) -> Mapping[str, int]:
    """Add nodes that are not there; the row of each."""
    if not ids:
        return {}
    (last,) = connection.execute(sql.LAST_NODE).fetchone()
    rows = range(last + 1, last + 1 + len(ids))
    columns = (rows, repeat(node_type, len(ids)), ids, positions.take(len(ids)))
    values = list(chain.from_iterable(zip(*columns, strict=True)))
    for start in range(0, len(values), 4 * TOGETHER):  # a third faster than one by one
        some = values[start : start + 4 * TOGETHER]
        places = ",".join(["(?,?,?,?)"] * (len(some) // 4))
        connection.execute(sql.ADD_NODES.substitute(values=places), some)
    return dict(zip(ids, rows, strict=True))


def used_ids(vocabulary: Vocabulary, column: Rows) -> tuple[Sequence[str], NDArray[np.intp]]:
    """The ids that `column` names, and their rows in the vocabulary, ascending."""
    used = np.zeros(len(vocabulary), bool)
    used[column] = True
    at = np.flatnonzero(used)
    if len(at) == len(vocabulary):
        return vocabulary.ids, at
    return [vocabulary.ids[row] for row in at.tolist()], at


def store_rows(
    connection: sqlite3.Connection,
    positions: Positions,
    node_type: str,
    vocabulary: Vocabulary,
    column: Rows,
) -> NDArray[np.int64]:
    """`column`, in the store's rows instead of the vocabulary's; nodes that are new are added."""
    ids, used = used_ids(vocabulary, column)
    rows = rows_of(connection, positions, node_type, sorted(ids))
    table = np.zeros(len(vocabulary), np.int64)
    table[used] = [rows[node_id] for node_id in ids]
    return table[column]


def kind_rows(
    connection: sqlite3.Connection, kinds: Sequence[str], column: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """`column`, in the store's rows of kinds instead of places in `kinds`; new ones are added."""
    used = np.flatnonzero(np.bincount(column, minlength=len(kinds)))
    named = [kinds[at] for at in used.tolist()]
    connection.executemany(sql.ADD_KIND, ((kind,) for kind in named))
    rows = {name: row for row, name in connection.execute(sql.READ_KINDS)}
    if len(rows) > MAX_KINDS:
        raise DataError(
            f"events would bring the store to {len(rows)} kinds: expected at most {MAX_KINDS}; "
            f"see that the column of kinds is the right one"
        )
    table = np.zeros(len(kinds), np.int64)
    table[used] = [rows[kind] for kind in named]
    return table[column]
