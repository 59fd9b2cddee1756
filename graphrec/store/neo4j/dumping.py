"""A Neo4j store as a file of the SQLite store, as of one moment, while others write.

A server gives no consistent reading of more than one statement. So all is read page by page, which
takes as long as it takes; then, while writers wait, what was written since is read again by its
positions, with links and what is noted about the graph. Whoever was forgotten meanwhile is in no
copy: it is begun again, and in the last try writers wait for all of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from string import Template
from typing import Any, Protocol, TypeVar

import neo4j

from graphrec.data import Vector
from graphrec.errors import StoreError
from graphrec.store.neo4j import names
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.layout import Nodes
from graphrec.store.neo4j.read import attributes_of, own_catalogue
from graphrec.store.neo4j.server import Server, rows
from graphrec.store.neo4j.writing import lock
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.file import connect, store_errors, transaction

TRIES = 3
"""How often it begins again where somebody was forgotten meanwhile."""

NODES = 5_000
"""Nodes of a page."""

USERS = 500
"""Users of a page, with all their events."""

Result = TypeVar("Result")


class Read(Protocol):
    """Work in a transaction that reads."""

    def __call__(self, work: Callable[[neo4j.ManagedTransaction], Result], /) -> Result:
        """What `work` returns."""
        ...


def dump(server: Server, path: Path) -> None:
    """Write all as of one moment into a new file; raises StoreError where it cannot be so."""
    for tried in range(TRIES):
        path.unlink(missing_ok=True)
        with store_errors(path), closing(connect(path, 0)) as connection:
            copy = Copy(connection)
            with transaction(connection, "IMMEDIATE"):
                done = _copied(server, copy, alone=tried == TRIES - 1)
        if done:
            return


def _copied(server: Server, copy: Copy, alone: bool) -> bool:
    """Fill a copy; False where somebody was forgotten meanwhile."""
    if not alone:
        since = server.read(lambda tx: int(rows(tx, cypher.READ_POSITION)[0][0] or 0))
        _read_all(server.read, copy)
        return server.write(lambda tx: _read_rest(tx, copy, since, lock(tx).position))

    def work(tx: neo4j.ManagedTransaction) -> bool:
        def here(reading: Callable[[neo4j.ManagedTransaction], Result]) -> Result:
            return reading(tx)

        position = lock(tx).position
        copy.clear()
        _read_all(here, copy)
        return _read_rest(tx, copy, position, position)

    return server.write(work)


def _read_all(read: Read, copy: Copy) -> None:
    """All nodes and events, page by page."""
    for node_type, nodes in sorted(read(lambda tx: own_catalogue(tx).nodes).items()):
        query = cypher.DUMP_NODES.substitute(Node=names.quoted(nodes.label))
        for page in _pages(read, query, NODES):
            copy.add_nodes(node_type, nodes, page)
    for page in _pages(read, cypher.DUMP_EVENTS, USERS):
        copy.add_events([user, *event] for user, events in page for event in events)


def _pages(read: Read, query: str, count: int) -> Iterator[list[list[Any]]]:
    """Pages of rows, the first column of which is the id that they are ordered by."""
    after = ""
    while True:
        page = read(partial(rows, query=query, after=after, count=count))
        if page:
            yield page
        if len(page) < count:
            return
        after = page[-1][0]


def _read_rest(tx: neo4j.ManagedTransaction, copy: Copy, since: int, position: int) -> bool:
    """What changed since a position, and all that has none; for who has the store to themselves."""
    gone = rows(tx, cypher.DUMP_DELETIONS, position=since)
    if any(node_type == "user" for _, node_type, _ in gone):
        return False
    catalogue = own_catalogue(tx)
    copy.delete_items(node_id for _, _, node_id in gone)
    for node_type, nodes in sorted(catalogue.nodes.items()):
        query = cypher.DUMP_NODES_SINCE.substitute(Node=names.quoted(nodes.label))
        copy.add_nodes(node_type, nodes, _stream(tx, query, position=since))
    pairs = rows(tx, cypher.DUMP_TAKEN_BACK, position=since)
    copy.delete_pairs(pair[:2] for pair in pairs)
    for start in range(0, len(pairs), NODES):
        asked = [pair[:2] for pair in pairs[start : start + NODES]]
        copy.add_events(_stream(tx, cypher.DUMP_EVENTS_OF, pairs=asked))
    copy.add_events(_stream(tx, cypher.DUMP_EVENTS_SINCE, position=since))
    copy.add_links(
        (source, relation, target, *row)
        for (source, relation, target), link in sorted(catalogue.links.items())
        for row in _stream(
            tx,
            cypher.DUMP_LINKS.substitute(
                Source=names.quoted(catalogue.nodes[source].label),
                LINKED=names.quoted(link.type),
                Target=names.quoted(catalogue.nodes[target].label),
            ),
        )
    )
    copy.note(
        attributes=[
            (type_, name, kind) for type_, name, _, kind in rows(tx, cypher.READ_ATTRIBUTES)
        ],
        kinds=rows(tx, cypher.READ_KINDS),
        taken_back=_stream(tx, cypher.DUMP_TAKEN_BACK, position=-1),
        deletions=_stream(tx, cypher.DUMP_DELETIONS, position=-1),
        tombstones=_stream(tx, cypher.DUMP_TOMBSTONES),
        streams=rows(tx, cypher.DUMP_STREAMS),
        key=rows(tx, cypher.READ_HASH_KEY)[0][0],
        position=position,
    )
    _check(tx, copy, catalogue.nodes)
    return True


def _check(tx: neo4j.ManagedTransaction, copy: Copy, nodes: Mapping[str, Nodes]) -> None:
    """Raise StoreError where the copy has other counts of nodes and events than the server."""
    held = copy.counts()
    about = {
        node_type: cypher.COUNT_NODES.substitute(Node=names.quoted(each.label))
        for node_type, each in nodes.items()
    }
    about["events"] = "MATCH ()-[event:INTERACTED]->() RETURN count(event)"
    for name, query in about.items():
        ((expected,),) = rows(tx, query)
        if held.get(name, 0) != expected:
            raise StoreError(
                f"copy has {held.get(name, 0)} of {name}: expected {expected}, as the server "
                f"counts; other programs write its graph: let them pause, then dump again"
            )


def _stream(tx: neo4j.ManagedTransaction, query: str, **values: Any) -> Iterator[list[Any]]:
    """Rows as they come, so that they are never all in memory."""
    for record in tx.run(query, values):
        yield record.values()


class Copy:
    """A file of the SQLite store that is being filled, in a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def clear(self) -> None:
        """Begin anew."""
        for table in ("events", "taken_back", "links", "nodes"):
            self._connection.execute(_EMPTY.substitute(table=table))

    def counts(self) -> Mapping[str, int]:
        """As `GraphStore.counts`."""
        return dict(self._connection.execute(sql.COUNT).fetchall())

    def add_nodes(self, node_type: str, nodes: Nodes, found: Iterable[list[Any]]) -> None:
        """Nodes as (id, properties, position); what is known of one is replaced."""
        self._many(
            _ADD_NODE,
            (
                (node_type, node_id, _json(nodes, properties), position)
                for node_id, properties, position in found
            ),
        )

    def add_events(self, found: Iterable[list[Any]]) -> None:
        """Events as (user, item, kind, time, weight, position), and the nodes that they name."""
        for user, item, kind, time, weight, position in found:
            self._connection.execute(_TOUCH_NODE, ("user", user))
            self._connection.execute(_TOUCH_NODE, ("item", item))
            self._connection.execute(sql.ADD_KIND, (kind,))
            self._connection.execute(_ADD_EVENT, (time, weight, position, user, item, kind))

    def add_links(self, found: Iterable[tuple[Any, ...]]) -> None:
        """Links as (source type, relation, target type, source, target, weight), in all."""
        self._connection.execute("DELETE FROM links")
        self._many(_ADD_LINK, found)

    def delete_items(self, items: Iterable[str]) -> None:
        """Items that went, with their events."""
        for item in items:
            found = self._connection.execute(sql.FIND_NODE, ("item", item)).fetchone()
            for statement in sql.DELETE_NODE if found else ():
                self._connection.execute(statement, found)

    def delete_pairs(self, pairs: Iterable[list[str]]) -> None:
        """All events of pairs of user and item."""
        self._many(_DELETE_PAIR, pairs)

    def note(
        self,
        *,
        attributes: Iterable[tuple[str, str, str]],
        kinds: Iterable[list[str]],
        taken_back: Iterable[list[Any]],
        deletions: Iterable[list[Any]],
        tombstones: Iterable[list[Any]],
        streams: Iterable[list[Any]],
        key: str | None,
        position: int,
    ) -> None:
        """What is known beside nodes, events and links, in all."""
        tables = ("attributes", "taken_back", "deletions", "tombstones", "streams")
        for table in tables:
            self._connection.execute(_EMPTY.substitute(table=table))
        self._many(sql.ADD_ATTRIBUTE, attributes)
        self._many(sql.ADD_KIND, kinds)
        self._many(_TAKE_BACK, taken_back)
        self._many(sql.ADD_DELETION, deletions)
        self._many(
            sql.ADD_TOMBSTONE,
            (
                (node_type, bytes.fromhex(mark) if node_type == "user" else mark)
                for node_type, mark in tombstones
            ),
        )
        self._many("INSERT INTO streams (stream, partition, position) VALUES (?, ?, ?)", streams)
        if key is not None:
            self._connection.execute("UPDATE hash_key SET key = ?", (bytes.fromhex(key),))
        self._connection.execute(sql.SET_POSITION, (position,))

    def _many(self, statement: str, found: Iterable[Any]) -> None:
        self._connection.executemany(statement, found)


_EMPTY = Template("DELETE FROM $table")
_ADD_NODE = """
INSERT INTO nodes (type, id, attributes, position) VALUES (?, ?, ?, ?)
ON CONFLICT (type, id) DO UPDATE SET attributes = excluded.attributes, position = excluded.position
"""
_TOUCH_NODE = "INSERT OR IGNORE INTO nodes (type, id) VALUES (?, ?)"
_ADD_EVENT = """
INSERT OR REPLACE INTO events (time, weight, position, user, item, kind)
SELECT ?, ?, ?, users.row, items.row, kinds.row
FROM nodes AS users, nodes AS items, kinds
WHERE users.type = 'user' AND users.id = ? AND items.type = 'item' AND items.id = ?
  AND kinds.name = ?
"""
_ADD_LINK = """
INSERT OR REPLACE INTO links (source, relation, target, weight)
SELECT sources.row, ?2, targets.row, ?6
FROM nodes AS sources, nodes AS targets
WHERE sources.type = ?1 AND sources.id = ?4 AND targets.type = ?3 AND targets.id = ?5
"""
_DELETE_PAIR = """
DELETE FROM events
WHERE user = (SELECT row FROM nodes WHERE type = 'user' AND id = ?)
  AND item = (SELECT row FROM nodes WHERE type = 'item' AND id = ?)
"""
_TAKE_BACK = """
INSERT OR REPLACE INTO taken_back (user, item, position)
SELECT users.row, items.row, ?3
FROM nodes AS users, nodes AS items
WHERE users.type = 'user' AND users.id = ?1 AND items.type = 'item' AND items.id = ?2
"""


def _json(nodes: Nodes, properties: Mapping[str, Any]) -> str:
    """The attributes of a node as the SQLite store has them."""
    found = attributes_of(nodes, properties)
    values = {name: value for name, value in found.items() if value is not None}
    return json.dumps(values, ensure_ascii=False, allow_nan=False, default=Vector.to_text)
