"""How fields are validated: what is expected of them, and limits that depend on the settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from annotated_types import GroupedMetadata, Interval, Len
from fastapi.exceptions import RequestValidationError
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from graphrec.settings import ServeSettings

Limit: TypeAlias = Literal["max_k", "max_events"]
"""A setting of `[serve]` that bounds a field."""

LIMIT = "x-limit"
"""Marks a bounded field in a JSON schema, until `with_limits` writes the bound there."""


def expecting(what: str, limit: Limit | None = None) -> WrapValidator:
    """A validator whose error says that `what` is expected, whichever constraint fails.

    `{}` in `what` stands for the value of the setting `limit`, which is not known here: see
    `graphrec.api.schemas.sentences`.
    """

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            if any(e["loc"] or e["type"] == "expected" for e in error.errors(include_url=False)):
                # It is in an entry of a list, or it says already what is expected of the value.
                raise
            context = {"what": what, "limit": limit}
            raise PydanticCustomError("expected", "{what}", context) from None

    return WrapValidator(check)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Before a strict integer: to JSON Schema, and so to clients, 5.0 is one as well."""


@dataclass(frozen=True)
class _Marked:
    """Puts the name of a limit, and the keyword that it is for, into the JSON schema of a field."""

    keyword: str
    limit: Limit

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(core_schema), LIMIT: [self.keyword, self.limit]}


WHOLE_UP_TO = "a whole number from 1 to {}"
LIST_UP_TO = "a list of 1 to {} events"


class UpToMaxK(GroupedMetadata):
    """A whole number from 1 to the setting `serve.max_k`; 5.0 is one.

    The upper bound is not checked here but by `bounded`.
    """

    def __iter__(self) -> Iterator[Any]:
        """The constraints."""
        yield Interval(ge=1)
        yield WHOLE
        yield expecting(WHOLE_UP_TO, "max_k")
        yield _Marked("maximum", "max_k")


class UpToMaxEvents(GroupedMetadata):
    """A list of 1 to `serve.max_events` events.

    The upper bound is not checked here but by `check_length`.
    """

    def __iter__(self) -> Iterator[Any]:
        """The constraints."""
        yield Len(1)
        yield expecting(LIST_UP_TO, "max_events")
        yield _Marked("maxItems", "max_events")


class Strict(BaseModel):
    """A request whose unknown fields are refused, by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def bounded(request: BaseModel, field: str, most: int) -> int:
    """A whole number of a request; a default is cut to `most`.

    Raises RequestValidationError where the request itself has more.
    """
    value: int = getattr(request, field)
    if value <= most:
        return value
    if field not in request.model_fields_set:
        return most
    raise _out_of_bounds(field, value, WHOLE_UP_TO.format(most))


def check_length(field: str, value: list[Any], most: int) -> None:
    """Raises RequestValidationError where a list of events is longer than `most`."""
    if len(value) > most:
        raise _out_of_bounds(field, value, LIST_UP_TO.format(most))


def _out_of_bounds(field: str, value: Any, what: str) -> RequestValidationError:
    error = {"type": "expected", "loc": ("body", field), "msg": what, "input": value, "ctx": {}}
    return RequestValidationError([error])


def with_limits(schema: Any, limits: ServeSettings) -> Any:
    """A copy of a JSON schema, or of a document of several, with its limits written out."""
    if isinstance(schema, list):
        return [with_limits(each, limits) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: with_limits(each, limits) for name, each in schema.items() if name != LIMIT}
    if LIMIT in schema:
        keyword, limit = schema[LIMIT]
        most: int = getattr(limits, limit)
        found[keyword] = most
        if isinstance(found.get("default"), int):
            found["default"] = min(found["default"], most)
    return found
