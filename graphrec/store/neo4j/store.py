"""The store of a Neo4j server: the graph kept where others can query it too, in Cypher."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path as FilePath
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

import neo4j
import numpy as np

from graphrec.data import (
    Attribute,
    AttributeKind,
    AttributeValue,
    EdgeType,
    Graph,
    Interactions,
    Vocabulary,
)
from graphrec.data.coerce import converted
from graphrec.data.in_force import Meanings, only_kinds
from graphrec.data.kinds import KindPolicy
from graphrec.data.vector import vector_length
from graphrec.errors import DataError, StoreError, UnknownNode
from graphrec.progress import Progress
from graphrec.settings import Neo4jSettings
from graphrec.store.batch import NodeValues, StreamBatch
from graphrec.store.declared import DeclaredKind
from graphrec.store.deletions import new_key
from graphrec.store.event_key import EventKey
from graphrec.store.neo4j import (
    deletion,
    dumping,
    names,
    questions,
    read,
    restoring,
    stream,
    tying,
    write,
)
from graphrec.store.neo4j import mapped as neo4j_mapped
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.layout import Catalogue, mapped_catalogue, mapped_events, own_events
from graphrec.store.neo4j.server import Server, rows
from graphrec.store.neo4j.ties import Types, types_of
from graphrec.store.neo4j.writing import Writing, writing_in
from graphrec.store.other_side import CountedOnce
from graphrec.store.protocol import (
    CAP,
    PAGE,
    SCALE,
    ChangedNodes,
    Neighbour,
    Neighbours,
    NewEvents,
    Path,
    Popular,
    Similarity,
)

MANY_USERS = 500
"""Users whose ties are made in one transaction, of a graph that has none."""

Result = TypeVar("Result")


class Neo4jStore:
    """A `GraphStore` in a database of a Neo4j server, 5.23 or later.

    Threads and processes may share it. Where the server goes away, a call tries again for up to
    `retry_seconds`, and then raises StoreError; only opening does not wait. What the server
    acknowledged survives its crash. `read_graph` reads what is committed as it goes: a write that
    ends meanwhile may be in it in part, but no edge without its nodes.

    A call's writes are one transaction, which the server holds in memory until it ends: some
    hundreds of thousands of events for each GiB of its heap.

    Opening changes nothing in the database; the schema is created by the first write. Where the
    settings map a graph that is there already, it is used in place and only read: a write raises
    StoreError.

    With `unfinished`, also one into which a copy was not restored to its end, to do that.

    Raises SettingsError for a URL that cannot be and for a mapping to what is not there, and
    StoreError where the server is away, refuses the user, has no such database, or the database has
    a newer schema.
    """

    def __init__(
        self,
        url: str,
        policy: Mapping[str, KindPolicy],
        settings: Neo4jSettings | None = None,
        retry_seconds: float = 60.0,
        unfinished: bool = False,
    ) -> None:
        settings = settings or Neo4jSettings()
        self._url = url
        self._server = Server(url, settings, retry_seconds)
        self._mapped = settings.graph
        self._constrained: set[str] = set()
        self._counted = CountedOnce()
        try:
            self._version = self._server.check(unfinished)
            if self._mapped is None:
                self._events = own_events(policy)
            else:
                graph = self._mapped
                whole = self._server.read(lambda tx: neo4j_mapped.check(tx, graph))
                self._events = mapped_events(graph, policy, whole)
        except BaseException:
            self._server.close()
            raise

    @property
    def version(self) -> int:
        """Of the schema in the database; 0 before its first write, and of a mapped graph."""
        return self._version

    def upgrade(self) -> None:
        """Bring the schema, with its indexes, and the ties to this version; a write would too.

        Nothing of a mapped graph.
        """
        if self._mapped is None:
            self._prepare(*self._server.read(self._catalogue).nodes)
            self._complete_ties()

    def position(self) -> int | None:
        """How far the store has been written; None where the settings map a graph."""
        if self._mapped is not None:
            return None
        return self._server.read(read.position)

    def events_since(
        self, position: int, limit: int = PAGE, whole_users: bool = False
    ) -> NewEvents:
        """The first `limit` events that changed after a position; whole pairs, or whole users.

        With them come all other events of the same (user, item) pairs, or users.
        """
        self._refuse_mapped_positions()
        return self._server.read(lambda tx: read.events_since(tx, position, limit, whole_users))

    def nodes_since(self, position: int, limit: int = PAGE) -> ChangedNodes:
        """The first `limit` users and items that came, changed or went after a position."""
        self._refuse_mapped_positions()
        return self._server.read(lambda tx: read.nodes_since(tx, position, limit))

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
        return self._write(lambda writing: write.events(writing, added))

    def write_log(
        self, batches: Iterable[Interactions], rows: int, progress: Progress | None = None
    ) -> int:
        """Add the events of a whole log, each batch durable by itself; returns how many were new.

        Raises as `write_events` does.
        """
        new = sum(map(self.write_events, batches))
        if self._mapped is None:
            self._complete_ties()
        return new

    def write_batch(self, batch: StreamBatch) -> int:
        """Store what a batch of a stream changes, and how far the stream is read by it, at once.

        Returns how many events were new. Raises StreamMoved where somebody else read it on, or
        where the server went away just as it stored the batch, and DataError as the single writes
        do.
        """
        if not np.isfinite(batch.events.weight).all():
            raise DataError("event weights hold nan or inf: expected finite numbers; drop them")
        nodes = [
            (each.type, write.node_rows(each.nodes, each.attributes), _declared(each))
            for each in batch.nodes
        ]
        events = write.event_rows(batch.events) if len(batch.events) else []
        self._prepare("user", "item", *(node_type for node_type, _, _ in nodes))
        return self._write(lambda writing: stream.write_batch(writing, batch, nodes, events))

    def stream_positions(self, name: str) -> Mapping[str, str]:
        """How far each partition of a stream was read."""
        return self._server.read(lambda tx: stream.positions(tx, name))

    def write_nodes(
        self, node_type: str, nodes: Vocabulary, attributes: Mapping[str, Attribute]
    ) -> None:
        """Add nodes, or set the given attributes of nodes that exist; other attributes stay.

        Raises DataError for a number that is not finite, and for an attribute that the store has
        with another kind.
        """
        added = write.node_rows(nodes, attributes)
        kinds = _declared(NodeValues(node_type, nodes, attributes))
        self._prepare(node_type)
        self._write(lambda writing: write.nodes(writing, node_type, added, kinds))

    def change_kind(self, node_type: str, name: str, kind: AttributeKind) -> int:
        """Make an attribute one of another kind; returns how many values were removed by it."""
        self._refuse_mapped()
        nodes = self._server.read(self._catalogue).nodes.get(node_type)
        if nodes is None or name not in nodes.attributes or nodes.attributes[name][1] == kind:
            return 0
        ids, attributes = self._server.read(lambda tx: read.nodes_of(tx, nodes))
        given = [(i, v) for i, v in zip(ids, attributes[name].values, strict=True) if v is not None]
        found = Vocabulary(tuple(node_id for node_id, _ in given))
        values = tuple(converted(value, kind) for _, value in given)
        declared = DeclaredKind(kind, vector_length(name, found.ids, values))
        changed = write.node_rows(found, {name: Attribute(kind, values)})
        self._write(lambda w: write.change_kind(w, node_type, name, declared, changed))
        return sum(value is None for value in values)

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
        return self._write(lambda writing: write.links(writing, edge_type, weights))

    def read_graph(self, until: int | None = None) -> Graph:
        """All nodes, and the events before `until` (milliseconds), in canonical order.

        The kinds are those of the events that are read.
        """
        return self._server.read(
            lambda tx: read.graph(tx, self._events, self._catalogue(tx), until)
        )

    def user_events(self, user: str) -> Interactions:
        """The events of a user, in canonical order; none where there is no such user."""
        key = self._events.key_of("user", user)
        if key is None:
            return Interactions.of([], [])
        return self._server.read(lambda tx: read.user_events(tx, self._events, user, key))

    def events_between(self, since: int, until: int, limit: int) -> Interactions:
        """At most `limit` of the events from `since` on and before `until`, in canonical order."""
        return self._server.read(
            lambda tx: read.events_between(tx, self._events, since, until, limit)
        )

    def attribute_kinds(self, node_type: str) -> Mapping[str, AttributeKind]:
        """What kind of value each attribute of a type of node has, by name."""
        nodes = self._server.read(self._catalogue).nodes.get(node_type)
        return {} if nodes is None else {name: kind for name, (_, kind) in nodes.attributes.items()}

    def event_kinds(self) -> Collection[str]:
        """The kinds of the events that the store has or had."""
        if self._events.kinds:  # those of an existing graph are mapped in the settings
            return frozenset(self._events.kinds.values())
        found = self._server.read(lambda tx: rows(tx, cypher.READ_KINDS))
        return frozenset(name for (name,) in found)

    def link_types(self) -> Collection[EdgeType]:
        """The types of links that there are: source type, relation, target type."""
        return frozenset(self._server.read(self._catalogue).links)

    def read_node(self, node_type: str, node_id: str) -> Mapping[str, AttributeValue]:
        """The attributes that a node has, by name; raises UnknownNode."""

        def work(tx: neo4j.ManagedTransaction) -> Mapping[str, AttributeValue] | None:
            nodes = self._catalogue(tx).nodes.get(node_type)
            key = self._events.key_of(node_type, node_id)
            return None if nodes is None or key is None else read.node(tx, nodes, key)

        found = self._server.read(work)
        if found is None:
            raise UnknownNode(node_type, node_id)
        return found

    def related_items(
        self,
        item: str,
        k: int = 10,
        similarity: Similarity = "cosine",
        min_support: int = 1,
        cap: int = CAP,
        kinds: Collection[str] | None = None,
        after: bool = False,
    ) -> Neighbours:
        """Items liked by the same users, or those with events of `kinds`; raises UnknownNode.

        With `after`, by those whose first such event on the other item is later.
        """
        return self._similar("item", item, k, similarity, min_support, cap, kinds, after)

    def similar_users(
        self,
        user: str,
        k: int = 10,
        similarity: Similarity = "cosine",
        min_support: int = 1,
        cap: int = CAP,
    ) -> Neighbours:
        """Users who like the same items; raises UnknownNode."""
        return self._similar("user", user, k, similarity, min_support, cap)

    def neighbour_recommendations(
        self, user: str, k: int = 10, neighbours: int = 50
    ) -> list[Neighbour]:
        """Items the most similar users like and the user has not seen; raises UnknownNode."""

        def query(asking: Asking) -> str:
            text = questions.recommendations(asking.ties is not None)
            return self._events.similar(text, "user", *asking)

        about = {"id": ("user", user)}
        values = {"k": neighbours, "similarity": "cosine", "min_support": 1, "cap": CAP, "items": k}
        found = self._ask(query, about, None, **values, everyone=0)
        return [Neighbour(str(id_), score / SCALE, support) for id_, score, support in found]

    def popular_items(
        self,
        k: int = 10,
        since: int | None = None,
        until: int | None = None,
        kinds: Collection[str] | None = None,
    ) -> list[Popular]:
        """Items by the number of users who like them, in the window [since, until).

        With `kinds`, only events of these count.
        """
        whenever = since is None and until is None

        def query(asking: Asking) -> str:
            if asking.ties is None or not whenever:
                return self._events.asking(questions.POPULAR_BY_EVENTS, asking.meanings)
            return self._events.asking(questions.popular_by_ties(asking.ties.single), *asking)

        found = self._ask(query, {}, kinds, k=k, since=since, until=until)
        return [Popular(str(id_), people) for id_, people in found]

    def paths(self, user: str, item: str, k: int = 10) -> list[Path]:
        """Why `item` for `user`: the paths between them, by score; raises UnknownNode."""

        def query(asking: Asking) -> str:
            return self._events.asking(questions.paths(asking.ties is not None), *asking)

        found = self._ask(query, {"user": ("user", user), "item": ("item", item)}, None, k=k)
        return [Path(str(via), people, score / SCALE) for via, people, score in found]

    def delete_events(self, keys: Sequence[EventKey]) -> int:
        """Take events back; returns how many there were. Their users and items stay."""
        self._prepare("user", "item")
        return self._write(lambda writing: deletion.delete_events(writing, keys))

    def forget_user(self, user: str, remember: bool = True) -> bool:
        """Delete a user with all events and links; returns whether there was one.

        With `remember`, a hash of their id is kept, by which events that come late are known.
        The server's transaction logs name the user until it discards them: `db.tx_log.rotation`.
        Raises StoreError for one that a mapped graph holds: it is only read.
        """
        if self._mapped is not None and not self.traces(user):
            return False
        return self._delete("user", [user], remember) == 1

    def delete_item(self, item: str) -> bool:
        """Delete an item with all events and links; returns whether there was one."""
        return self.delete_items([item]) == 1

    def delete_items(self, items: Collection[str]) -> int:
        """Delete items with all events and links, all or none; returns how many there were."""
        return self._delete("item", items)

    def deleted(self, node_type: str, ids: Collection[str]) -> frozenset[str]:
        """Which of some users or items were deleted, and not put since by `write_nodes`."""
        if self._mapped is not None or not ids:
            return frozenset()
        return self._server.read(lambda tx: deletion.deleted(tx, node_type, ids))

    def ids(self, node_type: str) -> tuple[str, ...]:
        """The ids of all nodes of a type, in code-point order."""

        def work(tx: neo4j.ManagedTransaction) -> tuple[str, ...]:
            nodes = self._catalogue(tx).nodes.get(node_type)
            return () if nodes is None else read.ids(tx, nodes)

        return self._server.read(work)

    def traces(self, user: str) -> tuple[str, ...]:
        """Places where something of a user is left, in words; empty once the user is forgotten.

        All properties of users and of relationships are searched; of a mapped graph, the ids of
        users. Nobody can look into the server's transaction logs.
        """
        if self._mapped is None:
            found = self._server.read(lambda tx: rows(tx, cypher.TRACES, id=user))
            return tuple(str(place) for (place,) in found)
        key = self._events.key_of("user", user)
        if key is None or not self._server.read(
            lambda tx: read.has_node(tx, self._events.user, key)
        ):
            return ()
        return (f"nodes {self._events.user.label}",)

    def counts(self) -> Mapping[str, int]:
        """Number of nodes by type, of events under "events", of links under "links"."""
        return self._server.read(lambda tx: read.counts(tx, self._events, self._catalogue(tx)))

    def dump(self, path: FilePath) -> None:
        """Write all as of one moment into a new file, which is one of the SQLite store.

        Others write meanwhile, but for its last part: there they wait until what was written since
        it began, and all links, are read. Raises StoreError for a mapped graph.
        """
        if self._mapped is not None:
            raise StoreError(
                "a graph that [neo4j.graph] maps is not graphrec's to copy: expected one of its "
                "own; copy the database with `neo4j-admin database dump`"
            )
        dumping.dump(self._server, path)

    def restore(self, path: FilePath) -> None:
        """Take all from a file that `dump` wrote, into a database without a graph of graphrec's.

        Nobody else opens the store before it is whole; one that was interrupted is done again.
        Raises StoreError where the store holds something, or the file is damaged or newer.
        """
        self._refuse_mapped()
        restoring.restore(self._server, path, self._prepare, self._url)
        self._complete_ties()

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
        self._refuse_mapped()
        if self._version < cypher.VERSION:
            self._server.define((*cypher.CREATE_SCHEMA, cypher.AWAIT_INDEXES))
            self._server.write(_write_version)
            self._version = cypher.VERSION
        labels = {names.label(node_type) for node_type in node_types} - self._constrained
        if labels:
            quoted = (names.quoted(label) for label in sorted(labels))
            statements = (
                statement.substitute(Node=label)
                for label in quoted
                for statement in (cypher.CREATE_CONSTRAINT, cypher.CREATE_INDEX)
            )
            self._server.define((*statements, cypher.AWAIT_INDEXES))
            self._constrained |= labels

    def _write(self, work: Callable[[Writing], Result]) -> Result:
        policy = self._events.policy
        return self._server.write(lambda tx: writing_in(tx, policy, work))

    def _complete_ties(self) -> None:
        """Go through all users, where the ties of another policy or of none are replaced."""

        def more(writing: Writing) -> bool:
            tying.begin(writing)
            tying.advance(writing, MANY_USERS)
            return writing.ties_until is not None

        self._prepare("user", "item")
        while self._write(more):
            pass

    def _delete(self, node_type: str, ids: Collection[str], remember: bool = True) -> int:
        def work(writing: Writing) -> int:
            found = deletion.delete_nodes(writing, node_type, ids)
            if remember:
                deletion.remember(writing, node_type, ids)
            return found

        self._prepare(node_type)
        return self._write(work)

    def _refuse_mapped(self) -> None:
        if self._mapped is not None:
            raise StoreError(
                "a graph that [neo4j.graph] maps is only read: expected no write; write into it as "
                "you do, or leave the mapping out to keep a graph of graphrec's own"
            )

    def _refuse_mapped_positions(self) -> None:
        if self._mapped is not None:
            raise StoreError(
                "a graph that [neo4j.graph] maps has no position, as others write it: expected a "
                "graph of graphrec's own; load it with `graphrec ingest`, or train on all of it"
            )

    def _catalogue(self, tx: neo4j.ManagedTransaction) -> Catalogue:
        return read.own_catalogue(tx) if self._mapped is None else mapped_catalogue(self._mapped)

    def _similar(
        self,
        node_type: str,
        node_id: str,
        k: int,
        similarity: Similarity,
        min_support: int,
        cap: int,
        kinds: Collection[str] | None = None,
        after: bool = False,
    ) -> Neighbours:
        def query(asking: Asking) -> str:
            ties = asking.ties
            text = questions.related(ties is not None, ties is not None and ties.single, after)
            return self._events.similar(text, node_type, *asking)

        other = "user" if node_type == "item" else "item"
        values = {"k": k, "similarity": similarity, "min_support": min_support, "cap": cap}
        found = self._ask(
            query,
            {"id": (node_type, node_id)},
            kinds,
            **values,
            everyone=self._tied(other, kinds) if similarity == "lift" else 0,
        )
        degree = found[0][3] if found else 0
        rows = (Neighbour(str(id_), score / SCALE, support) for id_, score, support, _ in found)
        return Neighbours(rows, degree, cap)

    def _tied(self, node_type: str, kinds: Collection[str] | None) -> int:
        """How many users like anything, or items anyone likes, by events of these kinds."""

        def query(asking: Asking) -> str:
            by_ties = asking.ties is not None
            text = questions.TIED_BY_TIES if by_ties else questions.TIED_BY_EVENTS
            return self._events.similar(text, node_type, *asking)

        def count() -> int:
            return int(self._ask(query, {}, kinds)[0][0])

        asked = None if kinds is None else frozenset(kinds)
        return self._counted.get(self.position(), (node_type, asked), count)

    def _ask(
        self,
        query: Callable[[Asking], str],
        about: Mapping[str, tuple[str, str]],
        kinds: Collection[str] | None,
        **values: Any,
    ) -> list[list[Any]]:
        """The rows of a query about nodes, types and ids by parameter; raises UnknownNode."""
        keys: dict[str, str | int] = {}
        for name, node in about.items():
            key = self._events.key_of(*node)
            if key is None:
                raise UnknownNode(*node)
            keys[name] = key
        asked = {**values, **keys, "scale": SCALE}
        policy = self._events.policy

        def ask(tx: neo4j.ManagedTransaction) -> list[list[Any]]:
            known = read.known(tx, self._events, policy)
            asking = Asking(
                only_kinds(self._events.meanings(known.kinds), kinds),
                types_of(known.kinds, policy, kinds) if known.tied else None,
            )
            meant = self._events.values(asking.meanings)
            found = rows(tx, query(asking), asked=asked, **meant)
            if not found:  # no neighbours, or no such node?
                for name, (node_type, node_id) in about.items():
                    nodes = self._events.item if node_type == "item" else self._events.user
                    if not read.has_node(tx, nodes, keys[name]):
                        raise UnknownNode(node_type, node_id)
            return found

        return self._server.read(ask)


class Asking(NamedTuple):
    """What a query is about: events that count by what they mean, or the ties of these."""

    meanings: Meanings
    ties: Types | None


def _declared(nodes: NodeValues) -> dict[str, DeclaredKind]:
    """The kinds of the attributes of nodes."""
    return {
        name: DeclaredKind(each.kind, vector_length(name, nodes.nodes.ids, each.values))
        for name, each in nodes.attributes.items()
    }


def _write_version(tx: neo4j.ManagedTransaction) -> None:
    rows(tx, cypher.WRITE_VERSION, version=cypher.VERSION, key=new_key().hex())
    rows(tx, cypher.WRITE_TOMBSTONES)
