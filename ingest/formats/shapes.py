"""Ways in which rows of several formats are made: row by row, from lists, from flags."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.chunks import array
from graphrec.ingest.formats.declare import Shape
from graphrec.ingest.hashing import mixed, numbers_of
from graphrec.ingest.sources import Made
from graphrec.ingest.values import numbers, texts
from numpy.typing import NDArray

from graphrec.data.coerce import list_of, object_of

Batches = Iterator[pa.RecordBatch]

COUNTED = ("add_to_cart", "remove_from_cart", "purchase", "refund")
"""Kinds of a shop that weigh a quantity."""

_SLOTS = 1 << 22
"""Rows that `distinct` remembers, about: 32 MiB."""


def row_by_row(
    reads: Sequence[str],
    makes: Sequence[str],
    derive: Callable[[pa.RecordBatch], Mapping[str, pa.Array]],
    needs: Sequence[str] | None = None,
) -> Shape:
    """A shape of a row for each row."""

    def made(batches: Batches) -> Iterator[Made]:
        for rows in batches:
            columns = derive(rows)
            yield Made(
                pa.RecordBatch.from_arrays([columns[name] for name in makes], names=list(makes))
            )

    return Shape(tuple(reads), tuple(makes), made, tuple(reads if needs is None else needs))


def unlisted(
    of: str,
    parts: Mapping[str, str],
    whole: Mapping[str, str],
    several: int = 10,
    separator: str | None = None,
) -> Shape:
    """A row for each entry of a list in column `of`.

    `parts` are columns by the key of an entry, with dots for keys within keys; an empty key is the
    entry itself. `whole` are columns by the column of the row that holds the list. Lists may be
    text: JSON, Python, or with a `separator`. A row without an entry is left out.
    """

    def made(batches: Batches) -> Iterator[Made]:
        for rows in batches:
            values, row = entries(rows.column(of), separator)
            columns = {name: rows.column(c).take(pa.array(row)) for name, c in whole.items()}
            columns |= {name: part_of(values, key) for name, key in parts.items()}
            batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
            yield Made(batch, row, without(rows, row, f"nothing in {of!r}"))

    return Shape(
        (*whole.values(), of), (*whole, *parts), made, (*whole.values(), of), several=several
    )


def flagged(flags: Mapping[str, str], otherwise: str, whole: Mapping[str, str]) -> Shape:
    """A row of kind `flags[column]` for each column that is 1; one of `otherwise` where none is.

    `whole` are further columns by the column of the row.
    """
    makes = (*whole, "kind")

    def made(batches: Batches) -> Iterator[Made]:
        for rows in batches:
            on = np.stack([numbers(rows.column(flag)) == 1 for flag in flags], axis=1)
            on = np.column_stack([on, ~on.any(axis=1)])
            row, flag = np.nonzero(on)
            kinds = pa.array([*flags.values(), otherwise]).take(pa.array(flag))
            columns = [rows.column(c).take(pa.array(row)) for c in whole.values()]
            yield Made(pa.RecordBatch.from_arrays([*columns, kinds], names=list(makes)), row)

    return Shape(
        (*whole.values(), *flags), makes, made, tuple(whole.values()), several=len(flags) // 2 + 1
    )


def entries(column: pa.Array, separator: str | None = None) -> tuple[pa.Array, NDArray[np.int64]]:
    """The entries of a column of lists, one after another, and the row of each."""
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        lists = [_listed(value, separator) for value in column.to_pylist()]
        row = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
        return array([entry for each in lists for entry in each]), row
    row = pc.list_parent_indices(column).to_numpy(zero_copy_only=False).astype(np.int64)
    return pc.list_flatten(column), row


def part_of(values: pa.Array, key: str) -> pa.Array:
    """What stands under a key, or keys joined with dots, of each object; null where nothing."""
    if not key:
        return values
    if pa.types.is_struct(values.type):
        name, _, rest = key.partition(".")
        at = values.type.get_field_index(name)
        if at < 0:
            return pa.nulls(len(values), pa.string())
        return part_of(pc.struct_field(values, [at]), rest)
    found: list[object] = values.to_pylist()
    for name in key.split("."):
        found = [(object_of(value) or {}).get(name) for value in found]
    return array(found)


def listed(column: pa.Array, key: str, most: int | None = None) -> pa.Array:
    """Of each list of objects, what they have under a key; the first `most` of them."""
    values, row = entries(column)
    found: list[list[str]] = [[] for _ in range(len(column))]
    for at, value in zip(row.tolist(), texts(part_of(values, key)).to_pylist(), strict=True):
        if value is not None and (most is None or len(found[at]) < most):
            found[at].append(value)
    return pa.array(found, pa.list_(pa.string()))


def recoded(column: pa.Array, codes: Mapping[str, str]) -> pa.Array:
    """The text of a column, with another in place of each code."""
    encoded = texts(column).dictionary_encode()
    words = [codes.get(word, word) for word in encoded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(encoded.indices)


def without(rows: pa.RecordBatch, of: NDArray[np.int64], why: str) -> Mapping[str, int]:
    """How many rows nothing was made `of`, by the reason; empty where there are none."""
    count = rows.num_rows - len(np.unique(of))
    return {why: count} if count else {}


def picked(made: Made, keep: NDArray[np.bool_], left_out: Mapping[str, int]) -> Made:
    """Those of the rows that are to be kept."""
    if keep.all():
        return made
    of = np.flatnonzero(keep)
    rows = made.rows.filter(pa.array(keep))
    counts = {**made.left_out}
    for reason, count in left_out.items():
        counts[reason] = counts.get(reason, 0) + count
    return Made(rows, of if made.of is None else made.of[of], counts)


def distinct(made: Iterator[Made]) -> Iterator[Made]:
    """Without rows that say what an earlier one said; of many rows, some that do may stay."""
    slots = np.zeros(_SLOTS, np.uint64)
    for each in made:
        number = _numbers(each.rows)
        place = (number % np.uint64(_SLOTS)).astype(np.int64)
        _, first = np.unique(number, return_index=True)
        keep = np.zeros(len(number), bool)
        keep[first] = True
        keep &= slots[place] != number
        slots[place] = number
        yield picked(each, keep, {})


def completed(made: Iterator[Made]) -> Iterator[Made]:
    """With the value of an earlier row of the same id, the first column, for one that is missing.

    What is known of each id is kept in memory.
    """
    known: dict[object, list[object]] = {}
    for each in made:
        rows = [list(row) for row in zip(*(c.to_pylist() for c in each.rows.columns), strict=True)]
        for row in rows:
            before = known.get(row[0], row)
            row[:] = [b if v is None else v for v, b in zip(row, before, strict=True)]
            known[row[0]] = row
        columns = [
            pa.array([row[at] for row in rows], column.type)
            for at, column in enumerate(each.rows.columns)
        ]
        names = each.rows.schema.names
        yield each._replace(rows=pa.RecordBatch.from_arrays(columns, names=names))


def _numbers(rows: pa.RecordBatch) -> NDArray[np.uint64]:
    """A number for each row by its values, never 0."""
    columns = [numbers_of(pc.fill_null(texts(column), "\0")) for column in rows.columns]
    return np.maximum(mixed(*columns), np.uint64(1))


def _listed(value: object, separator: str | None) -> Sequence[object]:
    if value is None:
        return ()
    if not isinstance(value, str):
        return value if isinstance(value, list) else (value,)
    found = list_of(value)
    if found is not None:
        return found
    if separator is None:
        return (value,) if value.strip() else ()
    return [part.strip() for part in value.split(separator) if part.strip()]
