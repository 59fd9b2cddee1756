"""Reading the graph, nodes, and what was written since, in a transaction of the caller's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graphrec.data import (
    Attribute,
    AttributeKind,
    AttributeValue,
    EdgeType,
    Graph,
    Interactions,
    Links,
    Rows,
    Vector,
    Vocabulary,
)
from graphrec.errors import UnknownNode
from graphrec.store.declared import DeclaredKind
from graphrec.store.protocol import ChangedNode, ChangedNodes, ItemLink, NewEvents
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.rows import LOOKUP, position_of

Number = TypeVar("Number", np.int64, np.float32)

NOTHING: Mapping[str, AttributeValue] = {}

EVENT = np.dtype([("user", "i4"), ("item", "i4"), ("kind", "i4"), ("time", "i8"), ("weight", "f4")])


def events_since(
    connection: sqlite3.Connection, position: int, limit: int, whole_users: bool
) -> NewEvents:
    """A page of the events written after a position, whole pairs or users."""
    found = connection.execute(sql.EVENTS_REACHED, {"position": position, "limit": limit})
    (reached,) = found.fetchone() or (position_of(connection),)
    window = {"position": position, "reached": reached}
    query = sql.EVENTS_OF_USERS_SINCE if whole_users else sql.EVENTS_SINCE
    columns = connection.execute(query, window).fetchone()
    pair, written, time = (_numbers(each, np.int64) for each in columns[:3])
    position_of_each = written >> 16
    changed = (position_of_each > position) & (position_of_each <= reached)
    order = np.lexsort((position_of_each, ~changed))
    pair = pair[order]
    users, user = _ids_at(connection, pair >> 32)
    items, item = _ids_at(connection, pair & 0xFFFFFFFF)
    kinds, kind = _kinds_at(connection, written[order] & 0xFFFF)
    weight = _numbers(columns[3], np.float32)[order]
    log = Interactions(users, items, user, item, weight, time[order], kind, kinds)
    taken_back = connection.execute(sql.TAKEN_BACK_SINCE, window).fetchall()
    return NewEvents(log, changed[order], reached, tuple(taken_back))


def nodes_since(connection: sqlite3.Connection, position: int, limit: int) -> ChangedNodes:
    """A page of the users and items that came, changed or went after a position."""
    rows = connection.execute(sql.NODES_SINCE, {"position": position, "limit": limit}).fetchall()
    kinds = kinds_of_attributes(connection)
    items = [id_ for node_type, id_, text, _ in rows if node_type == "item" and text]
    links = _links_of(connection, items)
    last = position_of(connection)
    nodes = [
        ChangedNode(
            node_type,
            node_id,
            # Most nodes of a log of events have none.
            NOTHING if text == "{}" else text and values(kinds.get(node_type, {}), text),
            links.get(node_id, ()) if node_type == "item" else (),
            at,
        )
        for node_type, node_id, text, at in rows
    ]
    return ChangedNodes(tuple(nodes), rows[-1][3] if len(rows) == limit else last)


def graph(connection: sqlite3.Connection, until: int | None) -> Graph:
    """All nodes, and the events before `until`, in canonical order."""
    nodes = list(connection.execute(sql.READ_NODES))
    declared = list(connection.execute(sql.READ_ATTRIBUTES))
    kinds = list(connection.execute(sql.READ_KINDS))
    links = list(connection.execute(sql.READ_LINKS))
    query, values = (sql.READ_EVENTS, ()) if until is None else (sql.READ_EVENTS_UNTIL, (until,))
    events = np.fromiter(connection.execute(query, values), EVENT)

    vocabularies = {"user": Vocabulary(), "item": Vocabulary()}
    attributes: dict[str, dict[str, Attribute]] = {}
    position = np.zeros(max((row for _, _, row, _ in nodes), default=0) + 1, np.int32)
    for node_type, group in groupby(nodes, itemgetter(0)):
        _, ids, rows, texts = zip(*group, strict=True)
        vocabularies[node_type] = Vocabulary(ids)
        position[list(rows)] = np.arange(len(rows))
        names = {
            name: DeclaredKind.of(text).kind for type_, name, text in declared if type_ == node_type
        }
        if names:
            attributes[node_type] = _attributes(names, texts)
    users, items = vocabularies.pop("user"), vocabularies.pop("item")
    return Graph(
        _interactions(users, items, position, kinds, events),
        attributes,
        vocabularies,
        dict(_links(links, position)),
    )


def user_events(connection: sqlite3.Connection, user: str) -> Interactions:
    """The events of a user, in canonical order; none where there is no such user."""
    found = connection.execute(sql.USER_EVENTS, (user,)).fetchall()
    items, *columns = zip(*found, strict=True) if found else [()] * 4
    return Interactions.of([user] * len(items), items, *columns).sorted()


def node(
    connection: sqlite3.Connection, node_type: str, node_id: str
) -> Mapping[str, AttributeValue]:
    """The attributes that a node has, by name; raises UnknownNode."""
    found = connection.execute(sql.READ_NODE, (node_type, node_id)).fetchone()
    if found is None:
        raise UnknownNode(node_type, node_id)
    return values(kinds_of_attributes(connection).get(node_type, {}), found[0])


def kinds_of_attributes(
    connection: sqlite3.Connection,
) -> Mapping[str, Mapping[str, AttributeKind]]:
    """Kind by name, by type of node."""
    kinds: dict[str, dict[str, AttributeKind]] = {}
    for node_type, name, text in connection.execute(sql.READ_ATTRIBUTES):
        kinds.setdefault(node_type, {})[name] = DeclaredKind.of(text).kind
    return kinds


def _numbers(text: str | None, dtype: type[Number]) -> NDArray[Number]:
    """Numbers with commas between them."""
    return np.fromstring(text, dtype, sep=",") if text else np.empty(0, dtype)


def _ids_at(connection: sqlite3.Connection, nodes: NDArray[np.int64]) -> tuple[Vocabulary, Rows]:
    """The ids of the store's rows of nodes in a column, and the column in rows of these ids."""
    used, rows = np.unique(nodes, return_inverse=True)
    (ids,) = connection.execute(sql.IDS_OF, (json.dumps(used.tolist()),)).fetchone()
    return Vocabulary(tuple(json.loads(ids))), rows.astype(np.int32)


def _kinds_at(
    connection: sqlite3.Connection, kinds: NDArray[np.int64]
) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """The names of the store's rows of kinds in a column, and the column in their places."""
    used, places = np.unique(kinds, return_inverse=True)
    names = dict(connection.execute(sql.READ_KINDS).fetchall())
    found = tuple(names[row] for row in used.tolist())
    return found or ("interaction",), places.astype(np.uint8)


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


def values(kinds: Mapping[str, AttributeKind], text: str) -> Mapping[str, AttributeValue]:
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
    if kind == "vector":
        return Vector.of_text(value)
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
