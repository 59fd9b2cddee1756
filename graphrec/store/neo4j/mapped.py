"""Checks that a graph which is there already fits the mapping in the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import neo4j

from graphrec.errors import SettingsError
from graphrec.settings import MappedGraph
from graphrec.store.neo4j import names
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.server import rows


def check(tx: neo4j.ManagedTransaction, graph: MappedGraph) -> frozenset[str]:
    """The types of node whose ids are integers; raises SettingsError for what is not there."""
    labels, types = (
        sorted(name for (name,) in rows(tx, query))
        for query in (cypher.READ_LABELS, cypher.READ_TYPES)
    )
    _check_names(
        "node",
        labels,
        {f"nodes.{node_type}.label": nodes.label for node_type, nodes in graph.nodes.items()},
    )
    _check_names(
        "relationship",
        types,
        {f"interactions.{kind}.type": each.type for kind, each in graph.interactions.items()}
        | {f"links.{n}.type": link.type for n, link in enumerate(graph.links)},
    )
    return frozenset(node_type for node_type in graph.nodes if _has_whole_ids(tx, graph, node_type))


def _check_names(what: str, there: Sequence[str], wanted: Mapping[str, str]) -> None:
    for key, name in wanted.items():
        if name not in there:
            raise SettingsError(
                f"setting neo4j.graph.{key} = {name!r} is of no {what} in the database: expected "
                f"one of {', '.join(there) or '(there are none)'}"
            )


def _has_whole_ids(tx: neo4j.ManagedTransaction, graph: MappedGraph, node_type: str) -> bool:
    nodes = graph.nodes[node_type]
    query = cypher.READ_AN_ID.substitute(Node=names.quoted(nodes.label), id=names.quoted(nodes.id))
    found = rows(tx, query)
    if not found or not isinstance(found[0][0], str | int):
        raise SettingsError(
            f"setting neo4j.graph.nodes.{node_type}.id = {nodes.id!r} identifies no node "
            f":{nodes.label}: expected a property that holds strings or integers"
        )
    return isinstance(found[0][0], int)
