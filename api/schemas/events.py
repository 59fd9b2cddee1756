"""Events that are sent: the request and the response."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi.exceptions import RequestValidationError
from graphrec.api.schemas.fields import Moment, StoredId, invalid, written
from graphrec.api.schemas.validation import Strict, UpToMaxEvents, expecting, unexpected
from graphrec.api.schemas.versioned import example
from pydantic import BaseModel, ConfigDict, Field

from graphrec.data.ids import IdRules
from graphrec.data.kinds import KindPolicy, policy_of
from graphrec.data.times import written as time_as_text
from graphrec.store import EventKey

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
        Moment,
        Field(
            description="When: seconds, milliseconds, microseconds or nanoseconds since 1970, or "
            "ISO 8601; by default now. With a time, an event that is sent twice counts once.",
        ),
    ] = None


def check_weights(events: Sequence[NewEvent], kinds: Mapping[str, KindPolicy]) -> None:
    """Raises RequestValidationError for a weight below 0 of a kind that has no meaning for it."""
    for place, event in enumerate(events):
        if event.weight < 0 and policy_of(event.kind, kinds).negative == "reject":
            what = (
                f"at least 0, or a meaning of kinds.{event.kind}.negative in the settings: rating, "
                f"dislike, cancel or seen"
            )
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


class KeyOfEvents(BaseModel):
    """What identifies an event; without a kind or a time, all events of the pair that have any."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    user: Annotated[StoredId, Field(description="Id of the user."), expecting("an id, in quotes")]
    item: Annotated[StoredId, Field(description="Id of the item."), expecting("an id, in quotes")]
    kind: Annotated[
        StoredId | None,
        Field(description="The kind of the event; by default any."),
        expecting("a kind of event, such as 'view'"),
    ] = None
    time: Annotated[Moment, Field(description="Its time; by default any.")] = None


class KeyInQuery(Strict):
    """The same in a query, where there is one in it."""

    user: Annotated[StoredId | None, Field(description="Id of the user.", examples=["196"])] = None
    item: Annotated[StoredId | None, Field(description="Id of the item.", examples=["172"])] = None
    kind: Annotated[
        StoredId | None,
        Field(description="The kind of the event; by default any.", examples=["view"]),
    ] = None
    time: Annotated[Moment, Field(description="Its time; by default any.")] = None

    def keys(self) -> list[KeyOfEvents]:
        """The key; none of an empty query. Raises RequestValidationError for a part of one."""
        if not self.model_fields_set:
            return []
        missing = [name for name in ("user", "item") if getattr(self, name) is None]
        if self.user is None or self.item is None:
            found = {"type": "missing", "msg": "", "input": None}
            raise RequestValidationError([{**found, "loc": ("query", n)} for n in missing])
        return [KeyOfEvents(user=self.user, item=self.item, kind=self.kind, time=self.time)]


class KeysOfEvents(BaseModel):
    """Which events to take back."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "events": [
                    {"user": "196", "item": "172", "kind": "rating", "time": 1_700_000_000_000}
                ]
            }
        },
    )

    events: Annotated[list[KeyOfEvents], Field(description="One or several."), UpToMaxEvents()]


def read_keys(keys: list[KeyOfEvents], rules: IdRules) -> list[EventKey]:
    """The keys with their ids read by the rules of the settings; as `read_events`."""
    found = []
    for place, key in enumerate(keys):
        where = ("body", "events", place)
        kind = None if key.kind is None else written(rules.of_names, key.kind, *where, "kind")
        user = written(rules, key.user, *where, "user")
        item = written(rules, key.item, *where, "item")
        found.append(EventKey(user, item, kind, key.time))
    return found


@dataclass(frozen=True)
class Reason:
    """Why an event was not stored."""

    index: Annotated[int, Field(description="Of the event in the request, from 0.")]
    reason: str


@dataclass(frozen=True)
class Accepted:
    """The events are stored, but for those of users and items that were deleted."""

    __pydantic_config__ = example({"accepted": 1, "merged": 0, "ignored": 0, "reasons": []})

    accepted: Annotated[int, Field(description="How many of the events that were sent count.")]
    merged: Annotated[
        int,
        Field(
            description="How many of these repeat the user, item, kind and time of another one of "
            "the request. The last one counts, or they add up, as `same_time` of the kind says."
        ),
    ] = 0
    ignored: Annotated[
        int,
        Field(
            description="How many were not stored, because the user or the item was deleted: only "
            "a PUT brings it back."
        ),
    ] = 0
    reasons: Annotated[
        tuple[Reason, ...], Field(description="Why, for each event that was ignored.")
    ] = ()


@dataclass(frozen=True)
class TakenBack:
    """The events are gone."""

    __pydantic_config__ = example({"deleted": 1})

    deleted: Annotated[int, Field(description="How many of them there were.")]
