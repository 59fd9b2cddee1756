"""Lists, with their items, and those that a policy made, read from lines of the exposure log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson
from numpy.typing import NDArray

from graphrec.data import Vocabulary

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Lists:
    """L lists with E items altogether."""

    users: Vocabulary
    """Ids as the log has them: pseudonyms, in a log of the service."""
    items: Vocabulary
    user: Whole
    """[L]: rows of `users`."""
    time: Whole
    """[L]: milliseconds since 1970."""
    action: tuple[str, ...]
    """[L]"""
    chance: Floats
    """[L]: of the action, as it was logged."""
    context: tuple[tuple[str, ...], ...]
    """[L]"""
    of: Whole
    """[E]: the list of each item."""
    item: Whole
    """[E]: rows of `items`."""

    def __len__(self) -> int:
        return len(self.user)

    @classmethod
    def single(
        cls,
        shown: Sequence[tuple[str, str, int]],
        users: tuple[str, ...],
        items: tuple[str, ...],
    ) -> Lists:
        """Lists of one item each: a user, an item and a time."""
        who, what = Vocabulary(users), Vocabulary(items)
        count = len(shown)
        return cls(
            who,
            what,
            np.array([who.rows[user] for user, _, _ in shown], np.int64),
            np.array([time for _, _, time in shown], np.int64),
            ("",) * count,
            np.ones(count),
            ((),) * count,
            np.arange(count),
            np.array([what.rows[item] for _, item, _ in shown], np.int64),
        )


@dataclass
class ListLog:
    """Takes in lines of the log, in their order, of one policy; gives out its lists."""

    policy: str
    unreadable: int = 0
    """Lines that name the policy and cannot be read."""
    _users: dict[str, int] = field(default_factory=dict)
    _items: dict[str, int] = field(default_factory=dict)
    _keys: dict[tuple[str, int, str], int] = field(default_factory=dict)
    _lists: list[tuple[int, int, str, float, tuple[str, ...]]] = field(default_factory=list)
    _of: list[int] = field(default_factory=list)
    _item: list[int] = field(default_factory=list)

    def add(self, lines: Iterable[bytes]) -> None:
        """Take in further lines."""
        named = f'"policy":"{self.policy}/'.encode()
        for line in lines:
            if named not in line:  # cheaper than to read it
                continue
            try:
                self._take(orjson.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError):
                self.unreadable += 1

    def _take(self, found: dict[str, object]) -> None:
        action = str(found["policy"]).partition("/")[2]
        user, item = str(found["user"]), str(found["item"])
        time, chance = int(str(found["time"])), float(str(found["chance"]))
        context = found["context"]
        if not 0 < chance <= 1 or not isinstance(context, list):
            raise ValueError
        # A list is what a request got: its lines have one time.
        key = (user, time, str(found.get("request")))
        place = self._keys.get(key)
        if place is None:
            place = self._keys[key] = len(self._lists)
            row = self._users.setdefault(user, len(self._users))
            self._lists.append((row, time, action, chance, tuple(map(str, context))))
        self._of.append(place)
        self._item.append(self._items.setdefault(item, len(self._items)))

    def __len__(self) -> int:
        return len(self._lists)

    def lists(self, most: int | None = None) -> Lists:
        """The lists so far, by time; of more than `most`, the last ones."""
        order = sorted(range(len(self._lists)), key=lambda at: self._lists[at][1])
        kept = order if most is None else order[-most:]
        place = np.full(len(self._lists), -1, np.int64)
        place[kept] = np.arange(len(kept))
        rows: Sequence[tuple[int, int, str, float, tuple[str, ...]]] = [
            self._lists[at] for at in kept
        ]
        of = place[np.array(self._of, np.int64)] if self._of else np.empty(0, np.int64)
        return Lists(
            Vocabulary(tuple(self._users)),
            Vocabulary(tuple(self._items)),
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.int64),
            tuple(row[2] for row in rows),
            np.array([row[3] for row in rows], np.float64),
            tuple(row[4] for row in rows),
            of[of >= 0],
            np.array(self._item, np.int64)[of >= 0],
        )
