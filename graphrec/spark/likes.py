"""Likes by blocks: the weights of positive events summed by pair, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812
from scipy import sparse

from graphrec.spark.blocks import PACKED, array, batch, each_block, graph_of, packed_row
from graphrec.spark.prepared import Prepared
from graphrec.spark.sums import summed


@dataclass(frozen=True)
class Likes:
    """Who likes what, of everyone."""

    blocks: DataFrame
    """Packed: user, from 0 in each block, item and weight, each pair once."""
    size: int
    """Users of a block."""
    users: int
    items: int
    weight: NDArray[np.float64]  # [I] the sums of weights by item
    people: NDArray[np.int64]  # [I] how many users like each item
    pairs: int
    active: int
    """Users who like anything."""

    @property
    def sizes(self) -> dict[int, int]:
        """How many users each block has, those without likes too."""
        starts = range(0, self.users, self.size)
        return {at // self.size: min(self.size, self.users - at) for at in starts}


def likes_of(prepared: Prepared) -> Likes:
    """The likes of the edges of a folder."""
    about = prepared.about
    of_block = partial(_likes, size=about.block_users, items=about.items)
    blocks = each_block(prepared.blocks(), of_block, PACKED).persist()
    by_item = each_block(
        blocks,
        partial(_by_item, items=about.items),
        "block long, row int, weight double, people long",
    )
    sums = summed(by_item, ("weight", "people"), about.items)
    active = each_block(blocks, _active, "active long").agg(F.sum("active")).collect()[0][0]
    people = sums["people"].astype(np.int64)
    return Likes(
        blocks,
        about.block_users,
        about.users,
        about.items,
        sums["weight"],
        people,
        int(people.sum()),
        int(active or 0),
    )


def matrix_of(rows: pa.Table, size: int, items: int) -> sparse.csr_array:
    """The likes of a block, float32 [size, I]."""
    ends = np.searchsorted(array(rows, "user"), np.arange(size + 1))
    return sparse.csr_array((array(rows, "weight"), array(rows, "item"), ends), (size, items))


def no_likes(users: int, items: int) -> sparse.csr_array:
    """A matrix without elements."""
    ends = np.zeros(users + 1, np.int64)
    return sparse.csr_array((np.empty(0, np.float32), np.empty(0, np.int32), ends), (users, items))


def rows_of(matrix: sparse.csr_array) -> pa.Table:
    """The same the other way round."""
    user = np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))
    item = matrix.indices.astype(np.int32)
    return pa.table({"user": user, "item": item, "weight": matrix.data})


def _likes(block: int, rows: pa.Table, size: int, items: int) -> Iterator[pa.RecordBatch]:
    kinds = tuple(map(str, range(int(array(rows, "kind").max()) + 1)))
    matrix = graph_of(block, rows, size, items, kinds).matrix
    if matrix.nnz:
        yield packed_row(block, rows_of(matrix))


def _by_item(block: int, rows: pa.Table, items: int) -> Iterator[pa.RecordBatch]:
    item = array(rows, "item")
    people = np.bincount(item, minlength=items)
    weight = np.bincount(item, array(rows, "weight").astype(np.float64), minlength=items)
    liked = np.flatnonzero(people)
    yield batch(
        block=np.full(len(liked), block),
        row=liked.astype(np.int32),
        weight=weight[liked],
        people=people[liked],
    )


def _active(_block: int, rows: pa.Table) -> Iterator[pa.RecordBatch]:
    yield batch(active=np.array([len(np.unique(array(rows, "user")))]))
