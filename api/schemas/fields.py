"""The fields that several requests share: ids, shares, attribute values, cursors."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from typing import Annotated, TypeAlias
from urllib.parse import unquote

from fastapi import Depends, Path, Request
from fastapi.exceptions import RequestValidationError
from graphrec.api.schemas.validation import expecting
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from graphrec.data import AttributeKind, AttributeValue
from graphrec.data.amounts import MAX_NUMBER
from graphrec.data.coerce import UnreadableError, as_kind, kind_of_new
from graphrec.data.ids import BLANKS, LONGEST, IdRules, exact
from graphrec.data.times import END, OUTSIDE, milliseconds
from graphrec.errors import DataError

LAST = (END - 1000) * 1_000_000
"""The last time, in nanoseconds: a number of few digits, which JSON validators have as a float."""

MAX_LISTED = 1000
"""Ids in a list of a request."""

MAX_ATTRIBUTES = 100
"""Attributes that a request may name."""


def _escaped(characters: str) -> str:
    return "".join(f"\\u{ord(each):04x}" for each in characters)


_BLANK = _escaped(BLANKS)
_CONTROL = r"\u0000-\u001f\u007f-\u009f"
ID_PATTERN = f"^[{_BLANK}]*[^{_BLANK}{_CONTROL}]([^{_CONTROL}]*[^{_BLANK}{_CONTROL}])?[{_BLANK}]*$"
"""Some text, without control characters, that may have blanks around it, which are trimmed."""


def _exact(value: str) -> str:
    """An id, trimmed as in files; see `graphrec.data.ids`."""
    try:
        found = exact(value)
    except ValueError as error:
        raise PydanticCustomError("expected", "an id, and it is " + str(error)) from None
    if found is None:
        raise ValueError("blank")
    return found


Id = Annotated[
    str,
    Field(min_length=1, json_schema_extra={"pattern": ID_PATTERN}),
    AfterValidator(_exact),
]
ListedUser = Annotated[Id, expecting("the id of a user, in quotes")]
ListedItem = Annotated[Id, expecting("the id of an item, in quotes")]
ListedKind = Annotated[Id, expecting("a kind of event, in quotes")]
Share = Annotated[float, Field(ge=0, le=1), expecting("a number from 0 to 1")]

StoredId = Annotated[Id, Field(max_length=LONGEST)]
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


def _exact_in_path(value: str) -> str:
    try:
        return _exact(value)
    except PydanticCustomError:
        raise
    except ValueError:
        raise PydanticCustomError("expected", "an id") from None


PathId = Annotated[
    str,
    Field(json_schema_extra={"pattern": ID_PATTERN}),
    AfterValidator(_exact_in_path),
    BeforeValidator(_decoded),
]
"""An id in the path, decoded: see `graphrec.api.middleware.encoded_paths`."""


def id_in_path(segment: str, rules: IdRules) -> str | None:
    """An id of the path, as it is in the store; None where it is none."""
    found = decoded(segment)
    try:
        return None if found is None else rules.normal(_exact(found))
    except ValueError:
        return None


def rules_of(request: Request) -> IdRules:
    """The rules of ids of the service that a request came to."""
    rules: IdRules = request.app.state.service.settings.ids
    return rules


def _user_id(
    request: Request,
    user_id: Annotated[PathId, Path(description="Id of the user.", examples=["196"])],
) -> str:
    return rules_of(request).normal(user_id)


def _item_id(
    request: Request,
    item_id: Annotated[PathId, Path(description="Id of the item.", examples=["172"])],
) -> str:
    return rules_of(request).normal(item_id)


UserId = Annotated[str, Depends(_user_id)]
ItemId = Annotated[str, Depends(_item_id)]
"""Ids of the path, by the rules of the settings."""


def written(rules: IdRules, value: str, *where: str | int) -> str:
    """An id that is written into the store; raises RequestValidationError for a missing one.

    `where` is its place in the request, such as ("body", "events", 0, "user").
    """
    found = rules.read(value)
    if found is None:
        what = "an id, and it is a word for a missing one (see ids.missing in the settings)"
        raise invalid(what, value, *where)
    return found


def invalid(what: str, value: object, *where: str | int) -> RequestValidationError:
    """The error of a field of which `what` is expected."""
    error = {"type": "expected", "loc": where, "msg": what, "input": value, "ctx": {}}
    return RequestValidationError([error])


def _time(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and value > LAST:
        raise PydanticCustomError("expected", f"{TIME}; it is {OUTSIDE}")
    try:
        return milliseconds(value)  # type: ignore[arg-type]  # it says what it cannot read
    except DataError as error:
        reason = error.__cause__
        raise PydanticCustomError("expected", f"{TIME}; {reason}") from None


TIME = "a time: seconds, milliseconds, microseconds or nanoseconds since 1970, or ISO 8601"

Moment = Annotated[
    int | None,
    BeforeValidator(_time),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": LAST},
                {"type": "string", "format": "date-time"},
                {"type": "null"},
            ],
            "examples": [1_700_000_000_000],
        }
    ),
]
"""A time, as `graphrec.data.times` reads it, in milliseconds since 1970."""

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

Text = Annotated[str, Field(max_length=10_000)]
Number = Annotated[
    float,
    Field(allow_inf_nan=False),
    # What is beyond is refused where its attribute can be named.
    WithJsonSchema({"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER}),
]
Value: TypeAlias = bool | Number | Text | list[Text | Number] | None
"""Of an attribute: lists of texts are tags, and of numbers a vector."""

Name = Annotated[str, Field(min_length=1, max_length=200)]


def value_of(name: str, value: Value, kind: AttributeKind | None = None) -> AttributeValue:
    """A value as one of its kind, or of that of a new attribute; raises DataError for another."""
    expected = kind or kind_of_new(name, value)
    if value == [] and expected == "tags":
        return ()
    try:
        return as_kind(expected, value)
    except UnreadableError as error:
        raise DataError(
            f"attribute {name!r} {error}: expected {expected}"
            f"{', as it is in the store' if kind else ''}; change the value, or the name"
        ) from None
