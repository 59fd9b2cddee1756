"""The values of a column as those of an attribute: numbers, texts, tags, vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.attributes import AttributeColumn, members_of
from graphrec.ingest.kinds import is_list
from graphrec.ingest.values import missing, numbers, texts
from numpy.typing import NDArray

from graphrec.data import Attribute, AttributeKind, AttributeValue, Vector
from graphrec.data.amounts import ABSENT, MAX_NUMBER, number_of
from graphrec.data.coerce import UnreadableError, as_kind, category_of

TYPES: dict[AttributeKind, pa.DataType] = {
    "number": pa.float64(),
    "category": pa.string(),
    "tags": pa.list_(pa.string()),
    "text": pa.string(),
    "vector": pa.list_(pa.float32()),
}
"""The types of columns of values, by kind."""

_NULLS = frozenset({r"\N", "NULL", "null", "NaN", "nan", "<NA>"})
"""Words of databases and programs for a missing value, which no category is called."""


def attribute_values(
    column: pa.Array, attribute: AttributeColumn
) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Values [N] of the type in TYPES, null where missing, and which cannot be read as its kind.

    Tags are trimmed, in their order, without repetitions. Vectors of another length than that of
    the column cannot be read.
    """
    column = members_of(column, attribute.path)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.type in (pa.string_view(), pa.large_string()):
        column = column.cast(pa.string())
    if attribute.kind == "number":
        return _numbers(column, attribute)
    if attribute.kind in ("tags", "vector") or is_list(column.type) or _holds_objects(column):
        return _one_by_one(column, attribute)
    text = _iso(column) if pa.types.is_temporal(column.type) else texts(column)
    if attribute.kind == "category":
        text = _categories(text)
    return text, np.zeros(len(column), bool)


def fault_of(attribute: AttributeColumn) -> str:
    """What is wrong with a value that cannot be read."""
    if attribute.kind == "number":
        unit = f" in {attribute.form.unit}" if attribute.form.unit not in ("", "%") else ""
        return f"{attribute.name} is not a number{unit}"
    if attribute.kind == "vector":
        length = f" of {attribute.length} numbers" if attribute.length else ""
        return f"{attribute.name} is not a vector{length}"
    return f"{attribute.name} is not a {attribute.kind}"


def to_attribute(values: pa.Array, kind: AttributeKind) -> Attribute:
    """The attribute of values that were read by `attribute_values`."""
    if kind == "vector":
        return Attribute(kind, tuple(_vectors(values)))
    return Attribute(
        kind,
        tuple(tuple(value) if isinstance(value, list) else value for value in values.to_pylist()),
    )


def example_of(value: object) -> str:
    """A value as a report shows it, shortened."""
    if isinstance(value, list):
        value = ", ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in value[:3]) + (
            ", …" if len(value) > 3 else ""
        )
    elif isinstance(value, float):
        value = f"{value:.10g}"
    text = " ".join(str(value).split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def _numbers(column: pa.Array, attribute: AttributeColumn) -> tuple[pa.Array, NDArray[np.bool_]]:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if is_list(column.type) or _holds_objects(column):
        return _one_by_one(column, attribute)
    text = texts(column)
    if pa.types.is_string(column.type) and attribute.form.decimal == ",":
        value = np.full(len(column), np.nan)
    else:
        value = np.array(numbers(column))
    value[np.abs(value) > MAX_NUMBER] = np.nan
    absent = missing(text) | np.isin(_lower(text), list(ABSENT))
    for row in np.flatnonzero(np.isnan(value) & ~absent).tolist():
        found = number_of(text[row].as_py(), attribute.form)
        value[row] = np.nan if found is None else found
    return pa.array(value, from_pandas=True), np.isnan(value) & ~absent


def _one_by_one(column: pa.Array, attribute: AttributeColumn) -> tuple[pa.Array, NDArray[np.bool_]]:
    found: list[AttributeValue] = []
    unreadable = np.zeros(len(column), bool)
    for row, value in enumerate(column.to_pylist()):
        if isinstance(value, str) and value.strip() in _NULLS:
            value = None
        try:
            one = as_kind(attribute.kind, value, attribute.separator, attribute.form)
        except UnreadableError:
            one, unreadable[row] = None, True
        if isinstance(one, Vector) and attribute.length not in (None, len(one)):
            one, unreadable[row] = None, True
        found.append(one or None)
    plain = [value.array if isinstance(value, Vector) else value for value in found]
    return pa.array(plain, TYPES[attribute.kind]), unreadable


def _categories(text: pa.Array) -> pa.Array:
    """Without words that stand for a missing value; true and false in lower case."""
    encoded = text.dictionary_encode()
    words: Sequence[str] = encoded.dictionary.to_pylist()
    changed = [None if word in _NULLS else category_of(word) for word in words]
    if changed == words:
        return text
    return pa.array(changed, pa.string()).take(encoded.indices)


def _iso(column: pa.Array) -> pa.Array:
    """Dates and times in ISO 8601, in UTC where they name a zone."""
    if not pa.types.is_timestamp(column.type):
        return texts(column)
    zone = "Z" if column.type.tz else ""
    whole = column.cast(pa.timestamp("s", column.type.tz), safe=False).cast(pa.timestamp("s"))
    return pc.binary_join_element_wise(
        pc.replace_substring(whole.cast(pa.string()), " ", "T"), zone, ""
    )


def _holds_objects(column: pa.Array) -> bool:
    return pa.types.is_struct(column.type) or pa.types.is_map(column.type)


def _vectors(values: pa.Array) -> list[Vector | None]:
    numbers_of, offsets = values.values.to_numpy(), values.offsets.to_numpy().tolist()
    known = values.is_valid().to_pylist()
    return [
        Vector.of(numbers_of[offsets[row] : offsets[row + 1]]) if each else None
        for row, each in enumerate(known)
    ]


def _lower(text: pa.Array) -> NDArray[np.object_]:
    return pc.utf8_lower(text).fill_null("").to_numpy(zero_copy_only=False)
