"""How the graph lies in Neo4j: graphrec's own way, or that of a graph which is there already.

`Events` is what the queries need, known once the store is opened. `Catalogue` lists all other types
of nodes and links: from the database for graphrec's own graphs, from the settings for mapped ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphrec.data import AttributeKind, EdgeType
from graphrec.data.in_force import Meanings, meanings_of, only_kinds
from graphrec.data.kinds import KindPolicy
from graphrec.settings import MappedGraph, MappedInteraction, Neo4jSettings
from graphrec.store.neo4j import names, questions
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.likes import Pattern, event, liked, values
from graphrec.store.neo4j.ties import Types
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
    pattern: Pattern
    """What a query says of an event."""
    policy: Mapping[str, KindPolicy]
    kinds: Mapping[str, str] | None
    """Of a graph that is there already, the kind by the type of the relationship; None: events name
    their kind."""
    labelled: bool
    """Whether a pattern must name the label of the nodes at the other end of an event."""
    whole: frozenset[str] = frozenset()
    """The types of node whose ids are integers."""

    def meanings(self, kinds: Sequence[str]) -> Meanings:
        """What events of these kinds mean, or of those that are mapped."""
        return meanings_of(kinds if self.kinds is None else [*self.kinds.values()], self.policy)

    def values(self, meanings: Meanings) -> dict[str, Any]:
        """The parameters by which queries know likes."""
        types = {} if self.kinds is None else {kind: name for name, kind in self.kinds.items()}
        return values(meanings, types)

    def asking(self, query: cypher.Cypher, meanings: Meanings, ties: Types | None = None) -> str:
        """A query about who likes what, with the names in it."""
        likes = {
            f"LIKED_{user}": liked(self.pattern, meanings, user)
            for user in ("user", "fan", "person")
        }
        return query.substitute(self._names(), **likes, TIES=_either(ties))

    def fill(self, query: cypher.Cypher) -> str:
        """A query about users, items and events, with the names in it."""
        return query.substitute(self._names())

    def similar(
        self,
        query: cypher.Cypher,
        node_type: str,
        meanings: Meanings,
        ties: Types | None = None,
    ) -> str:
        """A query about nodes of a type that are tied to the same others."""
        node, other = self.user, self.item
        arrow, back = ("-", "->"), ("<-", "-")
        if node_type == "item":
            node, other, arrow, back = other, node, back, arrow

        def likes_of(near: str) -> str:
            return liked(self.pattern, meanings, "other" if node_type == "item" else near)

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
            LIKED_node=likes_of("node"),
            LIKED_near=likes_of("near"),
            LIKED_user_near=liked(self.pattern, meanings, "near"),
            TIES=_either(ties),
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
            "INTERACTED": self.pattern.types,
            "EVENT": event(self.pattern),
            "KIND": self.pattern.kind("event"),
            "WEIGHT": self.pattern.weight("event"),
            "TIME": self.pattern.time("event"),
        }

    def _end(self, node: Nodes) -> str:
        return _end(node) if self.labelled else ""


def own_events(policy: Mapping[str, KindPolicy]) -> Events:
    """The events of graphrec's own graphs: `(:User)-[:INTERACTED {kind, weight, time}]->(:Item)`.

    INTERACTED goes from users to items only, so that a pattern needs no label at its ends, which
    would have to be looked up.
    """
    return Events(
        user=Nodes(names.USER, OWN_ID, {}),
        item=Nodes(names.ITEM, OWN_ID, {}),
        pattern=Pattern(
            names.INTERACTED,
            kind=lambda event: f"{event}.kind",
            weight=lambda event: f"{event}.weight",
            time=lambda event: f"{event}.time",
            items="",
        ),
        policy=policy,
        kinds=None,
        labelled=False,
    )


def mapped_events(
    graph: MappedGraph, policy: Mapping[str, KindPolicy], whole: frozenset[str]
) -> Events:
    """The events of a graph that is there already; `whole` are the types with integer ids."""
    nodes = mapped_catalogue(graph).nodes
    each = list(graph.interactions.values())

    def by_type(event: str, text_of: Callable[[MappedInteraction], str]) -> str:
        if len(each) == 1:
            return text_of(each[0])
        cases = " ".join(f"WHEN '{e.type}' THEN {text_of(e)}" for e in each)
        return f"CASE type({event}) {cases} END"

    return Events(
        user=nodes["user"],
        item=nodes["item"],
        pattern=Pattern(
            "|".join(names.quoted(e.type) for e in each),
            kind=lambda event: f"type({event})",
            weight=lambda event: by_type(event, lambda e: _weight(event, e.weight)),
            time=lambda event: by_type(event, lambda e: _time(event, e.time, e.time_unit)),
            items=_end(nodes["item"]),
        ),
        policy=policy,
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


def literal(value: Any) -> str:
    """A value of a parameter as Cypher has it: as JSON, but for the keys of maps."""
    if isinstance(value, Mapping):
        pairs = (f"`{key.replace('`', '``')}`: {literal(each)}" for key, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return json.dumps(value)


def pasteable(
    settings: Neo4jSettings,
    policy: Mapping[str, KindPolicy],
    kinds: Collection[str] | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The queries by what they answer, and example values of all their parameters.

    They go by the events, whatever else is kept of them. Of graphrec's own graphs, they know the
    kinds that have a policy, and ratings. With `kinds`, only events of these count.
    """
    graph = settings.graph
    events = own_events(policy) if graph is None else mapped_events(graph, policy, frozenset())
    asked = {
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
        "everyone": 1000,
        "scale": SCALE,
    }
    known = list(dict.fromkeys(("rating", *policy, *(kinds or ()))))
    meanings = only_kinds(events.meanings(known), kinds)
    queries = {
        "Items related to item $asked.id: liked by the same users": events.similar(
            questions.related(False), "item", meanings
        ),
        "Items that users came to after item $asked.id": events.similar(
            questions.related(False, after=True), "item", meanings
        ),
        "How many users like anything: $asked.everyone, for the similarity lift": events.similar(
            questions.TIED_BY_EVENTS, "user", meanings
        ),
        "Users similar to user $asked.id: who like the same items": events.similar(
            questions.related(False), "user", meanings
        ),
        "What the users most similar to user $asked.id like, and they have not seen": (
            events.similar(questions.recommendations(False), "user", meanings)
        ),
        "Items by the number of users who like them, from $asked.since until before $asked.until": (
            events.asking(questions.POPULAR_BY_EVENTS, meanings)
        ),
        "Why $asked.item for $asked.user: user → via ← people → item": (
            events.asking(questions.paths(False), meanings)
        ),
    }
    return {"asked": asked, **events.values(meanings)}, queries


def _either(ties: Types | None) -> str:
    return "" if ties is None else "|".join(map(names.quoted, ties.names))


def _end(node: Nodes) -> str:
    return f":{names.quoted(node.label)}"


def _weight(name: str, key: str | None) -> str:
    return "1.0" if key is None else f"toFloat({name}.{names.quoted(key)})"


def _time(event: str, key: str | None, unit: str) -> str:
    """Milliseconds since 1970."""
    if key is None:
        return "0"
    value = f"{event}.{names.quoted(key)}"
    return {
        "ms": f"toInteger({value})",
        "s": f"toInteger({value} * 1000)",
        "us": f"toInteger({value} / 1000)",
        "datetime": f"{value}.epochMillis",
    }[unit]
