"""What the Neo4j store reads, in the transaction that it is given: rows into columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
    Vocabulary,
)
from graphrec.errors import UnknownNode
from graphrec.store import neo4j_names as names
from graphrec.store import neo4j_queries as cypher
from graphrec.store.neo4j_server import rows


def graph(tx: neo4j.ManagedTransaction, until: int | None) -> Graph:
    """All nodes and links, and the events before `until`, in canonical order."""
    # Nodes are read after the edges, so that one which came meanwhile is not without its nodes.
    log = _read_log(tx, until)
    edges = {edge_type: _read_edges(tx, edge_type) for edge_type in _edge_types(tx)}
    declared = _declared(tx)
    vocabularies = {"user": Vocabulary(), "item": Vocabulary()}
    attributes: dict[str, Mapping[str, Attribute]] = {}
    for node_type in _node_types(tx):
        ids, table = _read_nodes(tx, node_type, declared.get(node_type, {}))
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


def node(
    tx: neo4j.ManagedTransaction, node_type: str, node_id: str
) -> Mapping[str, AttributeValue]:
    """The attributes that a node has, by name; raises UnknownNode."""
    found = rows(tx, _about(cypher.READ_NODE, node_type), id=node_id)
    if not found:
        raise UnknownNode(node_type, node_id)
    ((properties,),) = found
    return {
        name: _value(kind, properties[key])
        for name, (key, kind) in _declared(tx).get(node_type, {}).items()
        if key in properties
    }


def check_node(tx: neo4j.ManagedTransaction, node_type: str, node_id: str) -> None:
    """Raises UnknownNode where there is no such node."""
    if rows(tx, _about(cypher.HAS_NODE, node_type), id=node_id) == [[0]]:
        raise UnknownNode(node_type, node_id)


def counts(tx: neo4j.ManagedTransaction) -> dict[str, int]:
    """Number of nodes by type, of events under "events", of links under "links"."""

    def count(query: str) -> int:
        return rows(tx, query)[0][0]

    nodes = {name: count(_about(cypher.COUNT_NODES, name)) for name in _node_types(tx)}
    relations = sorted({relation for _, relation, _ in _edge_types(tx)})
    edges = [names.INTERACTED, *map(names.relationship, relations)]
    events, *links = (
        count(cypher.COUNT_EDGES.substitute(EDGE=names.quoted(name))) for name in edges
    )
    occurring = {name: n for name, n in nodes.items() if n or name in ("user", "item")}
    return {**occurring, "events": events, "links": sum(links)}


class _Codes(dict[str, int]):
    """Numbers for ids, in the order in which they come."""

    def __missing__(self, key: str) -> int:
        self[key] = code = len(self)
        return code

    def of(self, ids: Iterable[str]) -> Iterable[int]:
        return map(self.__getitem__, ids)

    def rows_in(self, vocabulary: Vocabulary) -> NDArray[np.int32]:
        """The row of each of them, -1 for those that the vocabulary does not hold."""
        return np.fromiter((vocabulary.rows.get(each, -1) for each in self), np.int32, len(self))


class _Edges:
    """Edges as they come, grouped by source, in growing columns."""

    def __init__(self) -> None:
        self._sources, self._targets = _Codes(), _Codes()
        self._source, self._size = array("i"), array("q")  # one a group
        self._target, self._weight = array("i"), array("f")  # one an edge

    def __len__(self) -> int:
        return len(self._target)

    def add(self, source: str, targets: Sequence[str], weights: Sequence[float]) -> None:
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
        user: str,
        kind: str,
        items: Sequence[str],
        times: Sequence[int],
        weights: Sequence[float],
    ) -> None:
        self.add(user, items, weights)
        self._kind.append(self._kinds[kind])
        self._time.extend(times)

    def interactions(self, users: Vocabulary, items: Vocabulary) -> Interactions:
        user, item, weight = self.columns(users, items)
        kinds = Vocabulary(tuple(sorted(self._kinds)))
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


def _read_log(tx: neo4j.ManagedTransaction, until: int | None) -> _Log:
    log = _Log()
    for record in tx.run(cypher.READ_EVENTS, until=until):
        log.add_events(*record.values())
    return log


def _read_edges(tx: neo4j.ManagedTransaction, edge_type: EdgeType) -> _Edges:
    source, relation, target = edge_type
    query = cypher.READ_LINKS.substitute(
        Source=names.quoted(names.label(source)),
        LINKED=names.quoted(names.relationship(relation)),
        Target=names.quoted(names.label(target)),
    )
    edges = _Edges()
    for record in tx.run(query):
        edges.add(*record.values())
    return edges


def _read_nodes(
    tx: neo4j.ManagedTransaction, node_type: str, declared: Mapping[str, tuple[str, AttributeKind]]
) -> tuple[tuple[str, ...], Mapping[str, Attribute]]:
    """Ids in code-point order, and the attributes of the nodes."""
    if not declared:
        ids = sorted(record[0] for record in tx.run(_about(cypher.READ_IDS, node_type)))
        return tuple(ids), {}
    found = sorted(rows(tx, _about(cypher.READ_NODES, node_type)))
    return tuple(node_id for node_id, _ in found), {
        name: Attribute(kind, tuple(_value(kind, properties.get(key)) for _, properties in found))
        for name, (key, kind) in declared.items()
    }


def _about(query: cypher.Cypher, node_type: str) -> str:
    return query.substitute(Node=names.quoted(names.label(node_type)))


def _node_types(tx: neo4j.ManagedTransaction) -> list[str]:
    return sorted({"user", "item"}.union(*rows(tx, cypher.READ_NODE_TYPES)))


def _edge_types(tx: neo4j.ManagedTransaction) -> list[EdgeType]:
    return sorted(
        (source, relation, target) for source, relation, target in rows(tx, cypher.READ_LINK_TYPES)
    )


def _declared(
    tx: neo4j.ManagedTransaction,
) -> Mapping[str, Mapping[str, tuple[str, AttributeKind]]]:
    """By type and name of an attribute: its property, and its kind."""
    found: dict[str, dict[str, tuple[str, AttributeKind]]] = {}
    for node_type, name, key, kind in rows(tx, cypher.READ_ATTRIBUTES):
        found.setdefault(node_type, {})[name] = (key, kind)
    return found


def _value(kind: AttributeKind, value: Any) -> AttributeValue:
    if value is None:
        return None
    if kind == "number":
        return float(value)
    return tuple(value) if kind == "tags" else str(value)
