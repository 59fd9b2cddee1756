"""The embedded store: one SQLite file, one writer at a time, any number of readers beside it."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count, groupby
from operator import itemgetter
from pathlib import Path as FilePath
from types import TracebackType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from graphrec.data import (
    MAX_KINDS,
    Attribute,
    AttributeKind,
    AttributeValue,
    EdgeType,
    Graph,
    Interactions,
    Links,
    Rows,
    Vocabulary,
    last_of_equal,
)
from graphrec.data.weighting import KindPolicy
from graphrec.errors import DataError, StoreError, UnknownNode
from graphrec.id_search import holds_id
from graphrec.store.protocol import (
    CAP,
    PAGE,
    SCALE,
    ChangedNode,
    ChangedNodes,
    ItemLink,
    Neighbour,
    Neighbours,
    NewEvents,
    Path,
    Popular,
    Similarity,
)
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.file import connect, store_errors, transaction

LOOKUP = 500
"""Ids in one look-up; older SQLites take 999 parameters."""

EVENT = np.dtype([("user", "i4"), ("item", "i4"), ("kind", "i4"), ("time", "i8"), ("weight", "f4")])


class SQLiteStore:
    """A `GraphStore` in one SQLite file.

    Threads and processes may share it: a connection is lent to one call at a time, readers see the
    last committed state, and writers wait for each other for up to `busy_seconds`. A batch that was
    acknowledged survives `kill -9` and power loss: the log is flushed before a write returns.

    Opening creates the file, but not its folder; one that is there is opened without a write, so
    that nobody waits. Raises StoreError where the file cannot be used, and without `create` where
    it is not there.
    """

    def __init__(
        self,
        path: FilePath,
        policy: Mapping[str, KindPolicy],
        busy_seconds: float = 30.0,
        create: bool = True,
    ) -> None:
        if not create and not path.exists():
            raise StoreError(
                f"store {str(path)!r} is not there: expected a graph that was loaded; "
                f"run `graphrec ingest`"
            )
        self._path = path
        self._policy = dict(policy)
        self._busy_seconds = busy_seconds
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        with self._lent():
            pass

    def position(self) -> int:
        """How far the store has been written; 0 for a file from before there were positions."""
        with self._reading() as connection:
            return _position(connection)

    def events_since(self, position: int, limit: int = PAGE) -> NewEvents:
        """The first `limit` events added, or given another weight, after a position; whole pairs.

        With them come all other events of the same (user, item) pairs.
        """
        with self._reading() as connection:
            values = {"position": position, "limit": limit}
            rows = connection.execute(sql.EVENTS_SINCE, values).fetchall()
            last = _position(connection)
        return NewEvents.of_rows(rows, limit, last)

    def nodes_since(self, position: int, limit: int = PAGE) -> ChangedNodes:
        """The first `limit` users and items that came, changed or went after a position."""
        with self._reading() as connection:
            values = {"position": position, "limit": limit}
            rows = connection.execute(sql.NODES_SINCE, values).fetchall()
            kinds = _kinds_of_attributes(connection)
            items = [id_ for node_type, id_, text, _ in rows if node_type == "item" and text]
            links = _links_of(connection, items)
            last = _position(connection)
        nodes = tuple(_changed_node(kinds, links, *row[:3]) for row in rows)
        return ChangedNodes(nodes, rows[-1][3] if len(rows) == limit else last)

    def write_events(self, events: Interactions) -> int:
        """Add events, and the users and items they name; returns how many were new.

        Raises DataError for a weight that is not finite, and where the store would come to have
        more than MAX_KINDS kinds.
        """
        if not np.isfinite(events.weight).all():
            raise DataError("event weights hold nan or inf: expected finite numbers; drop them")
        with self._writing() as (connection, positions):
            user = _store_rows(connection, positions, "user", events.users, events.user)
            item = _store_rows(connection, positions, "item", events.items, events.item)
            kind = _kind_rows(connection, events.kinds)[events.kind]
            # In the order of the table, so that each page is touched once.
            order = np.lexsort((events.time, kind, item, user))
            keys: list[NDArray[np.int64]] = [c[order] for c in (user, item, kind, events.time)]
            # Of events that are identified alike, the last one counts.
            last = last_of_equal(keys)
            weight = events.weight[order][last].tolist()
            position = [next(positions) for _ in weight]
            columns = [weight, position, *(key[last].tolist() for key in keys)]
            return _upsert(connection, sql.ADD_EVENT, sql.SET_EVENT, *columns)

    def write_nodes(
        self, node_type: str, nodes: Vocabulary, attributes: Mapping[str, Attribute]
    ) -> None:
        """Add nodes, or set the given attributes of nodes that exist; other attributes stay.

        Raises DataError for a number that is not finite, and for an attribute that the store has
        with another kind.
        """
        with self._writing() as (connection, positions):
            for name, attribute in attributes.items():
                _declare(connection, node_type, name, attribute.kind)
            patches = _patches(nodes, attributes)
            connection.executemany(
                sql.PATCH_NODE,
                ((node_type, node, next(positions), patch) for node, patch in patches),
            )

    def write_links(self, edge_type: EdgeType, links: Sequence[tuple[str, str, float]]) -> int:
        """Add (source id, target id, weight) links and the nodes they name; returns new ones.

        Raises DataError for a weight that is not finite.
        """
        source_type, relation, target_type = edge_type
        weights = {(source, target): float(weight) for source, target, weight in links}
        if not all(map(math.isfinite, weights.values())):
            raise DataError(f"weights of {relation} links hold nan or inf: expected finite numbers")
        with self._writing() as (connection, positions):
            sources, targets = (sorted({link[end] for link in weights}) for end in (0, 1))
            source = _rows(connection, positions, source_type, sources)
            target = _rows(connection, positions, target_type, targets)
            columns = (
                list(weights.values()),
                [source[link[0]] for link in weights],
                [relation] * len(weights),
                [target[link[1]] for link in weights],
            )
            new = _upsert(connection, sql.ADD_LINK, sql.SET_LINK, *columns)
            if new and "item" in (source_type, target_type):
                linked = source if source_type == "item" else target
                moved = ((next(positions), row) for row in linked.values())
                connection.executemany(sql.MOVE_NODE, moved)
            return new

    def read_graph(self, until: int | None = None) -> Graph:
        """All nodes, and the events before `until` (milliseconds), in canonical order.

        It is one consistent state, however many writes go on meanwhile. The kinds are those of the
        events that are read.
        """
        with self._reading() as connection:
            nodes = list(connection.execute(sql.READ_NODES))
            declared = list(connection.execute(sql.READ_ATTRIBUTES))
            kinds = list(connection.execute(sql.READ_KINDS))
            links = list(connection.execute(sql.READ_LINKS))
            query, values = (
                (sql.READ_EVENTS, ()) if until is None else (sql.READ_EVENTS_UNTIL, (until,))
            )
            events = np.fromiter(connection.execute(query, values), EVENT)

        vocabularies = {"user": Vocabulary(), "item": Vocabulary()}
        attributes: dict[str, dict[str, Attribute]] = {}
        position = np.zeros(max((row for _, _, row, _ in nodes), default=0) + 1, np.int32)
        for node_type, group in groupby(nodes, itemgetter(0)):
            _, ids, rows, texts = zip(*group, strict=True)
            vocabularies[node_type] = Vocabulary(ids)
            position[list(rows)] = np.arange(len(rows))
            names = {name: kind for type_, name, kind in declared if type_ == node_type}
            if names:
                attributes[node_type] = _attributes(names, texts)
        users, items = vocabularies.pop("user"), vocabularies.pop("item")
        return Graph(
            _interactions(users, items, position, kinds, events),
            attributes,
            vocabularies,
            dict(_links(links, position)),
        )

    def user_events(self, user: str) -> Interactions:
        """The events of a user, in canonical order; none where there is no such user."""
        with self._reading() as connection:
            found = connection.execute(sql.USER_EVENTS, (user,)).fetchall()
        items, *columns = zip(*found, strict=True) if found else [()] * 4
        return Interactions.of([user] * len(items), items, *columns).sorted()

    def events_between(self, since: int, until: int, limit: int) -> Interactions:
        """At most `limit` of the events from `since` on and before `until`, in canonical order."""
        with self._reading() as connection:
            found = connection.execute(sql.EVENTS_BETWEEN, (since, until, limit)).fetchall()
        columns = zip(*found, strict=True) if found else [()] * 5
        return Interactions.of(*columns).sorted()

    def attribute_kinds(self, node_type: str) -> Mapping[str, AttributeKind]:
        """What kind of value each attribute of a type of node has, by name."""
        with self._reading() as connection:
            return _kinds_of_attributes(connection).get(node_type, {})

    def read_node(self, node_type: str, node_id: str) -> Mapping[str, AttributeValue]:
        """The attributes that a node has, by name; raises UnknownNode."""
        with self._reading() as connection:
            found = connection.execute(sql.READ_NODE, (node_type, node_id)).fetchone()
            if found is None:
                raise UnknownNode(node_type, node_id)
            kinds = _kinds_of_attributes(connection)
        return _values(kinds.get(node_type, {}), found[0])

    def related_items(
        self,
        item: str,
        k: int = 10,
        similarity: Similarity = "cosine",
        min_support: int = 1,
        cap: int = CAP,
    ) -> Neighbours:
        """Items liked by the same users; raises UnknownNode."""
        with self._reading() as connection:
            row = _row(connection, "item", item)
            return _similar(connection, sql.RELATED_ITEMS, row, k, similarity, min_support, cap)

    def similar_users(
        self,
        user: str,
        k: int = 10,
        similarity: Similarity = "cosine",
        min_support: int = 1,
        cap: int = CAP,
    ) -> Neighbours:
        """Users who like the same items; raises UnknownNode."""
        with self._reading() as connection:
            row = _row(connection, "user", user)
            return _similar(connection, sql.SIMILAR_USERS, row, k, similarity, min_support, cap)

    def neighbour_recommendations(
        self, user: str, k: int = 10, neighbours: int = 50
    ) -> list[Neighbour]:
        """Items the most similar users like and the user has not seen; raises UnknownNode."""
        with self._reading() as connection:
            values = {
                "row": _row(connection, "user", user),
                "k": neighbours,
                "similarity": "cosine",
                "min_support": 1,
                "cap": CAP,
                "scale": SCALE,
                "items": k,
            }
            rows = connection.execute(sql.NEIGHBOUR_RECOMMENDATIONS, values)
            return [Neighbour(id_, score / SCALE, support) for id_, score, support in rows]

    def popular_items(
        self, k: int = 10, since: int | None = None, until: int | None = None
    ) -> list[Popular]:
        """Items by the number of users who like them, in the window [since, until)."""
        with self._reading() as connection:
            values = {"k": k, "since": since, "until": until}
            return [Popular(*row) for row in connection.execute(sql.POPULAR_ITEMS, values)]

    def paths(self, user: str, item: str, k: int = 10) -> list[Path]:
        """Why `item` for `user`: the paths between them, by score; raises UnknownNode."""
        with self._reading() as connection:
            values = {
                "user": _row(connection, "user", user),
                "item": _row(connection, "item", item),
                "k": k,
                "scale": SCALE,
            }
            rows = connection.execute(sql.PATHS, values)
            return [Path(via, people, score / SCALE) for via, people, score in rows]

    def forget_user(self, user: str) -> bool:
        """Delete a user with all events and links; returns whether there was one.

        What is deleted is overwritten with zeros, and the write-ahead log is emptied once those who
        read an older state are done; where that takes longer than `busy_seconds`, a later
        checkpoint empties it.
        """
        found = self._delete("user", user)
        with self._lent() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return found

    def delete_item(self, item: str) -> bool:
        """Delete an item with all events and links; returns whether there was one."""
        return self._delete("item", item)

    def traces(self, user: str) -> tuple[str, ...]:
        """Places where something of a user is left, in words; empty once the user is forgotten.

        All tables are searched for the id and for rows that belong to nobody, and all bytes of the
        files, free pages and write-ahead log included, for an id long enough to be distinguished
        from other bytes. Not while other threads use this store: its connections are closed first,
        because closing a file of SQLite's releases the locks on it.
        """
        with self._reading() as connection:
            found = [place for place, query in sql.ORPHANS if connection.execute(query).fetchone()]
            for (table,) in connection.execute(sql.READ_TABLES).fetchall():
                columns = [name for (name,) in connection.execute(sql.READ_COLUMNS, (table,))]
                # A table with a type column may hold an item of the same id.
                find = sql.FIND_TYPED if {"type", "id"} <= set(columns) else sql.FIND_TEXT
                for column in ("id",) if find is sql.FIND_TYPED else columns:
                    query = find.substitute(table=table, column=column)
                    if connection.execute(query, (user,)).fetchone():
                        found.append(f"column {column} of table {table}")
            # Ids that begin alike differ only in where they end, which the bytes after one in
            # an index may hide: so only where there are such ids.
            alike = connection.execute(sql.FIND_ALIKE, {"id": user}).fetchone() is not None
        while self._idle:
            self._idle.pop().close()
        files = sorted(self._path.parent.glob(f"{self._path.name}*"))
        held = [file.name for file in files if holds_id(file, user, whole=alike)]
        return (*found, *(f"file {name}" for name in held))

    def counts(self) -> Mapping[str, int]:
        """Number of nodes by type, of events under "events", of links under "links"."""
        with self._reading() as connection:
            return {"user": 0, "item": 0, **dict(connection.execute(sql.COUNT))}

    def close(self) -> None:
        """Release the connections; a call that is under way in another thread ends first."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def __enter__(self) -> SQLiteStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        """A connection of one's own, for one call."""
        if self._closed:
            raise StoreError(f"store {str(self._path)!r} is closed: open it again")
        with store_errors(self._path):
            connection = self._idle_connection()
            if connection is None:
                connection = connect(self._path, self._policy, self._busy_seconds)
            try:
                yield connection
            finally:
                self._idle.append(connection)
                if self._closed:
                    self.close()

    def _idle_connection(self) -> sqlite3.Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lent() as connection, transaction(connection, "DEFERRED"):
            connection.execute(sql.APPLY_RULES)
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[tuple[sqlite3.Connection, Iterator[int]]]:
        """A connection, and the positions to come for what is written, of which some may be left
        out; where anything changed, the last one becomes the store's.
        """
        with self._lent() as connection, transaction(connection, "IMMEDIATE"):
            positions = count(_position(connection) + 1)
            before = connection.total_changes
            yield connection, positions
            if connection.total_changes > before:
                connection.execute(sql.SET_POSITION, (next(positions),))

    def _delete(self, node_type: str, node_id: str) -> bool:
        with self._writing() as (connection, positions):
            found = connection.execute(sql.FIND_NODE, (node_type, node_id)).fetchone()
            if found is None:
                return False
            for statement in sql.DELETE_NODE:
                connection.execute(statement, found)
            kept = None if node_type == "user" else node_id
            connection.execute(sql.ADD_DELETION, (next(positions), node_type, kept))
            return True


def _position(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute(sql.READ_POSITION).fetchone()
    return int(last)


def _kinds_of_attributes(
    connection: sqlite3.Connection,
) -> Mapping[str, Mapping[str, AttributeKind]]:
    """Kind by name, by type of node."""
    kinds: dict[str, dict[str, AttributeKind]] = {}
    for node_type, name, kind in connection.execute(sql.READ_ATTRIBUTES):
        kinds.setdefault(node_type, {})[name] = kind
    return kinds


def _links_of(
    connection: sqlite3.Connection, items: Sequence[str]
) -> Mapping[str, tuple[ItemLink, ...]]:
    """The links of items, by id."""
    found: dict[str, list[ItemLink]] = {}
    for start in range(0, len(items), LOOKUP // 2):
        ids = items[start : start + LOOKUP // 2]
        query = sql.LINKS_OF.substitute(ids=",".join("?" * len(ids)))
        for item, *link in connection.execute(query, [*ids, *ids]):
            found.setdefault(item, []).append(ItemLink(*link))
    return {item: tuple(links) for item, links in found.items()}


def _changed_node(
    kinds: Mapping[str, Mapping[str, AttributeKind]],
    links: Mapping[str, tuple[ItemLink, ...]],
    node_type: str,
    node_id: str | None,
    text: str | None,
) -> ChangedNode:
    if node_id is None or text is None:
        return ChangedNode(node_type, node_id, None)
    attributes = _values(kinds.get(node_type, {}), text)
    return ChangedNode(
        node_type, node_id, attributes, links.get(node_id, ()) if node_type == "item" else ()
    )


def _row(connection: sqlite3.Connection, node_type: str, node_id: str) -> int:
    found = connection.execute(sql.FIND_NODE, (node_type, node_id)).fetchone()
    if found is None:
        raise UnknownNode(node_type, node_id)
    return int(found[0])


def _rows(
    connection: sqlite3.Connection, positions: Iterator[int], node_type: str, ids: Sequence[str]
) -> Mapping[str, int]:
    """The row of each of the distinct `ids`; those that are new are added."""
    rows: dict[str, int] = {}
    for start in range(0, len(ids), LOOKUP):
        chunk = ids[start : start + LOOKUP]
        query = sql.FIND_NODES.substitute(ids=",".join("?" * len(chunk)))
        rows.update(connection.execute(query, (node_type, *chunk)))
    for node_id in ids:
        if node_id not in rows:
            added = connection.execute(sql.ADD_NODE, (node_type, node_id, next(positions)))
            rows[node_id] = cast("int", added.lastrowid)
    return rows


def _store_rows(
    connection: sqlite3.Connection,
    positions: Iterator[int],
    node_type: str,
    vocabulary: Vocabulary,
    column: Rows,
) -> NDArray[np.int64]:
    """`column`, in the store's rows instead of the vocabulary's; nodes that are new are added."""
    used = np.unique(column)
    ids = [vocabulary.ids[row] for row in used.tolist()]
    rows = _rows(connection, positions, node_type, ids)
    table = np.zeros(len(vocabulary), np.int64)
    table[used] = [rows[node_id] for node_id in ids]
    return table[column]


def _kind_rows(connection: sqlite3.Connection, kinds: Sequence[str]) -> NDArray[np.int64]:
    connection.executemany(sql.ADD_KIND, ((kind,) for kind in kinds))
    rows = {name: row for row, name in connection.execute(sql.READ_KINDS)}
    if len(rows) > MAX_KINDS:
        raise DataError(
            f"events would bring the store to {len(rows)} kinds: expected at most {MAX_KINDS}; "
            f"see that the column of kinds is the right one"
        )
    return np.array([rows[kind] for kind in kinds], np.int64)


def _upsert(connection: sqlite3.Connection, add: str, change: str, *columns: list[Any]) -> int:
    """Add the rows of `columns`, change those that were there; returns how many were new."""
    if not columns[0]:
        return 0
    new = connection.executemany(add, zip(*columns, strict=True)).rowcount
    if new < len(columns[0]):
        connection.executemany(change, zip(*columns, strict=True))
    return new


def _declare(
    connection: sqlite3.Connection, node_type: str, name: str, kind: AttributeKind
) -> None:
    """Note the kind of an attribute; raises DataError where it has another one already."""
    found = connection.execute(sql.FIND_ATTRIBUTE, (node_type, name)).fetchone()
    if found is None:
        connection.execute(sql.ADD_ATTRIBUTE, (node_type, name, kind))
    elif found[0] != kind:
        raise DataError(
            f"attribute {name!r} of {node_type} is given as {kind}: expected {found[0]}, as it is "
            f"in the store; rename it, or load it as {found[0]}"
        )


def _patches(nodes: Vocabulary, attributes: Mapping[str, Attribute]) -> Iterator[tuple[str, str]]:
    """Id and JSON object of the attributes of each node."""
    for row, node_id in enumerate(nodes.ids):
        values = {name: attribute.values[row] for name, attribute in attributes.items()}
        try:
            yield node_id, json.dumps(values, ensure_ascii=False, allow_nan=False)
        except ValueError:
            raise DataError(
                f"attributes of {node_id!r} hold nan or inf: expected finite numbers, or None "
                f"where a value is missing"
            ) from None


def _values(kinds: Mapping[str, AttributeKind], text: str) -> Mapping[str, AttributeValue]:
    """The attributes in the JSON object of one node."""
    return {name: _value(kinds[name], value) for name, value in json.loads(text).items()}


def _attributes(kinds: Mapping[str, AttributeKind], texts: Iterable[str]) -> dict[str, Attribute]:
    """The attributes of the nodes of one type, from the JSON object of each."""
    objects = [json.loads(text) for text in texts]
    return {
        name: Attribute(kind, tuple(_value(kind, each.get(name)) for each in objects))
        for name, kind in kinds.items()
    }


def _value(kind: AttributeKind, value: Any) -> AttributeValue:
    if value is None:
        return None
    if kind == "number":
        return float(value)
    return tuple(value) if kind == "tags" else str(value)


def _interactions(
    users: Vocabulary,
    items: Vocabulary,
    position: Rows,
    kinds: Sequence[tuple[int, str]],
    events: NDArray[np.void],
) -> Interactions:
    """The events in canonical order; `position` is the row in its vocabulary by the store's row."""
    occurring = np.isin([row for row, _ in kinds], events["kind"])
    named = [kind for kind, occurs in zip(kinds, occurring, strict=True) if occurs]
    code = np.zeros(max((row for row, _ in named), default=0) + 1, np.uint8)
    code[[row for row, _ in named]] = np.arange(len(named))
    return Interactions(
        users,
        items,
        position[events["user"]],
        position[events["item"]],
        events["weight"],
        events["time"],
        code[events["kind"]],
        tuple(name for _, name in named) or ("interaction",),
    ).sorted()


def _links(
    links: Iterable[tuple[str, str, str, int, int, float]], position: Rows
) -> Iterator[tuple[EdgeType, Links]]:
    for edge_type, group in groupby(links, itemgetter(0, 1, 2)):
        _, _, _, source, target, weight = zip(*group, strict=True)
        yield (
            edge_type,
            Links(position[list(source)], position[list(target)], np.array(weight, np.float32)),
        )


def _similar(
    connection: sqlite3.Connection,
    query: str,
    row: int,
    k: int,
    similarity: Similarity,
    min_support: int,
    cap: int,
) -> Neighbours:
    values = {
        "row": row,
        "k": k,
        "similarity": similarity,
        "min_support": min_support,
        "cap": cap,
        "scale": SCALE,
    }
    rows = list(connection.execute(query, values))
    degree = rows[0][4] if rows else 0
    found = (Neighbour(id_, score / SCALE, support) for id_, score, support, _, _ in rows)
    return Neighbours(found, degree, cap)
