"""How many lists each new item was in this hour, so that none is in too many."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping

HOUR = 3600


class NewItemLists:
    """Counts the lists of the present hour that new items are in, where there is a limit."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._hour = 0
        self._counts = Counter[str]()

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        return self._most is not None

    @property
    def full(self) -> frozenset[str]:
        """The items that may be in no further list of this hour."""
        if self._most is None:
            return frozenset()
        self._turn()
        return frozenset(item for item, count in self._counts.items() if count >= self._most)

    def add(self, items: Iterable[str]) -> None:
        """Count new items of a list that is sent."""
        self._turn()
        self._counts.update(items)

    @property
    def hour(self) -> int:
        """The present hour, counted from 1970."""
        self._turn()
        return self._hour

    def know(self, hour: int, counts: Mapping[str, int]) -> None:
        """Take counts of an hour that are larger than those of this process: of all replicas."""
        if hour == self.hour:
            self._counts |= Counter(counts)

    def _turn(self) -> None:
        hour = int(time.time()) // HOUR
        if hour != self._hour:
            self._hour = hour
            self._counts.clear()
