"""What the Neo4j store writes, in the transaction that it is given."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import count, groupby
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.data import (
    MAX_KINDS,
    Attribute,
    AttributeKind,
    AttributeValue,
    EdgeType,
    Interactions,
    Vector,
    Vocabulary,
    last_of_equal,
)
from graphrec.errors import DataError
from graphrec.store.declared import DeclaredKind
from graphrec.store.neo4j import deletion, names, tying
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.writing import Writing

BATCH = 10_000
"""Rows that one statement writes; a call is a transaction of as many statements as it takes."""


def event_rows(events: Interactions) -> list[list[Any]]:
    """User, item, kind, time and weight of each event, by user and item.

    Of events that are identified alike, the last one counts.
    """
    # By id, so that two writers lock the nodes in the same order.
    user, item = (
        _ranks(v)[rows] for v, rows in ((events.users, events.user), (events.items, events.item))
    )
    order = np.lexsort((events.time, events.kind, item, user))
    keys = [key[order] for key in (user, item, events.kind, events.time)]
    kept = events.take(order[last_of_equal(keys)])
    columns = (
        map(kept.users.ids.__getitem__, kept.user.tolist()),
        map(kept.items.ids.__getitem__, kept.item.tolist()),
        map(kept.kinds.__getitem__, kept.kind.tolist()),
        kept.time.tolist(),
        kept.weight.tolist(),
    )
    return [list(row) for row in zip(*columns, strict=True)]


def _ranks(vocabulary: Vocabulary) -> NDArray[np.int64]:
    """The place of each row in the order of the ids."""
    ids = vocabulary.ids
    ranks = np.empty(len(ids), np.int64)
    ranks[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    return ranks


def events(writing: Writing, added: Sequence[list[Any]]) -> int:
    """Write the rows of `event_rows` and the nodes they name; returns how many events were new.

    Raises DataError where the store would have more than MAX_KINDS kinds of them.
    """
    added = deletion.without_deleted(writing, added)
    if not added:
        return 0
    tying.begin(writing)
    kinds_written = tying.kinds_with_meanings(writing, {row[2] for row in added})
    writing.run(cypher.ADD_KINDS, kinds=kinds_written)
    ((kinds,),), _ = writing.run(cypher.COUNT_KINDS)
    if kinds > MAX_KINDS:
        raise DataError(
            f"events would bring the store to {kinds} kinds: expected at most {MAX_KINDS}; see "
            f"that the column of kinds is the right one"
        )
    _add_nodes(writing, names.ITEM, sorted({row[1] for row in added}))
    new = 0
    for start in range(0, len(added), BATCH):
        batch = added[start : start + BATCH]
        items = sorted({row[1] for row in batch})
        place = {item: n for n, item in enumerate(items)}
        ids = [user for user, _ in groupby(batch, itemgetter(0))]
        found, _ = writing.run(cypher.ADD_USERS, len(ids), ids=ids)
        fresh = {user for (user,) in found}
        positions = count(writing.position)
        users = [
            [
                user,
                [
                    [place[item], [[*event, next(positions)] for _, _, *event in pair]]
                    for item, pair in groupby(group, itemgetter(1))
                ],
            ]
            for user, group in groupby(batch, itemgetter(0))
        ]
        writing.position += len(batch)
        known: dict[str, list[str]] = {}
        for query, those in (
            (cypher.ADD_EVENTS, [row for row in users if row[0] in fresh]),
            (cypher.WRITE_EVENTS, [row for row in users if row[0] not in fresh]),
        ):
            if those:
                found, counters = writing.run(query, items=items, users=those)
                new += counters.relationships_created
                known |= {user: [items[place] for place in pairs] for user, pairs in found}
        tying.tie(writing, batch, fresh, known)
    tying.advance(writing)
    return new


def node_rows(nodes: Vocabulary, attributes: Mapping[str, Attribute]) -> list[list[Any]]:
    """Id and properties of each node; raises DataError for a number that is not finite."""
    keys = {name: names.attribute_property(name) for name in attributes}
    return [
        [
            node_id,
            {
                keys[name]: _stored(node_id, attribute.kind, attribute.values[row])
                for name, attribute in attributes.items()
            },
        ]
        for row, node_id in enumerate(nodes.ids)
    ]


def properties_of(
    node_id: str, kinds: Mapping[str, AttributeKind], values: Mapping[str, AttributeValue]
) -> dict[str, Any]:
    """The properties that hold the attributes of a node."""
    return {
        names.attribute_property(name): _stored(node_id, kinds[name], value)
        for name, value in values.items()
    }


def nodes(
    writing: Writing,
    node_type: str,
    added: Sequence[list[Any]],
    kinds: Mapping[str, DeclaredKind],
) -> None:
    """Write the rows of `node_rows`, whose attributes have `kinds`.

    Raises DataError where an attribute has another kind already.
    """
    _add_node_type(writing, node_type)
    for name, kind in kinds.items():
        _declare(writing, node_type, name, kind)
    deletion.bring_back(writing, node_type, [node_id for node_id, _ in added])
    label = names.quoted(names.label(node_type))
    _write(writing, cypher.WRITE_NODES.substitute(Node=label), "nodes", added)


def change_kind(
    writing: Writing, node_type: str, name: str, kind: DeclaredKind, changed: Sequence[list[Any]]
) -> None:
    """Note another kind of an attribute, and write the rows of `node_rows` that have it."""
    writing.run(cypher.SET_ATTRIBUTE, type=node_type, name=name, kind=str(kind))
    nodes(writing, node_type, changed, {})


def links(writing: Writing, edge_type: EdgeType, weights: Mapping[tuple[str, str], float]) -> int:
    """Write links by (source id, target id), and the nodes they name; returns new ones."""
    source, relation, target = edge_type
    gone = [
        deletion.deleted(writing.tx, node_type, {ends[end] for ends in weights})
        for end, node_type in enumerate((source, target))
    ]
    weights = {
        ends: weight
        for ends, weight in weights.items()
        if ends[0] not in gone[0] and ends[1] not in gone[1]
    }
    for end, node_type in enumerate((source, target)):
        _add_node_type(writing, node_type)
        _add_nodes(writing, names.label(node_type), sorted({ends[end] for ends in weights}))
    writing.run(cypher.ADD_LINK_TYPE, source=source, relation=relation, target=target)
    query = cypher.WRITE_LINKS.substitute(
        Source=names.quoted(names.label(source)),
        LINKED=names.quoted(names.relationship(relation)),
        Target=names.quoted(names.label(target)),
    )
    added = [[*ends, weight] for ends, weight in sorted(weights.items())]
    new = _write(writing, query, "links", added)
    if new and "item" in (source, target):
        end = 0 if source == "item" else 1
        _write(writing, cypher.MOVE_ITEMS, "ids", sorted({ends[end] for ends in weights}))
    return new


def _stored(node_id: str, kind: AttributeKind, value: AttributeValue) -> Any:
    """A value as Neo4j keeps it; raises DataError for a number that is not finite."""
    if kind == "number" and value is not None:
        number = float(value)  # type: ignore[arg-type]
        if not math.isfinite(number):
            raise DataError(
                f"attributes of {node_id!r} hold nan or inf: expected finite numbers, or None "
                f"where a value is missing"
            )
        return number
    if isinstance(value, Vector):
        return value.content  # an array of bytes, half the room of one of floats
    return list(value) if isinstance(value, tuple) else value


def _write(writing: Writing, query: str, name: str, all_rows: Sequence[Any]) -> int:
    """Run a query for each BATCH of rows; returns how many relationships were new."""
    new = 0
    for start in range(0, len(all_rows), BATCH):
        batch = all_rows[start : start + BATCH]
        _, counters = writing.run(query, len(batch), **{name: batch})
        new += counters.relationships_created
    return new


def _add_nodes(writing: Writing, label: str, ids: Sequence[str]) -> None:
    _write(writing, cypher.ADD_NODES.substitute(Node=names.quoted(label)), "ids", ids)


def _add_node_type(writing: Writing, node_type: str) -> None:
    writing.run(cypher.ADD_NODE_TYPE, name=node_type, label=names.label(node_type))


def _declare(writing: Writing, node_type: str, name: str, kind: DeclaredKind) -> None:
    """Note the kind of an attribute; raises DataError where it has another one already."""
    key = names.attribute_property(name)
    ((found,),), _ = writing.run(
        cypher.ADD_ATTRIBUTE, type=node_type, name=name, kind=str(kind), property=key
    )
    both = kind.joined(DeclaredKind.of(found), node_type, name)
    if str(both) != found:
        writing.run(cypher.SET_ATTRIBUTE, type=node_type, name=name, kind=str(both))
