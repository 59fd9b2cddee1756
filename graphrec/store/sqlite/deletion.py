"""Deleting from the SQLite store, and what it remembers of what was deleted.

All functions work in the transaction of the connection that they are given.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

import numpy as np

from graphrec.data import EdgeType, Interactions, Rows, Vocabulary
from graphrec.store.deletions import user_hash
from graphrec.store.event_key import EventKey
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.rows import LOOKUP, Positions

REMEMBERED = ("user", "item")
"""Types of node of which it is remembered what was deleted."""


def delete_events(
    connection: sqlite3.Connection, positions: Positions, keys: Sequence[EventKey]
) -> int:
    """Delete events, and note their pairs; returns how many there were."""
    count = 0
    pairs: dict[tuple[str, str], None] = {}
    for key in keys:
        found = connection.execute(sql.DELETE_EVENTS, key._asdict()).rowcount
        count += found
        if found:
            pairs[key.user, key.item] = None
    connection.executemany(sql.TAKE_BACK, ((*pair, *positions.take()) for pair in pairs))
    return count


def delete_nodes(
    connection: sqlite3.Connection,
    positions: Positions,
    node_type: str,
    ids: Collection[str],
) -> int:
    """Delete users or items with events and links; returns how many there were."""
    count = 0
    for node_id in ids:
        found = connection.execute(sql.FIND_NODE, (node_type, node_id)).fetchone()
        if found is None:
            continue
        count += 1
        for statement in sql.DELETE_NODE:
            connection.execute(statement, found)
        kept = None if node_type == "user" else node_id
        connection.execute(sql.ADD_DELETION, (positions.take()[0], node_type, kept))
    return count


def remember(connection: sqlite3.Connection, node_type: str, ids: Collection[str]) -> None:
    """Note that users or items were deleted."""
    marks = _marks(connection, node_type, ids).values()
    connection.executemany(sql.ADD_TOMBSTONE, ((node_type, mark) for mark in marks))


def bring_back(connection: sqlite3.Connection, node_type: str, ids: Collection[str]) -> None:
    """Note that nodes may be written again."""
    found = deleted(connection, node_type, ids)
    marks = _marks(connection, node_type, found).values()
    connection.executemany(sql.DROP_TOMBSTONE, ((node_type, mark) for mark in marks))


def deleted(connection: sqlite3.Connection, node_type: str, ids: Collection[str]) -> frozenset[str]:
    """Which of some nodes were deleted, and not brought back."""
    none = connection.execute(sql.ANY_TOMBSTONE, (node_type,)).fetchone() is None
    if none or not ids:
        return frozenset()
    marks = _marks(connection, node_type, ids)
    found: set[str | bytes] = set()
    rest = iter(marks.values())
    while chunk := list(islice(rest, LOOKUP)):
        query = sql.FIND_TOMBSTONES.substitute(marks=",".join("?" * len(chunk)))
        found.update(mark for (mark,) in connection.execute(query, (node_type, *chunk)))
    return frozenset(node_id for node_id, mark in marks.items() if mark in found)


def without_deleted(connection: sqlite3.Connection, events: Interactions) -> Interactions:
    """The events of users and items that were not deleted."""
    user = _rows_of(events.users, events.user, connection, "user")
    item = _rows_of(events.items, events.item, connection, "item")
    if not len(user) and not len(item):
        return events
    return events.take(~(np.isin(events.user, user) | np.isin(events.item, item)))


def without_deleted_ends(
    connection: sqlite3.Connection,
    edge_type: EdgeType,
    links: Mapping[tuple[str, str], float],
) -> Mapping[tuple[str, str], float]:
    """The links of which neither end was deleted."""
    sources, targets = ({ends[end] for ends in links} for end in (0, 1))
    gone = deleted(connection, edge_type[0], sources), deleted(connection, edge_type[2], targets)
    if not any(gone):
        return links
    return {
        ends: weight
        for ends, weight in links.items()
        if ends[0] not in gone[0] and ends[1] not in gone[1]
    }


def _rows_of(
    vocabulary: Vocabulary, column: Rows, connection: sqlite3.Connection, node_type: str
) -> Rows:
    """The rows of a vocabulary, of those in a column, whose nodes were deleted."""
    if connection.execute(sql.ANY_TOMBSTONE, (node_type,)).fetchone() is None:
        return np.empty(0, np.int32)
    ids = [vocabulary.ids[row] for row in np.unique(column).tolist()]
    gone = deleted(connection, node_type, ids)
    return np.array([vocabulary.rows[node_id] for node_id in gone], np.int32)


def _marks(
    connection: sqlite3.Connection, node_type: str, ids: Collection[str]
) -> Mapping[str, str | bytes]:
    """What is kept of the ids of nodes that are deleted, by id; nothing of other types."""
    if node_type == "item":
        return {node_id: node_id for node_id in ids}
    if node_type != "user":
        return {}
    (key,) = connection.execute(sql.READ_HASH_KEY).fetchone()
    return {node_id: user_hash(key, node_id) for node_id in ids}
