"""Raw columns read as text, numbers and times; N values each.

What a value is read as depends on that value alone, never on its neighbours in the column, so that
a file gives the same rows however it is cut into chunks.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

TimeUnit: TypeAlias = Literal["auto", "s", "ms", "us", "ns"]

_INTEGER = r"^-?([0-9]{1,18}|[0-8][0-9]{18})$"  # what int64 can hold
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_DATE = r"^[0-9]{4}-?[0-9]{2}"  # else pandas would read "now" and "today"
_ZONE = r"\s*(UTC|GMT)$"

_UNITS = ("s", "ms", "us", "ns")
_LARGEST = np.array([1e11, 1e14, 1e17])
"""Numbers below each are seconds, milliseconds, microseconds; larger ones are nanoseconds."""
_MULTIPLY = np.array([1000, 1, 1, 1])
_DIVIDE = np.array([1, 1, 1000, 1_000_000])
_END = 9_214_646_400_000
"""2262-01-01: nanoseconds in 64 bits end in that year."""
_EXACT = 2.0**53
"""Integers below it are exact as floats."""


def as_text(value: object) -> str | None:
    """A Python value as an id would be written: 123.0 as "123", lists and objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | list | dict):
        return orjson.dumps(value, default=str).decode()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value)


def texts(column: pa.Array) -> pa.Array:
    """Text, trimmed: string [N], null where it is missing or blank; 123.0 becomes "123"."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        column = _float_texts(column)
    elif pa.types.is_decimal(column.type) or pa.types.is_nested(column.type):
        column = pa.array([as_text(value) for value in column.to_pylist()], pa.string())
    elif not pa.types.is_string(column.type):
        column = _cast_text(column)
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def numbers(column: pa.Array) -> NDArray[np.float64]:
    """Numbers [N]; NaN where a value is missing or no finite number. True is no number."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        value = _floats(column)
    else:
        text = texts(column)
        value = _floats(_matching(text, _NUMBER))
    return np.where(np.isfinite(value), value, np.nan)


def times(column: pa.Array, unit: TimeUnit = "auto") -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Milliseconds since 1970 [N], rounded down, and whether each value could be read [N].

    Numbers are in `unit`; "auto" tells it from their size: below 1e11 seconds, below 1e14
    milliseconds, below 1e17 microseconds, else nanoseconds. Text is a number or ISO 8601, in UTC
    where it names no zone. A time before 1970 or after 2261 counts as not readable.
    """
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _milliseconds(column.cast(pa.int64()), kind.unit)
    if pa.types.is_date(kind):
        return _milliseconds(column.cast(pa.timestamp("ms")).cast(pa.int64()), "ms")
    if pa.types.is_integer(kind):
        return _milliseconds(column.cast(pa.int64(), safe=False), unit)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _milliseconds(column.cast(pa.float64()), unit)
    text = texts(column)
    time, readable = _milliseconds(_matching(text, _INTEGER).cast(pa.int64()), unit)
    if not readable.all():
        for other in (
            _milliseconds(_matching(text, _NUMBER).cast(pa.float64()), unit),
            _dates(text),
        ):
            time = np.where(readable, time, other[0])
            readable |= other[1]
    return time, readable


def missing(column: pa.Array) -> NDArray[np.bool_]:
    """Which values are null [N]."""
    return column.is_null().to_numpy(zero_copy_only=False)


def inexact(column: pa.Array) -> NDArray[np.bool_]:
    """Which values are floats too large to be exact as integers [N]."""
    if not pa.types.is_floating(column.type):
        return np.zeros(len(column), bool)
    value = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.abs(value) >= _EXACT


def _floats(column: pa.Array) -> NDArray[np.float64]:
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _matching(text: pa.Array, pattern: str) -> pa.Array:
    """The text where it matches, else null."""
    return pc.if_else(pc.match_substring_regex(text, pattern), text, pa.scalar(None, pa.string()))


def _float_texts(column: pa.Array) -> pa.Array:
    value = column.to_numpy(zero_copy_only=False).astype(np.float64)
    whole = (np.abs(value) < _EXACT) & (np.floor(value) == value)
    integers = pa.array(np.where(whole, value, 0).astype(np.int64)).cast(pa.string())
    others = pa.array(value, from_pandas=True).cast(pa.string())
    return pc.if_else(pa.array(whole), integers, others)


def _cast_text(column: pa.Array) -> pa.Array:
    try:
        return column.cast(pa.string())
    except pa.ArrowException:  # bytes that are not UTF-8, types that have no text in Arrow
        return pa.array(
            [
                value.decode("utf-8", "backslashreplace")
                if isinstance(value, bytes)
                else as_text(value)
                for value in column.to_pylist()
            ],
            pa.string(),
        )


def _milliseconds(column: pa.Array, unit: TimeUnit) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Of numbers in `unit`, int64 or float64 [N]."""
    given = column.is_valid().to_numpy(zero_copy_only=False)
    value = column.fill_null(0).to_numpy(zero_copy_only=False)
    if unit == "auto":
        position = np.searchsorted(_LARGEST, value, side="right")
    else:
        position = np.full(len(value), _UNITS.index(unit))
    multiply, divide = _MULTIPLY[position], _DIVIDE[position]
    readable = given & (value >= 0) & (value < _END / multiply * divide)
    time = np.where(readable, value, 0) * multiply // divide
    return time.astype(np.int64), readable


def _dates(text: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Of ISO 8601 text [N]."""
    dated = pc.replace_substring_regex(_matching(text, _DATE), _ZONE, "Z")
    parsed = pd.to_datetime(
        pd.Series(dated.to_numpy(zero_copy_only=False), dtype=object),
        format="ISO8601",
        utc=True,
        errors="coerce",
    )
    time = pa.array(parsed.dt.tz_localize(None).to_numpy("datetime64[ms]"))
    return _milliseconds(time.cast(pa.int64()), "ms")
