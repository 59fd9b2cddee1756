"""The fields that several requests share: ids, shares, attribute values, cursors."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from typing import Annotated, TypeAlias
from urllib.parse import unquote

from fastapi import Path
from graphrec.api.schemas.validation import expecting
from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from graphrec.data import AttributeKind, AttributeValue
from graphrec.data.coerce import UnreadableError, as_kind
from graphrec.errors import DataError
from graphrec.rules.dates import as_number, moment

MAX_LISTED = 1000
"""Ids in a list of a request."""

MAX_ATTRIBUTES = 100
"""Attributes that a request may name."""

Id = Annotated[str, Field(min_length=1)]
ListedUser = Annotated[Id, expecting("the id of a user, in quotes")]
ListedItem = Annotated[Id, expecting("the id of an item, in quotes")]
ListedKind = Annotated[Id, expecting("a kind of event, in quotes")]
Share = Annotated[float, Field(ge=0, le=1), expecting("a number from 0 to 1")]

StoredId = Annotated[str, Field(min_length=1, max_length=500)]
"""An id that is written into the store."""


def decoded(segment: str) -> str | None:
    """An id of the path, as the data spell it; None where it is not UTF-8."""
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return None


def _decoded(segment: str) -> str:
    found = decoded(segment)
    if found is None:
        raise PydanticCustomError("expected", "percent-encoded UTF-8")
    return found


PathId = Annotated[str, BeforeValidator(_decoded)]
"""An id in the path, decoded: see `graphrec.api.middleware.encoded_paths`."""

UserId = Annotated[PathId, Path(description="Id of the user.", examples=["196"])]
ItemId = Annotated[PathId, Path(description="Id of the item.", examples=["172"])]

Cursor = Annotated[
    str | None,
    Field(
        pattern=r"^[^.]+\.\d{1,9}$",
        description="Where to go on: `next` of the page before. It is valid as long as its "
        "snapshot serves, because another snapshot has other pages.",
        examples=["20261122T101500Z-3fa9c1.20"],
    ),
    expecting("`next` of the page before"),
]

LATEST = 2**53
"""Milliseconds since 1970: the largest number that JSON holds exactly."""


def _moment(value: object) -> int:
    number = as_number(value) if isinstance(value, str) else value  # all of a query is text
    found = None
    if isinstance(number, int | float) and not isinstance(number, bool):
        found = moment(number)
    elif isinstance(value, str):
        found = moment(value)
    if found is None or not 0 <= found <= LATEST:
        raise PydanticCustomError("expected", "a point in time")
    return int(found)


Moment = Annotated[
    int,
    PlainValidator(_moment),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": LATEST},
                {"type": "string", "format": "date-time"},
            ]
        }
    ),
]
"""A point in time, in milliseconds since 1970, however it was written."""

Text = Annotated[str, Field(max_length=10_000)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Value: TypeAlias = bool | Number | Text | list[Text | Number] | None
"""Of an attribute: lists of texts are tags, and of numbers a vector."""

Name = Annotated[str, Field(min_length=1, max_length=200)]


def kind_of(name: str, value: Value) -> AttributeKind:
    """The kind of a new attribute: a text is a category, except a title."""
    if isinstance(value, list):
        numbers = all(isinstance(each, int | float) for each in value)
        return "vector" if value and numbers else "tags"
    if isinstance(value, bool | str):
        return "text" if name == "title" else "category"
    return "number"


def value_of(name: str, value: Value, kind: AttributeKind | None = None) -> AttributeValue:
    """A value as one of its kind, or of that of a new attribute; raises DataError for another."""
    expected = kind or kind_of(name, value)
    if value == [] and expected == "tags":
        return ()
    try:
        return as_kind(expected, value)
    except UnreadableError as error:
        raise DataError(
            f"attribute {name!r} {error}: expected {expected}"
            f"{', as it is in the store' if kind else ''}; change the value, or the name"
        ) from None
