"""What the Neo4j store reads, in the transaction that it is given: rows into columns."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import neo4j
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
    Vector,
    Vocabulary,
)
from graphrec.data.kinds import KindPolicy
from graphrec.errors import StoreError
from graphrec.store.declared import DeclaredKind
from graphrec.store.neo4j import deletion, names
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.layout import OWN_ID, Catalogue, Events, Link, Nodes
from graphrec.store.neo4j.server import rows
from graphrec.store.neo4j.ties import meaning_of
from graphrec.store.protocol import ChangedNode, ChangedNodes, ItemLink, NewEvents

Properties: TypeAlias = Mapping[str, AttributeValue]


logger = logging.getLogger(__name__)

ROWS = 200
"""Rows in a record: users with all their events, or nodes with all their attributes."""

IDS = 5_000
"""Ids in a record."""


def graph(
    tx: neo4j.ManagedTransaction, layout: Events, catalogue: Catalogue, until: int | None
) -> Graph:
    """All nodes and links, and the events before `until`, in canonical order.

    Events that lack an end, a weight or a time are left out, with a warning. Raises StoreError for
    two nodes of a type with the same id.
    """
    # Nodes are read after the edges, so that one which came meanwhile is not without its nodes.
    log = _read_log(tx, layout, until)
    edges = {
        edge_type: _read_edges(tx, catalogue, edge_type) for edge_type in sorted(catalogue.links)
    }
    vocabularies = {"user": Vocabulary(), "item": Vocabulary()}
    attributes: dict[str, Mapping[str, Attribute]] = {}
    for node_type, nodes in sorted(catalogue.nodes.items()):
        ids, table = nodes_of(tx, nodes)
        if ids:
            vocabularies[node_type] = Vocabulary(ids)
        if ids and table:
            attributes[node_type] = table
    links = {
        edge_type: found.links(vocabularies[edge_type[0]], vocabularies[edge_type[2]])
        for edge_type, found in edges.items()
        if len(found)
    }
    users, items = vocabularies.pop("user"), vocabularies.pop("item")
    return Graph(log.interactions(users, items), attributes, vocabularies, links)


def position(tx: neo4j.ManagedTransaction) -> int:
    """How far the store has been written; 0 where it never was."""
    ((last,),) = rows(tx, cypher.READ_POSITION)
    return int(last or 0)


def events_since(
    tx: neo4j.ManagedTransaction, after: int, limit: int, whole_users: bool
) -> NewEvents:
    """The first `limit` events that changed after a position, and all others of their pairs, or of
    their users.
    """
    last = position(tx)
    if last <= after:  # and where there are no positions yet, there is no index of them either
        return NewEvents.of_rows([], last)
    return deletion.events_since(tx, after, limit, last, whole_users)


def nodes_since(tx: neo4j.ManagedTransaction, after: int, limit: int) -> ChangedNodes:
    """The first `limit` users and items written or deleted after a position."""
    last = position(tx)
    if last <= after:
        return ChangedNodes((), last)
    catalogue = own_catalogue(tx)
    declared = catalogue.nodes
    found = rows(tx, cypher.NODES_SINCE, position=after, limit=limit)
    items = [node_id for type_, node_id, values, _ in found if type_ == "item" and values]
    links = _links_of(tx, catalogue, items)
    nodes = tuple(
        ChangedNode(
            node_type,
            node_id,
            None if properties is None else attributes_of(declared[node_type], properties),
            links.get(node_id, ()) if node_type == "item" else (),
            position,
        )
        for node_type, node_id, properties, position in found
    )
    return ChangedNodes(nodes, found[-1][3] if len(found) == limit else last)


def _links_of(
    tx: neo4j.ManagedTransaction, catalogue: Catalogue, items: Sequence[str]
) -> Mapping[str, tuple[ItemLink, ...]]:
    """The links of items, by id."""
    found: dict[str, list[ItemLink]] = {}
    for (source, relation, target), link in catalogue.links.items():
        if not items or "user" in (source, target) or "item" not in (source, target):
            continue
        other, left, right = (target, "-", "->") if source == "item" else (source, "<-", "-")
        query = cypher.LINKS_OF.substitute(
            LEFT=left,
            LINKED=names.quoted(link.type),
            RIGHT=right,
            Other=names.quoted(catalogue.nodes[other].label),
        )
        for item, node in rows(tx, query, items=items):
            found.setdefault(item, []).append(ItemLink(relation, other, node))
    return {item: tuple(sorted(links)) for item, links in found.items()}


def user_events(
    tx: neo4j.ManagedTransaction, layout: Events, user: str, key: str | int
) -> Interactions:
    """The events of a user, in canonical order; `key` is the id as the database has it."""
    found = rows(tx, layout.fill(cypher.USER_EVENTS), user=key)
    items, weights, times, kinds = zip(*found, strict=True) if found else [()] * 4
    named = [_kind(layout, kind) for kind in kinds]
    return Interactions.of(
        [user] * len(items), list(map(str, items)), weights, times, named
    ).sorted()


def ids(tx: neo4j.ManagedTransaction, nodes: Nodes) -> tuple[str, ...]:
    """The ids of all nodes of a type, in code-point order."""
    chunks = _records(tx, _about(cypher.READ_IDS, nodes), rows=IDS)
    return _distinct(nodes, (str(node_id) for (chunk,) in chunks for node_id in chunk))


def events_between(
    tx: neo4j.ManagedTransaction, layout: Events, since: int, until: int, limit: int
) -> Interactions:
    """At most `limit` of the events from `since` on and before `until`, in canonical order."""
    query = layout.fill(cypher.EVENTS_BETWEEN)
    found = rows(tx, query, since=since, until=until, limit=limit)
    users, items, weights, times, kinds = zip(*found, strict=True) if found else [()] * 5
    named = [(layout.kinds or {}).get(kind, kind) for kind in kinds]
    return Interactions.of(
        list(map(str, users)), list(map(str, items)), weights, times, named
    ).sorted()


def node(tx: neo4j.ManagedTransaction, nodes: Nodes, key: str | int) -> Properties | None:
    """The attributes that the node with an id has, by name; None where there is none."""
    found = rows(tx, _about(cypher.READ_NODE, nodes), id=key)
    if not found:
        return None
    return attributes_of(nodes, found[0][0])


def has_node(tx: neo4j.ManagedTransaction, nodes: Nodes, key: str | int) -> bool:
    """Whether there is a node with an id."""
    return rows(tx, _about(cypher.HAS_NODE, nodes), id=key) != [[0]]


def counts(tx: neo4j.ManagedTransaction, layout: Events, catalogue: Catalogue) -> dict[str, int]:
    """Number of nodes by type, of events under "events", of links under "links"."""

    def count(query: str) -> int:
        return rows(tx, query)[0][0]

    nodes = {
        node_type: count(_about(cypher.COUNT_NODES, nodes))
        for node_type, nodes in sorted(catalogue.nodes.items())
    }
    links = sum(
        count(
            cypher.COUNT_LINKS.substitute(
                Source=names.quoted(catalogue.nodes[source].label),
                LINKED=names.quoted(link.type),
                Target=names.quoted(catalogue.nodes[target].label),
            )
        )
        for (source, _, target), link in catalogue.links.items()
    )
    occurring = {name: n for name, n in nodes.items() if n or name in ("user", "item")}
    events = count(layout.fill(cypher.COUNT_EVENTS))
    return {**occurring, "events": events, "links": links}


def own_catalogue(tx: neo4j.ManagedTransaction) -> Catalogue:
    """What graphrec noted about its own graph."""
    declared: dict[str, dict[str, tuple[str, AttributeKind]]] = {}
    for node_type, name, key, kind in rows(tx, cypher.READ_ATTRIBUTES):
        declared.setdefault(node_type, {})[name] = (key, DeclaredKind.of(kind).kind)
    return Catalogue(
        {
            node_type: Nodes(names.label(node_type), OWN_ID, declared.get(node_type, {}))
            for node_type in {"user", "item"}.union(*rows(tx, cypher.READ_NODE_TYPES))
        },
        {
            (source, relation, target): Link(names.relationship(relation), "link.weight")
            for source, relation, target in rows(tx, cypher.READ_LINK_TYPES)
        },
    )


class _Codes(dict[str | int, int]):
    """Numbers for ids, in the order in which they come."""

    def __missing__(self, key: str | int) -> int:
        self[key] = code = len(self)
        return code

    def of(self, ids: Iterable[str | int]) -> Iterable[int]:
        return map(self.__getitem__, ids)

    def rows_in(self, vocabulary: Vocabulary) -> NDArray[np.int32]:
        """The row of each of them, -1 for those that the vocabulary does not hold."""
        return np.fromiter(
            (vocabulary.rows.get(str(each), -1) for each in self), np.int32, len(self)
        )


class _Edges:
    """Edges as they come, grouped by source, in growing columns."""

    def __init__(self) -> None:
        self._sources, self._targets = _Codes(), _Codes()
        self._source, self._size = array("i"), array("q")  # one a group
        self._target, self._weight = array("i"), array("f")  # one an edge

    def __len__(self) -> int:
        return len(self._target)

    def add(
        self, source: str | int, targets: Sequence[str | int], weights: Sequence[float]
    ) -> None:
        self._source.append(self._sources[source])
        self._size.append(len(targets))
        self._target.extend(self._targets.of(targets))
        self._weight.extend(weights)

    def columns(
        self, sources: Vocabulary, targets: Vocabulary
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
        """Source, target and weight of each edge; -1 for a node that has gone meanwhile."""
        source = self._sources.rows_in(sources)[np.frombuffer(self._source, np.int32)]
        target = self._targets.rows_in(targets)[np.frombuffer(self._target, np.int32)]
        weight = np.frombuffer(self._weight, np.float32)
        return np.repeat(source, np.frombuffer(self._size, np.int64)), target, weight

    def links(self, sources: Vocabulary, targets: Vocabulary) -> Links:
        source, target, weight = self.columns(sources, targets)
        order = np.lexsort((target, source))
        order = order[(source[order] >= 0) & (target[order] >= 0)]
        return Links(source[order], target[order], weight[order])


class _Log(_Edges):
    """Events as they come, grouped by user and kind."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds = _Codes()
        self._kind, self._time = array("i"), array("q")  # one a group, one an event

    def add_events(
        self,
        user: str | int,
        kind: str,
        items: Sequence[str | int],
        times: Sequence[int],
        weights: Sequence[float],
    ) -> None:
        self.add(user, items, weights)
        self._kind.append(self._kinds[kind])
        self._time.extend(times)

    def interactions(self, users: Vocabulary, items: Vocabulary) -> Interactions:
        user, item, weight = self.columns(users, items)
        kinds = Vocabulary(tuple(sorted(map(str, self._kinds))))
        kind = self._kinds.rows_in(kinds)[np.frombuffer(self._kind, np.int32)].astype(np.uint8)
        log = Interactions(
            users,
            items,
            user,
            item,
            weight,
            np.frombuffer(self._time, np.int64),
            np.repeat(kind, np.frombuffer(self._size, np.int64)),
            kinds.ids or ("interaction",),
        )
        return log.take((user >= 0) & (item >= 0)).sorted()


def _read_log(tx: neo4j.ManagedTransaction, layout: Events, until: int | None) -> _Log:
    log = _Log()
    for (found,) in _records(tx, layout.fill(cypher.READ_EVENTS), until=until):
        for user, kind, *columns in found:
            if user is not None:
                log.add_events(user, _kind(layout, kind), *columns)
    if until is None:
        lacking = rows(tx, layout.fill(cypher.COUNT_EVENTS))[0][0] - len(log)
        if lacking > 0:
            logger.warning(
                "%d of the relationships %s are left out: expected a weight and a time of each, "
                "and ids of the user and the item",
                lacking,
                layout.pattern.types,
            )
    return log


def _read_edges(tx: neo4j.ManagedTransaction, catalogue: Catalogue, edge_type: EdgeType) -> _Edges:
    source, target = (catalogue.nodes[end] for end in (edge_type[0], edge_type[2]))
    link = catalogue.links[edge_type]
    query = cypher.READ_LINKS.substitute(
        Source=names.quoted(source.label),
        source_id=names.quoted(source.id),
        LINKED=names.quoted(link.type),
        WEIGHT=link.weight,
        Target=names.quoted(target.label),
        target_id=names.quoted(target.id),
    )
    edges = _Edges()
    for (found,) in _records(tx, query):
        for node_id, *columns in found:
            if node_id is not None:
                edges.add(node_id, *columns)
    return edges


def nodes_of(
    tx: neo4j.ManagedTransaction, nodes: Nodes
) -> tuple[tuple[str, ...], Mapping[str, Attribute]]:
    """Ids in code-point order, and the attributes of the nodes."""
    if not nodes.attributes:
        return ids(tx, nodes), {}
    found = sorted(
        (
            (str(node_id), properties)
            for (chunk,) in _records(tx, _about(cypher.READ_NODES, nodes))
            for node_id, properties in chunk
            if node_id is not None
        ),
        key=itemgetter(0),
    )
    return _distinct(nodes, (node_id for node_id, _ in found)), {
        name: Attribute(kind, tuple(_value(kind, properties.get(key)) for _, properties in found))
        for name, (key, kind) in nodes.attributes.items()
    }


def _distinct(nodes: Nodes, found: Iterable[str]) -> tuple[str, ...]:
    """Ids in code-point order; raises StoreError for one that comes twice."""
    ids = sorted(found)
    for one, other in pairwise(ids):
        if one == other:
            raise StoreError(
                f"two nodes :{nodes.label} have the {nodes.id} {one!r}: expected another one for "
                f"each; merge them, and create a constraint that {nodes.id} is unique"
            )
    return tuple(ids)


def _records(
    tx: neo4j.ManagedTransaction, query: str, rows: int = ROWS, **values: Any
) -> Iterator[list[Any]]:
    for record in tx.run(query, {"rows": rows, **values}):
        yield record.values()


def _kind(layout: Events, kind: str) -> str:
    """A kind by what a query gives as one."""
    return kind if layout.kinds is None else layout.kinds[kind]


class Known(NamedTuple):
    """What a graph of graphrec's own notes of its events."""

    kinds: Sequence[str]
    tied: bool
    """Whether ties hold, for readers with the policy that was asked about."""


def known(tx: neo4j.ManagedTransaction, layout: Events, policy: Mapping[str, KindPolicy]) -> Known:
    """The kinds of events, and whether ties hold; of a mapped graph, which names them, neither."""
    if layout.kinds is not None:
        return Known((), False)
    noted = [row for row in rows(tx, cypher.READ_KNOWN) if row[0] is not None]
    if not noted:  # a graph from before kinds were noted has none until it is written
        return Known([kind for (kind,) in rows(tx, cypher.FIND_KINDS)], False)
    tied = all(holds and means == meaning_of(kind, policy) for kind, means, holds in noted)
    return Known([kind for kind, _, _ in noted], tied)


def _about(query: cypher.Cypher, nodes: Nodes) -> str:
    return query.substitute(Node=names.quoted(nodes.label), id=names.quoted(nodes.id))


def attributes_of(nodes: Nodes, properties: Mapping[str, Any]) -> Properties:
    """The attributes of a node, by name."""
    return {
        name: _value(kind, properties[key])
        for name, (key, kind) in nodes.attributes.items()
        if key in properties
    }


def _value(kind: AttributeKind, value: Any) -> AttributeValue:
    if value is None:
        return None
    if kind == "number":
        return float(value)
    if kind == "vector":
        return Vector(bytes(value)) if isinstance(value, bytes | bytearray) else Vector.of(value)
    if kind == "tags":
        return tuple(map(str, value)) if isinstance(value, list) else (str(value),)
    return str(value)
