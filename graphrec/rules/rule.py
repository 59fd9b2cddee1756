"""Rules as data: what may be recommended, and what should come sooner or later.

A rule says which items it means, in one of several ways, and what becomes of them: all others are
left out (`require`), they are left out (`exclude`), or their score is changed (`boost`). They are
in the settings, for every list, or in a request, for one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from graphrec.rules.dates import as_number, moment


def plain(value: Any) -> Any:
    """A value, and each of a list, in Python's own types where they are numpy's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return type(value)(plain(each) for each in value)
    return value


MOST_ADDED = 1e6
"""What a rule may add to a score: scores are of the order of 1."""

Finite = Annotated[float, Field(allow_inf_nan=False)]


def _end(value: object) -> float | str:
    """An end of a range, where TOML gives dates as such."""
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if isinstance(value, str) and as_number(value) is None and moment(value) is not None:
        return value
    if isinstance(value, float | int) and not isinstance(value, bool):
        if math.isfinite(value):
            return float(value)
        raise PydanticCustomError("expected", "expected a finite number")
    raise PydanticCustomError("expected", "expected a valid number, or a date such as 2024-05-01")


End = Annotated[
    float | str,
    PlainValidator(_end),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "format": "date"}]}),
]
"""An end of a range: a number, or a date, or a date and time, in ISO 8601."""
Times = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]

WAYS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("any_of",): ("attribute", "relation"),
    ("shared_by",): ("attribute", "relation"),
    ("least", "most"): ("attribute",),
    ("least_times", "most_times"): ("attribute",),
    ("within_days",): ("attribute",),
    ("of_user",): ("attribute",),
    ("available_from", "available_until"): (),
}
"""In which a rule may mean items: by one or more of some keys, and what these are about."""

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "require": {"name": "in stock", "action": "require", "attribute": "stock", "least": 1},
    "exclude": {
        "name": "returned brand",
        "action": "exclude",
        "relation": "made_by",
        "shared_by": "return",
    },
    "boost": {
        "name": "comedies first",
        "action": "boost",
        "attribute": "genres",
        "any_of": ["Comedy"],
        "factor": 1.5,
    },
}
"""By action."""


def _stated(schema: dict[str, Any]) -> None:
    """Say in a JSON schema what the validators below see to."""
    fields = schema["properties"]
    for field in fields.values():
        if "anyOf" in field:  # the value, or null: a key is left out instead
            del field["default"]
            kinds = [kind for kind in field.pop("anyOf") if kind != {"type": "null"}]
            field |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    free = {key for keys, subjects in WAYS.items() for key in (*keys, *subjects)}
    schema["oneOf"] = [
        {
            "required": list(subject),
            "anyOf": [{"required": [key]} for key in keys],
            "properties": dict.fromkeys(sorted(free - {*subject, *keys}), False),
        }
        for keys, subjects in WAYS.items()
        for subject in (tuple((each,) for each in subjects) or ((),))
    ]
    if "factor" in fields:
        schema["anyOf"] = [{"required": ["factor"]}, {"required": ["add"]}]
    schema["example"] = EXAMPLES[fields["action"]["const"]]


class _Rule(BaseModel):
    """Which items a rule means."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, json_schema_extra=_stated)

    name: Name = Field(description="What the rule is called where it leaves out an item.")
    attribute: Name | None = Field(
        None, description="The attribute of items that `any_of`, a range or `shared_by` is about."
    )
    relation: Name | None = Field(
        None,
        description="Or the relation of links of items, such as `made_by`, that `any_of` or "
        "`shared_by` is about.",
    )
    any_of: tuple[Name, ...] | None = Field(
        None,
        strict=False,
        max_length=1000,
        description="Items with one of these categories or tags, or linked to one of these nodes.",
    )
    least: End | None = Field(
        None, description="Items with at least this number, or at this date at the earliest."
    )
    most: End | None = Field(
        None, description="Items with at most this number, or at this date at the latest."
    )
    least_times: Times | None = Field(
        None,
        description="Items with at least so many times the mean number of the items of the "
        "question, such as those of a cart; without any, the rule says nothing.",
    )
    most_times: Times | None = Field(
        None, description="Items with at most so many times their mean number."
    )
    within_days: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        None, description="Items whose date is one of so many last days, up to now."
    )
    of_user: Name | None = Field(
        None,
        description="Items that share a value of the attribute with this attribute of the user, "
        "such as `languages`; the rule says nothing of a user without it. Takes effect with the "
        "next training.",
    )
    available_from: Name | None = Field(
        None,
        description="The attribute with the time from which on an item is available: ISO 8601 "
        "text, or a number of seconds or milliseconds since 1970. An item without it always was; "
        "one whose time cannot be read is not available.",
    )
    available_until: Name | None = Field(
        None, description="The one with the time from which on it no longer is."
    )
    shared_by: Name | None = Field(
        None,
        description="Items that share a value of the attribute, such as a brand, with an item that "
        "the user has an event of this kind on, such as `return`; of a relation, items linked to "
        "the same node as such an item, or, where it leads to items, linked with that item.",
    )

    @model_validator(mode="before")
    @classmethod
    def _without_numpy(cls, given: Any) -> Any:
        """The same values in Python's own types."""
        return {key: plain(value) for key, value in given.items()} if type(given) is dict else given

    @model_validator(mode="after")
    def _means_items_in_one_way(self) -> _Rule:
        if problem := next(self._problems(), None):
            raise ValidationError.from_exception_data("rule", [problem])
        return self

    def _problems(self) -> Iterator[InitErrorDetails]:
        """What does not fit together, at the key that is missing or too much."""
        there = [key for key in type(self).model_fields if key in self.model_fields_set]
        for key in there:
            if getattr(self, key) is None:
                yield _wrong(key, None, "a value; leave it out instead")
        ways = [keys for keys in WAYS if any(key in there for key in keys)]
        if not ways:
            yield _missing("any_of", "it, or shared_by, least, most or a time of availability")
            return
        beside = next(key for key in ways[0] if key in there)
        for key in (key for keys in ways[1:] for key in keys if key in there):
            yield _wrong(key, getattr(self, key), f"none beside {beside}")
        about = WAYS[ways[0]]
        given = [key for key in there if key in ("attribute", "relation")]
        if about and not given:
            yield _missing(about[0], f"{' or '.join(about)} with {beside}")
        fitting = [key for key in given if key in about][:1]
        for key in (key for key in given if key not in fitting):
            yield _wrong(key, getattr(self, key), f"none beside {(fitting or [beside])[0]}")

    @property
    def by_availability(self) -> bool:
        """Whether it means the items that are available now."""
        return self.available_from is not None or self.available_until is not None

    @property
    def by_time(self) -> bool:
        """Whether the items that it means are others at another time."""
        return self.by_availability or self.within_days is not None

    @property
    def range(self) -> tuple[float | str, float | str]:
        """The least and the most number or date, infinite where not said."""
        least = -math.inf if self.least is None else self.least
        return least, math.inf if self.most is None else self.most


class RequireRule(_Rule):
    """A rule by which all other items are left out."""

    action: Literal["require"]


class ExcludeRule(_Rule):
    """A rule by which these items are left out."""

    action: Literal["exclude"]


class BoostRule(_Rule):
    """A rule by which the score of these items is changed."""

    action: Literal["boost"]
    factor: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = Field(
        1.0, description="What the score is multiplied by."
    )
    add: Annotated[float, Field(ge=-MOST_ADDED, le=MOST_ADDED, allow_inf_nan=False)] = Field(
        0.0, description="What is then added to it."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> BoostRule:
        if not self.model_fields_set & {"factor", "add"}:
            raise ValidationError.from_exception_data("rule", [_missing("factor", "it, or add")])
        return self


def _wrong(key: str, value: object, expected: str) -> InitErrorDetails:
    kind = PydanticCustomError("expected", "expected {what}", {"what": expected})
    return InitErrorDetails(type=kind, loc=(key,), input=value)


def _missing(key: str, expected: str) -> InitErrorDetails:
    kind = PydanticCustomError("missing", "expected {what}", {"what": expected})
    return InitErrorDetails(type=kind, loc=(key,), input=None)


def _by_action(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """A rule; errors are at its keys, without the action that pydantic puts before them."""
    try:
        return handler(value)
    except ValidationError as error:
        raise ValidationError.from_exception_data(
            "rule", [_at_key(each, value) for each in error.errors(include_url=False)]
        ) from None


def _at_key(error: ErrorDetails, rule: Any) -> InitErrorDetails:
    actions = "require, exclude or boost"
    if error["type"] == "union_tag_not_found":
        return _missing("action", actions)
    if error["type"] == "union_tag_invalid":
        return _wrong("action", rule["action"], actions)
    if not error["loc"]:
        kind = PydanticCustomError("expected", "expected an object")
        return InitErrorDetails(type=kind, input=rule)
    kind = PydanticCustomError(error["type"], "{said}", {"said": error["msg"]})
    return InitErrorDetails(type=kind, loc=error["loc"][1:], input=error["input"])


Rule: TypeAlias = Annotated[
    Annotated[RequireRule | ExcludeRule | BoostRule, Field(discriminator="action")],
    WrapValidator(_by_action),
]
"""Which items, and what becomes of them."""
