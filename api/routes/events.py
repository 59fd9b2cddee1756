"""`POST /v1/events`: what users do."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from typing import Annotated

from fastapi import Body
from graphrec.api.errors import documented
from graphrec.api.middleware.access import WRITE
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.events import Accepted, Batch, read_events
from graphrec.api.schemas.validation import check_length
from graphrec.api.service import Serving

from graphrec.data.times import latest

router = new_router("events")


@router.post(
    "/events",
    openapi_extra=WRITE,
    responses=documented("no_store", "invalid_request", "malformed_json", "store_away"),
)
async def new_events(batch: Annotated[Batch, Body()], service: Serving) -> Accepted:
    """Store events: all of them, or none where one is not valid.

    Acknowledged events are durable, and the next answer of this process takes them into account;
    other processes on the same store read them within a second. An event is identified by user,
    item, kind and time: if it is sent again it takes the new weight, and counts once.
    """
    settings = service.settings
    check_length("events", batch.events, settings.serve.max_events)
    events = read_events(batch.events, settings.ids, latest(settings.ingest.future_days))
    await service.require_graph("events are sent").writer.write(events)
    return Accepted(len(events))
