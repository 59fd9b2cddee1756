"""`POST /v1/events`: what users do, durable before it is acknowledged, and in the next answer."""

# No `from __future__ import annotations`: see `graphrec.api.routes`.

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request
from graphrec.api.errors import INVALID, NO_STORE, STORE_AWAY, NoStore, NotReady, StoreAway
from graphrec.api.feed import Feed
from graphrec.api.live import LiveStore
from graphrec.api.models import Accepted
from graphrec.api.validation import WHOLE, expecting
from pydantic import BaseModel, ConfigDict, Field

from graphrec.data import Interactions
from graphrec.errors import DataError
from graphrec.store import GraphStore

LATEST = 2**53
"""Milliseconds since 1970, as far as every JSON reader is exact."""

LARGEST = 1e30
"""Of weights, which are kept in single precision."""

Id = Annotated[str, Field(min_length=1, max_length=500)]


class NewEvent(BaseModel):
    """Something that a user did with an item."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    user: Annotated[
        Id, Field(description="Id of the user, known or not."), expecting("an id, in quotes")
    ]
    item: Annotated[
        Id, Field(description="Id of the item, known or not."), expecting("an id, in quotes")
    ]
    kind: Annotated[
        Id,
        Field(description="What they did; what that is worth is in the settings."),
        expecting("a kind of event, such as 'view'"),
    ]
    weight: Annotated[
        float,
        Field(ge=0, le=LARGEST, allow_inf_nan=False, description="A rating, or a count."),
        expecting("a number of at least 0"),
    ] = 1.0
    time: Annotated[
        int | None,
        Field(
            ge=0,
            le=LATEST,
            description="When, in milliseconds since 1970; now, if not said. Say it, and an event "
            "that is sent again counts once.",
        ),
        WHOLE,
        expecting("a whole number of milliseconds since 1970"),
    ] = None


class Writer:
    """Writes events in one transaction for all requests that wait meanwhile (group commit)."""

    def __init__(self, store: LiveStore, feed: Feed) -> None:
        self._store = store
        self._feed = feed
        self._waiting: list[tuple[list[NewEvent], asyncio.Future[None]]] = []
        self._one_at_a_time = asyncio.Lock()

    async def write(self, events: list[NewEvent]) -> None:
        """Store events, and see to it that the next answer knows them.

        Raises StoreAway, and DataError for what the store refuses; what was not acknowledged can be
        sent again.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        async with self._one_at_a_time:
            if not done.done():
                await self._write_those_who_wait()
        done.result()

    async def _write_those_who_wait(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            ask = partial(_write_each, batches=[events for events, _ in waiting])
            errors: Sequence[Exception | None] = await self._store.ask(ask)
            with suppress(StoreAway, NotReady):  # what is stored is stored, and is read later
                await self._feed.catch_up()
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
        except DataError:  # whose it is, is seen when each is written by itself
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


async def _writer(request: Request) -> Writer | None:
    writer: Writer | None = request.app.state.writer
    return writer


Events = Annotated[Writer | None, Depends(_writer)]
"""What writes events; None in a service that was started without a store."""


def create_router(max_events: int) -> APIRouter:
    """The route, which takes at most `max_events` at a time."""
    router = APIRouter(prefix="/v1", tags=["events"])

    class Batch(BaseModel):
        """What users did."""

        model_config = ConfigDict(
            extra="forbid",
            json_schema_extra={
                "example": {
                    "events": [
                        {"user": "196", "item": "172", "kind": "rating", "weight": 5.0,
                         "time": 1_700_000_000_000}
                    ]
                }
            },
        )  # fmt: skip

        events: Annotated[
            list[NewEvent],
            Field(min_length=1, max_length=max_events, description="Events, in any order."),
            expecting(f"a list of 1 to {max_events} events"),
        ]

    @router.post("/events", responses=NO_STORE | INVALID | STORE_AWAY)
    async def new_events(batch: Annotated[Batch, Body()], writer: Events) -> Accepted:
        """Store events: all of them, or none where one is not as it should be.

        When it is acknowledged it is durable, and the next answer of this process knows it; other
        processes on the same store know it within a second. An event is identified by user, item,
        kind and time: one that is sent again takes the new weight, and counts once.
        """
        if writer is None:
            raise NoStore("events are sent")
        await writer.write(batch.events)
        return Accepted(accepted=len(batch.events))

    return router
