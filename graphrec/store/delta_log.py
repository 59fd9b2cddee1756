"""Reading what is written to a store, page by page, into deltas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from graphrec.data import AttributeValue
from graphrec.data.drift import kinds_of
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy, have_own_thresholds
from graphrec.store.delta import Delta, ItemDelta, UserDelta
from graphrec.store.event_columns import EventColumns, EventIds, columns_of, latest
from graphrec.store.protocol import PAGE, ChangedNode, GraphStore, NewEvents
from graphrec.store.written_users import Attributes, Folded, KnownUser, WrittenUsers

LARGE = 1_000
"""Rows of a page from which on it goes into columns as a whole."""

MANY = 100_000
"""Changes in a page where nobody waits."""

RECENT = 2_000
"""Users from whom on those beside the columns should be put into them."""


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
        log = read_log(store, since, kinds)
        if not log.lost:  # else what was read may be of someone who was forgotten meanwhile
            users, events = dict(log.delta.users), store.counts()["events"]
            return replace(log.delta, users=users, position=reached, events=events)


def read_log(
    store: GraphStore, since: int, kinds: Mapping[str, KindPolicy] = DEFAULT_POLICY
) -> DeltaLog:
    """All that was written to a store after a position, as of `read_delta`, where users are made
    into objects only when they are asked for.
    """
    reached = store.position() or 0
    log = DeltaLog(since, reached)
    while min(log.events_read, log.nodes_read) < reached:
        log.add_events(new_events(store, log.events_read, kinds, MANY))
        log.add_nodes(*store.nodes_since(log.nodes_read, MANY))
    return log


def new_events(
    store: GraphStore,
    position: int,
    kinds: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    limit: int = PAGE,
) -> NewEvents:
    """The page of events after a position, as of `GraphStore.events_since`.

    Where users have thresholds of their own, all other events of these users come with it: any of
    them may count now that did not before, or no longer.
    """
    return store.events_since(position, limit, whole_users=have_own_thresholds(kinds))


class DeltaLog:
    """The delta of a store since a position, kept in step with it page by page.

    One thread writes it. What it gives out (`delta`) is frozen: a new one whenever something came.
    Large pages are put into columns together, once they are many or the delta is asked for; small
    ones stay beside the columns, user by user, until `fold`.
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
        self._stale = False
        """Whether users are other ones than those of the delta."""
        self._ids = EventIds.none()
        self._folded = Folded()
        self._recent: dict[int, KnownUser] = {}
        """By number, in place of what is folded."""
        self._pages: list[EventColumns] = []
        self._attributes: list[tuple[Mapping[int, Attributes], int]] = []
        """Large pages of users, and their positions. Both are later than `_recent`."""
        self._made: dict[int, UserDelta] = {}
        self._names = frozenset[str]()
        """Of attributes that were written of users."""
        self._items_at: dict[str, int] = {}
        """Up to where the store had been read when an item changed, and so below."""
        self._renewed_at: dict[str, int] = {}
        self._forgotten_at: dict[str, int] = {}
        self._leaving: list[str] = []
        """Users who are being forgotten: the store does not say who, but these are known."""
        self._edition = 0
        if before is not None:
            self._leaving, self._edition = [*before._leaving], before._edition
            self._forgotten_at = dict(before._forgotten_at)
            self._renew(forgotten=before._delta.forgotten)

    @property
    def delta(self) -> Delta:
        """All that was read."""
        if self._stale:
            self._fold_pages()
            recent = dict(self._recent)
            users = WrittenUsers(self._ids, self._folded, recent, self._made, self._names)
            self._delta, self._stale = replace(self._delta, users=users), False
        return self._delta

    @property
    def to_fold(self) -> bool:
        """Whether `fold` should be called; it takes about 0.2 s for a million events."""
        return len(self._recent) >= RECENT or bool(self._pages or self._attributes)

    def fold(self) -> None:
        """Put all into columns, which changes nothing of what is known."""
        self._fold_pages()
        self._fold_recent()
        self._stale = True

    def add_events(self, page: NewEvents) -> None:
        """A page of events, with all events of each pair of a user and an item in it."""
        changed = page.events.take(page.changed)
        columns = columns_of(page, self._ids)
        if len(columns) > LARGE:
            self._pages.append(columns)
            if sum(map(len, self._pages)) > len(self._folded.events):
                self._fold_pages()
        else:
            self._fold_pages()
            for user in np.unique(columns.user).tolist():
                known = self._known(user)
                events = latest([known.events, columns.of_user(user)])
                self._put(user, replace(known, events=events))
        self.events_read = page.position
        self._set(
            written=self._delta.written + len(changed) + len(page.taken_back),
            kinds=dict(Counter(self._delta.kinds) + Counter(kinds_of(changed))),
        )

    def add_nodes(self, nodes: Collection[ChangedNode], position: int) -> None:
        """Users and items that came, changed or were deleted, read up to a position.

        Where a user was forgotten, a store does not say who: the log is `lost`, but for those whom
        `forget` has named.
        """
        before, self.nodes_read = self.nodes_read, position
        if not nodes:
            return
        items, deleted = dict(self._delta.items), set(self._delta.deleted)
        renewed, gone = set(self._delta.renewed), set[str]()
        written: dict[str, Mapping[str, AttributeValue]] = {}
        deletions = 0
        for node_type, node_id, attributes, links, at in nodes:
            if node_id is None:
                deletions += 1
                if self._leaving:
                    self._add_attributes(written, position)
                    written = {}
                    self._drop(self._leaving.pop(0), at)
                elif at > self._began:
                    self.lost = True
            elif node_type == "user":
                if attributes is None:
                    deletions += 1
                else:
                    written[node_id] = attributes
            else:
                self._items_at[node_id] = position
                if attributes is None:
                    deletions += 1
                    items.pop(node_id, None)
                    deleted.add(node_id)
                    gone.add(node_id)
                else:
                    items[node_id] = ItemDelta(attributes, links)
                    if node_id in deleted:
                        deleted.discard(node_id)
                        renewed.add(node_id)
                        self._renewed_at[node_id] = position
        self._add_attributes(written, position)
        if self._drop_items(gone):
            # What came after the deletion of an item is among what is read once more.
            self.events_read = min(self.events_read, before)
        if gone or items != self._delta.items or deleted != self._delta.deleted:
            self._renew(items=items, deleted=frozenset(deleted), renewed=frozenset(renewed))
        self._set(deletions=self._delta.deletions + deletions)

    def forget(self, user: str) -> None:
        """Leave out a user, whatever a snapshot holds, until one comes that was made later.

        The store is about to delete them; what is read of them until then goes, too. Where it
        does not, `stays` has to be called.
        """
        self._fold_pages()
        self._put(int(self._ids.users.of([user])[0]), KnownUser())
        self._forgotten_at[user] = self.nodes_read + 1
        self._leaving.append(user)
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
        self.fold()
        self._edition += 1
        self._ids, self._folded = self._folded.since(position, self._ids, self._edition)
        self._made = {}
        self._names = frozenset[str]().union(*self._folded.attributes.values())
        self._items_at, self._renewed_at, self._forgotten_at = (
            {key: at for key, at in each.items() if at > position}
            for each in (self._items_at, self._renewed_at, self._forgotten_at)
        )
        delta, held = self._delta, self._items_at
        self._renew(
            items={item: each for item, each in delta.items.items() if item in held},
            deleted=delta.deleted & held.keys(),
            renewed=delta.renewed & self._renewed_at.keys(),
            forgotten=delta.forgotten & self._forgotten_at.keys(),
            written=0,
            kinds={},
            deletions=0,
        )

    def _drop_items(self, items: Collection[str]) -> bool:
        """Let go of the events on items that were deleted; returns whether there were any."""
        found = (self._ids.items.get(item) for item in items)
        codes = [code for code in found if code is not None]
        if not codes:
            return False
        self.fold()
        chosen = np.zeros(len(self._ids.items), bool)
        chosen[codes] = True
        rows = chosen[self._folded.events.item]
        self._edition += 1
        self._folded = self._folded.without(rows, self._edition)
        return bool(rows.any())

    def _drop(self, user: str, position: int) -> None:
        """Let go of what was read of a user before the store deleted them."""
        self._fold_pages()
        code = int(self._ids.users.of([user])[0])
        known = self._known(code)
        kept = KnownUser(known.events.take(known.events.read_at > position))
        if known.attributes_at > position:
            kept = replace(kept, attributes=known.attributes, attributes_at=known.attributes_at)
        self._put(code, kept)
        self._set()

    def _add_attributes(
        self, written: Mapping[str, Mapping[str, AttributeValue]], position: int
    ) -> None:
        """The attributes of users, read up to a position."""
        if not written:
            return
        self._names = self._names.union(*written.values())
        codes = self._ids.users.of(written).tolist()
        if len(written) > LARGE:
            self._attributes.append((dict(zip(codes, written.values(), strict=True)), position))
            return
        self._fold_pages()
        for code, each in zip(codes, written.values(), strict=True):
            self._put(code, replace(self._known(code), attributes=each, attributes_at=position))

    def _known(self, user: int) -> KnownUser:
        """What is known of a user."""
        recent = self._recent.get(user)
        return self._folded.user(user) if recent is None else recent

    def _put(self, user: int, known: KnownUser) -> None:
        """Another edition of what is known of a user."""
        self._edition += 1
        self._recent[user] = replace(known, edition=self._edition)
        self._made.pop(user, None)

    def _fold_recent(self) -> None:
        self._folded = self._folded.with_users(self._recent, len(self._ids.users))
        self._recent = {}

    def _fold_pages(self) -> None:
        """Put the large pages into columns."""
        if self._pages or self._attributes:
            self._fold_recent()
            self._edition += 1
            self._folded = self._folded.with_pages(
                self._pages,
                self._attributes,
                self._edition,
                len(self._ids.users),
            )
            self._pages, self._attributes = [], []

    def _renew(self, **changes: object) -> None:
        """Another edition for everyone."""
        self._edition += 1
        self._set(edition=self._edition, **changes)

    def _set(self, **changes: object) -> None:
        self._delta = replace(self._delta, **changes)  # type: ignore[arg-type]
        self._stale = True
