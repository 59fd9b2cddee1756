"""A graph in memory, put together as a store would: each thing once, the last of equal ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from graphrec.data import (
    Attribute,
    AttributeKind,
    AttributeValue,
    EdgeType,
    Graph,
    Interactions,
    Links,
    Vocabulary,
    last_of_equal,
)
from graphrec.errors import DataError
from graphrec.progress import Progress


class Sink(Protocol):
    """What loading writes to: a store (`graphrec.store.protocol.GraphStore`), or `Collected`."""

    def write_events(self, events: Interactions) -> int:
        """Add events, or set the weights of those that are there; returns how many are new."""
        ...

    def write_log(
        self, batches: Iterable[Interactions], rows: int, progress: Progress | None = None
    ) -> int:
        """Add the events of a whole log of about `rows`; returns how many are new."""
        ...

    def write_nodes(
        self, node_type: str, nodes: Vocabulary, attributes: Mapping[str, Attribute]
    ) -> None:
        """Add nodes, or set the given attributes of nodes that are there; other ones stay."""
        ...

    def write_links(self, edge_type: EdgeType, links: Sequence[tuple[str, str, float]]) -> int:
        """Add (source id, target id, weight) links and the nodes they name; returns new ones."""
        ...

    def counts(self) -> Mapping[str, int]:
        """How many nodes there are, by type, and events and links beside."""
        ...

    def attribute_kinds(self, node_type: str) -> Mapping[str, AttributeKind]:
        """What kind of value each attribute of a type of node has, by name."""
        ...


@dataclass
class Collected:
    """What was written, until `graph` is made of it."""

    logs: list[Interactions] = field(default_factory=list)
    nodes: dict[str, dict[str, None]] = field(default_factory=dict)
    """Ids by node type, in the order they came."""
    attributes: dict[str, dict[str, tuple[AttributeKind, dict[str, AttributeValue]]]] = field(
        default_factory=dict
    )
    """By node type and name: the kind, and the values by id."""
    links: dict[EdgeType, dict[tuple[str, str], float]] = field(default_factory=dict)

    def write_events(self, events: Interactions) -> int:
        """All count as new: which of them are equal shows when the graph is made."""
        self.logs.append(events)
        self._add("user", events.users.ids)
        self._add("item", events.items.ids)
        return len(events)

    def write_log(
        self, batches: Iterable[Interactions], rows: int, progress: Progress | None = None
    ) -> int:
        """As `write_events` of each batch."""
        return sum(map(self.write_events, batches))

    def write_nodes(
        self, node_type: str, nodes: Vocabulary, attributes: Mapping[str, Attribute]
    ) -> None:
        """As of `Sink`; raises DataError for an attribute that came with another kind before."""
        self._add(node_type, nodes.ids)
        known = self.attributes.setdefault(node_type, {})
        for name, attribute in attributes.items():
            kind, values = known.setdefault(name, (attribute.kind, {}))
            if kind != attribute.kind:
                raise DataError(
                    f"attribute {name!r} of {node_type} nodes is {attribute.kind!r} in one place "
                    f"and {kind!r} in another: expected one kind; name it"
                )
            values.update(zip(nodes.ids, attribute.values, strict=True))

    def write_links(self, edge_type: EdgeType, links: Sequence[tuple[str, str, float]]) -> int:
        """As of `Sink`."""
        known = self.links.setdefault(edge_type, {})
        before = len(known)
        known.update({(source, target): weight for source, target, weight in links})
        self._add(edge_type[0], [source for source, _, _ in links])
        self._add(edge_type[2], [target for _, target, _ in links])
        return len(known) - before

    def counts(self) -> Mapping[str, int]:
        """As of `Sink`."""
        return {
            **{node_type: len(ids) for node_type, ids in self.nodes.items()},
            "events": sum(map(len, self.logs)),
            "links": sum(map(len, self.links.values())),
        }

    def attribute_kinds(self, node_type: str) -> Mapping[str, AttributeKind]:
        """As of `Sink`."""
        return {name: kind for name, (kind, _) in self.attributes.get(node_type, {}).items()}

    def graph(self) -> Graph:
        """The graph in canonical order, as `GraphStore.read_graph` gives it."""
        vocabularies = {t: Vocabulary(tuple(sorted(ids))) for t, ids in self.nodes.items()}
        users, items = (vocabularies.pop(t, Vocabulary()) for t in ("user", "item"))
        attributes = {
            node_type: {
                name: Attribute(kind, tuple(map(values.get, sorted(self.nodes[node_type]))))
                for name, (kind, values) in known.items()
            }
            for node_type, known in self.attributes.items()
            if known
        }
        graph = Graph(_one_log(self.logs, users, items), attributes, vocabularies)
        links = {
            edge_type: as_rows(graph, edge_type, self.links[edge_type])
            for edge_type in sorted(self.links)
            if self.links[edge_type]
        }
        return replace(graph, links=links)

    def _add(self, node_type: str, ids: Sequence[str]) -> None:
        self.nodes.setdefault(node_type, {}).update(dict.fromkeys(ids))


def _one_log(logs: Sequence[Interactions], users: Vocabulary, items: Vocabulary) -> Interactions:
    """The events of all logs in canonical order, the last written of those that are equal."""
    if not logs:
        return Interactions.of((), ()).recode(users, items)
    kinds = tuple(sorted({kind for log in logs for kind in log.kinds}))
    parts = [log.recode(users, items) for log in logs]
    codes = [
        np.array([kinds.index(kind) for kind in part.kinds], np.uint8)[part.kind] for part in parts
    ]
    log = Interactions(
        users,
        items,
        np.concatenate([part.user for part in parts]),
        np.concatenate([part.item for part in parts]),
        np.concatenate([part.weight for part in parts]),
        np.concatenate([part.time for part in parts]),
        np.concatenate(codes),
        kinds,
    ).sorted()
    return log.take(last_of_equal([log.user, log.item, log.time, log.kind]))


def as_rows(graph: Graph, edge_type: EdgeType, weights: Mapping[tuple[str, str], float]) -> Links:
    """Links sorted by the rows of their ends."""
    sources, targets = graph.vocabulary(edge_type[0]).rows, graph.vocabulary(edge_type[2]).rows
    rows = sorted((sources[s], targets[t], weight) for (s, t), weight in weights.items())
    source, target, weight = zip(*rows, strict=True)
    return Links(
        np.array(source, np.int32), np.array(target, np.int32), np.array(weight, np.float32)
    )
