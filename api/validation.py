"""From pydantic's errors to sentences: subject, value, expectation, remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from annotated_types import GroupedMetadata, Interval
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

LONGEST_VALUE = 60
"""Characters of a value that a message repeats."""


def expecting(what: str) -> WrapValidator:
    """A validator that says `what` was expected, whichever constraint of the field was not met."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            if any(e["loc"] for e in error.errors(include_url=False)):
                raise  # an entry of a list says for itself what it should be
            raise PydanticCustomError("expected", "{what}", {"what": what}) from None

    return WrapValidator(check)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Before a strict integer: to JSON Schema, and so to clients, 5.0 is one as well."""


@dataclass(frozen=True)
class Whole(GroupedMetadata):
    """A whole number in a range; 5.0 is one."""

    least: int
    most: int

    def __iter__(self) -> Iterator[Any]:
        """The constraints, which the document has too, and the sentence that says them."""
        yield Interval(ge=self.least, le=self.most)
        yield WHOLE
        yield expecting(f"a whole number from {self.least} to {self.most}")


class Strict(BaseModel):
    """What is asked: unknown fields are refused, by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def sentence(error: Mapping[str, Any]) -> tuple[str | None, str]:
    """The field at fault, None for the body as a whole, and what is wrong, for one error."""
    where, *names = error["loc"]
    kind = error["type"]
    if kind == "json_invalid":
        reason = error["ctx"]["error"]
        return None, f"the body is not JSON: {reason} at character {names[0]}; expected an object"
    if not names:
        body = "missing" if kind == "missing" else shown(error["input"])
        return None, f"the body is {body}: expected an object, sent as application/json"
    field = "".join(f"[{n}]" if isinstance(n, int) else f".{n}" for n in names).removeprefix(".")
    if kind == "missing":
        said = error["msg"] if error["msg"].startswith("expected ") else "expected it"
        return field, f"{field} is missing: {said} in the {where}"
    if kind == "extra_forbidden":
        return field, f"{field} is unknown in the {where}: check its spelling, or leave it out"
    value: Any = error["input"]
    if where == "query" and isinstance(value, str) and value.removeprefix("-").isdecimal():
        value = int(value[:LONGEST_VALUE])  # all of a query is text, this is meant as a number
    expected = error["msg"]
    for prefix in ("Value error, ", "expected ", "Input should be "):  # pydantic's, and our own
        expected = expected.removeprefix(prefix)
    return field, f"{field} is {shown(value)}: expected {expected}"


def shown(value: Any) -> str:
    """A value of a request as a message repeats it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str | int | float):
        text = repr(value)  # escapes what is not printable
        return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, dict) else "not JSON"
