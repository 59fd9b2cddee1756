"""Deleting from the Neo4j store, and what it remembers of what was deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

import neo4j

from graphrec.store.deletions import user_hash
from graphrec.store.event_key import EventKey
from graphrec.store.neo4j import names, tying
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.server import rows
from graphrec.store.neo4j.writing import Writing
from graphrec.store.protocol import NewEvents

NODES = 1_000
"""Nodes that one statement deletes, with all that hangs on them."""

LOOKUP = 10_000
"""Ids in one look-up."""


def events_since(
    tx: neo4j.ManagedTransaction, after: int, limit: int, last: int, whole_users: bool
) -> NewEvents:
    """A page of what was written of events after a position; `last` is that of the store."""
    ((count, reached),) = rows(tx, cypher.EVENTS_REACHED, position=after, limit=limit)
    window = {"position": after, "reached": reached if count == limit else last}
    pairs = [(user, item) for user, item in rows(tx, cypher.TAKEN_BACK_SINCE, **window)]
    query = cypher.EVENTS_SINCE.substitute(CHOSEN="user" if whole_users else "user, item")
    return NewEvents.of_rows(rows(tx, query, **window), window["reached"], pairs)


def delete_events(writing: Writing, keys: Sequence[EventKey]) -> int:
    """Delete events, and note their pairs; returns how many there were."""
    tying.begin(writing)
    found, _ = writing.run(cypher.DELETE_EVENTS, keys=[list(key) for key in keys])
    pairs = sorted([user, item] for user, item, _ in found)
    if pairs:
        writing.run(cypher.TAKE_BACK, len(pairs), pairs=pairs)
        items: dict[str, set[str]] = {}
        for user, item in pairs:
            items.setdefault(user, set()).add(item)
        tying.renew(writing, items)
    tying.advance(writing)
    return sum(count for _, _, count in found)


def delete_nodes(writing: Writing, node_type: str, ids: Collection[str]) -> int:
    """Delete users or items with their events and links; returns how many there were."""
    query = cypher.DELETE_NODES.substitute(Node=names.quoted(names.label(node_type)))
    tying.begin(writing)
    users = tying.users_of(writing, ids) if node_type == "item" else {}
    count, rest = 0, iter(sorted(set(ids)))
    while chunk := list(islice(rest, NODES)):
        found, _ = writing.run(query, ids=chunk)
        count += len(found)
        kept = [None if node_type == "user" else node_id for (node_id,) in found]
        if kept:
            writing.run(cypher.ADD_DELETIONS, len(kept), type=node_type, ids=kept, count=len(kept))
    tying.renew(writing, users)
    return count


def remember(writing: Writing, node_type: str, ids: Collection[str]) -> None:
    """Note that users or items were deleted."""
    marks = list(_marks(writing.tx, node_type, ids).values())
    writing.run(cypher.ADD_TOMBSTONES, type=node_type, marks=marks)


def bring_back(writing: Writing, node_type: str, ids: Collection[str]) -> None:
    """Note that nodes may be written again."""
    found = deleted(writing.tx, node_type, ids)
    if found:
        marks = list(_marks(writing.tx, node_type, found).values())
        writing.run(cypher.DROP_TOMBSTONES, type=node_type, marks=marks)


def deleted(tx: neo4j.ManagedTransaction, node_type: str, ids: Collection[str]) -> frozenset[str]:
    """Which of some nodes were deleted, and not brought back."""
    if not ids or not rows(tx, cypher.ANY_TOMBSTONE, type=node_type):
        return frozenset()
    marks = _marks(tx, node_type, ids)
    found: set[str] = set()
    rest = iter(marks.values())
    while chunk := list(islice(rest, LOOKUP)):
        found.update(
            mark for (mark,) in rows(tx, cypher.FIND_TOMBSTONES, type=node_type, marks=chunk)
        )
    return frozenset(node_id for node_id, mark in marks.items() if mark in found)


def without_deleted(writing: Writing, added: Sequence[list[Any]]) -> Sequence[list[Any]]:
    """The rows of events, user and item first, of which neither was deleted."""
    users, items = (
        deleted(writing.tx, node_type, {str(row[at]) for row in added})
        for at, node_type in enumerate(("user", "item"))
    )
    if not users and not items:
        return added
    return [row for row in added if row[0] not in users and row[1] not in items]


def _marks(tx: neo4j.ManagedTransaction, node_type: str, ids: Collection[str]) -> Mapping[str, str]:
    """What is kept of the ids of nodes that are deleted, by id; nothing of other types."""
    if node_type == "item":
        return {node_id: node_id for node_id in ids}
    if node_type != "user":
        return {}
    ((key,),) = rows(tx, cypher.READ_HASH_KEY)
    return {node_id: user_hash(bytes.fromhex(key), node_id).hex() for node_id in ids}
