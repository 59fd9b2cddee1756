"""Events as columns, of which a log can hold millions: some 30 bytes an event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from graphrec.data.graph import Rows
from graphrec.data.runs import last_of_equal
from graphrec.store.protocol import NewEvents

NOTHING_LEFT = -1
"""The kind of the one row of a pair of which every event was taken back."""


class Codes:
    """Numbers for ids, in the order in which they come; a number that was given stays."""

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self.ids: list[str] = []
        """By number."""
        self._codes: dict[str, int] = {}
        self.of(ids)

    def __len__(self) -> int:
        return len(self.ids)

    def get(self, node_id: str) -> int | None:
        """The number of an id; None where it has none."""
        return self._codes.get(node_id)

    def of(self, ids: Iterable[str]) -> Rows:
        """The numbers of ids; those that have none get the next ones."""
        found = []
        for each in ids:
            code = self._codes.get(each)
            if code is None:
                code = len(self.ids)
                self.ids.append(each)
                self._codes[each] = code
            found.append(code)
        return np.array(found, np.int32)


@dataclass(frozen=True)
class EventIds:
    """The numbers that stand for ids in columns."""

    users: Codes
    items: Codes
    kinds: Codes

    @classmethod
    def none(cls) -> EventIds:
        """No id has a number yet."""
        return cls(Codes(), Codes(), Codes())


@dataclass(frozen=True)
class EventColumns:
    """Events [E], whole pairs of a user and an item, by the numbers of their ids.

    A pair of which nothing is left has one row, of the kind NOTHING_LEFT.
    """

    user: Rows
    item: Rows
    kind: NDArray[np.int16]
    value: NDArray[np.float32]
    time: NDArray[np.int64]
    """Milliseconds since 1970."""
    read_at: NDArray[np.int64]
    """The position up to which the store had been read when the pair was."""

    def __len__(self) -> int:
        return len(self.user)

    @property
    def pair(self) -> NDArray[np.int64]:
        """One number for a user and an item [E]."""
        return self.user.astype(np.int64) << 32 | self.item

    def take(self, index: slice | NDArray) -> EventColumns:
        """The rows at positions, of a slice or of a mask."""
        return EventColumns(*(getattr(self, name)[index] for name in NAMES))

    def of_user(self, user: int) -> EventColumns:
        """The rows of a user, where rows are sorted by pair."""
        start, end = np.searchsorted(self.user, np.array([user, user + 1], np.int32))
        return self.take(slice(int(start), int(end)))


NAMES = tuple(each.name for each in fields(EventColumns))

NO_EVENTS = EventColumns(
    np.empty(0, np.int32),
    np.empty(0, np.int32),
    np.empty(0, np.int16),
    np.empty(0, np.float32),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
)


def columns_of(page: NewEvents, ids: EventIds) -> EventColumns:
    """The rows of a page, sorted by pair; within a pair they stay in order.

    Ids that have no number yet get one.
    """
    log = page.events
    events = EventColumns(
        ids.users.of(log.users.ids)[log.user],
        ids.items.of(log.items.ids)[log.item],
        ids.kinds.of(log.kinds)[log.kind].astype(np.int16),
        log.weight,
        log.time,
        np.full(len(log), page.position, np.int64),
    )
    count = len(page.taken_back)
    gone = EventColumns(
        ids.users.of(user for user, _ in page.taken_back),
        ids.items.of(item for _, item in page.taken_back),
        np.full(count, NOTHING_LEFT, np.int16),
        np.zeros(count, np.float32),
        np.zeros(count, np.int64),
        np.full(count, page.position, np.int64),
    )
    return latest([gone.take(np.unique(gone.pair, return_index=True)[1]), events])


def joined(parts: Sequence[EventColumns]) -> EventColumns:
    """The rows of several, one after the other."""
    return EventColumns(
        *(np.concatenate([getattr(each, name) for each in (NO_EVENTS, *parts)]) for name in NAMES)
    )


def latest(parts: Sequence[EventColumns]) -> EventColumns:
    """Of each pair the rows of the last part that has it, sorted by pair.

    Within a pair they stay in order.
    """
    rows = joined(parts)
    if not len(rows):
        return rows
    part = np.repeat(np.arange(len(parts), dtype=np.int32), [len(each) for each in parts])
    pair = rows.pair
    order = np.argsort(pair, kind="stable")  # quick: the parts are sorted already
    pair, part = pair[order], part[order]
    ends = np.flatnonzero(last_of_equal([pair]))
    newest = np.repeat(part[ends], np.diff(ends, prepend=-1))
    return rows.take(order[part == newest])
