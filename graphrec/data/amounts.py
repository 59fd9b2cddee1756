"""Numbers as people write them: money with a sign or code, percentages, thousands separators.

`1,234.50`, `1.234,50 €`, `$1,234`, `EUR 3`, `CHF 1'234.50`, `(3.00)` and `12%` are numbers; the
sign says nothing of the value, so that 12% is 12. Which of `.` and `,` is the decimal separator
shows in a column as a whole (`form_of`). Where nothing shows it, `1.234` is 1.234 and `1,234` is
1234, but with a currency both are 1234, as money has no thousandths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from graphrec.data.ids import NULL_WORDS

MAX_NUMBER = 3.4028234663852886e38
"""The largest number in single precision, which models compute in."""

Decimal: TypeAlias = Literal[".", ",", ""]

ABSENT = frozenset({"", *NULL_WORDS, "?", "-", "unknown"})
"""What stands for a missing value, in lower case."""

PERCENT = "%"

_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW"}
_CODES = (
    *("AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK"),
    *("EGP", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "KZT"),
    *("MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "RMB", "RON"),
    *("RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR"),
)
_NAMES = ("US$", "A$", "C$", "NZ$", "HK$", "S$", "R$", "kr", "zł", "Kč", "Ft", "Rs", "Rs.", "руб")
_UNIT = "|".join(
    [*sorted(map(re.escape, (*_CODES, *_NAMES)), key=len, reverse=True), r"[$¢£¤¥฿₠-₿﷼€]"]
)
_AMOUNT = re.compile(
    rf"(?P<sign>[+-])?\s*(?P<before>{_UNIT})?\s*(?P<inner>[+-])?\s*"
    rf"(?P<digits>[0-9](?:[0-9.,' ]*[0-9])?[.,]?|[.,][0-9]+)\s*(?P<after>{_UNIT}|%)?"
)
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?|[+-]?∞", re.IGNORECASE)
_BLANKS = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " ") | {"\u2212": "-", "\u2019": "'"})
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}")


@dataclass(frozen=True)
class NumberForm:
    """How the numbers of a column are written."""

    decimal: Decimal = ""
    """The decimal separator; empty where no value shows it."""
    unit: str = ""
    """The code of a currency, or %; empty where there is none."""


PLAIN = NumberForm()


@dataclass(frozen=True)
class _Written:
    digits: str
    negative: bool
    unit: str


def is_absent(text: str) -> bool:
    """Whether a text stands for a missing value, such as NULL or n/a."""
    return text.strip().lower() in ABSENT


def is_infinite(text: str) -> bool:
    """Whether a text says infinity, which is a number but none that can be used."""
    return _INFINITE.fullmatch(text.strip()) is not None


def form_of(texts: Iterable[str]) -> NumberForm | None:
    """How numbers are written, as far as these texts show; None where they contradict each other.

    Texts that are no numbers do not count.
    """
    found = [each for each in map(_written, texts) if each is not None]
    written = [each for each in found if _value(each.digits, _decimal(each.digits) or ".")]
    units = {each.unit for each in written if each.unit}
    shown = {each for each in (_decimal(each.digits) for each in written) if each}
    if len(units) > 1 or len(shown) > 1:
        return None
    return NumberForm(next(iter(shown), ""), next(iter(units), ""))


def number_of(text: str, form: NumberForm = PLAIN) -> float | None:
    """A number from text; None where it is none, of another unit, or beyond MAX_NUMBER."""
    text = text.strip()
    if form.decimal != "," and _PLAIN.fullmatch(text):
        return _bounded(float(text))
    written = _written(text)
    if written is None or (form.unit and written.unit not in ("", form.unit)):
        return None
    decimal = _decimal(written.digits)
    if decimal and form.decimal and decimal != form.decimal:
        return None
    found = _value(written.digits, decimal or form.decimal or _usual(written))
    if found is None:
        return None
    return _bounded(-found if written.negative else found)


def _written(text: str) -> _Written | None:
    """The parts of an amount."""
    text = text.translate(_BLANKS).strip()
    bracketed = text.startswith("(") and text.endswith(")")
    match = _AMOUNT.fullmatch(text[1:-1].strip() if bracketed else text)
    if match is None or (match["before"] and match["after"]):
        return None
    unit = match["before"] or match["after"] or ""
    if bracketed and not (unit or "." in match["digits"]):  # as a year is: (1995)
        return None
    negative = bracketed or "-" in (match["sign"], match["inner"])
    return _Written(match["digits"], negative, _SIGNS.get(unit, unit))


def _decimal(digits: str) -> Decimal:
    """The decimal separator, where the digits alone show it."""
    dots, commas = digits.count("."), digits.count(",")
    if dots and commas:
        return "," if digits.rindex(",") > digits.rindex(".") else "."
    for own, other, count in ((".", ",", dots), (",", ".", commas)):
        if count > 1:
            return other  # type: ignore[return-value]
        if count and len(digits) - digits.rindex(own) - 1 != 3:
            return own  # type: ignore[return-value]
        if count and digits.startswith(("0", own)):
            return own  # type: ignore[return-value]
    return ""


def _usual(written: _Written) -> Decimal:
    """The decimal separator where nothing shows it."""
    return "," if written.unit not in ("", PERCENT) and "." in written.digits else "."


def _value(digits: str, decimal: Decimal) -> float | None:
    """The value of digits; None where groups are not of thousands."""
    whole, _, part = digits.partition(decimal)
    whole = whole.replace("." if decimal == "," else ",", ",").replace("'", ",").replace(" ", ",")
    if not (part.isdigit() or not part) or ("," in whole and not _GROUPED.fullmatch(whole)):
        return None
    whole = whole.replace(",", "")
    return float(f"{whole or '0'}.{part or '0'}") if whole or part else None


def _bounded(value: float) -> float | None:
    return value if abs(value) <= MAX_NUMBER else None
