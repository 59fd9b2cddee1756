"""Writes events: durable before they are acknowledged, and known to the next answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial

from graphrec.api.errors import StoreAway
from graphrec.api.live.feed import Feed
from graphrec.api.live.incoming import Incoming, log_of, parted, stamped
from graphrec.api.live.store import LiveStore
from graphrec.api.schemas.events import NewEvent

from graphrec.data.weighting import KindPolicy
from graphrec.errors import DataError
from graphrec.store import EventKey, GraphStore


class EventWriter:
    """Writes events in one transaction for all requests that wait meanwhile (group commit)."""

    def __init__(self, store: LiveStore, feed: Feed, kinds: Mapping[str, KindPolicy]) -> None:
        self._store = store
        self._feed = feed
        self._kinds = kinds
        self._waiting: list[tuple[list[NewEvent], asyncio.Future[Incoming]]] = []
        self._one_at_a_time = asyncio.Lock()
        self._latest = 0

    async def write(self, events: list[NewEvent]) -> Incoming:
        """Store events, and read them back for the next answer; returns what became of them.

        Raises StoreAway, and DataError for events that the store refuses; events that were not
        acknowledged can be sent again.
        """
        done: asyncio.Future[Incoming] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        async with self._one_at_a_time:
            if not done.done():
                await self._write_waiting()
        return done.result()

    async def _write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        now = max(time.time_ns() // 1_000_000, self._latest + 1)
        batches, self._latest = stamped([events for events, _ in waiting], now)
        found: Sequence[Incoming | Exception]
        try:
            write = partial(_write_each, batches=batches, kinds=self._kinds)
            found = await self._store.run(write)
            await self._feed.catch_up_if_possible()
        except StoreAway as error:
            found = [error] * len(waiting)
        except BaseException:
            found = [StoreAway("the service is ending: send it again", 1)] * len(waiting)
            raise
        finally:
            for (_, done), each in zip(waiting, found, strict=True):
                if isinstance(each, Incoming):
                    done.set_result(each)
                else:
                    done.set_exception(each)


def _write_each(
    store: GraphStore,
    batches: Sequence[Sequence[tuple[EventKey, float]]],
    kinds: Mapping[str, KindPolicy],
) -> list[Incoming | DataError]:
    """Write all batches at once, or one by one where one is refused; what became of each."""
    incoming = parted(store, batches, kinds)
    try:
        store.write_events(log_of(incoming))
    except DataError as error:
        if len(batches) == 1:
            return [error]
        # Written one by one, each batch has its own error.
        return [_write_each(store, [batch], kinds)[0] for batch in batches]
    return list(incoming)
