"""Numbers as times: those of graphrec.data.times, N at once."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pyarrow as pa
from graphrec.ingest.seen import Form, Seen
from numpy.typing import NDArray

from graphrec.data.times import DAY, END, LEAST, ODD_NUMBER, OUTSIDE, SIZES, TimeUnit

Milliseconds: TypeAlias = NDArray[np.int64]
Codes: TypeAlias = NDArray[np.int8]

REASONS = (
    "",
    "missing time",
    "time is not readable",
    f"time is {OUTSIDE}",
    f"time is {ODD_NUMBER}",
    "time is in the future, by the clock of this machine",
)
GOOD, MISSING, UNREADABLE, OUT, ODD, FUTURE = range(len(REASONS))
"""What may be wrong with a time, by its code."""

_FORMS = ("s", "ms", "us", "ns")
_MULTIPLY = np.array([1000, 1, 1, 1])
_DIVIDE = np.array([1, 1, 1000, 1_000_000])


def numbers_as_times(column: pa.Array, unit: TimeUnit) -> tuple[Milliseconds, Codes, Seen]:
    """Of int64 or float64 in `unit`, or in one that size tells, or calendar numbers."""
    if unit != "auto":
        time, fault = since_1970(column, unit)
        return time, fault, {}
    value = column.fill_null(0).to_numpy(zero_copy_only=False)
    given = ~column.is_null().to_numpy(zero_copy_only=False) & (value == value)
    position = np.searchsorted([*SIZES.values()][:-1], value, side="right")
    time, fault = _scaled(value, position)
    least = np.array([*LEAST.values()])[position]
    calendar, is_calendar = _calendar(value)
    time = np.where(is_calendar, calendar, time)
    odd = (value < least) & (value > 0)
    fault[(fault == GOOD) & odd] = ODD
    fault[is_calendar] = GOOD
    fault[~given] = MISSING
    seen = {}
    for name, of in (("calendar", is_calendar), ("number", (fault == GOOD) & ~is_calendar)):
        of = of & given & (value != 0)
        if of.any():
            seen["time", name] = Form(int(of.sum()), str(column[int(of.argmax())].as_py()))
    return time, fault, seen


def since_1970(column: pa.Array, unit: str) -> tuple[Milliseconds, Codes]:
    """Of numbers in a unit, int64 or float64 [N]."""
    value = column.fill_null(0).to_numpy(zero_copy_only=False)
    time, fault = _scaled(value, np.full(len(value), _FORMS.index(unit)))
    fault[column.is_null().to_numpy(zero_copy_only=False) | (value != value)] = MISSING
    return time, fault


def _scaled(value: NDArray[np.number], position: NDArray[np.int64]) -> tuple[Milliseconds, Codes]:
    multiply, divide = _MULTIPLY[position], _DIVIDE[position]
    with np.errstate(invalid="ignore"):
        inside = (value >= 0) & (value < END / multiply * divide)
    fault = np.where(inside, GOOD, OUT).astype(np.int8)
    scaled = np.where(inside, value, 0) * multiply
    if value.dtype.kind == "f":  # 1700000000.123 times 1000 must not come out as …122.9999
        scaled = np.round(scaled, 3)
    return (scaled // divide).astype(np.int64), fault


def _calendar(value: NDArray[np.number]) -> tuple[Milliseconds, NDArray[np.bool_]]:
    """Of calendar numbers of 8, 12, 14 and 17 digits, and which of the values [N] are some."""
    time = np.zeros(len(value), np.int64)
    found = np.zeros(len(value), bool)
    whole = np.where(np.abs(value) < 2e18, value, 0).astype(np.int64)
    for digits in (8, 12, 14, 17):
        scale = 10 ** (digits - 8)
        at = np.flatnonzero((whole >= 19_700_101 * scale) & (whole < 22_620_101 * scale))
        if digits < 14:
            at = at[whole[at] == value[at]]
        if not len(at):
            continue
        day, clock = np.divmod(whole[at], scale)
        clock = clock * 10 ** max(14 - digits, 0)
        clock, part = np.divmod(clock, 10 ** max(digits - 14, 0))
        if digits == 14:
            part = ((value[at] - whole[at]) * 1000).astype(np.int64)
        hour, minute, second = clock // 10_000, clock // 100 % 100, clock % 100
        days, real = _days(day)
        real &= (hour < 24) & (minute < 60) & (second < 60)
        time[at[real]] = (days * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + part)[real]
        found[at[real]] = True
    return time, found


def _days(number: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days since 1970 of numbers YYYYMMDD [N], and which of them are days."""
    year, month, day = number // 10_000, number // 100 % 100, number % 100
    real = (month >= 1) & (month <= 12) & (day >= 1)
    months = (year - 1970) * 12 + np.where(real, month - 1, 0)
    first, following = (
        (months + more).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        for more in (0, 1)
    )
    return first + day - 1, real & (day <= following - first)
