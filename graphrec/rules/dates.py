"""Attribute values as points in time, however they came: text, or numbers of some unit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from graphrec.data import AttributeValue
from graphrec.data.dates import read_date
from graphrec.data.times import LEAST, SIZES
from graphrec.data.times import number as of_number

SMALL = 1e8
"""Numbers below it are no seconds since 1970, and hardly milliseconds."""


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

    def with_values(self, values: Mapping[int, AttributeValue], more: int) -> Dates:
        """With other values in some rows, after `more` items were added."""
        rows, read = list(values), Dates.of(list(values.values()))
        times = np.pad(self.times, (0, more), constant_values=np.nan)
        times[rows] = read.times
        unreadable = {row: said for row, said in self.unreadable.items() if row not in values}
        unreadable |= {rows[at]: said for at, said in read.unreadable.items()}
        return Dates(times, unreadable)


def moment(value: str | float) -> float | None:
    """A point in time in milliseconds since 1970; None where the value is none.

    Read as times of events are (`graphrec.data.times`), and of any year, since a far one stands for
    never. A number that is no time of an event is in milliseconds.
    """
    number = as_number(value) if isinstance(value, str) else value
    if number is None:
        return _written(str(value).strip())
    if not math.isfinite(number):
        return None if math.isnan(number) else number
    try:
        return float(of_number(Decimal(repr(float(number)))))
    except ValueError:
        return _far(number) if abs(number) >= SMALL or not isinstance(value, str) else _day(number)


def _written(text: str) -> float | None:
    """The time that text says; None where it may be two."""
    try:
        found = read_date(text)
    except ValueError:
        return None
    return float(found) if isinstance(found, int) else None


def _far(number: float) -> float:
    """The time of a number that is beyond times of events, or below them."""
    day = _day(number)
    if day is not None:
        return day
    # 253402300799 is the end of 9999 in seconds.
    seconds = SMALL <= number < LEAST["s"] or SIZES["s"] <= number < LEAST["ms"]
    return number * 1000 if seconds else number


def _day(number: float) -> float | None:
    """The day that eight digits spell, such as 99991231."""
    if not SMALL / 10 <= number < SMALL or not float(number).is_integer():
        return None
    digits = f"{number:.0f}"
    return _written(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")


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
