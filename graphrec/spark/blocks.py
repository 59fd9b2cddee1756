"""Blocks of users: the rows of consecutive users as one row of a frame, in Arrow's bytes.

A pass over blocks moves their results alone, and a block is what it is whatever partition it lies
in. B users of a block, E of its events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias, cast

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from scipy import sparse

from graphrec.data import Graph, Interactions, Vocabulary

PACKED = "block long, rows binary"

Work: TypeAlias = Callable[..., Iterable[pa.RecordBatch]]
"""Of the number of a block and its rows, one table for each packed column, what it gives."""


def packed(frame: DataFrame, order: Sequence[str]) -> DataFrame:
    """A row for each `block` of a frame, with the other columns as `rows`, in the order of some."""
    return each_group(frame, ("block",), partial(_pack, order=tuple(order)), PACKED)


def each_group(
    frame: DataFrame, by: Sequence[str], work: Callable[[pa.Table], pa.Table], schema: str
) -> DataFrame:
    """What `work` gives of the rows of each group, which come in any order."""

    def of_group(table: pa.Table) -> pa.Table:
        return work(table)

    return frame.groupBy(*by).applyInArrow(of_group, schema)


def each_block(frame: DataFrame, work: Work, schema: str) -> DataFrame:
    """What `work` gives of each row of a frame of `block` and packed columns."""
    return frame.mapInArrow(partial(_each, work=work), schema)


def opened(frame: DataFrame, schema: str) -> DataFrame:
    """The rows of packed blocks, each with its `block` first."""
    return each_block(frame, _open, f"block long, {schema}")


def pack(table: pa.Table) -> bytes:
    """Rows as bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return cast("bytes", sink.getvalue().to_pybytes())


def packed_row(block: int, table: pa.Table) -> pa.RecordBatch:
    """One row of a packed frame."""
    return batch(block=np.array([block]), rows=pa.array([pack(table)], pa.binary()))


def batch(**columns: Any) -> pa.RecordBatch:
    """Columns by name."""
    return pa.RecordBatch.from_pydict({name: pa.array(each) for name, each in columns.items()})


def array(table: pa.Table, name: str) -> Any:
    """A column in NumPy, which may be written to no more than Arrow's."""
    return table.column(name).to_numpy()


def rows_alone(count: int) -> Vocabulary:
    """So many rows whose ids nobody asks for: a worker does not hold them."""
    return Vocabulary(cast("tuple[str, ...]", range(count)))


def log_of(table: pa.Table, users: int, items: int, kinds: tuple[str, ...]) -> Interactions:
    """The events [E] of a table of user, item, kind, time and weight, of a block or more."""
    return Interactions(
        rows_alone(users),
        rows_alone(items),
        array(table, "user").astype(np.int32, copy=False),
        array(table, "item").astype(np.int32, copy=False),
        array(table, "weight").astype(np.float32, copy=False),
        array(table, "time"),
        array(table, "kind").astype(np.uint8),
        kinds,
    )


def table_of(log: Interactions, first: int) -> pa.Table:
    """The events of a log as `log_of` takes them, of users from row `first` on."""
    return pa.table(
        {
            "user": log.user.astype(np.int32) + np.int32(first),
            "item": log.item,
            "kind": log.kind.astype(np.int16),
            "time": log.time,
            "weight": log.weight,
        }
    )


def graph_of(
    block: int, table: pa.Table, size: int, items: int, kinds: tuple[str, ...] = ("",)
) -> Graph:
    """The graph of the users of a block of `size`, whose rows begin at 0."""
    own = table.set_column(
        table.schema.get_field_index("user"),
        "user",
        pa.array(array(table, "user") - np.int32(block * size)),
    )
    return Graph(log_of(own, size, items, kinds))


def seen_of(block: int, pairs: pa.Table, size: int, items: int) -> sparse.csr_array:
    """Distinct pairs of the users of a block, by user and item: bool [size, I]."""
    ends = np.searchsorted(array(pairs, "user"), block * size + np.arange(size + 1))
    ones = np.ones(pairs.num_rows, bool)
    return sparse.csr_array((ones, array(pairs, "item"), ends), (size, items))


def _each(batches: Iterator[pa.RecordBatch], work: Work) -> Iterator[pa.RecordBatch]:
    for each in batches:
        columns = each.columns[1:]
        for at, block in enumerate(each.column(0).to_pylist()):
            yield from work(block, *(_unpack(column[at]) for column in columns))


def _unpack(value: pa.Scalar) -> pa.Table | None:
    found = value.as_buffer() if value.is_valid else None
    return None if found is None else pa.ipc.open_stream(found).read_all()


def _pack(table: pa.Table, order: tuple[str, ...]) -> pa.Table:
    block = table.column("block")[0].as_py()
    rows = table.drop_columns("block")
    if order:
        rows = rows.sort_by([(name, "ascending") for name in order])
    return pa.Table.from_batches([packed_row(block, rows)])


def _open(block: int, table: pa.Table) -> Iterator[pa.RecordBatch]:
    column = pa.array(np.full(table.num_rows, block))
    yield from table.add_column(0, "block", column).combine_chunks().to_batches()
