"""Writing batches of events, nodes and links, each within a transaction of the caller's."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.data import (
    Attribute,
    AttributeKind,
    AttributeValue,
    EdgeType,
    Interactions,
    Vector,
    Vocabulary,
    last_of_equal,
)
from graphrec.data.coerce import converted
from graphrec.data.vector import vector_length
from graphrec.errors import DataError
from graphrec.store.declared import DeclaredKind
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.deletion import bring_back, without_deleted, without_deleted_ends
from graphrec.store.sqlite.read import kinds_of_attributes, values
from graphrec.store.sqlite.rows import Positions, kind_rows, rows_of, store_rows

SLICE = 100_000
"""Rows that are Python objects at once."""


def check_finite(events: Interactions) -> None:
    """Raise DataError for a weight that is not finite."""
    if not np.isfinite(events.weight).all():
        raise DataError("event weights hold nan or inf: expected finite numbers; drop them")


def write_events(
    connection: sqlite3.Connection, positions: Positions, batches: Sequence[Interactions]
) -> int:
    """Add events, and the nodes and kinds that they name; returns how many were new."""
    parts: list[list[NDArray[Any]]] = []
    for batch in batches:
        events = without_deleted(connection, batch)
        user = store_rows(connection, positions, "user", events.users, events.user)
        item = store_rows(connection, positions, "item", events.items, events.item)
        kind = kind_rows(connection, events.kinds, events.kind)
        parts.append([user, item, kind, events.time, events.weight])
    user, item, kind, time, weight = map(np.concatenate, zip(*parts, strict=True))
    # In the order of the table, so that each page is touched once.
    order = np.lexsort((time, kind, item, user))
    keys: list[NDArray[np.int64]] = [column[order] for column in (user, item, kind, time)]
    # Of events that are identified alike, the last one counts.
    last = last_of_equal(keys)
    weight, *keys = (column[last] for column in (weight[order], *keys))
    new = 0
    for start in range(0, len(weight), SLICE):
        part = slice(start, start + SLICE)
        values = weight[part].tolist()
        position = list(positions.take(len(values)))
        new += _upsert(
            connection,
            sql.ADD_EVENT,
            sql.SET_EVENT,
            values,
            position,
            *(key[part].tolist() for key in keys),
        )
    return new


def write_nodes(
    connection: sqlite3.Connection,
    positions: Positions,
    node_type: str,
    nodes: Vocabulary,
    attributes: Mapping[str, Attribute],
) -> None:
    """Add nodes, or set the given attributes of nodes that exist; other attributes stay."""
    for name, attribute in attributes.items():
        length = vector_length(name, nodes.ids, attribute.values)
        _declare(connection, node_type, name, DeclaredKind(attribute.kind, length))
    bring_back(connection, node_type, nodes.ids)
    patches = _patches(nodes, attributes)
    connection.executemany(
        sql.PATCH_NODE,
        (
            (node_type, node, position, patch)
            for position, (node, patch) in zip(positions.take(len(nodes)), patches, strict=True)
        ),
    )


def change_kind(
    connection: sqlite3.Connection,
    positions: Positions,
    node_type: str,
    name: str,
    kind: AttributeKind,
) -> int:
    """Make an attribute one of another kind; returns how many values were removed by it."""
    before = kinds_of_attributes(connection).get(node_type, {})
    if before.get(name, kind) == kind:
        return 0
    found: dict[str, AttributeValue] = {}
    for node_id, text in connection.execute(sql.READ_NODES_OF, (node_type,)):
        value = values(before, text).get(name)
        if value is not None:
            found[node_id] = converted(value, kind)
    length = vector_length(name, tuple(found), tuple(found.values()))
    connection.execute(sql.SET_ATTRIBUTE, (str(DeclaredKind(kind, length)), node_type, name))
    changed = Attribute(kind, tuple(found.values()))
    connection.executemany(
        sql.PATCH_NODE,
        (
            (node_type, node, position, patch)
            for position, (node, patch) in zip(
                positions.take(len(found)),
                _patches(Vocabulary(tuple(found)), {name: changed}),
                strict=True,
            )
        ),
    )
    return sum(value is None for value in found.values())


def weights_of(
    relation: str, links: Sequence[tuple[str, str, float]]
) -> Mapping[tuple[str, str], float]:
    """The last weight of each (source, target); raises DataError for one that is not finite."""
    weights = {(source, target): float(weight) for source, target, weight in links}
    if not all(map(math.isfinite, weights.values())):
        raise DataError(f"weights of {relation} links hold nan or inf: expected finite numbers")
    return weights


def write_links(
    connection: sqlite3.Connection,
    positions: Positions,
    edge_type: EdgeType,
    weights: Mapping[tuple[str, str], float],
) -> int:
    """Add links and the nodes they name; returns how many were new. Items with new links move."""
    source_type, relation, target_type = edge_type
    weights = without_deleted_ends(connection, edge_type, weights)
    sources, targets = (sorted({link[end] for link in weights}) for end in (0, 1))
    source = rows_of(connection, positions, source_type, sources)
    target = rows_of(connection, positions, target_type, targets)
    columns = (
        list(weights.values()),
        [source[link[0]] for link in weights],
        [relation] * len(weights),
        [target[link[1]] for link in weights],
    )
    new = _upsert(connection, sql.ADD_LINK, sql.SET_LINK, *columns)
    if new and "item" in (source_type, target_type):
        linked = source if source_type == "item" else target
        moved = zip(positions.take(len(linked)), linked.values(), strict=True)
        connection.executemany(sql.MOVE_NODE, moved)
    return new


def _upsert(connection: sqlite3.Connection, add: str, change: str, *columns: list[Any]) -> int:
    """Add the rows of `columns`, change those that were there; returns how many were new."""
    if not columns[0]:
        return 0
    new = connection.executemany(add, zip(*columns, strict=True)).rowcount
    if new < len(columns[0]):
        connection.executemany(change, zip(*columns, strict=True))
    return new


def _declare(connection: sqlite3.Connection, node_type: str, name: str, kind: DeclaredKind) -> None:
    """Note the kind of an attribute; raises DataError where it has another one already."""
    found = connection.execute(sql.FIND_ATTRIBUTE, (node_type, name)).fetchone()
    if found is None:
        connection.execute(sql.ADD_ATTRIBUTE, (node_type, name, str(kind)))
        return
    both = kind.joined(DeclaredKind.of(found[0]), node_type, name)
    if str(both) != found[0]:
        connection.execute(sql.SET_ATTRIBUTE, (str(both), node_type, name))


def _patches(nodes: Vocabulary, attributes: Mapping[str, Attribute]) -> Iterator[tuple[str, str]]:
    """Id and JSON object of the attributes of each node."""
    for row, node_id in enumerate(nodes.ids):
        values = {name: attribute.values[row] for name, attribute in attributes.items()}
        try:
            yield (
                node_id,
                json.dumps(values, ensure_ascii=False, allow_nan=False, default=Vector.to_text),
            )
        except ValueError:
            raise DataError(
                f"attributes of {node_id!r} hold nan or inf: expected finite numbers, or None "
                f"where a value is missing"
            ) from None
