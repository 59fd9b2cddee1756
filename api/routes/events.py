"""`POST` and `DELETE /v1/events`: what users do, and what they did not do after all."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from typing import Annotated

from fastapi import Body, Query
from fastapi.exceptions import RequestValidationError
from graphrec.api.errors import documented
from graphrec.api.middleware.access import WRITE
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.events import (
    Accepted,
    Batch,
    KeyInQuery,
    KeysOfEvents,
    TakenBack,
    check_weights,
    read_events,
    read_keys,
)
from graphrec.api.schemas.validation import check_length
from graphrec.api.service import Serving
from starlette.concurrency import run_in_threadpool

from graphrec.data.times import latest

router = new_router("events")

FEW = 100
"""Events that are read on the event loop; more of them in a thread, where they delay nobody."""


@router.post(
    "/events",
    openapi_extra=WRITE,
    responses=documented("no_store", "invalid_request", "malformed_json", "store_away"),
)
async def new_events(batch: Annotated[Batch, Body()], service: Serving) -> Accepted:
    """Store events: all of them, or none where one is not valid.

    Acknowledged events are durable, and the next answer of this process takes them into account;
    other processes on the same store read them within a second. An event is identified by user,
    item, kind and time: if it is sent again it takes the new weight, and counts once. Events of a
    user or an item that was deleted are ignored, with the reason: only a PUT brings it back.
    """
    settings = service.settings
    check_length("events", batch.events, settings.serve.max_events)
    bound = latest(settings.ingest.future_days)
    if len(batch.events) <= FEW:
        events = read_events(batch.events, settings.ids, bound)
    else:
        events = await run_in_threadpool(read_events, batch.events, settings.ids, bound)
    check_weights(events, settings.kinds)
    done = await service.require_graph("events are sent").writer.write(events)
    return Accepted(done.accepted, done.merged, len(done.late), done.late)


@router.delete(
    "/events",
    openapi_extra=WRITE,
    responses=documented("no_store", "invalid_request", "malformed_json", "store_away"),
)
async def delete_events(
    service: Serving,
    query: Annotated[KeyInQuery, Query()],
    body: Annotated[KeysOfEvents | None, Body()] = None,
) -> TakenBack:
    """Take events back: the next answer is as if they had never been sent.

    One event is named in the query, one or several in the body. Their users and items stay. What
    is not there is passed over, so a request can be repeated.
    """
    keys = [*query.keys(), *(() if body is None else body.events)]
    if not keys:
        where = {"type": "missing", "loc": ("body", "events"), "input": None}
        raise RequestValidationError([{**where, "msg": "expected it, or user and item,"}])
    check_length("events", keys, service.settings.serve.max_events)
    graph = service.require_graph("events are taken back")
    named = read_keys(keys, service.settings.ids)
    deleted = await graph.store.run(lambda store: store.delete_events(named))
    await graph.feed.catch_up_if_possible()
    return TakenBack(deleted)
