"""A copy, a file of the SQLite store, taken into a Neo4j database page by page.

The schema notes meanwhile which copy it is: a store that holds a part of one is not opened, but for
being restored to the end. All writes are idempotent, so that it goes on where it was ended.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from graphrec.data import EdgeType
from graphrec.errors import StoreError
from graphrec.store.declared import DeclaredKind
from graphrec.store.neo4j import names
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.server import Server, rows
from graphrec.store.neo4j.write import properties_of
from graphrec.store.sqlite import copies
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.file import connect, store_errors, transaction
from graphrec.store.sqlite.read import kinds_of_attributes, values

PAGE = 10_000
"""Rows of a transaction."""


def restore(server: Server, path: Path, prepare: Callable[..., None], name: str) -> None:
    """Take all of a copy into a database that holds nothing, or a part of the same copy.

    `prepare` makes the schema, for some types of nodes. Raises StoreError where the store called
    `name` holds anything else.
    """
    with store_errors(path), closing(connect(path, 0)) as connection:
        copies.check(connection, str(path))
        with transaction(connection, "DEFERRED"):
            types = [each for (each,) in connection.execute("SELECT DISTINCT type FROM nodes")]
            declared = kinds_of_attributes(connection)
            prepare("user", "item", *types, *declared)
            _begin(server, _mark(connection), name)
            for statement, written in _pages(connection, sorted({*types, *declared})):
                server.write(partial(_run, query=statement, values=written))
            (key,) = connection.execute(sql.READ_HASH_KEY).fetchone()
            (position,) = connection.execute(sql.READ_POSITION).fetchone()
            end = {"key": key.hex(), "position": position}
            server.write(partial(_run, query=cypher.END_RESTORE, values=end))


def _mark(connection: sqlite3.Connection) -> str:
    """What a copy is known by, when it is restored again."""
    (key,) = connection.execute(sql.READ_HASH_KEY).fetchone()
    (position,) = connection.execute(sql.READ_POSITION).fetchone()
    counts = dict(connection.execute(sql.COUNT).fetchall())
    return f"{key.hex()[:16]} {position} {sorted(counts.items())}"


def _begin(server: Server, mark: str, name: str) -> None:
    ((begun, holds),) = server.write(
        lambda tx: rows(tx, cypher.BEGIN_RESTORE, copy=mark),
    )
    if begun is None and holds:
        raise copies.not_empty(name)
    if begun not in (None, mark):
        raise StoreError(
            f"store {name!r} holds a part of another copy: expected that one; restore it again, "
            f"or empty the database"
        )


def _run(tx: Any, query: str, values: Mapping[str, Any]) -> None:
    tx.run(query, values).consume()


def _pages(
    connection: sqlite3.Connection, types: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Statements and their values, in the order in which they build on each other."""
    for node_type in types:
        yield cypher.ADD_NODE_TYPE, {"name": node_type, "label": names.label(node_type)}
    for node_type, name, kind in connection.execute(sql.READ_ATTRIBUTES):
        noted = {"type": node_type, "name": name, "kind": str(DeclaredKind.of(kind))}
        yield cypher.ADD_ATTRIBUTE, {**noted, "property": names.attribute_property(name)}
    kinds = [name for _, name in connection.execute(sql.READ_KINDS)]
    yield cypher.RESTORE_KINDS, {"kinds": kinds}
    declared = kinds_of_attributes(connection)
    for node_type in types:
        query = cypher.RESTORE_NODES.substitute(Node=names.quoted(names.label(node_type)))
        found = connection.execute(READ_NODES, (node_type,))
        for page in _chunks(found):
            written = [
                [node_id, properties_of(node_id, declared.get(node_type, {}), given), position]
                for node_id, text, position in page
                for given in [values(declared.get(node_type, {}), text)]
            ]
            yield query, {"nodes": written}
    for page in _chunks(connection.execute(READ_EVENTS)):
        yield cypher.WRITE_EVENTS, _by_pair(page)
    for edge_type in sorted(connection.execute(sql.READ_LINK_TYPES)):
        yield from _links(connection, edge_type)
    for statement, query in (
        (READ_TAKEN_BACK, cypher.RESTORE_TAKEN_BACK),
        ("SELECT position, type, id FROM deletions", cypher.RESTORE_DELETIONS),
    ):
        for page in _chunks(connection.execute(statement)):
            yield query, {"rows": page}
    for node_type, mark_of in (("user", bytes.hex), ("item", str)):
        found = connection.execute("SELECT id FROM tombstones WHERE type = ?", (node_type,))
        for page in _chunks(found):
            marks = [mark_of(mark) for (mark,) in page]
            yield cypher.ADD_TOMBSTONES, {"type": node_type, "marks": marks}
    streams = connection.execute("SELECT stream, partition, position FROM streams ORDER BY stream")
    for stream, those in groupby(streams, itemgetter(0)):
        yield cypher.SET_STREAM, {"stream": stream, "moves": [list(each[1:]) for each in those]}


def _links(
    connection: sqlite3.Connection, edge_type: EdgeType
) -> Iterator[tuple[str, dict[str, Any]]]:
    source, relation, target = edge_type
    yield cypher.ADD_LINK_TYPE, {"source": source, "relation": relation, "target": target}
    query = cypher.WRITE_LINKS.substitute(
        Source=names.quoted(names.label(source)),
        LINKED=names.quoted(names.relationship(relation)),
        Target=names.quoted(names.label(target)),
    )
    for page in _chunks(connection.execute(READ_LINKS, edge_type)):
        yield query, {"links": page}


def _by_pair(page: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Events as WRITE_EVENTS takes them: items, and by user the events on each."""
    items = sorted({row[1] for row in page})
    place = {item: at for at, item in enumerate(items)}
    users = [
        [
            user,
            [
                [place[item], [list(event[2:]) for event in pair]]
                for item, pair in groupby(those, itemgetter(1))
            ],
        ]
        for user, those in groupby(page, itemgetter(0))
    ]
    return {"items": items, "users": users}


def _chunks(found: sqlite3.Cursor) -> Iterator[list[list[Any]]]:
    while page := found.fetchmany(PAGE):
        yield [list(row) for row in page]


READ_NODES = "SELECT id, attributes, position FROM nodes WHERE type = ?"
# In the order of the table: by user and item.
READ_EVENTS = """
SELECT users.id, items.id, kinds.name, events.time, events.weight, events.position
FROM events
CROSS JOIN nodes AS users ON users.row = events.user
CROSS JOIN nodes AS items ON items.row = events.item
CROSS JOIN kinds ON kinds.row = events.kind
"""
READ_LINKS = """
SELECT sources.id, targets.id, links.weight
FROM links
JOIN nodes AS sources ON sources.row = links.source
JOIN nodes AS targets ON targets.row = links.target
WHERE sources.type = ? AND links.relation = ? AND targets.type = ?
"""
READ_TAKEN_BACK = """
SELECT users.id, items.id, taken_back.position
FROM taken_back
JOIN nodes AS users ON users.row = taken_back.user
JOIN nodes AS items ON items.row = taken_back.item
"""
