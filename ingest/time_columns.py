"""Columns of times, by the rules of `graphrec.data.times`; N values each.

A value is read alone, so that a file gives the same times however it is cut into chunks; but for
dates such as 04/08/2022, which wait with both of their readings until the whole column was seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.seen import Form, Seen, of_role
from graphrec.ingest.time_numbers import (
    FUTURE,
    GOOD,
    MISSING,
    OUT,
    REASONS,
    UNREADABLE,
    Codes,
    Milliseconds,
    numbers_as_times,
    since_1970,
)
from graphrec.ingest.values import texts
from numpy.typing import NDArray

from graphrec.counts import counted
from graphrec.data.dates import is_dotted, order_of, read_date
from graphrec.data.ids import NULL_WORDS
from graphrec.data.profile import Doubt
from graphrec.data.times import END, TimeUnit
from graphrec.errors import DataError

_OTHER = {"day": "month", "month": "day"}
_UNKNOWN = -1
"""No second reading."""

_INTEGER = r"^[+-]?([0-9]{1,18}|[0-8][0-9]{18})$"  # what int64 can hold
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_ISO = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r"(Z|[+-][0-9]{2}(:[0-9]{2})?)?)?$"
)
"""The dates that pandas reads as `read_date` does, and many at once."""

_ABSENT = pa.array(["", *NULL_WORDS])


@dataclass(frozen=True)
class TimeRules:
    """How the times of a source are read."""

    unit: TimeUnit = "auto"
    """Of numbers."""
    format: str | None = None
    """As of `strptime`: of all text and numbers."""
    day_first: bool | None = None
    """How dates such as 04/08/2022 are meant; None: as the column shows."""
    latest: int | None = None
    """Later times are not believed."""


@dataclass(frozen=True)
class TimeColumn:
    """Milliseconds since 1970 [N], rounded down, and 0 where `faults` says why they are not."""

    time: Milliseconds
    day_first: pa.Array
    """Where a date may be two days, the time with the day first; `time` has the month first."""
    faults: tuple[tuple[str, NDArray[np.bool_]], ...]
    seen: Seen


def times(column: pa.Array, rules: TimeRules) -> TimeColumn:
    """The times of a column, all N of which are read by themselves."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    time, day_first, fault, seen = _read(column, rules)
    if rules.latest is not None:
        fault[(fault == GOOD) & (time > rules.latest)] = FUTURE
    time = np.where(fault == GOOD, time, 0)
    waits = (day_first != _UNKNOWN) & (fault == GOOD)
    return TimeColumn(
        time,
        pa.array(day_first, mask=~waits),
        tuple((REASONS[code], fault == code) for code in range(1, len(REASONS))),
        seen,
    )


def readable_times(column: pa.Array) -> tuple[Milliseconds, NDArray[np.bool_]]:
    """Milliseconds since 1970 [N] and which values are times [N], a month first where in doubt."""
    found = times(column, TimeRules(day_first=False))
    return found.time, ~np.logical_or.reduce([fault for _, fault in found.faults])


def settled_times(
    seen: Seen, name: str, column: str
) -> tuple[Callable[[pa.RecordBatch], pa.RecordBatch], tuple[Doubt, ...]]:
    """How dates of a whole column that may be two days are to be read, and what says so.

    The batches have `time` and `day_first`, and lose the latter. Raises DataError where no value
    settles it.
    """
    forms = of_role(seen, "time")
    readings = []
    if "calendar" in forms and "number" in forms:
        readings.append(
            Doubt(
                "times_in_several_units",
                "",
                f"times are calendar numbers such as {forms['calendar'].example} "
                f"({forms['calendar'].count:,}) and numbers since 1970 such as "
                f"{forms['number'].example} ({forms['number'].count:,})",
                "--time-unit s (ms, us, ns) reads all of them as the latter",
            )
        )
    order = _order(forms, name, column)
    if order is not None and "either" in forms:
        shown = f"{forms[order].example} is" if order in forms else "is usual with dots"
        readings.append(
            Doubt(
                "day_or_month_first",
                "",
                f"{counted(forms['either'].count, 'date')} such as {forms['either'].example} "
                f"may begin with the day or the month: read with the {order} first, as {shown}",
                f"say --{order}-first if that is right, else --{_OTHER[order]}-first",
            )
        )

    def settled(rows: pa.RecordBatch) -> pa.RecordBatch:
        time = rows.column("time")
        if order == "day":
            time = pc.coalesce(rows.column("day_first"), time)
        others = {n: rows.column(n) for n in rows.schema.names if n not in ("time", "day_first")}
        return pa.RecordBatch.from_pydict({**others, "time": time})

    return settled, tuple(readings)


def _order(forms: dict[str, Form], name: str, column: str) -> str | None:
    if "either" not in forms:
        return None
    known = [order for order in ("day", "month") if order in forms]
    if len(known) == 1:
        return known[0]
    if not known and "dotted" in forms and forms["dotted"].count == forms["either"].count:
        return "day"
    example = forms["either"].example
    found = (
        f"{forms['day'].example} has the day first and {forms['month'].example} the month"
        if known
        else "no value of the column settles it"
    )
    raise DataError(
        f"column {column!r} of {name} has dates such as {example}, which may begin with the day or "
        f"with the month: {found}; say it with `--day-first`, `--month-first` or "
        f"`--time-format '%d/%m/%Y'` (in Python: "
        "settings=gr.Settings(ingest={'day_first': True}))"
    )


def _read(column: pa.Array, rules: TimeRules) -> tuple[Milliseconds, Milliseconds, Codes, Seen]:
    """Times, second readings, codes of what is wrong [N each], and what the column shows."""
    kind = column.type
    seen: Seen = {}
    if pa.types.is_timestamp(kind):
        time, fault = since_1970(column.cast(pa.int64()), kind.unit)
    elif pa.types.is_date(kind):
        time, fault = since_1970(column.cast(pa.timestamp("ms")).cast(pa.int64()), "ms")
    elif rules.format is not None:
        time, fault = _of_format(texts(column), rules.format)
    elif pa.types.is_integer(kind):
        number = column.cast(pa.int64(), safe=False)
        time, fault, seen = numbers_as_times(number, rules.unit)
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        time, fault, seen = numbers_as_times(column.cast(pa.float64(), safe=False), rules.unit)
    elif pa.types.is_boolean(kind) or _is_no_time(kind):
        time = np.zeros(len(column), np.int64)
        fault = np.where(_null(column), MISSING, UNREADABLE).astype(np.int8)
    else:
        return _texts(texts(column), rules)
    return time, np.full(len(column), _UNKNOWN), fault, seen


def _is_no_time(kind: pa.DataType) -> bool:
    """Of a type whose values are no points in time: lists, times of day, lengths of time."""
    return bool(pa.types.is_nested(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind))


def _texts(text: pa.Array, rules: TimeRules) -> tuple[Milliseconds, Milliseconds, Codes, Seen]:
    time = np.zeros(len(text), np.int64)
    day_first = np.full(len(text), _UNKNOWN)
    fault = np.full(len(text), UNREADABLE, np.int8)
    seen: dict[tuple[str, str], Form] = {}
    left = np.arange(len(text))
    for pattern, type_ in ((_INTEGER, pa.int64()), (_NUMBER, pa.float64())):
        if not len(left):
            return time, day_first, fault, seen
        rest = text if len(left) == len(text) else text.take(pa.array(left))
        match = _mask(pc.match_substring_regex(rest.fill_null(""), pattern))
        if match.any():
            number = rest.filter(pa.array(match)).cast(type_)
            at = left[match]
            time[at], fault[at], shown = numbers_as_times(number, rules.unit)
            seen.update({key: form for key, form in shown.items() if key not in seen})
        left = left[~match]
    rest = text.take(pa.array(left))
    absent = _null(rest) | _mask(pc.is_in(pc.utf8_lower(rest.fill_null("")), _ABSENT))
    fault[left[absent]] = MISSING
    left = left[~absent]
    rest = text.take(pa.array(left))
    iso = _mask(pc.match_substring_regex(rest, _ISO)) if len(left) else np.zeros(0, bool)
    if iso.any():
        time[left[iso]], fault[left[iso]] = _parsed(rest.filter(pa.array(iso)), "ISO8601")
        # What pandas cannot hold, such as the year 9999, is read by itself below.
        iso[iso] = fault[left[iso]] != UNREADABLE
    left = left[~iso]
    if len(left):
        encoded = text.take(pa.array(left)).dictionary_encode()
        code = encoded.indices.to_numpy(zero_copy_only=False)
        distinct = encoded.dictionary.to_pylist()
        count = np.bincount(code, minlength=len(distinct))
        read = [_date(each, rules) for each in distinct]
        seen.update(_orders(distinct, read, count))
        of = np.array([each[:3] for each in read], np.int64)[code]
        time[left], day_first[left], fault[left] = of[:, 0], of[:, 1], of[:, 2]
    return time, day_first, fault, seen


def _orders(
    distinct: list[str], read: list[tuple[int, int, int, str | None]], count: NDArray[np.int64]
) -> dict[tuple[str, str], Form]:
    """How many dates begin with the day, with the month, or with either."""
    found: dict[tuple[str, str], Form] = {}
    for text, (*_, order), number in zip(distinct, read, count.tolist(), strict=True):
        names = [order, "dotted"] if order == "either" and is_dotted(text) else [order]
        for name in filter(None, names):
            before = found.get(("time", name), Form(0, text))
            found["time", name] = Form(before.count + number, before.example)
    return found


def _date(text: str, rules: TimeRules) -> tuple[int, int, int, str | None]:
    """The time of text, its second reading, what is wrong, and what it begins with.

    That is "day" or "month", "either" where it has two readings, and None where it does not matter.
    """
    try:
        found = read_date(text)
    except ValueError:
        return 0, _UNKNOWN, UNREADABLE, None
    if isinstance(found, int):
        inside = 0 <= found < END
        return found, _UNKNOWN, GOOD if inside else OUT, order_of(text) if inside else None
    # The year is the same in both readings, but for the first and the last days of the bounds.
    if not all(0 <= each < END for each in found):
        return 0, _UNKNOWN, OUT, None
    month_first, day_first = found
    if rules.day_first is not None:
        return found[rules.day_first], _UNKNOWN, GOOD, None
    if rules.latest is not None and (month_first > rules.latest) != (day_first > rules.latest):
        # A date that would be in the future one way is meant the other way.
        order = "day" if month_first > rules.latest else "month"
        return min(found), _UNKNOWN, GOOD, order
    return month_first, day_first, GOOD, "either"


def _of_format(text: pa.Array, form: str) -> tuple[Milliseconds, Codes]:
    time, fault = _parsed(text, form)
    absent = _null(text) | _mask(pc.is_in(pc.utf8_lower(text.fill_null("")), _ABSENT))
    fault[absent] = MISSING
    return time, fault


def _parsed(text: pa.Array, form: str) -> tuple[Milliseconds, Codes]:
    values = pd.Series(text.to_numpy(zero_copy_only=False), dtype=object)
    parsed = pd.to_datetime(values, format=form, utc=True, errors="coerce")
    moment = parsed.dt.tz_localize(None).to_numpy("datetime64[ms]")
    unread = np.isnat(moment)
    time = np.where(unread, 0, moment.astype(np.int64))
    inside = (time >= 0) & (time < END)
    fault = np.where(unread, UNREADABLE, np.where(inside, GOOD, OUT)).astype(np.int8)
    return np.where(inside, time, 0), fault


def _mask(values: pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = values.to_numpy(zero_copy_only=False)
    return found


def _null(column: pa.Array) -> NDArray[np.bool_]:
    return _mask(column.is_null())
