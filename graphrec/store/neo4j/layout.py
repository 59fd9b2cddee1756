"""How the graph lies in Neo4j: graphrec's own way, or that of a graph which is there already.

`Events` is what the queries need, known once the store is opened. `Catalogue` lists all other types
of nodes and links: from the database for graphrec's own graphs, from the settings for mapped ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphrec.data import AttributeKind, EdgeType
from graphrec.data.weighting import KindPolicy
from graphrec.settings import MappedGraph, Neo4jSettings
from graphrec.store.neo4j import names
from graphrec.store.neo4j import queries as cypher
from graphrec.store.protocol import CAP, SCALE

OWN_ID = "id"


class Nodes(NamedTuple):
    """The nodes of one type."""

    label: str
    id: str
    attributes: Mapping[str, tuple[str, AttributeKind]]
    """By name: their property, and their kind."""


class Link(NamedTuple):
    """The relationships of one relation."""

    type: str
    weight: str
    """Cypher of a `link`."""


class Catalogue(NamedTuple):
    """The types of nodes and links that there are."""

    nodes: Mapping[str, Nodes]
    links: Mapping[EdgeType, Link]


@dataclass(frozen=True)
class Events:
    """Users, items, and what is between them."""

    user: Nodes
    item: Nodes
    types: str
    """Of the relationships, as a pattern has them."""
    kind: str
    """Cypher of an `event`, as are weight, time and liked. The kind may be a key of `kinds`."""
    weight: str
    time: str
    liked: str
    values: Mapping[str, Any]
    """The parameters in `liked`."""
    kinds: Mapping[str, str]
    labelled: bool
    """Whether a pattern must name the label of the nodes at the other end of an event."""
    whole: frozenset[str] = frozenset()
    """The types of node whose ids are integers."""

    def fill(self, query: cypher.Cypher) -> str:
        """A query about users, items and events, with the names in it."""
        return query.substitute(self._names())

    def similar(self, query: cypher.Cypher, node_type: str) -> str:
        """A query about nodes of a type that are tied to the same others."""
        node, other = self.user, self.item
        arrow, back = ("-", "->"), ("<-", "-")
        if node_type == "item":
            node, other, arrow, back = other, node, back, arrow
        return query.substitute(
            self._names(),
            Node=names.quoted(node.label),
            id=names.quoted(node.id),
            Other=self._end(other),
            Near=self._end(node),
            LEFT=arrow[0],
            RIGHT=arrow[1],
            BACK_LEFT=back[0],
            BACK_RIGHT=back[1],
            near_key=self.key("near", node_type),
            other_key=self.key("other", "user" if node_type == "item" else "item"),
        )

    def key(self, name: str, node_type: str) -> str:
        """What a node of a query is ordered by: its id, as text."""
        node = self.item if node_type == "item" else self.user
        key = f"{name}.{names.quoted(node.id)}"
        return f"toString({key})" if node_type in self.whole else key

    def key_of(self, node_type: str, node_id: str) -> str | int | None:
        """An id as the database has it; None where it cannot have it."""
        if node_type not in self.whole:
            return node_id
        try:
            number = int(node_id)
        except ValueError:
            return None
        return number if str(number) == node_id and -(2**63) <= number < 2**63 else None

    def _names(self) -> dict[str, str]:
        return {
            "User": names.quoted(self.user.label),
            "Item": names.quoted(self.item.label),
            "OfUsers": self._end(self.user),
            "OfItems": self._end(self.item),
            "user_id": names.quoted(self.user.id),
            "item_id": names.quoted(self.item.id),
            "item_key": self.key("item", "item"),
            "via_key": self.key("via", "item"),
            "INTERACTED": self.types,
            "KIND": self.kind,
            "WEIGHT": self.weight,
            "TIME": self.time,
            "LIKED": self.liked,
        }

    def _end(self, node: Nodes) -> str:
        return f":{names.quoted(node.label)}" if self.labelled else ""


def own_events(policy: Mapping[str, KindPolicy]) -> Events:
    """The events of graphrec's own graphs: `(:User)-[:INTERACTED {kind, weight, time}]->(:Item)`.

    INTERACTED goes from users to items only, so that a pattern needs no label at its ends, which
    would have to be looked up.
    """
    bars = [(kind, bar) for kind in policy if (bar := _least(policy, kind)) is not None]
    values: dict[str, Any] = {f"kind_{n}": kind for n, (kind, _) in enumerate(bars)}
    values |= {f"least_{n}": bar for n, (_, bar) in enumerate(bars)}
    cases = " ".join(f"WHEN $kind_{n} THEN $least_{n}" for n in range(len(bars)))
    least = f"CASE event.kind {cases} ELSE {_ANY} END" if bars else _ANY
    return Events(
        user=Nodes(names.USER, OWN_ID, {}),
        item=Nodes(names.ITEM, OWN_ID, {}),
        types=names.INTERACTED,
        kind="event.kind",
        weight="event.weight",
        time="event.time",
        liked=f"event.weight >= {least}",
        values=values,
        kinds={},
        labelled=False,
    )


def mapped_events(
    graph: MappedGraph, policy: Mapping[str, KindPolicy], whole: frozenset[str]
) -> Events:
    """The events of a graph that is there already; `whole` are the types with integer ids."""
    nodes = mapped_catalogue(graph).nodes
    kinds = list(graph.interactions)
    each = list(graph.interactions.values())
    least = [_least(policy, kind) for kind in kinds]

    def by_type(text_of: Callable[[int], str]) -> str:
        if len(each) == 1:
            return text_of(0)
        cases = " ".join(f"WHEN '{e.type}' THEN {text_of(n)}" for n, e in enumerate(each))
        return f"CASE type(event) {cases} END"

    def weight(n: int) -> str:
        return _weight("event", each[n].weight)

    def time(n: int) -> str:
        return _time(each[n].time, each[n].time_unit)

    def liked(n: int) -> str:
        return f"{weight(n)} >= {_ANY if least[n] is None else f'$least_{n}'}"

    return Events(
        user=nodes["user"],
        item=nodes["item"],
        types="|".join(names.quoted(e.type) for e in each),
        kind="type(event)",
        weight=by_type(weight),
        time=by_type(time),
        liked=by_type(liked),
        values={f"least_{n}": value for n, value in enumerate(least) if value is not None},
        kinds={e.type: kind for kind, e in graph.interactions.items()},
        labelled=True,
        whole=whole,
    )


def mapped_catalogue(graph: MappedGraph) -> Catalogue:
    """The nodes and links of a graph that is there already."""
    return Catalogue(
        {
            node_type: Nodes(
                nodes.label,
                nodes.id,
                {name: (name, kind) for name, kind in nodes.attributes.items()},
            )
            for node_type, nodes in graph.nodes.items()
        },
        {
            (link.source, link.relation, link.target): Link(link.type, _weight("link", link.weight))
            for link in graph.links
        },
    )


def pasteable(
    settings: Neo4jSettings, policy: Mapping[str, KindPolicy]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The queries by what they answer, and example values of all their parameters."""
    graph = settings.graph
    events = own_events(policy) if graph is None else mapped_events(graph, policy, frozenset())
    values = {
        "id": "50",
        "user": "1",
        "item": "50",
        "k": 10,
        "items": 10,
        "similarity": "cosine",
        "min_support": 1,
        "cap": CAP,
        "since": None,
        "until": None,
        "scale": SCALE,
    }
    queries = {
        "Items related to item $id: liked by the same users": events.similar(
            cypher.SIMILAR, "item"
        ),
        "Users similar to user $id: who like the same items": events.similar(
            cypher.SIMILAR, "user"
        ),
        "What the $k users most similar to user $id like, and $id has not seen": events.similar(
            cypher.NEIGHBOUR_RECOMMENDATIONS, "user"
        ),
        "Items by the number of users who like them, in the window [$since, $until)": events.fill(
            cypher.POPULAR_ITEMS
        ),
        "Why $item for $user: user → via ← people → item": events.fill(cypher.PATHS),
    }
    return {**values, **events.values}, queries


_ANY = "5e-324"
"""The least number above 0: an event of a kind without a threshold is liked from there."""


def _least(policy: Mapping[str, KindPolicy], kind: str) -> float | None:
    """The weight from which on an event of a kind is positive; None for any above 0."""
    rule = policy.get(kind, KindPolicy())
    return rule.least if rule.weight > 0 else math.inf


def _weight(name: str, key: str | None) -> str:
    return "1.0" if key is None else f"toFloat({name}.{names.quoted(key)})"


def _time(key: str | None, unit: str) -> str:
    """Milliseconds since 1970."""
    if key is None:
        return "0"
    value = f"event.{names.quoted(key)}"
    return {
        "ms": f"toInteger({value})",
        "s": f"toInteger({value} * 1000)",
        "us": f"toInteger({value} / 1000)",
        "datetime": f"{value}.epochMillis",
    }[unit]
