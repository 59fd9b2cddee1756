"""What kind of attribute values are of, where nothing but the values tells it.

Of up to SAMPLE values of a column, by the first that applies:

1. "vector": lists of numbers that are all as long, of three or more with a fraction among them, in
   any of the forms in which lists are written (JSON, Python, Arrow, blanks, commas);
2. "tags": lists; text in which most values hold `|`, `;` or `,` between short parts that occur
   again; a sentence, a title or "Last, First" is none;
3. "number": where all are numbers (of 50 or more, 98% of them), written without leading zeros, all
   in one form: money of one currency, percentages, thousands with separators;
4. "text": dates with a time, and where more than half are distinct, and half of them hold a space
   or there are MANY of them, such as addresses; else "category".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from graphrec.ingest.values import texts

from graphrec.data import AttributeKind
from graphrec.data.amounts import (
    PERCENT,
    PLAIN,
    NumberForm,
    form_of,
    is_absent,
    is_infinite,
    number_of,
)
from graphrec.data.coerce import floats_of, list_of

MANY = 50
"""Distinct values from which on a column counts as naming each node by itself."""

SEPARATORS = ("|", ";", ",")
"""Between tags in text; of several, the first."""

_SURE = 0.98
"""Share of numbers from which on a column of MANY values is one of numbers."""

_WORDS = 5
"""Words of a tag at most, on the mean; 3 where commas, which sentences have too, are between."""

_FEW = 20
_RECURRING = 0.6
"""Of a column of more values than a few, the share of parts that may be distinct: tags recur."""


@dataclass(frozen=True)
class Detected:
    """What values are, and how they are written."""

    kind: AttributeKind
    because: str
    separator: str = ""
    """Between tags."""
    form: NumberForm = PLAIN
    """Of numbers."""
    length: int | None = None
    """Of vectors."""


def detected(values: pa.Array) -> Detected | None:
    """What kind the values of a column are of; None where all of them are missing."""
    if pa.types.is_fixed_size_list(values.type) and _is_number(values.type.value_type):
        return Detected("vector", "lists of a fixed size", length=values.type.list_size)
    if is_list(values.type):
        listed = without_nulls(values).to_pylist()
        length = vector_length_of(listed)
        if length is not None:
            return Detected("vector", f"lists of {length} numbers", length=length)
        return Detected("tags", "lists")
    if pa.types.is_temporal(values.type):
        return Detected("text", "dates")
    if pa.types.is_boolean(values.type):
        return Detected("category", "true and false")
    given = [text for text in texts(values).drop_null().to_pylist() if not is_absent(text)]
    return _of_texts(given, values) if given else None


def is_list(kind: pa.DataType) -> bool:
    """Whether a column has lists."""
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def without_nulls(column: pa.Array) -> pa.Array:
    """The values that are given; views of text, as Polars gives them, as plain text."""
    if column.type in (pa.string_view(), pa.large_string()):
        column = column.cast(pa.string())
    try:
        return column.drop_null()
    except pa.ArrowNotImplementedError:
        return pa.array([value for value in column.to_pylist() if value is not None])


def number_form(values: Sequence[str]) -> NumberForm:
    """How the numbers of a column are written, where it is known to be one of numbers."""
    return form_of(values) or PLAIN


def separator_of(values: Sequence[str]) -> str:
    """The separator of a column that is known to be one of tags; empty where none occurs."""
    return next((s for s in SEPARATORS if any(s in value for value in values)), "")


def vector_length_of(lists: Sequence[Sequence[object]]) -> int | None:
    """The length of the vectors that lists are; None where they are no vectors.

    Nine in ten of them have one length of 3 or more. They hold fractions, or repeat a number, as no
    list of tags does.
    """
    lengths = Counter(len(each) for each in lists if each)
    if not lengths:
        return None
    length, count = lengths.most_common(1)[0]
    same = [each for each in lists if len(each) == length]
    if length < 3 or count < 0.9 * lengths.total():
        return None
    parts = [part for each in same for part in each]
    if not all(isinstance(part, int | float) and not isinstance(part, bool) for part in parts):
        return None
    fractions = any(isinstance(part, float) and not float(part).is_integer() for part in parts)
    repeated = count == lengths.total() and any(len(set(each)) < length for each in same)
    return length if fractions or repeated else None


def vector_texts_length(values: Sequence[str]) -> int | None:
    """The same of texts, all of which have as many numbers, with a point in one of them."""
    if not any("." in value for value in values):
        return None
    found = [floats_of(value) for value in values]
    lengths = {len(each) if each is not None else 0 for each in found}
    if len(lengths) != 1:
        listed = [each for each in found if each] if all(f is not None for f in found) else []
        bracketed = all(value.startswith(("[", "(")) for value in values)
        return vector_length_of(listed) if bracketed else None
    (length,) = lengths
    # "1.234, 5": two numbers are a place or an amount.
    return length if length >= 3 else None


def _of_texts(given: list[str], values: pa.Array) -> Detected:
    length = vector_texts_length(given)
    if length is not None:
        return Detected("vector", f"{length} numbers in each", length=length)
    lists = [list_of(value) for value in given]
    if all(each is not None for each in lists):
        length = vector_length_of([each or () for each in lists])
        if length is not None:
            return Detected("vector", f"lists of {length} numbers", length=length)
        return Detected("tags", "lists in text")
    found = _numbers(given, values)
    if found is not None:
        return found
    for separator in SEPARATORS:
        if _separates(separator, given):
            return Detected("tags", f"{separator!r} between values", separator)
    spaced = np.mean([" " in value for value in given])
    distinct = len(set(given)) > len(given) / 2
    if distinct and (spaced >= 0.5 or len(given) >= MANY):
        return Detected("text", "most values are distinct")
    return Detected("category", "values that occur again" if not distinct else "few values")


def _numbers(given: Sequence[str], values: pa.Array) -> Detected | None:
    if _is_number(values.type):
        return Detected("number", "numbers")
    coded = any(v.lstrip("-").startswith("0") and v.lstrip("-")[1:2].isdigit() for v in given)
    form = form_of(given)
    if coded or form is None:  # such as ZIP codes
        return None
    read = sum(number_of(v, form) is not None or _too_large(v) for v in given)
    if read < len(given) and (len(given) < MANY or read < _SURE * len(given)):
        return None
    if not any(number_of(v, form) is not None for v in given):
        return None
    unit = f" in {form.unit}" if form.unit and form.unit != PERCENT else ""
    return Detected("number", "percentages" if form.unit == PERCENT else f"numbers{unit}", "", form)


def _too_large(value: str) -> bool:
    """Whether a value is a number that cannot be used: it is rejected, and no category."""
    try:
        return is_infinite(value) or abs(float(value)) > 0
    except ValueError:
        return False


def _separates(separator: str, given: Sequence[str]) -> bool:
    """Whether most values are lists with this separator, or it is one between parts that recur."""
    lists = [[part.strip() for part in value.split(separator)] for value in given]
    several = [each for each in lists if len(each) > 1]
    if not several:
        return False
    parts = [part for each in several for part in each if part]
    words = np.mean([len(part.split()) for part in parts])
    if words > (_WORDS - 2 if separator == "," else _WORDS):
        return False
    if separator == "|":
        return True
    if any(value.endswith((".", "!", "?")) for value in given) or all(
        _is_numeric(part) for part in parts
    ):
        return False
    known = set(parts)
    single = [each[0] for each in lists if len(each) == 1]
    closed = bool(single) and sum(value in known for value in single) >= 0.5 * len(single)
    if len(several) < 0.5 * len(given) and not (closed and len(several) >= 0.1 * len(given)):
        return False
    if not any(f"{separator} " in value for value in given):
        return True
    if len(given) >= _FEW and len(known) > _RECURRING * len(parts):  # as of addresses
        return False
    # "Last, First" and "City, Country" have two parts, each with words of its own.
    first, others = {each[0] for each in several}, {part for each in several for part in each[1:]}
    return closed or len({len(each) for each in several}) > 1 or bool(first & others)


def _is_numeric(part: str) -> bool:
    return number_of(part) is not None


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def given_texts(values: pa.Array) -> list[str]:
    """The values of a column as text, without those that are missing."""
    if is_list(values.type) or pa.types.is_nested(values.type):
        return []
    return [text for text in texts(values).drop_null().to_pylist() if not is_absent(text)]
