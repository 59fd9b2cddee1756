"""The split by time, block by block: `graphrec.evaluation.splits.split`, for many users."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import floor

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from graphrec.evaluation.splits.split import cut, cutoff_among
from graphrec.spark.blocks import PACKED, array, each_block, graph_of, packed_row, table_of
from graphrec.spark.tallies import order_statistics, tally


def cutoff_of(weighed: DataFrame, share: float) -> int:
    """The event time that brings the test's share of the positive events closest to `share`.

    As `graphrec.split.temporal`. Raises DataError where all positive events have one time.
    """
    times = each_block(weighed, _positive_times, "time long").persist()
    tallied = tally(times, ("time",))
    if tallied is not None:
        distinct = np.array([row[0] for row in tallied], np.int64)
        counts = np.array([row[1] for row in tallied], np.int64)
        return cutoff_among(distinct, np.cumsum(counts) - counts, int(counts.sum()), share)
    return cutoff_among(*_around(times, share), share)


def _around(times: DataFrame, share: float) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Of very many times the first, the two that the cutoff is one of, and what is before each."""
    total, first = times.agg(F.count("*"), F.min("time")).collect()[0]
    [(before,)] = order_statistics(times, ("time",), [floor(total - share * total)], None)
    later = times.where(F.col("time") > before).agg(F.min("time")).collect()[0][0]
    found = sorted({time for time in (first, before, later) if time is not None})
    earlier = times.agg(*[F.count_if(F.col("time") < time) for time in found]).collect()[0]
    return np.array(found), np.array(earlier), total


def train_and_test(
    recorded: DataFrame, weighed: DataFrame, cutoff: int, size: int, items: int
) -> tuple[DataFrame, DataFrame]:
    """Blocks of the events before a cutoff as recorded, and of the positive ones of new pairs."""
    train = each_block(recorded, partial(_before, cutoff=cutoff), PACKED)
    test = each_block(weighed, partial(_test, cutoff=cutoff, size=size, items=items), PACKED)
    return train, test


def _positive_times(_block: int, rows: pa.Table) -> Iterator[pa.RecordBatch]:
    time = array(rows, "time")[array(rows, "weight") > 0]
    yield pa.RecordBatch.from_pydict({"time": time})


def _before(block: int, rows: pa.Table, cutoff: int) -> Iterator[pa.RecordBatch]:
    kept = rows.filter(pa.array(array(rows, "time") < cutoff))
    if kept.num_rows:
        yield packed_row(block, kept)


def _test(
    block: int, rows: pa.Table, cutoff: int, size: int, items: int
) -> Iterator[pa.RecordBatch]:
    kinds = tuple(map(str, range(int(array(rows, "kind").max()) + 1)))
    found = cut(graph_of(block, rows, size, items, kinds), cutoff).test
    if len(found):
        yield packed_row(block, table_of(found, block * size))
