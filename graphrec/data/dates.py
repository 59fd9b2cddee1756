"""Dates as text: ISO 8601, those of mails and of programs, and numbers with slashes or dots.

Read are `2022-04-08T10:30:00.5+02:00`, `2022/04/08`, `20220408T103000Z`, `08.04.2022`,
`Fri, 08 Apr 2022 10:30:00 GMT`, `Apr 8, 2022 10:30 PM`, `Fri Apr 08 10:30:00 +0000 2022`,
`08/Apr/2022:10:30:00 +0200`. What names no zone is UTC. `04/08/2022` may be two days, and nothing
here guesses which.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Either: TypeAlias = tuple[int, int]
"""The two times that 04/08/2022 may mean: with the month first, and with the day first."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONES = {
    **dict.fromkeys(("", "z", "utc", "gmt", "ut"), 0),
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
}
"""Hours east, of the names that mails may have (RFC 2822)."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)

_DAY_NAME = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+)?"
_MONTH_NAME = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_CLOCK = (
    r"(?P<hour>\d{1,2})(?::?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?"
)
_ZONE = (
    r"\s*(?P<zone>(?:(?:utc|gmt)?\s*[+-]\d{2}(?::?\d{2})?)|z|utc?|gmt|[ecmp][sd]t)?"
    r"(?:\[[\w/+-]+\])?(?:\s*\([^)]*\))?"
)
_REST = rf"(?:(?:\s*,?\s+(?:at\s+)?|t|:){_CLOCK}{_ZONE})?"
_YEAR = r"(?P<year>\d{4})"
_ISO = rf"{_YEAR}-(?P<month>\d{{2}})(?:-(?P<day>\d{{2}}){_REST})?"
_FORMS = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        _ISO,
        rf"{_YEAR}(?P<sep>[-/.])(?P<month>\d{{1,2}})(?P=sep)(?P<day>\d{{1,2}}){_REST}",
        rf"{_YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}})[t ]{_CLOCK}{_ZONE}",
        rf"(?P<first>\d{{1,2}})(?P<sep>[-/.])(?P<then>\d{{1,2}})(?P=sep){_YEAR}{_REST}",
        rf"{_DAY_NAME}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s./-]+(?:of\s+)?{_MONTH_NAME}"
        rf"(?:[\s./-]+|,\s*){_YEAR}{_REST}",
        rf"{_DAY_NAME}{_MONTH_NAME}[\s./-]*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?[\s./-]+|,)"
        rf"{_YEAR}{_REST}",
        rf"{_DAY_NAME}{_MONTH_NAME}\s+(?P<day>\d{{1,2}})\s+{_CLOCK}{_ZONE}\s+{_YEAR}",
        rf"{_YEAR}[\s./-]{_MONTH_NAME}[\s./-](?P<day>\d{{1,2}}){_REST}",
    )
)


def is_number(text: str) -> bool:
    """Whether the text is a decimal number."""
    return _NUMBER.fullmatch(text) is not None


def read_date(text: str) -> int | Either:
    """Milliseconds since 1970, of any year, rounded down; both times where text may mean two days.

    Raises ValueError, with what is wrong, for text that is no date.
    """
    found = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if found is None:
        raise ValueError("it is no date, or of a form that is not known")
    part = found.groupdict()
    year = int(part["year"])
    if part.get("first") is None:
        name = part.get("name")
        month = int(part["month"]) if name is None else _MONTHS.index(name[:3].lower()) + 1
        return _moment(part, year, month, int(part["day"] or 1))
    first, then = int(part["first"]), int(part["then"])
    if first == then or then > 12:
        return _moment(part, year, first, then)
    if first > 12:
        return _moment(part, year, then, first)
    return _moment(part, year, first, then), _moment(part, year, then, first)


def order_of(text: str) -> str | None:
    """Which of "day" and "month" a date begins with, where it can only mean one day, else None.

    31/12/2022 begins with the day; 08/08/2022 tells nothing.
    """
    found = _FORMS[3].fullmatch(text)
    if found is None or found["first"] == found["then"]:
        return None
    return "day" if int(found["first"]) > 12 else "month" if int(found["then"]) > 12 else None


def is_dotted(text: str) -> bool:
    """Whether the date is written as 08.04.2022 is, with dots, as is usual with the day first."""
    found = _FORMS[3].fullmatch(text)
    return found is not None and found["sep"] == "."


def ambiguous(month_first: int, day_first: int) -> str:
    """What is wrong with a date that may be two days."""
    days = [EPOCH + timedelta(milliseconds=time) for time in (month_first, day_first)]
    return "it may be " + " or ".join(f"{day.day} {day:%B}" for day in days)


def _moment(part: dict[str, str | None], year: int, month: int, day: int) -> int:
    hour, minute, second = (int(part.get(each) or 0) for each in ("hour", "minute", "second"))
    half = part.get("half")
    if half is not None:
        if not 1 <= hour <= 12:
            raise ValueError(f"its hour {hour} is none of the morning or the afternoon")
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    since = (moment - EPOCH) // timedelta(milliseconds=1) - _east(part.get("zone") or "") * 60_000
    return since + int(((part.get("fraction") or "") + "000")[:3])


def _east(zone: str) -> int:
    """The minutes by which a zone is ahead of UTC."""
    name = zone.strip().lower()
    if name in _ZONES:
        return _ZONES[name] * 60
    offset = re.sub(r"[^\d+-]", "", name)
    hours, minutes = int(offset[1:3]), int(offset[3:5] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(f"its zone {zone} is none")
    return (hours * 60 + minutes) * (-1 if offset[0] == "-" else 1)
