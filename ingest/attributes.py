"""What kind of attribute a column holds, and its values.

The kind of a column is, by the first of these rules that applies:

1. the one that the caller gives;
2. "text" for names of titles and descriptions (TITLE, TEXT);
3. the type in the file: RecBole's `token`, `token_seq` and `float`;
4. by its first SAMPLE values: "tags" for lists, and for text with `|` or of JSON arrays; "number"
   where all are numbers, written without leading zeros; "text" where more than half are distinct,
   and half of them hold a space or there are MANY of them, such as addresses; else "category".

The first column of TITLE is stored as the attribute `title`, which the service shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.chunks import Reading
from graphrec.ingest.values import as_text, missing, numbers, texts
from numpy.typing import NDArray

from graphrec.data import Attribute, AttributeKind
from graphrec.errors import DataError

SAMPLE = 1000
MANY = 50
"""Distinct values from which on a column counts as naming each node by itself."""
TITLE = ("title", "movie_title", "item_title", "product_title", "name", "item_name", "product_name")
TEXT = frozenset({"description", "summary", "abstract", "overview", "plot", "headline"})
KINDS: Mapping[AttributeKind, pa.DataType] = {
    "number": pa.float64(),
    "category": pa.string(),
    "tags": pa.list_(pa.string()),
    "text": pa.string(),
}
"""The kinds, and the types of their columns of values."""

_ABSENT = frozenset({"na", "n/a", "nan", "null", "none", r"\n", "?", "-", "unknown"})
"""What stands for a missing number."""


@dataclass(frozen=True)
class AttributeColumn:
    """A column that becomes an attribute."""

    column: str
    name: str
    kind: AttributeKind
    separator: str
    """Between tags in text."""


def attribute_columns(
    reading: Reading, sample: pa.RecordBatch, kinds: Mapping[str, AttributeKind]
) -> tuple[AttributeColumn, ...]:
    """What the columns of `sample`, the first rows of a source, are as attributes.

    `kinds` overrides the rules, by column or by attribute name. Raises DataError where it names
    neither, or a kind that there is not.
    """
    columns = sorted(sample.schema.names, reverse=True)  # "title" before "Title"
    titles = [column for name in TITLE for column in columns if column.lower() == name]
    first = sample.slice(0, SAMPLE)
    found = []
    for column, values in zip(first.schema.names, first.columns, strict=True):
        name = "title" if column in titles[:1] else column
        kind = kinds.get(column) or kinds.get(name)
        if kind is None and (column in titles or column.lower() in TEXT):
            kind = "text"
        if kind is None:
            kind = reading.kinds.get(column) or _detected(values)
        found.append(AttributeColumn(column, name, kind, reading.separator))
    known = {c.column for c in found} | {c.name for c in found}
    for name, kind in kinds.items():
        if name not in known or kind not in KINDS:
            raise DataError(
                f"attribute {name!r} of {reading.name} as {kind!r}: expected one of "
                f"{', '.join(sorted(known))} as one of {', '.join(KINDS)}"
            )
    return tuple(found)


def attribute_values(
    column: pa.Array, attribute: AttributeColumn
) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Values [N] of the type in KINDS, null where missing, and which should be numbers but are not.

    Tags are trimmed, in their order, without repetitions.
    """
    if attribute.kind == "number":
        value = numbers(column)
        text = texts(column)
        absent = missing(text) | np.isin(_lower(text), list(_ABSENT))
        return pa.array(value, from_pandas=True), np.isnan(value) & ~absent
    if attribute.kind == "tags":
        tags = [_tags(value, attribute.separator) for value in column.to_pylist()]
        return pa.array(tags, KINDS["tags"]), np.zeros(len(column), bool)
    return texts(column), np.zeros(len(column), bool)


def to_attribute(values: pa.Array, kind: AttributeKind) -> Attribute:
    """The attribute of values that were read by `attribute_values`."""
    return Attribute(
        kind,
        tuple(tuple(value) if isinstance(value, list) else value for value in values.to_pylist()),
    )


def _detected(values: pa.Array) -> AttributeKind:
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        return "tags"
    text = texts(values)
    given = text.drop_null()
    if not len(given):
        return "category"
    array = pc.and_(pc.starts_with(given, "["), pc.ends_with(given, "]"))
    if pc.any(pc.match_substring(given, "|")).as_py() or pc.all(array).as_py():
        return "tags"
    coded = pc.any(pc.match_substring_regex(given, "^-?0[0-9]")).as_py()  # such as a ZIP code
    number = ~np.isnan(numbers(given)) | np.isin(_lower(given), list(_ABSENT))
    if number.all() and not coded and not np.isnan(numbers(given)).all():
        return "number"
    spaced = pc.mean(pc.match_substring(given, " ").cast(pa.float64())).as_py()
    distinct = pc.count_distinct(given).as_py() > len(given) / 2
    return "text" if distinct and (spaced >= 0.5 or len(given) >= MANY) else "category"


def _tags(value: object, separator: str) -> list[str] | None:
    if value is None:
        return None
    if isinstance(value, str):
        value = _parts(value, separator)
    elif not isinstance(value, list):
        value = [value]
    parts = ((as_text(part) or "").strip() for part in value)
    return list(dict.fromkeys(part for part in parts if part)) or None


def _parts(text: str, separator: str) -> Sequence[object]:
    if text.lstrip().startswith("["):
        try:
            array = orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
        else:
            return array if isinstance(array, list) else [array]
    return text.split(separator)


def _lower(text: pa.Array) -> NDArray[np.object_]:
    return pc.utf8_lower(text).fill_null("").to_numpy(zero_copy_only=False)
