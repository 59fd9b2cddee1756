"""What a store was told since the snapshot was made, in memory: the live side of every answer.

Everything has its external id, so that it fits any snapshot. What a snapshot holds too is no harm:
an event that was there before counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from graphrec.data import AttributeValue, Interactions
from graphrec.data.weighting import KindPolicy, worth
from graphrec.store.protocol import ChangedNode, ItemLink


class Event(NamedTuple):
    """Something that a user did with an item."""

    item: str
    kind: str
    time: int
    """Milliseconds since 1970."""
    worth: float
    """0: the user has met the item, and it says nothing of what they like."""


class Item(NamedTuple):
    """An item that came or changed since."""

    attributes: Mapping[str, AttributeValue]
    links: tuple[ItemLink, ...]


class Overlay:
    """Events, users, items and deletions that were read from a store after a position.

    It changes as it is told, by one thread. Searches read it in others: what they look at is copied
    in one step, as lists of dictionaries are.
    """

    def __init__(self, policy: Mapping[str, KindPolicy]) -> None:
        self._policy = policy
        self.edition = 0
        """Moves on whenever anything changes but what is known of single users."""
        self.since = self.events_read = self.nodes_read = 0
        # Each with how far the store had been read when it came.
        self._events: dict[str, dict[tuple[str, str, int], tuple[Event, int]]] = {}
        self._users: dict[str, tuple[Mapping[str, AttributeValue], int]] = {}
        self._items: dict[str, tuple[Item, int]] = {}
        self._deleted: dict[str, int] = {}
        self._forgotten: dict[str, int] = {}
        self._editions: dict[str, int] = {}
        self._losses = self._losses_read = 0

    def rewind(self, position: int) -> None:
        """Read once more what a store was told after `position`; what is held stays meanwhile."""
        self.since = self.events_read = self.nodes_read = position
        self._losses_read = 0

    def add_events(self, events: Interactions, position: int) -> None:
        """Events that were read up to a position."""
        for user, event in valued(events, self._policy):
            mine = self._events.setdefault(user, {})
            mine[event.item, event.kind, event.time] = (event, position)
            self._moved(user)
        self.events_read = position

    def add_nodes(self, nodes: Iterable[ChangedNode], position: int) -> None:
        """Users and items that came, changed or went, read up to a position.

        Where a user was forgotten, a store does not say who: all of users must be read again. That
        they were is read again with it, so it is counted how often it was news.
        """
        self.nodes_read = position
        for node in nodes:
            if node.id is None:
                self._losses_read += 1
                if self._losses_read > self._losses:
                    self._losses = self._losses_read
                    self._forget_users()
            elif node.type == "item":
                self._put_item(node.id, node.attributes, node.links, position)
            elif node.attributes is not None:
                self._users[node.id] = (node.attributes, position)
                self._moved(node.id)
        if self.nodes_read == self.since:
            self._losses_read = 0

    def forget(self, user: str) -> None:
        """Leave out a user, whatever a snapshot holds, until one comes that was made later."""
        self._events.pop(user, None)
        self._users.pop(user, None)
        self._moved(user)
        self._forgotten[user] = self.nodes_read + 1

    def prune(self, position: int) -> None:
        """Let go of what a snapshot of a store at `position` holds."""
        self.since = position
        self._losses = self._losses_read = 0
        self._events = {
            user: kept
            for user, events in self._events.items()
            if (kept := {key: each for key, each in events.items() if each[1] > position})
        }
        self._users = {user: each for user, each in self._users.items() if each[1] > position}
        self._items = {item: each for item, each in self._items.items() if each[1] > position}
        for gone in (self._deleted, self._forgotten):
            for name in [name for name, since in gone.items() if since <= position]:
                del gone[name]
        self._renew()

    def events_of(self, user: str) -> tuple[Event, ...]:
        """What a user did since."""
        return tuple(event for event, _ in list(self._events.get(user, {}).values()))

    def attributes_of(self, user: str) -> Mapping[str, AttributeValue] | None:
        """All attributes of a user, where they came or changed since."""
        return self._users[user][0] if user in self._users else None

    def knows(self, user: str) -> bool:
        """Whether a user did, or told, anything since."""
        return user in self._events or user in self._users

    def edition_of(self, user: str) -> tuple[int, int]:
        """Another one whenever anything changes that the list of this user is made from."""
        return self.edition, self._editions.get(user, 0)

    def has_forgotten(self, user: str) -> bool:
        """Whether what a snapshot holds of a user no longer counts."""
        return user in self._forgotten

    @property
    def users(self) -> tuple[str, ...]:
        """Who did, or told, anything since."""
        return tuple(dict.fromkeys((*list(self._events), *list(self._users))))

    @property
    def items(self) -> Mapping[str, Mapping[str, AttributeValue]]:
        """The attributes of items that came or changed since."""
        return {item: each.attributes for item, (each, _) in list(self._items.items())}

    def links_of(self, item: str) -> tuple[ItemLink, ...]:
        """What an item that came or changed since is linked to."""
        return self._items[item][0].links

    @property
    def deleted(self) -> Iterable[str]:
        """Items that went."""
        return self._deleted.keys()

    def _put_item(
        self,
        item: str,
        attributes: Mapping[str, AttributeValue] | None,
        links: tuple[ItemLink, ...],
        position: int,
    ) -> None:
        if attributes is None:
            self._items.pop(item, None)
            self._deleted[item] = position
        else:
            self._deleted.pop(item, None)
            self._items[item] = (Item(attributes, links), position)
        self.edition += 1

    def _forget_users(self) -> None:
        self._events, self._users = {}, {}
        self.events_read = self.nodes_read = self.since
        self._renew()

    def _renew(self) -> None:
        """A new edition for everyone."""
        self.edition += 1
        self._editions = {}

    def _moved(self, user: str) -> None:
        self._editions[user] = self._editions.get(user, 0) + 1


def valued(events: Interactions, policy: Mapping[str, KindPolicy]) -> Iterator[tuple[str, Event]]:
    """Raw events with their users, and with what they are worth before they age."""
    columns = (events.user, events.item, events.kind, events.time, worth(events, policy, now=0))
    for user, item, kind, time, value in zip(*(c.tolist() for c in columns), strict=True):
        yield events.users.ids[user], Event(events.items.ids[item], events.kinds[kind], time, value)
