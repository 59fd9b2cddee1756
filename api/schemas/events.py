"""Events that are sent: the request and the response."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from dataclasses import dataclass
from typing import Annotated

from graphrec.api.schemas.fields import Moment, StoredId, invalid, written
from graphrec.api.schemas.validation import UpToMaxEvents, expecting
from graphrec.api.schemas.versioned import example
from pydantic import BaseModel, ConfigDict, Field

from graphrec.data.ids import IdRules
from graphrec.data.times import written as time_as_text

LARGEST = 1e30
"""Of weights, which are kept in single precision."""


class NewEvent(BaseModel):
    """What a user did with an item."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    user: Annotated[
        StoredId, Field(description="Id of the user, known or not."), expecting("an id, in quotes")
    ]
    item: Annotated[
        StoredId, Field(description="Id of the item, known or not."), expecting("an id, in quotes")
    ]
    kind: Annotated[
        StoredId,
        Field(description="What they did; the settings say how much each kind counts."),
        expecting("a kind of event, such as 'view'"),
    ]
    weight: Annotated[
        float,
        Field(ge=0, le=LARGEST, allow_inf_nan=False, description="A rating, or a count."),
        expecting("a number of at least 0"),
    ] = 1.0
    time: Annotated[
        Moment,
        Field(
            description="When: seconds, milliseconds, microseconds or nanoseconds since 1970, or "
            "ISO 8601; by default now. With a time, an event that is sent twice counts once.",
        ),
    ] = None


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

    events: Annotated[list[NewEvent], Field(description="Events, in any order."), UpToMaxEvents()]


def read_events(events: list[NewEvent], rules: IdRules, latest: int) -> list[NewEvent]:
    """The events with their ids read by the rules of the settings.

    Raises RequestValidationError for a missing id, and for a time after `latest`.
    """
    found = []
    for place, event in enumerate(events):
        where = ("body", "events", place)
        if event.time is not None and event.time > latest:
            what = f"a time that is not in the future; it is {time_as_text(event.time, True)} UTC"
            raise invalid(what, event.time, *where, "time")
        read = {
            "user": written(rules, event.user, *where, "user"),
            "item": written(rules, event.item, *where, "item"),
            "kind": written(rules.of_names, event.kind, *where, "kind"),
        }
        changed = {name: value for name, value in read.items() if value != getattr(event, name)}
        found.append(event.model_copy(update=changed) if changed else event)
    return found


@dataclass(frozen=True)
class Accepted:
    """The events are stored."""

    __pydantic_config__ = example({"accepted": 1})

    accepted: Annotated[int, Field(description="How many events are stored: all that were sent.")]
