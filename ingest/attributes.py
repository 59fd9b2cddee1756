"""Which columns become attributes, of which kind, and the values of each.

The kind of a column is, by the first of these rules that applies:

1. the one that the caller gives;
2. the one that the store has: what a few rows of tonight look like does not change it;
3. "text" for names of titles and descriptions (TITLE, TEXT);
4. the type in the file: RecBole's `token`, `token_seq`, `float` and `float_seq`, and the
   categoricals of data frames;
5. by its values: `graphrec.ingest.kinds`. A column without any has no kind yet.

The first column of TITLE is stored as the attribute `title`, which the service shows. The members
of objects are attributes of their own, such as `brand.name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
from graphrec.ingest.chunks import Reading, array
from graphrec.ingest.kinds import (
    Detected,
    detected,
    given_texts,
    is_list,
    number_form,
    separator_of,
    vector_length_of,
    without_nulls,
)

from graphrec.data import AttributeKind
from graphrec.data.amounts import PLAIN, NumberForm
from graphrec.data.coerce import floats_of, object_of
from graphrec.errors import DataError

SAMPLE = 1000
TITLE = ("title", "movie_title", "item_title", "product_title", "name", "item_name", "product_name")
TEXT = frozenset({"description", "summary", "abstract", "overview", "plot", "headline"})
KINDS: tuple[AttributeKind, ...] = ("number", "category", "tags", "text", "vector")

MEMBERS = 50
"""Members of objects that become attributes; objects of more are kept as text."""

Reason: TypeAlias = Literal["given", "store", "name", "file", "values", "empty"]
"""Where the kind of a column comes from: the caller, the store, the column's name, the types of the
file, its values, or nowhere as it has none."""

_INDEX = re.compile(r"|Unnamed: ?\d+(_level_\d+)?|__index_level_\d+__")
"""What an index is called that pandas has written as a column."""

_COUNTED = ("index", "level_0")


@dataclass(frozen=True)
class AttributeColumn:
    """A column that becomes an attribute."""

    column: str
    name: str
    kind: AttributeKind
    separator: str = ""
    """Between tags in text; empty where a text is one tag."""
    reason: Reason = "values"
    """Where the kind comes from."""
    because: str = ""
    """What in the values it was inferred from, in words."""
    form: NumberForm = PLAIN
    """How numbers are written."""
    length: int | None = None
    """Of vectors, where it is known."""
    path: tuple[str, ...] = ()
    """Of a column of objects, the names that lead to the member that is meant."""
    examples: tuple[str, ...] = ()
    """The first distinct values, up to three."""
    missing: float = 0.0
    """The share of rows without a value."""

    @property
    def empty(self) -> bool:
        """Whether the column has no value, so that its kind is still open."""
        return self.reason == "empty"


def index_columns(sample: pa.RecordBatch) -> tuple[str, ...]:
    """The columns that are the index of a data frame: they say nothing of a node."""
    return tuple(
        name
        for name, values in zip(sample.schema.names, sample.columns, strict=True)
        if _INDEX.fullmatch(name.strip())
        or (name in _COUNTED and len(values) > 1 and _counts_up(values))
    )


def attribute_columns(
    reading: Reading,
    sample: pa.RecordBatch | Sequence[pa.RecordBatch],
    kinds: Mapping[str, AttributeKind],
    known: Mapping[str, AttributeKind] | None = None,
    separators: Mapping[str, str] | None = None,
) -> tuple[AttributeColumn, ...]:
    """What the columns of `sample`, the first rows of a source, are as attributes.

    `kinds` overrides the rules and `separators` says what is between tags, by column or by
    attribute name; `known` are the kinds of the store. Raises DataError where `kinds` names no
    column, a kind that there is not, or another than the store has.
    """
    known, separators = known or {}, separators or {}
    batches = [sample] if isinstance(sample, pa.RecordBatch) else list(sample)
    names = batches[0].schema.names
    columns = sorted(names, reverse=True)  # "title" before "Title"
    titles = [
        column
        for name in TITLE
        for column in columns
        if column.lower() == name and (column == "title" or column not in known)
    ]
    found: list[AttributeColumn] = []
    for place, column in enumerate(names):
        name = "title" if column in titles[:1] else column
        values = _given([batch.column(place) for batch in batches])
        for path, member in _members(values, name, {*kinds, *known}):
            own = ".".join((name, *path))
            separator = separators.get(column, separators.get(own))
            one = _column(reading, column, own, member, kinds, known, column in titles)
            if separator is not None and one.reason in ("values", "empty"):  # so it has tags
                one = _as(column, own, "tags", "given", member)
            if separator is None and one.reason != "values" and reading.separator != "|":
                separator = reading.separator
            found.append(replace(one, path=path, separator=separator or one.separator))
    _check(reading.name, found, kinds, known)
    _check_names(reading.name, found, separators)
    return tuple(found)


def members_of(column: pa.Array, path: tuple[str, ...]) -> pa.Array:
    """A column, or the member of its objects to which `path` leads; null where there is none."""
    if not path:
        return column
    found = []
    for value in column.to_pylist():
        for name in path:
            inside = object_of(value)
            value = None if inside is None else inside.get(name)
        found.append(value)
    return array(found)


def _column(
    reading: Reading,
    column: str,
    name: str,
    values: pa.Array,
    kinds: Mapping[str, AttributeKind],
    known: Mapping[str, AttributeKind],
    is_title: bool,
) -> AttributeColumn:
    """One attribute, by the first rule that applies."""
    given = kinds.get(column) or kinds.get(name)
    if given is not None:
        return _as(column, name, given, "given", values)
    if name in known:
        return _as(column, name, known[name], "store", values)
    if is_title or column.lower() in TEXT:
        return _as(column, name, "text", "name", values)
    if column in reading.kinds:
        return _as(column, name, reading.kinds[column], "file", values)
    found = detected(values) if len(values) else None
    if found is None:
        return AttributeColumn(column, name, "category", reason="empty", because="no value")
    if pa.types.is_dictionary(values.type) and found.kind in ("number", "text"):
        return AttributeColumn(column, name, "category", reason="file", because="a categorical")
    return _of(column, name, found)


def _of(column: str, name: str, found: Detected) -> AttributeColumn:
    return AttributeColumn(
        column, name, found.kind, found.separator, "values", found.because, found.form, found.length
    )


def _as(
    column: str, name: str, kind: AttributeKind, reason: Reason, values: pa.Array
) -> AttributeColumn:
    """A column whose kind is known: how its values are written is still inferred from them."""
    texts = given_texts(values)
    return AttributeColumn(
        column,
        name,
        kind,
        separator_of(texts) if kind == "tags" else "",
        reason,
        form=number_form(texts) if kind == "number" else PLAIN,
        length=_length(values, texts) if kind == "vector" else None,
    )


def _length(values: pa.Array, texts: Sequence[str]) -> int | None:
    """The commonest length of vectors."""
    lists = values.to_pylist() if is_list(values.type) else [floats_of(text) for text in texts]
    lengths = [len(each) for each in lists if each]
    return vector_length_of([[0.5] * n for n in lengths]) or (lengths[0] if lengths else None)


def _given(columns: Sequence[pa.Array]) -> pa.Array:
    """Up to SAMPLE values that are not null, of the first batch that has any."""
    for column in columns:
        values = without_nulls(column).slice(0, SAMPLE)
        if len(values) and not (pa.types.is_string(values.type) and _blank(values)):
            return values
    return columns[0].slice(0, 0)


def _blank(values: pa.Array) -> bool:
    return not any(text.strip() for text in values.to_pylist())


def _members(
    values: pa.Array, name: str, named: set[str]
) -> Iterator[tuple[tuple[str, ...], pa.Array]]:
    """The members of objects, and the path to each; a column of other values is its own."""
    keys = (
        dict.fromkeys(path for v in values.to_pylist() for path in _paths(v))
        if (name not in named and len(values) and _holds_objects(values))
        else {}
    )
    if not keys or len(keys) > MEMBERS:
        yield (), values
        return
    for path in keys:
        yield path, without_nulls(members_of(values, path))


def _holds_objects(values: pa.Array) -> bool:
    if pa.types.is_struct(values.type):
        return True
    return pa.types.is_string(values.type) and all(
        object_of(each) is not None for each in values.to_pylist() if each.strip()
    )


def _paths(value: object) -> Iterator[tuple[str, ...]]:
    """The paths to what an object holds that is no object itself."""
    for name, member in (object_of(value) or {}).items():
        deeper = object_of(member)
        if deeper is None:
            yield (name,)
        else:
            yield from ((name, *path) for path in _paths(deeper))


def _counts_up(values: pa.Array) -> bool:
    if not pa.types.is_integer(values.type) and not all(t.isdigit() for t in given_texts(values)):
        return False
    row = np.array([int(value) for value in values.to_pylist() if value is not None])
    return len(row) == len(values) and bool((np.diff(row) == 1).all()) and row[0] in (0, 1)


def _check(
    source: str,
    found: Sequence[AttributeColumn],
    kinds: Mapping[str, AttributeKind],
    known: Mapping[str, AttributeKind],
) -> None:
    _check_names(source, found, kinds)
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise DataError(
                f"attribute {name!r} of {source} as {kind!r}: expected one of "
                f"{', '.join(sorted(c.name for c in found))} as one of {', '.join(KINDS)}"
            )
    for each in found:
        if each.reason == "given" and known.get(each.name, each.kind) != each.kind:
            raise DataError(
                f"attribute {each.name!r} of {source} is given as {each.kind}: expected "
                f"{known[each.name]}, as it is in the store; leave the option out, or change the "
                f"kind of what is stored with `--change-kind {each.name}`"
            )


def _check_names(
    source: str, found: Sequence[AttributeColumn], named: Mapping[str, object]
) -> None:
    known = {c.column for c in found} | {c.name for c in found}
    for name in named:
        if name not in known:
            raise DataError(
                f"attribute {name!r} of {source} as {str(named[name])!r}: expected one of "
                f"{', '.join(sorted(known))}"
            )
