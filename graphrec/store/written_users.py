"""What was written of users: most of it in columns, and what came last beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import AttributeValue, Rows
from graphrec.store.delta import Event, UserDelta
from graphrec.store.event_columns import (
    NO_EVENTS,
    NOTHING_LEFT,
    Codes,
    EventColumns,
    EventIds,
    joined,
    latest,
)

Attributes: TypeAlias = Mapping[str, AttributeValue]

MADE = 1_000
"""Users of whom events are kept as objects, because they were asked for."""


def _none() -> NDArray[np.int64]:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class KnownUser:
    """All that was written of one user."""

    events: EventColumns = NO_EVENTS
    edition: int = 0
    """Another one whenever anything of it changes."""
    attributes: Attributes | None = None
    attributes_at: int = 0
    """The position up to which the store had been read when the attributes were."""

    @property
    def nothing(self) -> bool:
        """Whether nothing is known of them."""
        return not len(self.events) and self.attributes is None


@dataclass(frozen=True)
class Folded:
    """What was written of many users, by their numbers."""

    events: EventColumns = NO_EVENTS
    """[E], sorted by pair."""
    editions: NDArray[np.int64] = field(default_factory=_none)
    """By user; 0 where nothing is known."""
    attributes: Mapping[int, Attributes] = field(default_factory=dict)
    """Of the users of whom some were written."""
    attributes_at: NDArray[np.int64] = field(default_factory=_none)
    """By user: the position up to which the store had been read when attributes were."""

    def edition(self, user: int) -> int:
        """That of what is known of a user; 0 for nothing."""
        return int(self.editions[user]) if user < len(self.editions) else 0

    def user(self, user: int) -> KnownUser:
        """What is known of a user."""
        edition = self.edition(user)
        if not edition:
            return KnownUser()
        attributes, at = self.attributes.get(user), int(self.attributes_at[user])
        return KnownUser(self.events.of_user(user), edition, attributes, at)

    def with_users(self, users: Mapping[int, KnownUser], count: int) -> Folded:
        """With other knowledge of some users in place of this; `count` users have numbers."""
        if not users:
            return self
        codes = _keys(users)
        known = users.values()
        others = np.ones(count, bool)
        others[codes] = False
        kept = self.events.take(others[self.events.user])
        editions = _grown(self.editions, count)
        editions[codes] = [0 if each.nothing else each.edition for each in known]
        attributes, at = dict(self.attributes), _grown(self.attributes_at, count)
        at[codes] = [each.attributes_at for each in known]
        for code, each in users.items():
            attributes.pop(code, None)
            if each.attributes is not None:
                attributes[code] = each.attributes
        return Folded(
            latest([kept, joined([each.events for each in known])]),
            editions,
            attributes,
            at,
        )

    def with_pages(
        self,
        pages: Sequence[EventColumns],
        attributes: Sequence[tuple[Mapping[int, Attributes], int]],
        edition: int,
        count: int,
    ) -> Folded:
        """With what pages say of pairs, and with attributes, each read up to a position.

        `count` users have numbers.

        It is another edition of all users whom they name.
        """
        editions = _grown(self.editions, count)
        for page in pages:
            editions[page.user] = edition
        together, at = dict(self.attributes), _grown(self.attributes_at, count)
        for written, position in attributes:
            together.update(written)
            codes = _keys(written)
            editions[codes], at[codes] = edition, position
        return Folded(
            latest([self.events, *pages]),
            editions,
            together,
            at,
        )

    def without(self, rows: NDArray[np.bool_], edition: int) -> Folded:
        """Without some rows of events [E]: another edition of their users."""
        events, editions = self.events.take(~rows), self.editions.copy()
        editions[self.events.user[rows]] = edition
        known = np.zeros(len(editions), bool)
        known[events.user] = True
        known[_keys(self.attributes)] = True
        return replace(self, events=events, editions=np.where(known, editions, 0))

    def since(self, position: int, ids: EventIds, edition: int) -> tuple[EventIds, Folded]:
        """What was read after a position, and the numbers of just the ids that are in it.

        It is another edition of everyone.
        """
        events = self.events.take(self.events.read_at > position)
        later = self.attributes_at > position
        attributes = {user: each for user, each in self.attributes.items() if later[user]}
        users = np.union1d(events.user, _keys(attributes)).astype(np.int32)
        items, kinds = np.unique(events.item), np.unique(events.kind[events.kind != NOTHING_LEFT])
        kept = EventIds(
            Codes(ids.users.ids[code] for code in users.tolist()),
            Codes(ids.items.ids[code] for code in items.tolist()),
            Codes(ids.kinds.ids[code] for code in kinds.tolist()),
        )
        # All codes ascend as they did before, so that rows stay sorted.
        events = replace(
            events,
            user=np.searchsorted(users, events.user).astype(np.int32),
            item=np.searchsorted(items, events.item).astype(np.int32),
            kind=np.where(
                events.kind == NOTHING_LEFT, NOTHING_LEFT, np.searchsorted(kinds, events.kind)
            ).astype(np.int16),
        )
        places = np.searchsorted(users, _keys(attributes)).tolist()
        return kept, Folded(
            events,
            np.full(len(users), edition, np.int64),
            dict(zip(places, attributes.values(), strict=True)),
            self.attributes_at[users],
        )


class WrittenUsers(Mapping[str, UserDelta]):
    """What was written of users, by their ids; made into objects for those who are asked for."""

    def __init__(
        self,
        ids: EventIds,
        folded: Folded,
        recent: Mapping[int, KnownUser],
        made: dict[int, UserDelta],
        attribute_names: frozenset[str] = frozenset(),
    ) -> None:
        """What `recent` has of a user takes the place of what is folded.

        `made` keeps what was made, also for the mappings that come after this one.
        """
        self._ids, self._folded, self._recent, self._made = ids, folded, recent, made
        self.attribute_names = attribute_names

    def __getitem__(self, user: str) -> UserDelta:
        code = self._ids.users.get(user)
        if code is None or not self._has(code):
            raise KeyError(user)
        recent, made = self._recent.get(code), self._made.get(code)
        edition = self._folded.edition(code) if recent is None else recent.edition
        if made is None or made.edition != edition:
            made = self._delta_of(self._folded.user(code) if recent is None else recent)
            if len(self._made) >= MADE:
                self._made.clear()
            self._made[code] = made
        return made

    def __contains__(self, user: object) -> bool:
        code = self._ids.users.get(user) if isinstance(user, str) else None
        return code is not None and self._has(code)

    def __iter__(self) -> Iterator[str]:
        ids, recent = self._ids.users.ids, self._recent
        yield from (
            ids[code]
            for code in np.flatnonzero(self._folded.editions).tolist()
            if code not in recent
        )
        yield from (ids[code] for code, each in recent.items() if not each.nothing)

    def __len__(self) -> int:
        recent = self._recent.items()
        return int(np.count_nonzero(self._folded.editions)) + sum(
            (not each.nothing) - (self._folded.edition(code) > 0) for code, each in recent
        )

    def _has(self, code: int) -> bool:
        recent = self._recent.get(code)
        return self._folded.edition(code) > 0 if recent is None else not recent.nothing

    def _delta_of(self, known: KnownUser) -> UserDelta:
        rows, items, kinds = known.events, self._ids.items.ids, self._ids.kinds.ids
        left = rows.kind != NOTHING_LEFT
        there, gone = rows.take(left), rows.item[~left]
        columns = zip(
            [items[code] for code in there.item.tolist()],
            [kinds[code] for code in there.kind.tolist()],
            there.time.tolist(),
            there.value.tolist(),
            strict=True,
        )
        return UserDelta(
            tuple(map(Event._make, columns)),
            known.attributes,
            known.edition,
            frozenset(items[code] for code in gone.tolist()),
        )


def _keys(users: Mapping[int, object]) -> Rows:
    return np.fromiter(users, np.int32, len(users))


def _grown(editions: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """A copy for `count` users."""
    grown = np.zeros(count, np.int64)
    grown[: len(editions)] = editions
    return grown
