"""The store of a Neo4j server: the graph kept where others can query it too, in Cypher."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import neo4j
import numpy as np

from graphrec.config import Neo4jSettings
from graphrec.data import Attribute, AttributeValue, EdgeType, Graph, Interactions, Vocabulary
from graphrec.errors import DataError
from graphrec.store import neo4j_names as names
from graphrec.store import neo4j_queries as cypher
from graphrec.store import neo4j_read as read
from graphrec.store import neo4j_write as write
from graphrec.store.neo4j_server import Server, rows
from graphrec.store.protocol import DIGITS, Neighbour, Path, Popular, Similarity
from graphrec.weighting import KindPolicy

SCALE = 10**DIGITS
"""The queries give scores in whole units of 1 / SCALE."""


class Neo4jStore:
    """A `GraphStore` in a database of a Neo4j server, 5.23 or later.

    Threads and processes may share it. Where the server goes away, a call tries again for up to
    `retry_seconds`, and then raises StoreError; only opening does not wait. What the server
    acknowledged survives its crash. `read_graph` reads what is committed as it goes: a write that
    ends meanwhile may be in it in part, but no edge without its nodes.

    A call's writes are one transaction, which the server holds in memory until it ends: some
    hundreds of thousands of events for each GiB of its heap.

    Opening changes nothing in the database; the schema is created by the first write. Raises
    SettingsError for a URL that cannot be, and StoreError where the server is away, refuses the
    user, has no such database, or the database has a newer schema.
    """

    def __init__(
        self,
        url: str,
        policy: Mapping[str, KindPolicy],
        settings: Neo4jSettings | None = None,
        retry_seconds: float = 60.0,
    ) -> None:
        self._server = Server(url, settings or Neo4jSettings(), retry_seconds)
        self._positive_from = _positive_from(policy)
        self._constrained: set[str] = set()
        try:
            self._version = self._server.check()
        except BaseException:
            self._server.close()
            raise

    def write_events(self, events: Interactions) -> int:
        """Add events, and the users and items they name; returns how many were new.

        Raises DataError for a weight that is not finite. Where the server went away just as it
        stored them, they are written again, and do not count as new.
        """
        if not np.isfinite(events.weight).all():
            raise DataError("event weights hold nan or inf: expected finite numbers; drop them")
        if not len(events):
            return 0
        self._prepare("user", "item")
        added = write.event_rows(events)
        return self._server.write(lambda tx: write.events(tx, added))

    def write_nodes(
        self, node_type: str, nodes: Vocabulary, attributes: Mapping[str, Attribute]
    ) -> None:
        """Add nodes, or set the given attributes of nodes that exist; other attributes stay.

        Raises DataError for a number that is not finite, and for an attribute that the store has
        with another kind.
        """
        added = write.node_rows(nodes, attributes)
        kinds = {name: attribute.kind for name, attribute in attributes.items()}
        self._prepare(node_type)
        self._server.write(lambda tx: write.nodes(tx, node_type, added, kinds))

    def write_links(self, edge_type: EdgeType, links: Sequence[tuple[str, str, float]]) -> int:
        """Add (source id, target id, weight) links and the nodes they name; returns new ones.

        Raises DataError for a weight that is not finite.
        """
        weights = {(source, target): float(weight) for source, target, weight in links}
        if not all(map(math.isfinite, weights.values())):
            relation = edge_type[1]
            raise DataError(f"weights of {relation} links hold nan or inf: expected finite numbers")
        if not weights:
            return 0
        self._prepare(edge_type[0], edge_type[2])
        return self._server.write(lambda tx: write.links(tx, edge_type, weights))

    def read_graph(self, until: int | None = None) -> Graph:
        """All nodes, and the events before `until` (milliseconds), in canonical order.

        The kinds are those of the events that are read.
        """
        return self._server.read(lambda tx: read.graph(tx, until))

    def read_node(self, node_type: str, node_id: str) -> Mapping[str, AttributeValue]:
        """The attributes that a node has, by name; raises UnknownNode."""
        return self._server.read(lambda tx: read.node(tx, node_type, node_id))

    def related_items(
        self, item: str, k: int = 10, similarity: Similarity = "cosine", min_support: int = 1
    ) -> list[Neighbour]:
        """Items liked by the same people; raises UnknownNode."""
        return self._similar(cypher.RELATED_ITEMS, "item", item, k, similarity, min_support)

    def similar_users(
        self, user: str, k: int = 10, similarity: Similarity = "cosine", min_support: int = 1
    ) -> list[Neighbour]:
        """Users who like the same items; raises UnknownNode."""
        return self._similar(cypher.SIMILAR_USERS, "user", user, k, similarity, min_support)

    def neighbour_recommendations(
        self, user: str, k: int = 10, neighbours: int = 50
    ) -> list[Neighbour]:
        """Items the most similar users like and the user has not met; raises UnknownNode."""
        found = self._ask(
            cypher.NEIGHBOUR_RECOMMENDATIONS,
            {"user": user},
            id=user,
            k=neighbours,
            similarity="cosine",
            min_support=1,
            items=k,
        )
        return [Neighbour(id_, score / SCALE, support) for id_, score, support in found]

    def popular_items(
        self, k: int = 10, since: int | None = None, until: int | None = None
    ) -> list[Popular]:
        """Items by the number of people who like them, in the window [since, until)."""
        found = self._ask(cypher.POPULAR_ITEMS, {}, k=k, since=since, until=until)
        return [Popular(*row) for row in found]

    def paths(self, user: str, item: str, k: int = 10) -> list[Path]:
        """Why `item` for `user`: the paths between them, by score; raises UnknownNode."""
        nodes = {"user": user, "item": item}
        found = self._ask(cypher.PATHS, nodes, user=user, item=item, k=k)
        return [Path(via, people, score / SCALE) for via, people, score in found]

    def forget_user(self, user: str) -> bool:
        """Delete a user with all events and links; says whether there was one.

        The server's transaction logs name the user until it discards them: `db.tx_log.rotation`.
        """
        return self._server.write(lambda tx: rows(tx, cypher.FORGET, id=user) != [[0]])

    def counts(self) -> Mapping[str, int]:
        """Number of nodes by type, of events under "events", of links under "links"."""
        return self._server.read(read.counts)

    def close(self) -> None:
        """Release the connections."""
        self._server.close()

    def __enter__(self) -> Neo4jStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _prepare(self, *node_types: str) -> None:
        """The schema, and a constraint for each type of node; made once."""
        if not self._version:
            self._server.define((*cypher.CREATE_SCHEMA, cypher.AWAIT_INDEXES))
            self._server.write(lambda tx: rows(tx, cypher.WRITE_VERSION, version=cypher.VERSION))
            self._version = cypher.VERSION
        labels = {names.label(node_type) for node_type in node_types} - self._constrained
        if labels:
            quoted = (names.quoted(label) for label in sorted(labels))
            constraints = (cypher.CREATE_CONSTRAINT.substitute(Node=label) for label in quoted)
            self._server.define((*constraints, cypher.AWAIT_INDEXES))
            self._constrained |= labels

    def _similar(
        self,
        query: str,
        node_type: str,
        node_id: str,
        k: int,
        similarity: Similarity,
        min_support: int,
    ) -> list[Neighbour]:
        found = self._ask(
            query,
            {node_type: node_id},
            id=node_id,
            k=k,
            similarity=similarity,
            min_support=min_support,
        )
        return [Neighbour(id_, score / SCALE, support) for id_, score, support in found]

    def _ask(self, query: str, nodes: Mapping[str, str], **values: Any) -> list[list[Any]]:
        """The rows of a query about `nodes`, ids by type; raises UnknownNode."""

        def ask(tx: neo4j.ManagedTransaction) -> list[list[Any]]:
            found = rows(tx, query, **values, positive_from=self._positive_from, scale=SCALE)
            if not found:  # for want of people, or of the node?
                for node_type, node_id in nodes.items():
                    read.check_node(tx, node_type, node_id)
            return found

        return self._server.read(ask)


def _positive_from(policy: Mapping[str, KindPolicy]) -> dict[str, float]:
    """The weight from which on an event is positive, by kind; of other kinds it is any above 0."""
    thresholds = {kind: rule.least for kind, rule in policy.items() if rule.weight > 0}
    never = {kind: math.inf for kind, rule in policy.items() if rule.weight == 0}
    return never | {kind: least for kind, least in thresholds.items() if least is not None}
