"""Tables of nodes with one property a row, such as `item,property,value` or `item,tag`.

They are gathered into a row for each node: a property becomes a column. A property that a node has
several times is a list, unless the rows have times: then the latest value counts. Tables that are
not declared as such are recognised where ids repeat in their first rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import numpy as np
import pyarrow as pa
from graphrec.ingest.chunks import Chunk, Reading, Reject, array, as_json
from graphrec.ingest.time_columns import readable_times
from graphrec.ingest.values import missing, texts
from numpy.typing import NDArray

from graphrec.data.amounts import number_of
from graphrec.errors import DataError

PROPERTY = ("property", "attribute", "feature", "field", "key", "propertyname", "attributename")
VALUE = ("value", "val", "propertyvalue", "attributevalue")
TIME = ("timestamp", "time", "date", "datetime")

LISTED = 2
"""Columns of a table that lists the tags of nodes: an id and a tag."""

REPEATING = 0.3
"""Share of the ids that repeat, from which on a table counts as one of a property a row."""

PROPERTIES = 5_000
"""Properties at most: more are values, of which another column has the names."""


@dataclass(frozen=True)
class LongTable:
    """Which columns of a table hold the name and the value of a property."""

    value: str
    property: str | None = None
    """None: the table has one property, which is called as the column of values."""
    time: str | None = None
    """Of several values, the latest counts; None: all of them are kept."""


def long_table(option: Sequence[str]) -> tuple[str, LongTable]:
    """The column of ids and the table that `id,property,value` or `id,value` declares."""
    if len(option) == 2:
        return option[0], LongTable(option[1])
    if len(option) == 3:
        return option[0], LongTable(option[2], option[1])
    raise DataError(
        f"--long {','.join(option)!r}: expected id,property,value or id,value, such as "
        f"itemid,property,value or item,tag"
    )


@dataclass(frozen=True)
class Gathered:
    """A table with a row for each node."""

    reading: Reading
    ignored: dict[str, str]
    """Columns that are left out, and why."""
    table: LongTable | None = None
    """Where rows were gathered: how."""


def gathered(reading: Reading, column: str, table: LongTable | None, size: int) -> Gathered:
    """The table with a row for each id of `column`; a table that is not long stays as it is.

    Raises DataError for a column that is not there.
    """
    if table is not None:
        for name in _used(column, table):
            if name not in reading.columns:
                raise DataError(
                    f"column {name!r} of {reading.name} is not there: expected one of "
                    f"{', '.join(reading.columns)}; correct --long"
                )
        return _wide(reading, reading.chunks(_used(column, table)), column, table, size)
    table = _recognised(reading.columns, column)
    if table is None:
        return Gathered(reading, {})
    chunks = reading.chunks(list(reading.columns))
    head = next(chunks, None)
    everything = chain([head] if head else [], chunks)
    if head is None or not _repeats(head.rows, column, table):
        same = replace(reading, chunks=lambda names: _selected(everything, names))
        return Gathered(same, {})
    return _wide(reading, everything, column, table, size)


def _wide(
    reading: Reading, chunks: Iterator[Chunk], column: str, table: LongTable, size: int
) -> Gathered:
    checked = [_checked(chunk, column, table) for chunk in chunks]
    rejects = tuple(sorted(reject for chunk in checked for reject in chunk.rejects))
    rows = _Rows.of(checked, column, table)
    used = _used(column, table)
    ignored = dict.fromkeys(
        (name for name in reading.columns if name not in used),
        "a row has one property, which is in other columns",
    )
    wide = replace(
        reading,
        columns=(column, *rows.properties),
        total=len(rows.ids),
        chunks=lambda names: rows.chunks(names, size, rejects),
    )
    return Gathered(wide, ignored, table)


def _checked(chunk: Chunk, column: str, table: LongTable) -> Chunk:
    """The rows that say something of a node; others are rejects."""
    faults = [("missing id", missing(texts(chunk.rows.column(column))))]
    if table.property is not None:
        of = missing(texts(chunk.rows.column(table.property)))
        faults.append(("missing name of a property", of))
    if table.time is not None:
        _, readable = readable_times(chunk.rows.column(table.time))
        faults.append(("time missing or not readable", ~readable))
    bad = np.logical_or.reduce([fault for _, fault in faults])
    if not bad.any():
        return chunk
    raw = chunk.raw or partial(as_json, chunk.rows)
    rejects = (
        Reject(
            int(chunk.line[row]),
            next(reason for reason, fault in faults if fault[row]),
            raw(row),
            chunk.file,
        )
        for row in np.flatnonzero(bad).tolist()
    )
    return Chunk(
        chunk.rows.filter(pa.array(~bad)),
        chunk.line[~bad],
        tuple(sorted([*chunk.rejects, *rejects])),
        chunk.done,
    )


@dataclass(frozen=True)
class _Rows:
    """The rows of a long table, by id in the order in which ids come first."""

    column: str
    ids: pa.Array
    properties: tuple[str, ...]
    id_of: NDArray[np.integer]  # [N]
    property_of: NDArray[np.integer]  # [N]
    value: pa.Array  # [N]
    line: NDArray[np.int64]  # [N]
    latest: bool
    """Whether rows have times."""

    @classmethod
    def of(cls, chunks: Sequence[Chunk], column: str, table: LongTable) -> _Rows:
        """Sorted by id, property and time."""
        ids = _column(chunks, column).dictionary_encode()
        value = _column(chunks, table.value)
        if table.property is None:
            names = pa.array([table.value] * len(value), pa.string()).dictionary_encode()
        else:
            names = _column(chunks, table.property).dictionary_encode()
        properties = tuple(names.dictionary.to_pylist())
        if len(properties) > PROPERTIES:
            raise DataError(
                f"column {table.property!r} has {len(properties):,} different names of "
                f"properties: expected at most {PROPERTIES:,}; name the columns with --long"
            )
        id_of, property_of = (each.indices.to_numpy() for each in (ids, names))
        time = np.zeros(len(value), np.int64)
        if table.time is not None:
            time = np.concatenate([readable_times(c.rows.column(table.time))[0] for c in chunks])
        line = np.concatenate([chunk.line for chunk in chunks])
        order = np.lexsort((np.arange(len(value)), time, property_of, id_of))
        return cls(
            column,
            ids.dictionary,
            properties,
            id_of[order],
            property_of[order],
            value.take(pa.array(order)),
            line[order],
            table.time is not None,
        )

    def chunks(
        self, columns: Sequence[str], size: int, rejects: tuple[Reject, ...]
    ) -> Iterator[Chunk]:
        """Rows of up to `size` ids; a value that a node has several times is a list."""
        several = self._several()
        first = np.searchsorted(self.id_of, np.arange(len(self.ids) + 1))
        for start in range(0, max(len(self.ids), 1), size):
            end = min(start + size, len(self.ids))
            found: list[list[object]] = [[None] * (end - start) for _ in self.properties]
            rows = slice(first[start], first[end])
            for id_of, property_of, value in zip(
                (self.id_of[rows] - start).tolist(),
                self.property_of[rows].tolist(),
                self.value[rows].to_pylist(),
                strict=True,
            ):
                if value is None:
                    continue
                own = found[property_of]
                if property_of not in several:
                    own[id_of] = value
                elif own[id_of] is None:
                    own[id_of] = [value]
                else:
                    own[id_of].append(value)
            by_name = {self.column: self.ids[start:end]} | {
                name: array(values) for name, values in zip(self.properties, found, strict=True)
            }
            batch = pa.RecordBatch.from_arrays([by_name[c] for c in columns], names=list(columns))
            lines = self.line[first[start:end]] if end > start else np.empty(0, np.int64)
            yield Chunk(batch, lines, rejects if start == 0 else (), end)

    def _several(self) -> set[int]:
        """The properties that a node has several times."""
        if self.latest:
            return set()
        same = (np.diff(self.id_of) == 0) & (np.diff(self.property_of) == 0)
        return set(self.property_of[1:][same].tolist())


def _recognised(columns: Sequence[str], column: str) -> LongTable | None:
    """What a table may be by the names of its columns, where ids repeat."""
    names = {name.lower().replace("_", ""): name for name in columns if name != column}
    value = next((names[each] for each in VALUE if each in names), None)
    of = next((names[each] for each in PROPERTY if each in names), None)
    time = next((names[each] for each in TIME if each in names), None)
    if value is not None and of is not None and len(columns) <= 3 + (time is not None):
        return LongTable(value, of, time)
    if len(columns) == LISTED:
        return LongTable(next(name for name in columns if name != column))
    return None


def _repeats(rows: pa.RecordBatch, column: str, table: LongTable) -> bool:
    """Whether many ids repeat; without a column of properties, with other values, not of numbers.

    A few ids that occur twice are rows that were corrected, and numbers are values that changed.
    """
    ids = texts(rows.column(column)).to_pylist()
    if len(set(ids)) == len(ids):
        return False
    times_of = Counter(ids)
    if table.property is None:
        values = texts(rows.column(table.value)).to_pylist()
        if all(value is None or number_of(value) is not None for value in values):
            return False
        times_of = Counter(node_id for node_id, _ in set(zip(ids, values, strict=True)))
    again = sum(times > 1 for times in times_of.values())
    return again >= 2 and again >= REPEATING * len(times_of)


def _used(column: str, table: LongTable) -> list[str]:
    return [n for n in (column, table.property, table.value, table.time) if n is not None]


def _selected(chunks: Iterator[Chunk], names: Sequence[str]) -> Iterator[Chunk]:
    for chunk in chunks:
        yield replace(chunk, rows=chunk.rows.select(list(names)))


def _column(chunks: Sequence[Chunk], name: str) -> pa.Array:
    parts = [texts(chunk.rows.column(name)) for chunk in chunks]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.string())
