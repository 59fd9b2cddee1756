"""A value of any kind as one of the kind that an attribute has, wherever it comes from.

Files, SQL, data frames and requests go by these rules, so that a value is the same in all of them:
a number for a category is its text, a single text for tags is one tag, and true and false are the
categories `true` and `false` in any spelling of a truth value.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

import numpy as np
import orjson

from graphrec.data.amounts import MAX_NUMBER, PLAIN, NumberForm, is_absent, number_of
from graphrec.data.graph import AttributeKind, AttributeValue
from graphrec.data.vector import Vector
from graphrec.errors import DataError

NAMES = ("name", "title", "label", "value", "id")
"""Members by which an object in a list is called, the first that it has."""

_TRUTH = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})
_EXACT = 2.0**53
_BETWEEN = re.compile(r"[\s,;]+")
_BRACKETS = {"[": "]", "(": ")", "{": "}"}


class UnreadableError(ValueError):
    """A value that is none of a kind; the message says what it should be."""


def as_kind(
    kind: AttributeKind, value: object, separator: str = "", form: NumberForm = PLAIN
) -> AttributeValue:
    """A value as one of a kind; None where it is missing. Raises UnreadableError.

    `separator` is between the tags of a text, and `form` is how numbers are written.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, np.ndarray | np.generic):
        return as_kind(kind, value.tolist(), separator, form)
    if kind == "number":
        return _number(value, form)
    if kind == "vector":
        return vector_of(value)
    if kind == "tags":
        return tags_of(value, separator)
    text = _one_text(value)
    return text if text is None or kind == "text" else category_of(text)


def kind_of_new(name: str, value: object) -> AttributeKind:
    """The kind of a new attribute by a value of JSON: a text is a category, except a title."""
    if isinstance(value, list):
        numbers = all(isinstance(each, int | float) for each in value)
        return "vector" if value and numbers else "tags"
    if isinstance(value, bool | str):
        return "text" if name == "title" else "category"
    return "number"


def converted(value: AttributeValue, kind: AttributeKind) -> AttributeValue:
    """A stored value as one of another kind; None where it has no equal there."""
    if isinstance(value, Vector) and kind != "vector":
        return None
    try:
        return as_kind(kind, value, separator="|")
    except UnreadableError:
        return None


def scalar_text(value: object) -> str:
    """A single value as a category or tag: `true` for True, `7` for 7.0."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        exact = value.is_integer() and abs(value) < _EXACT
        return str(int(value)) if exact else str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value).strip()


def category_of(text: str) -> str:
    """A category: `true` and `false` in whatever spelling a program has written them."""
    return text.lower() if text in _TRUTH else text


def tags_of(value: object, separator: str = "") -> tuple[str, ...] | None:
    """Tags, trimmed, in their order, without repetitions; None where there are none.

    Lists in lists are flattened; of an object, the first of NAMES counts. Raises UnreadableError
    for an object with none of them.
    """
    if isinstance(value, str):
        listed = list_of(value)
        value = listed if listed is not None else value.split(separator) if separator else [value]
    texts = (scalar_text(each) for each in _flat(value))
    return tuple(dict.fromkeys(text for text in texts if text)) or None


def list_of(text: str) -> Sequence[object] | None:
    """The list that a text writes, in JSON, as Python shows lists, or sets; None for other text."""
    text = text.strip()
    if len(text) < 2 or _BRACKETS.get(text[0]) != text[-1]:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    if isinstance(found, set | frozenset):
        return sorted(found, key=str)
    return list(found) if isinstance(found, list | tuple) else None


def object_of(value: object) -> Mapping[str, object] | None:
    """The object that a value is, or that a text writes; None for other values."""
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, str) or not value.startswith("{") or not value.endswith("}"):
        return None
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def vector_of(value: object) -> Vector | None:
    """A vector of a list of numbers, or of a text of them; raises UnreadableError."""
    if isinstance(value, Vector):
        return value
    if isinstance(value, str):
        if is_absent(value):
            return None
        value = floats_of(value)
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        raise UnreadableError("is not a vector")
    numbers = list(value)
    if not numbers:
        return None
    if not all(isinstance(n, int | float | Decimal) and not isinstance(n, bool) for n in numbers):
        raise UnreadableError("is not a vector")
    try:
        return Vector.of(float(number) for number in numbers)
    except (DataError, OverflowError):
        raise UnreadableError("holds nan, inf or a number beyond single precision") from None


def floats_of(text: str) -> Sequence[float] | None:
    """The numbers between blanks, commas or semicolons, in brackets or not; None for other text."""
    text = text.strip()
    if text and _BRACKETS.get(text[0]) == text[-1]:
        text = text[1:-1]
    try:
        return [float(part) for part in _BETWEEN.split(text.strip(" ,;\n\t")) if part]
    except ValueError:
        return None


def _number(value: object, form: NumberForm) -> float | None:
    if isinstance(value, str):
        found = number_of(value, form)
        if found is None and not is_absent(value):
            raise UnreadableError("is not a number")
        return found
    if isinstance(value, bool):
        return float(value)
    if not isinstance(value, int | float | Decimal):
        raise UnreadableError("is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= MAX_NUMBER:
        raise UnreadableError("is not a number within single precision")
    return number


def _one_text(value: object) -> str | None:
    if isinstance(value, Mapping):
        return scalar_text(_name_of(value))
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        parts = [scalar_text(each) for each in _flat(value)]
        if len(parts) > 1:
            raise UnreadableError("is a list")
        return parts[0] if parts else None
    return scalar_text(value)


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield _name_of(value)
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for each in value:
            yield from _flat(each)
    elif value is not None and not (isinstance(value, float) and math.isnan(value)):
        yield value


def _name_of(value: Mapping[str, object]) -> object:
    named = next((value[name] for name in NAMES if value.get(name) is not None), None)
    if named is None or isinstance(named, Mapping | list):
        raise UnreadableError(f"holds an object without any of {', '.join(NAMES)}")
    return named
