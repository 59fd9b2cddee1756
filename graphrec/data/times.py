"""Points in time as people write them, in milliseconds since 1970: one set of rules for all doors.

A number is in seconds, milliseconds, microseconds or nanoseconds since 1970, which its size tells;
or it is a calendar number such as 20220408, 202204081030 or 20220408103000. Text is a number or a
date (`graphrec.data.dates`). What names no zone is UTC. 0 stands for a time that is not known.
"""

from __future__ import annotations

import time as _time
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from math import floor, isfinite
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data.dates import EPOCH, ambiguous, is_dotted, is_number, read_date
from graphrec.errors import DataError

Time: TypeAlias = int | float | str | date | datetime | np.datetime64
"""A number, text, a date (its midnight) or a datetime."""

TimeUnit: TypeAlias = Literal["auto", "s", "ms", "us", "ns"]

DAY = 86_400_000
"""Milliseconds."""

END = 9_214_646_400_000
"""2262-01-01: nanoseconds in 64 bits end in that year. Times are from 0, 1970, to before it."""

PER_UNIT: Mapping[TimeUnit, Decimal] = {
    "s": Decimal("0.001"),
    "ms": Decimal(1),
    "us": Decimal(1000),
    "ns": Decimal(1_000_000),
}
"""In a millisecond."""

SIZES: Mapping[TimeUnit, int] = {"s": 10**11, "ms": 10**14, "us": 10**17, "ns": 2**63}
"""Numbers below each are of the unit, unless they are below that of the unit before."""

LEAST: Mapping[TimeUnit, int] = {
    "s": 315_532_800,
    "ms": 315_532_800 * 10**3,
    "us": 315_532_800 * 10**6,
    "ns": 7 * 10**17,
}
"""Numbers whose unit is not named are no times below it: 1980, and 1992 for nanoseconds.

Below are numbers that count something else, and would all come out in the 1970s: years, days of
spreadsheets, YYMMDD, HHMM, the place in an order; and above 1e17 the ticks of Windows and .NET.
"""

CALENDAR = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""Calendar numbers by how many digits they have."""

ODD_NUMBER = (
    "a number that is no time of any unit since 1980, and no calendar number such as 20220408"
)
OUTSIDE = "before 1970 or after 2261"
EXPECTED = (
    "a datetime, ISO 8601 text such as '2024-05-01T12:00', a calendar number such as 20240501, or "
    "a number of seconds, milliseconds, microseconds or nanoseconds since 1970"
)


def clock() -> int:
    """Now, by the clock of this machine, in milliseconds since 1970."""
    return _time.time_ns() // 1_000_000


def latest(future_days: float, now: int | None = None) -> int:
    """The last time that is believed: `future_days` after now, for clocks that are ahead."""
    return (clock() if now is None else now) + round(future_days * DAY)


def newest(time: NDArray[np.int64], now: int | None = None) -> int | None:
    """The newest of the times [E] that are not in the future; None where there is none.

    An event of a wrong clock, of the year 2100 say, must not be what all others are old against.
    """
    if not len(time):
        return None
    limit = latest(1, now)
    last = int(time.max())
    if last <= limit:
        return last
    past = time[time <= limit]
    return int(past.max()) if len(past) else None


def written(time: int, clock: bool = False) -> str:
    """A time as text, such as 2024-05-01, or 2024-05-01 12:00 with the `clock`; of any year."""
    text = str(np.datetime64(time, "ms").astype("datetime64[m]" if clock else "datetime64[D]"))
    return text.replace("T", " ")


def milliseconds(time: Time, unit: TimeUnit = "auto", day_first: bool | None = None) -> int:
    """The time in milliseconds since 1970, UTC, rounded down; raises DataError.

    `unit` is that of numbers, and `day_first` says how 04/08/2022 is meant; 04.08.2022 has the day
    first unless it says otherwise.
    """
    try:
        found = _milliseconds(time, unit, day_first)
        if not 0 <= found < END:
            raise ValueError(f"it is {OUTSIDE}")
        return found
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"time {time!r} cannot be read ({error}): expected {EXPECTED}") from error


def moment(time: Time) -> int:
    """A time in Python, in milliseconds since 1970; raises DataError.

    As `milliseconds`, but that smaller whole numbers than it takes are milliseconds: of logs that
    are made up, whose first event is at 1.
    """
    if isinstance(time, int | np.integer) and not isinstance(time, bool):
        value = int(time)
        if value < LEAST["s"] and _calendar_number(Decimal(value)) is None:
            return value
    return milliseconds(time)


def as_milliseconds(times: Iterable[int | datetime | np.datetime64]) -> NDArray[np.int64]:
    """Times [E] of a log that is made in Python: milliseconds as they are, or datetimes.

    Raises DataError for what is neither.
    """
    values = np.asarray(times)
    if values.dtype.kind in "iu":
        return values.astype(np.int64)
    if values.dtype.kind == "M":
        if np.isnat(values).any():
            raise DataError("times hold NaT: expected a time for each event; 0 is not known")
        return values.astype("datetime64[ms]").astype(np.int64)
    if values.dtype.kind == "f" and (values == np.floor(values)).all():
        return values.astype(np.int64)
    found = [each if type(each) is int else milliseconds(each) for each in values.tolist()]
    return np.array(found, np.int64)


def _milliseconds(time: Time, unit: TimeUnit, day_first: bool | None) -> int:
    if isinstance(time, np.datetime64):
        if np.isnat(time):
            raise ValueError("it is NaT")
        return int(time.astype("datetime64[ms]").astype(np.int64))
    if isinstance(time, str):
        text = str(time).strip()
        if is_number(text):
            return number(Decimal(text), unit)
        found = read_date(text)
        if isinstance(found, int):
            return found
        if day_first is None and not is_dotted(text):
            raise ValueError(ambiguous(*found))
        return found[day_first is not False]
    if isinstance(time, datetime):
        known = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
        return (known - EPOCH) // timedelta(milliseconds=1)
    if isinstance(time, date):
        return (time - EPOCH.date()).days * DAY
    if isinstance(time, bool | np.bool_):
        raise ValueError("it is true or false")
    if isinstance(time, int | np.integer):
        return number(Decimal(int(time)), unit)
    if isinstance(time, float | np.floating | Decimal):
        if not isfinite(time):
            raise ValueError("it is not finite")
        return number(time if isinstance(time, Decimal) else Decimal(repr(float(time))), unit)
    raise TypeError(f"it is of type {type(time).__name__}")


def number(value: Decimal, unit: TimeUnit = "auto") -> int:
    """The milliseconds that a number means; raises ValueError for one that means no time."""
    if unit != "auto":
        return floor(value / PER_UNIT[unit])
    if value == 0:
        return 0
    if value < 0:
        raise ValueError(f"it is {OUTSIDE}")
    found = _calendar_number(value)
    if found is not None:
        return found
    unit = next((unit for unit, size in SIZES.items() if value < size), "ns")
    if value < LEAST[unit]:
        raise ValueError(f"it is {ODD_NUMBER}")
    return floor(value / PER_UNIT[unit])


def _calendar_number(value: Decimal) -> int | None:
    """Of a number whose digits are a date of 1970 to 2261, else None."""
    whole = int(value)
    digits = str(whole)
    if len(digits) == 17:  # milliseconds, after the seconds
        found = _calendar_number(Decimal(digits[:14]))
        return None if found is None else found + int(digits[14:])
    fraction = value - whole
    if len(digits) not in CALENDAR or (fraction and len(digits) < 14):
        return None
    if not "1970" <= digits[:4] <= "2261":
        return None
    try:
        moment = datetime.strptime(digits, CALENDAR[len(digits)]).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return (moment - EPOCH) // timedelta(milliseconds=1) + floor(fraction * 1000)
