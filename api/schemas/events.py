"""Events that are sent: the request and the response."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from graphrec.api.schemas.fields import StoredId
from graphrec.api.schemas.validation import WHOLE, UpToMaxEvents, expecting, unexpected
from graphrec.api.schemas.versioned import example
from pydantic import BaseModel, ConfigDict, Field

from graphrec.data.kinds import KindPolicy, policy_of

LATEST = 2**53
"""Milliseconds since 1970, as far as every JSON reader is exact."""

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
        Field(
            ge=-LARGEST,
            le=LARGEST,
            allow_inf_nan=False,
            description="A rating, or a count. Below 0 for kinds of which the settings say what "
            "that means.",
        ),
        expecting("a number from -1e30 to 1e30"),
    ] = 1.0
    time: Annotated[
        int | None,
        Field(
            ge=0,
            le=LATEST,
            description="When, in milliseconds since 1970; by default now. With a time, an event "
            "that is sent twice counts once.",
        ),
        WHOLE,
        expecting("a whole number of milliseconds since 1970"),
    ] = None


def check_weights(events: Sequence[NewEvent], kinds: Mapping[str, KindPolicy]) -> None:
    """Raises RequestValidationError for a weight below 0 of a kind that has no meaning for it."""
    for place, event in enumerate(events):
        if event.weight < 0 and policy_of(event.kind, kinds).negative == "reject":
            what = f"at least 0, or a meaning of kinds.{event.kind}.negative in the settings"
            raise unexpected(("events", place, "weight"), event.weight, what)


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


@dataclass(frozen=True)
class Accepted:
    """The events are stored."""

    __pydantic_config__ = example({"accepted": 1})

    accepted: Annotated[int, Field(description="How many events are stored: all that were sent.")]
