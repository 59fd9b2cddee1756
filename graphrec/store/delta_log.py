"""Reading what is written to a store, page by page, into deltas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import chain

import numpy as np

from graphrec.data import AttributeValue, Interactions
from graphrec.data.drift import kinds_of
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy, have_own_thresholds
from graphrec.store.delta import (
    Delta,
    Event,
    ItemDelta,
    UserDelta,
    events_by_user,
    events_of,
)
from graphrec.store.protocol import ChangedNode, GraphStore, NewEvents


def read_delta(
    store: GraphStore, since: int, kinds: Mapping[str, KindPolicy] = DEFAULT_POLICY
) -> Delta:
    """What was written to a store after a position, until now.

    Where users have thresholds of their own by the policies of the `kinds`, it holds all events of
    the users of whom any was written. What is written meanwhile may be in it, and comes again with
    the next delta. Raises StoreError where the store has no position.
    """
    while True:
        reached = store.position() or 0
        log = DeltaLog(since, reached)
        while min(log.events_read, log.nodes_read) < reached:
            log.add_events(new_events(store, log.events_read, kinds))
            log.add_nodes(*store.nodes_since(log.nodes_read))
        if not log.lost:  # else what was read may be of someone who was forgotten meanwhile
            return replace(log.delta, position=reached, events=store.counts()["events"])


def new_events(
    store: GraphStore, position: int, kinds: Mapping[str, KindPolicy] = DEFAULT_POLICY
) -> NewEvents:
    """The page of events after a position, as of `GraphStore.events_since`.

    Where users have thresholds of their own, all other events of these users come with it: any of
    them may count now that did not before, or no longer.
    """
    page = store.events_since(position)
    if not have_own_thresholds(kinds):
        return page
    rows = _rows(page.events)
    known = {row[:2] for row in rows}
    users = dict.fromkeys([*page.events.users.ids, *(user for user, _ in page.taken_back)])
    for user in users:
        rows += [row for row in _rows(store.user_events(user)) if row[:2] not in known]
    changed = np.zeros(len(rows), bool)
    changed[: len(page.changed)] = page.changed
    columns = zip(*rows, strict=True) if rows else [()] * 5
    return NewEvents(Interactions.of(*columns), changed, page.position, page.taken_back)


def _rows(log: Interactions) -> list[tuple[str, str, float, int, str]]:
    """User, item, value, time and kind of each event, in the order of the log."""
    return [
        (user, event.item, event.value, event.time, event.kind) for user, event in events_of(log)
    ]


class DeltaLog:
    """The delta of a store since a position, kept in step with it page by page.

    One thread writes it. What it gives out (`delta`) is frozen: a new one whenever something came.
    """

    def __init__(self, since: int = 0, began: int = 0, before: DeltaLog | None = None) -> None:
        """`began` is the position of the store when reading begins.

        The log takes the place of the one `before`: who was forgotten there stays so.
        """
        self.since = self.events_read = self.nodes_read = since
        """Where reading began, and the positions up to which events and nodes were read."""
        self.lost = False
        """Whether a user was forgotten, nobody knows who, of whom something may have been read
        before: then all has to be read again, into another log."""
        self._began = began
        self._delta = Delta()
        # By user and item, and by node: the position up to which the store had been read then.
        self._pairs: dict[str, dict[str, tuple[tuple[Event, ...], int]]] = {}
        self._read_at: dict[tuple[str, str], int] = {}
        self._users: dict[str, UserDelta] = {}
        self._leaving: list[str] = []
        """Users who are being forgotten: the store does not say who, but these are known."""
        self._edition = 0
        if before is not None:
            self._leaving, self._edition = [*before._leaving], before._edition
            self._read_at = {k: at for k, at in before._read_at.items() if k[0] == "forgotten"}
            self._renew(forgotten=before._delta.forgotten)

    @property
    def delta(self) -> Delta:
        """All that was read."""
        return self._delta

    def add_events(self, page: NewEvents) -> None:
        """A page of events, with all events of each pair of a user and an item in it."""
        changed = page.events.take(page.changed)
        written: dict[str, dict[str, list[Event]]] = {}
        for user, item in page.taken_back:
            written.setdefault(user, {})[item] = []
        for user, events in events_by_user(page.events).items():
            by_item = written.setdefault(user, {})
            for event in events:
                by_item.setdefault(event.item, []).append(event)
        for user, by_item in written.items():
            pairs = self._pairs.setdefault(user, {})
            for item, of_pair in by_item.items():
                pairs[item] = tuple(of_pair), page.position
            self._renew_user(user)
        self.events_read = page.position
        self._set(
            written=self._delta.written + len(changed) + len(page.taken_back),
            kinds=dict(Counter(self._delta.kinds) + Counter(kinds_of(changed))),
        )

    def add_nodes(self, nodes: Iterable[ChangedNode], position: int) -> None:
        """Users and items that came, changed or were deleted, read up to a position.

        Where a user was forgotten, a store does not say who: the log is `lost`, but for those whom
        `forget` has named.
        """
        before, self.nodes_read = self.nodes_read, position
        items, deleted = dict(self._delta.items), set(self._delta.deleted)
        renewed, gone = set(self._delta.renewed), set[str]()
        deletions = 0
        for node in nodes:
            deletions += node.id is None or node.attributes is None
            if node.id is None:
                if self._leaving:
                    self._drop(self._leaving.pop(0), node.position)
                elif node.position > self._began:
                    self.lost = True
            elif node.type == "item":
                self._read_at["item", node.id] = position
                if node.attributes is None:
                    items.pop(node.id, None)
                    deleted.add(node.id)
                    gone.add(node.id)
                else:
                    items[node.id] = ItemDelta(node.attributes, node.links)
                    if node.id in deleted:
                        deleted.discard(node.id)
                        renewed.add(node.id)
                        self._read_at["renewed", node.id] = position
            elif node.attributes is not None:
                self._read_at["user", node.id] = position
                self._renew_user(node.id, attributes=node.attributes)
        if self._drop_items(gone):
            # What came after the deletion of an item is among what is read once more.
            self.events_read = min(self.events_read, before)
        if items != self._delta.items or deleted != self._delta.deleted:
            self._renew(items=items, deleted=frozenset(deleted), renewed=frozenset(renewed))
        self._set(deletions=self._delta.deletions + deletions)

    def forget(self, user: str) -> None:
        """Leave out a user, whatever a snapshot holds, until one comes that was made later.

        The store is about to delete them: what is read of them until then goes, too. Where it
        does not, `stays` has to be called.
        """
        self._pairs.pop(user, None)
        self._users.pop(user, None)
        self._read_at["forgotten", user] = self.nodes_read + 1
        self._leaving.append(user)
        self._renew_user(user)
        self._set(forgotten=self._delta.forgotten | {user})

    def stays(self, user: str) -> None:
        """The store did not delete a user, or nobody knows whether it did."""
        if user in self._leaving:
            self._leaving.remove(user)
        else:  # someone else's deletion was taken for theirs
            self.lost = True

    def prune(self, position: int) -> None:
        """Let go of what a snapshot of the store at `position` holds."""
        self.since = position
        self._pairs = {
            user: kept
            for user, pairs in self._pairs.items()
            if (kept := {item: each for item, each in pairs.items() if each[1] > position})
        }
        self._read_at = {key: at for key, at in self._read_at.items() if at > position}
        attributes = {
            user: each.attributes
            for user, each in self._users.items()
            if each.attributes is not None and ("user", user) in self._read_at
        }
        self._users = {}
        for user in {*self._pairs, *attributes}:
            self._users[user] = UserDelta(attributes=attributes.get(user))
            self._renew_user(user)
        held, delta = self._read_at, self._delta
        self._renew(
            items={item: each for item, each in delta.items.items() if ("item", item) in held},
            deleted=frozenset(item for item in delta.deleted if ("item", item) in held),
            renewed=frozenset(item for item in delta.renewed if ("renewed", item) in held),
            forgotten=frozenset(user for user in delta.forgotten if ("forgotten", user) in held),
            written=0,
            kinds={},
            deletions=0,
        )

    def _drop_items(self, items: Collection[str]) -> bool:
        """Let go of the events on items that were deleted; returns whether there were any."""
        held = [user for user, pairs in self._pairs.items() if not pairs.keys().isdisjoint(items)]
        for user in held if items else ():
            pairs = self._pairs[user]
            self._pairs[user] = {item: each for item, each in pairs.items() if item not in items}
            self._renew_user(user)
        return bool(items and held)

    def _drop(self, user: str, position: int) -> None:
        """Let go of what was read of a user before the store deleted them."""
        pairs = self._pairs.pop(user, {})
        kept = {item: each for item, each in pairs.items() if each[1] > position}
        if kept:
            self._pairs[user] = kept
        if self._read_at.get(("user", user), 0) <= position:
            self._users.pop(user, None)
        self._renew_user(user)
        self._set()

    def _renew_user(
        self, user: str, attributes: Mapping[str, AttributeValue] | None = None
    ) -> None:
        """Another edition of what is known of a user; attributes stay where none are given."""
        self._edition += 1
        pairs = self._pairs.get(user, {})
        events = tuple(chain.from_iterable(events for events, _ in pairs.values()))
        gone = frozenset(item for item, (left, _) in pairs.items() if not left)
        if attributes is None and (before := self._users.get(user)) is not None:
            attributes = before.attributes
        self._users[user] = UserDelta(events, attributes, self._edition, gone)

    def _renew(self, **changes: object) -> None:
        """Another edition for everyone."""
        self._edition += 1
        self._set(edition=self._edition, **changes)

    def _set(self, **changes: object) -> None:
        self._delta = replace(self._delta, users=dict(self._users), **changes)  # type: ignore[arg-type]
