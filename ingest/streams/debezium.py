"""Debezium's changes of rows: before and after, and values as the types of their columns say."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

DAY = 86_400_000
"""Milliseconds."""

Rows = Sequence[tuple[Mapping[str, Any], bool]]
"""Rows, each with whether it was deleted."""


def rows_of(message: Mapping[str, Any]) -> tuple[Rows, int | None]:
    """The rows of a change, with those that went before, and when it was, in milliseconds.

    The message is the change, or has it under `payload` beside its `schema`. Raises ValueError.
    """
    change = message.get("payload") if "payload" in message else message
    types = _types(message.get("schema"))
    if not isinstance(change, dict) or "op" not in change:
        raise ValueError("no change of Debezium: expected op, before and after")
    operation = change["op"]
    before, after = (_row(change.get(name), types) for name in ("before", "after"))
    moment = change.get("ts_ms")
    time = moment if isinstance(moment, int) else None
    if operation in ("c", "r", "u"):
        if after is None:
            raise ValueError(f"a change {operation!r} without a row after it")
        gone: Rows = [(before, True)] if operation == "u" and before else []
        return [*gone, (after, False)], time
    if operation == "d":
        if before is None:
            raise ValueError(
                "a deletion without the row before it: expected one; in PostgreSQL, set REPLICA "
                "IDENTITY FULL"
            )
        return [(before, True)], time
    if operation == "t":
        raise ValueError("the table was emptied (op 't'), which is not applied: delete its rows")
    if operation == "m":
        return [], time
    raise ValueError(f"op {operation!r} is not known: expected c, r, u or d")


def _types(schema: object) -> Mapping[str, Callable[[Any], Any]]:
    """By column, what makes its values plain."""
    found: dict[str, Callable[[Any], Any]] = {}
    fields = schema.get("fields") if isinstance(schema, dict) else None
    for row in fields if isinstance(fields, list) else ():
        if not (isinstance(row, dict) and row.get("field") in ("before", "after")):
            continue
        for column in row.get("fields") or ():
            read = _reader(column)
            if read is not None:
                found[column["field"]] = read
    return found


def _reader(column: Mapping[str, Any]) -> Callable[[Any], Any] | None:
    name = str(column.get("name") or "")
    if name.endswith(".Decimal"):
        scale = int((column.get("parameters") or {}).get("scale", 0))
        return lambda value: _decimal(value, scale)
    if name.endswith(("time.Date", "data.Date")):
        return lambda value: value * DAY
    if name.endswith("MicroTimestamp"):
        return lambda value: value // 1000
    if name.endswith("NanoTimestamp"):
        return lambda value: value // 1_000_000
    return None


def _decimal(value: Any, scale: int) -> float:
    """A number that Connect writes as the bytes of an integer, in base64."""
    try:
        content = value if isinstance(value, bytes) else base64.b64decode(value, validate=True)
    except (TypeError, binascii.Error):
        raise ValueError(f"decimal {value!r} is not in base64") from None
    return float(Decimal(int.from_bytes(content, "big", signed=True)).scaleb(-scale))


def _row(row: object, types: Mapping[str, Callable[[Any], Any]]) -> Mapping[str, Any] | None:
    if not isinstance(row, dict):
        return None
    if not types:
        return row
    try:
        return {
            name: types[name](value) if name in types and value is not None else value
            for name, value in row.items()
        }
    except TypeError as error:
        raise ValueError(f"a value of another type than the schema says: {error}") from None
