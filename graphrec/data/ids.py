"""Ids: the exact text of what names a user, an item, another node or a kind, or why it is none.

One set of rules for files, frames, queries, HTTP and Python. Nothing is rounded, and what is no id,
such as a list, is refused and not written as text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Literal
from uuid import UUID

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from graphrec.errors import DataError

BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f\x20\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"  # white space, as `str.isspace` has it
    "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u180e"  # of no width
)
"""What is trimmed from both ends of an id."""

CONTROL = r"[\x00-\x1f\x7f-\x9f]"
"""Characters that no id has; a blank at one of its ends is trimmed before."""

EXACT = 2**53
"""Integers below it are exact as floats."""

LONGEST = 1000
"""Characters of an id."""

NULL_WORDS = (
    *("null", "(null)", "<null>", "nil", "nan", "none", "nat", "undefined", r"\n"),
    *("na", "n/a", "#n/a", "<na>"),
)
"""What programs write for a value that is not there, in lower case."""

MISSING = (*NULL_WORDS, "true", "false")
"""Words that stand for a missing id, where settings do not say others."""

ROUNDED = r"^-?[0-9](\.[0-9]+)?[eE]\+[0-9]+$|^-?[0-9]{16,}\.0*$"
"""Numbers as programs write those that they have rounded: 1.23457E+11, 9007199254740993.0."""

COLLECTION = r"""^\[(\]|\s*(["'{\[0-9-]|true|false|null).*\])$|^\{\}$|^\{.*:.*\}$"""
"""Text of a list or an object in JSON or Python."""

NO_SCALAR = "a list, an object or true or false"
INEXACT = "a float of 2^53 or more, which stands for several integers"
HAS_CONTROL = "text with a control character, such as NUL or a line end"
NOT_UTF8 = "bytes that are not UTF-8 text"
TOO_LONG = f"text of more than {LONGEST} characters"

_CONTROL = re.compile(rf"{CONTROL}|[\ud800-\udfff]")
_ROUNDED = re.compile(ROUNDED)
_COLLECTION = re.compile(COLLECTION, re.DOTALL)


def exact(value: object) -> str | None:
    """The text of a value that is used as an id, trimmed; None where there is none.

    42, 42.0 and numpy's integers are "42", a UUID is its usual text. Raises ValueError, which says
    what the value is instead of an id.
    """
    text = _text(value)
    if text is None:
        return None
    text = text.strip(BLANKS)
    if _CONTROL.search(text):
        raise ValueError(HAS_CONTROL)
    if _ROUNDED.match(text):
        raise ValueError(INEXACT)
    if _COLLECTION.match(text):
        raise ValueError(NO_SCALAR)
    return text or None


def as_id(value: object) -> str:
    """A value as an id in Python: text as it stands, numbers and numpy's types as plain text.

    Raises DataError for what is no id, such as None, a list or a float that is not exact.
    """
    if type(value) is str:
        return value
    try:
        text = _text(value)
    except ValueError as error:
        raise DataError(f"id {value!r} is {error}: expected text or an integer") from None
    if text is None:
        raise DataError(f"id {value!r} is missing: expected text or an integer")
    return text


def as_ids(values: Iterable[object]) -> Sequence[str]:
    """Values as ids, by `as_id`."""
    if isinstance(values, np.ndarray):
        values = values.tolist()  # plain numbers and text, much faster
    return [value if type(value) is str else as_id(value) for value in values]


class IdRules(BaseModel):
    """What ids are, when they come in by files and over HTTP."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    normalize: Literal["NFC", "none"] = Field(
        "NFC", description="Unicode form of ids: NFC, or as they came."
    )
    missing: tuple[str, ...] = Field(
        MISSING, description="Words that stand for a missing id, whatever their case."
    )
    decimals: Literal["auto", "keep"] = Field(
        "auto",
        description="In a column of integers as text, read 12.0 as 12 (auto), or keep it.",
    )

    @cached_property
    def words(self) -> frozenset[str]:
        """The words for a missing id, in lower case."""
        return frozenset(word.lower() for word in self.missing)

    @cached_property
    def of_names(self) -> IdRules:
        """The rules of kinds and relations, of which true and false are names."""
        words = tuple(each for each in self.missing if each.lower() not in ("true", "false"))
        return IdRules(normalize=self.normalize, missing=words, decimals="keep")

    def normal(self, text: str) -> str:
        """The text in the Unicode form of ids."""
        return text if self.normalize == "none" else unicodedata.normalize("NFC", text)

    def read(self, value: object) -> str | None:
        """A value as an id that is stored; None where it is missing.

        Raises ValueError as `exact` does, and for one that is too long.
        """
        text = exact(value)
        if text is None or text.lower() in self.words:
            return None
        if len(text) > LONGEST:
            raise ValueError(TOO_LONG)
        return self.normal(text)


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool | np.bool_ | Mapping | list | tuple | set | frozenset | np.ndarray):
        raise ValueError(NO_SCALAR)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise ValueError(NOT_UTF8) from None
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return _float_text(float(value))
    if isinstance(value, Decimal):
        return None if value.is_nan() else _decimal_text(value)
    if isinstance(value, UUID | date):
        return None if value != value else str(value)  # pandas' NaT is a date
    if type(value).__name__ == "NAType":  # pandas' NA, without pandas
        return None
    raise ValueError(f"of type {type(value).__name__}")


def _float_text(value: float) -> str | None:
    if value != value:
        return None
    if abs(value) >= EXACT:
        raise ValueError(INEXACT)
    return str(int(value)) if value.is_integer() else repr(value)


def _decimal_text(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("an infinite number")
    whole = value == value.to_integral_value()
    return str(int(value)) if whole else format(value.normalize(), "f")
