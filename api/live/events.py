"""Writes events: durable before they are acknowledged, and known to the next answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from graphrec.api.errors import StoreAway
from graphrec.api.live.feed import Feed
from graphrec.api.live.store import LiveStore
from graphrec.api.schemas.events import NewEvent

from graphrec.data import Interactions
from graphrec.errors import DataError
from graphrec.store import GraphStore


class EventWriter:
    """Writes events in one transaction for all requests that wait meanwhile (group commit)."""

    def __init__(self, store: LiveStore, feed: Feed) -> None:
        self._store = store
        self._feed = feed
        self._waiting: list[tuple[list[NewEvent], asyncio.Future[None]]] = []
        self._one_at_a_time = asyncio.Lock()

    async def write(self, events: list[NewEvent]) -> None:
        """Store events, and read them back for the next answer.

        Raises StoreAway, and DataError for events that the store refuses; events that were not
        acknowledged can be sent again.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        async with self._one_at_a_time:
            if not done.done():
                await self._write_waiting()
        done.result()

    async def _write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            write = partial(_write_each, batches=[events for events, _ in waiting])
            errors: Sequence[Exception | None] = await self._store.run(write)
            await self._feed.catch_up_if_possible()
        except StoreAway as error:
            errors = [error] * len(waiting)
        except BaseException:
            errors = [StoreAway("the service is ending: send it again", 1)] * len(waiting)
            raise
        finally:
            for (_, done), found in zip(waiting, errors, strict=True):
                if found is None:
                    done.set_result(None)
                else:
                    done.set_exception(found)


def _write_each(store: GraphStore, batches: list[list[NewEvent]]) -> list[DataError | None]:
    """Write all batches at once, or one by one where one is refused; the errors of each."""
    if len(batches) > 1:
        try:
            store.write_events(_log([event for batch in batches for event in batch]))
        except DataError:  # written one by one, each batch has its own error
            return [_write_each(store, [batch])[0] for batch in batches]
        return [None] * len(batches)
    try:
        store.write_events(_log(batches[0]))
    except DataError as error:
        return [error]
    return [None]


def _log(events: list[NewEvent]) -> Interactions:
    now = time.time_ns() // 1_000_000
    return Interactions.of(
        [event.user for event in events],
        [event.item for event in events],
        [event.weight for event in events],
        [now if event.time is None else event.time for event in events],
        [event.kind for event in events],
    )
