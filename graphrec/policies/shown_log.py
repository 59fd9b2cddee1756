"""What each user was shown lately, from lines of the exposure log."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import orjson

from graphrec.ranking.q_network.shown import MOST_LISTS, NOT_SHOWN, ShownTo

MOST_USERS = 200_000
"""Of whom it is kept: those of the last lists."""


class ShownLog:
    """Takes in lines of the log, in any order; gives out the last lists of a user, by time."""

    def __init__(self, most_lists: int | None = MOST_LISTS) -> None:
        self._most = most_lists
        self._users: OrderedDict[str, dict[tuple[int, str], list[str]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._users)

    def add(self, lines: Iterable[bytes]) -> None:
        """Take in further lines; those that cannot be read are passed over."""
        for line in lines:
            try:
                row = orjson.loads(line)
                user, item = str(row["user"]), str(row["item"])
                key = int(row["time"]), str(row.get("request"))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
            lists = self._users.setdefault(user, {})
            lists.setdefault(key, []).append(item)
            self._users.move_to_end(user)
            if self._most is not None:
                if len(lists) > self._most:
                    del lists[min(lists)]
                if len(self._users) > MOST_USERS:
                    self._users.popitem(last=False)

    def to(self, user: str) -> ShownTo:
        """The lists of a user, by what the log calls them."""
        lists = self._users.get(user)
        if lists is None:
            return NOT_SHOWN
        return tuple((time, tuple(items)) for (time, _), items in sorted(lists.items()))
