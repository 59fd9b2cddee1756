"""What a store was told since the snapshot was made, in memory: the live side of every answer.

Everything has its external id, so that it fits any snapshot. What a snapshot holds too is no harm:
an event that was there before counts once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import NamedTuple

from graphrec.data import AttributeValue, Interactions
from graphrec.store.protocol import ChangedNode
from graphrec.weighting import KindPolicy, worth


class Event(NamedTuple):
    """Something that a user did with an item."""

    item: str
    kind: str
    time: int
    """Milliseconds since 1970."""
    worth: float
    """0: the user has met the item, and it says nothing of what they like."""


class Overlay:
    """Events, items and deletions that were read from a store after a position.

    It changes as it is told, and is read in between, by one thread.
    """

    def __init__(self, policy: Mapping[str, KindPolicy]) -> None:
        self._policy = policy
        self.edition = 0
        """Moves on whenever an item changes, comes or goes, or events do."""
        self.since = self.events_read = self.nodes_read = 0
        # Each with how far the store had been read when it came.
        self._events: dict[str, dict[tuple[str, str, int], tuple[Event, int]]] = {}
        self._items: dict[str, tuple[Mapping[str, AttributeValue], int]] = {}
        self._deleted: dict[str, int] = {}
        self._forgotten: dict[str, int] = {}

    def rewind(self, position: int) -> None:
        """Read once more what a store was told after `position`; what is held stays meanwhile."""
        self.since = self.events_read = self.nodes_read = position

    def add_events(self, events: Interactions, position: int) -> None:
        """Events that were read up to a position."""
        for user, event in valued(events, self._policy):
            mine = self._events.setdefault(user, {})
            mine[event.item, event.kind, event.time] = (event, position)
        self.events_read = position

    def add_nodes(self, nodes: Iterable[ChangedNode], position: int) -> None:
        """Users and items that came, changed or went, read up to a position.

        Where a user was forgotten, a store does not say who: all events must be read again.
        """
        for node in nodes:
            if node.type == "item" and node.id is not None:
                self._put_item(node.id, node.attributes, position)
            elif node.attributes is None:
                self._events, self.events_read = {}, self.since
                self.edition += 1
        self.nodes_read = position

    def forget(self, user: str) -> None:
        """Leave out a user, whatever a snapshot holds, until one comes that was made later."""
        self._events.pop(user, None)
        self._forgotten[user] = self.nodes_read + 1

    def prune(self, position: int) -> None:
        """Let go of what a snapshot of a store at `position` holds."""
        self.since = position
        self._events = {
            user: kept
            for user, events in self._events.items()
            if (kept := {key: each for key, each in events.items() if each[1] > position})
        }
        self._items = {item: each for item, each in self._items.items() if each[1] > position}
        for gone in (self._deleted, self._forgotten):
            for name in [name for name, since in gone.items() if since <= position]:
                del gone[name]
        self.edition += 1

    def events_of(self, user: str) -> tuple[Event, ...]:
        """What a user did since."""
        return tuple(event for event, _ in self._events.get(user, {}).values())

    def state_of(self, user: str) -> Hashable:
        """Another one whenever a user did more, or anything but events changed."""
        mine = self._events.get(user, {}).values()
        latest = max((position for _, position in mine), default=None)
        return self.edition, len(mine), latest, user in self._forgotten

    def has_forgotten(self, user: str) -> bool:
        """Whether what a snapshot holds of a user no longer counts."""
        return user in self._forgotten

    @property
    def items(self) -> Mapping[str, Mapping[str, AttributeValue]]:
        """The attributes of items that came or changed since."""
        return {item: attributes for item, (attributes, _) in self._items.items()}

    @property
    def deleted(self) -> Iterable[str]:
        """Items that went."""
        return self._deleted.keys()

    def _put_item(
        self, item: str, attributes: Mapping[str, AttributeValue] | None, position: int
    ) -> None:
        if attributes is None:
            self._items.pop(item, None)
            self._deleted[item] = position
        else:
            self._deleted.pop(item, None)
            self._items[item] = (attributes, position)
        self.edition += 1


def valued(events: Interactions, policy: Mapping[str, KindPolicy]) -> Iterator[tuple[str, Event]]:
    """Raw events with their users, and with what they are worth before they age."""
    columns = (events.user, events.item, events.kind, events.time, worth(events, policy, now=0))
    for user, item, kind, time, value in zip(*(c.tolist() for c in columns), strict=True):
        yield events.users.ids[user], Event(events.items.ids[item], events.kinds[kind], time, value)
