"""Products of likes with themselves, R'R: by blocks of users, then summed by items.

A task multiplies the votes of one block; what it gives of some items goes where these items are
added up, in the order of the blocks, and only the best of each row leave that place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from scipy import sparse

from graphrec.data import Rows
from graphrec.models.graph_filter.nearest import capped, parts_of
from graphrec.spark.blocks import array, batch, each_block, each_group, pack
from graphrec.spark.likes import matrix_of

ITEMS_AT_ONCE = 512
"""Items whose products are added up together."""

Finish: TypeAlias = Callable[[Rows, sparse.csr_array], pa.Table]
"""Of some items [N], and their rows of R'R [N, I] in double precision, columns ascending, what is
kept."""


def products(
    blocks: DataFrame,
    size: int,
    items: int,
    finish: Finish,
    schema: str,
    *,
    pattern: bool = False,
    most: int | None = None,
    at_once: int = ITEMS_AT_ONCE,
) -> DataFrame:
    """What `finish` keeps of R'R, of packed blocks of a matrix R [U, I].

    `pattern`: of ones in place of the values. `most`: so many elements of a row of R count.
    """
    multiply = partial(_multiply, size=size, items=items, pattern=pattern, most=most, each=at_once)
    parts = each_block(blocks, multiply, "part long, block long, rows binary")
    add = partial(_add, items=items, each=at_once, finish=finish)
    return each_group(parts, ("part",), add, schema)


def _multiply(
    block: int, rows: pa.Table, size: int, items: int, pattern: bool, most: int | None, each: int
) -> Iterator[pa.RecordBatch]:
    votes = matrix_of(rows, size, items)
    if pattern:
        # Counts of people are exact.
        ones = np.ones(votes.nnz, np.int32)
        votes = sparse.csr_array((ones, votes.indices, votes.indptr), votes.shape)
    if most is not None:
        votes = capped(votes, most)
    voters = votes.T.tocsr()
    lengths = np.diff(votes.indptr)
    liked = np.flatnonzero(np.diff(voters.indptr)).astype(np.int32)
    for some in np.split(liked, np.flatnonzero(np.diff(liked // each)) + 1):
        for part in parts_of(voters, lengths, some):
            found = (voters[part] @ votes).tocoo()
            shared = pa.table(
                {
                    "row": part[found.coords[0]],
                    "column": found.coords[1].astype(np.int32),
                    "value": found.data,
                }
            )
            yield batch(
                part=np.array([int(some[0]) // each]),
                block=np.array([block]),
                rows=pa.array([pack(shared)], pa.binary()),
            )


def _add(table: pa.Table, items: int, each: int, finish: Finish) -> pa.Table:
    first = table.column("part")[0].as_py() * each
    order = np.argsort(array(table, "block"), kind="stable")
    packed = table.column("rows").combine_chunks().take(pa.array(order))
    parts = [pa.ipc.open_stream(rows.as_buffer()).read_all() for rows in packed]
    row, column, value = (
        np.concatenate([array(part, name) for part in parts]) for name in ("row", "column", "value")
    )
    # Stable, so that equal elements are added in the order of their blocks.
    by_row = np.lexsort((np.arange(len(row)), column, row))
    row, column, value = row[by_row] - first, column[by_row], value[by_row].astype(np.float64)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(row) | np.diff(column)) + 1])
    total = np.add.reduceat(value, starts)
    kept, inside = np.unique(row[starts], return_inverse=True)
    ends = np.concatenate([[0], np.cumsum(np.bincount(inside, minlength=len(kept)))])
    shared = sparse.csr_array((total, column[starts], ends), (len(kept), items))
    return finish((kept + first).astype(np.int32), shared)
