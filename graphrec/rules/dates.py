"""Attribute values as points in time, however they came: text, or numbers of some unit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from graphrec.data import AttributeValue
from graphrec.data.times import milliseconds
from graphrec.errors import DataError

SECONDS = (1e8, 1e11)
"""Numbers from 1973 on in seconds; larger ones are milliseconds, and so are smaller ones."""

CALENDAR = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""The forms of calendar numbers such as 20240501, by their digits."""

YEARS = (1900, 2999)
"""Of calendar numbers."""


@dataclass(frozen=True)
class Dates:
    """The values of an attribute of I items as points in time."""

    times: NDArray[np.float64]
    """[I]: milliseconds since 1970, nan where there is none."""
    unreadable: Mapping[int, str]
    """By item row: a value that is no point in time."""

    @property
    def count(self) -> int:
        """How many items have a point in time."""
        return int(np.isfinite(self.times).sum())

    @classmethod
    def of(cls, values: Sequence[AttributeValue]) -> Dates:
        """Those of a column."""
        times = np.full(len(values), np.nan)
        unreadable, read = {}, dict[str | float, float | None]()
        for row, value in enumerate(values):
            if value is None or value == "" or value == ():
                continue
            if not isinstance(value, str | float | int):
                unreadable[row] = str(value)
                continue
            if value not in read:
                read[value] = moment(value)
            at = read[value]
            if at is None:
                unreadable[row] = str(value)
            else:
                times[row] = at
        return cls(times, unreadable)


def moment(value: str | float) -> float | None:
    """A point in time in milliseconds since 1970; None where the value is none.

    ISO 8601 text, with or without a zone; a number of seconds or milliseconds, told apart by its
    size; a calendar number such as 20240501 or 202405011200.
    """
    number = as_number(value) if isinstance(value, str) else value
    if number is None:
        return _written(str(value).strip())
    if math.isnan(number):
        return None
    if (day := _calendar(number)) is not None:
        return day
    if isinstance(value, str) and abs(number) < SECONDS[0]:
        return None  # text that is a small number is no time
    return number * 1000 if SECONDS[0] <= number < SECONDS[1] else number


def _written(text: str) -> float | None:
    """The time that text says: also of years such as 9999, which stand for never."""
    try:
        return _since_1970(datetime.fromisoformat(text))
    except ValueError:
        pass
    try:
        return float(milliseconds(text))
    except DataError:
        return None


def _calendar(number: float) -> float | None:
    """The time that the digits of a number spell, such as 20240501."""
    if not 10**7 <= number < 10**14 or not float(number).is_integer():
        return None
    digits = f"{number:.0f}"
    form = CALENDAR.get(len(digits))
    if form is None or not YEARS[0] <= int(digits[:4]) <= YEARS[1]:
        return None
    try:
        return _since_1970(datetime.strptime(digits, form).replace(tzinfo=timezone.utc))
    except ValueError:
        return None


def _since_1970(time: datetime) -> float:
    known = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    return float((known - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1))


def moment_of(end: str | float) -> float:
    """An end of a range as a point in time; infinite where there is none."""
    at = moment(end)
    return -math.inf if at is None else at


def as_number(text: str) -> float | None:
    """The number that a text is; None where it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def numbers_in(values: Sequence[AttributeValue]) -> NDArray[np.float64]:
    """The numbers of a column, also where they are text; nan where a value is none."""
    return np.fromiter(
        (
            v if isinstance(v, float | int) else as_number(v) if isinstance(v, str) else None
            for v in values
        ),
        np.float64,
        len(values),
    )
