"""What was written to a store after a position: events, users, items and deletions.

Everything has its external id, so that it fits any snapshot. Of each pair of a user and an item on
which something was written it has every event, old and new: whoever applies it replaces what was
known of the pair, so that applying it twice, or to a snapshot that holds a part of it already, is
applying it once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol, runtime_checkable

from graphrec.data import AttributeValue, Graph, Interactions
from graphrec.data.drift import kinds_of
from graphrec.store.protocol import ItemLink


class Event(NamedTuple):
    """Something that a user did with an item."""

    item: str
    kind: str
    time: int
    """Milliseconds since 1970."""
    value: float
    """As it was recorded, such as a rating; what it weighs is a matter of its kind."""


@dataclass(frozen=True)
class UserDelta:
    """What was written of a user."""

    events: tuple[Event, ...] = ()
    """All events of each pair that was written to."""
    attributes: Mapping[str, AttributeValue] | None = None
    """All that they have now, where they were written."""
    edition: int = 0
    """Another one whenever anything of it changes."""
    taken_back: frozenset[str] = frozenset()
    """The items of pairs that were written to and have no event left."""


@dataclass(frozen=True, slots=True)
class ItemDelta:
    """An item that came or changed."""

    attributes: Mapping[str, AttributeValue]
    links: tuple[ItemLink, ...] = ()


@runtime_checkable
class NamesAttributes(Protocol):
    """Knows the names of the attributes that were written of users, without looking at each."""

    @property
    def attribute_names(self) -> frozenset[str]:
        """The names."""
        ...


@dataclass(frozen=True)
class Delta:
    """What was written to a store after a position."""

    users: Mapping[str, UserDelta] = field(default_factory=dict)
    items: Mapping[str, ItemDelta] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()
    """Items that were deleted."""
    renewed: frozenset[str] = frozenset()
    """Items that were deleted and came back: what a snapshot holds of their events is void."""
    forgotten: frozenset[str] = frozenset()
    """Users of whom nothing that a snapshot holds counts any more."""
    edition: int = 0
    """Another one whenever anything changes but what is known of single users."""
    position: int | None = None
    """Of the store, up to which it was read."""
    written: int = 0
    """Events that are new, or took another value, and pairs of which some were taken back."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """How many of them there are of each kind."""
    deletions: int = 0
    """Users and items that were deleted."""
    events: int = 0
    """In the store."""

    @property
    def user_attributes(self) -> frozenset[str]:
        """The names of the attributes that were written of users."""
        if isinstance(self.users, NamesAttributes):
            return self.users.attribute_names
        return frozenset[str]().union(*(each.attributes or () for each in self.users.values()))

    def before(self, time: int) -> Delta:
        """What of it was so before a time, in milliseconds since 1970."""
        users = {
            user: replace(each, events=tuple(e for e in each.events if e.time < time))
            for user, each in self.users.items()
        }
        return replace(self, users=users)

    def edition_of(self, user: str) -> tuple[int, int]:
        """Another one whenever anything changes that the list of this user is made from."""
        own = self.users.get(user)
        if own is None:  # which means something else once a snapshot's knowledge is void
            return self.edition, -2 if user in self.forgotten else -1
        return self.edition, own.edition


NOTHING = Delta()


def everything(graph: Graph) -> Delta:
    """All of a recorded graph as a delta: to apply it is to compute everything anew."""
    people, items = (
        {
            node: {name: each.values[row] for name, each in columns.items()}
            for row, node in enumerate(graph.vocabulary(node_type).ids)
        }
        for node_type in ("user", "item")
        for columns in [graph.attributes.get(node_type, {})]
    )
    by_user = events_by_user(graph.interactions)
    links = _links_by_item(graph)
    return Delta(
        {user: UserDelta(by_user.get(user, ()), people[user]) for user in graph.users.ids},
        {item: ItemDelta(values, tuple(links.get(item, ()))) for item, values in items.items()},
        written=len(graph.interactions),
        kinds=kinds_of(graph.interactions),
        events=len(graph.interactions),
    )


def events_by_user(log: Interactions) -> dict[str, tuple[Event, ...]]:
    """The events of a log by the ids of their users, in its order."""
    found: dict[str, list[Event]] = {}
    for user, event in events_of(log):
        found.setdefault(user, []).append(event)
    return {user: tuple(events) for user, events in found.items()}


def events_of(log: Interactions) -> Iterator[tuple[str, Event]]:
    """The events of a log, each with the id of its user, in its order."""
    columns = (log.user, log.item, log.kind, log.time, log.weight)
    for user, item, kind, time, value in zip(*(c.tolist() for c in columns), strict=True):
        yield log.users.ids[user], Event(log.items.ids[item], log.kinds[kind], time, value)


def _links_by_item(graph: Graph) -> Mapping[str, list[ItemLink]]:
    """The links of each item, as a store gives them."""
    found: dict[str, list[ItemLink]] = {}
    for (source, relation, target), links in graph.links.items():
        if "user" in (source, target) or "item" not in (source, target):
            continue
        ends = [(links.source, source), (links.target, target)]
        (near, _), (far, other) = ends if source == "item" else reversed(ends)
        ids = graph.vocabulary(other).ids
        for item, node in zip(near.tolist(), far.tolist(), strict=True):
            found.setdefault(graph.items.ids[item], []).append(ItemLink(relation, other, ids[node]))
    return found
