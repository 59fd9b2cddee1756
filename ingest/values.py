"""Raw columns read as text and numbers; N values each.

Ids are in `graphrec.ingest.id_columns`, times in `graphrec.ingest.time_columns`.
What a value is read as depends on that value alone, never on its neighbours in the column, so that
a file gives the same rows however it is cut into chunks.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphrec.data.ids import EXACT

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def as_text(value: object) -> str | None:
    """A Python value as text: 123.0 as "123", lists and objects as JSON.

    A float that is not exact as an integer stays one: 1e+20.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | list | dict):
        return orjson.dumps(value, default=str).decode()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < EXACT else str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "backslashreplace")
    return str(value)


def texts(column: pa.Array) -> pa.Array:
    """Text, trimmed: string [N], null where it is missing or blank; 123.0 becomes "123"."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        column = float_texts(column)
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


def missing(column: pa.Array) -> NDArray[np.bool_]:
    """Which values are null [N]."""
    return column.is_null().to_numpy(zero_copy_only=False)


def _floats(column: pa.Array) -> NDArray[np.float64]:
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _matching(text: pa.Array, pattern: str) -> pa.Array:
    """The text where it matches, else null."""
    return pc.if_else(pc.match_substring_regex(text, pattern), text, pa.scalar(None, pa.string()))


def float_texts(column: pa.Array) -> pa.Array:
    """Floats as text: 123.0 becomes "123"; null where one is missing or NaN."""
    value = column.to_numpy(zero_copy_only=False).astype(np.float64)
    whole = (np.abs(value) < EXACT) & (np.floor(value) == value)
    integers = pa.array(np.where(whole, value, 0).astype(np.int64)).cast(pa.string())
    others = pa.array(value, from_pandas=True).cast(pa.string())
    return pc.if_else(pa.array(whole), integers, others)


def _cast_text(column: pa.Array) -> pa.Array:
    try:
        return column.cast(pa.string())
    except pa.ArrowException:  # bytes that are not UTF-8, types that have no text in Arrow
        return pa.array([as_text(value) for value in column.to_pylist()], pa.string())
