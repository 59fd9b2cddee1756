"""How many lists each new item was in this hour, at all replicas together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from graphrec.api.live.new_items import HOUR, NewItemLists
from graphrec.api.online.shared import Shared


class SharedNewItemLists(NewItemLists):
    """The counts of this replica, and those of all as of its last list with new items.

    Between two answers of Redis a replica knows its own alone, so that a limit is exceeded by a few
    lists at most; and by as many as there are replicas while Redis is away.
    """

    def __init__(self, most: int | None, shared: Shared) -> None:
        super().__init__(most)
        self._shared = shared

    def add(self, items: Iterable[str]) -> None:
        """Count new items of a list that is sent, here and at once, and for the others."""
        counted = Counter(items)
        super().add(counted)
        if not counted:
            return
        hour = self.hour
        key = f"{self._shared.prefix}:new:{hour}"

        async def count(redis: Any) -> None:
            pipe = redis.pipeline()
            for item, times in counted.items():
                pipe.hincrby(key, item, times)
            pipe.expire(key, 2 * HOUR)
            pipe.hgetall(key)
            found = (await pipe.execute())[-1]
            self.know(hour, {item.decode(): int(times) for item, times in found.items()})

        self._shared.send(count)
