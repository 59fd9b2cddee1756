"""The split by time, block by block: `graphrec.evaluation.splits.split`, for many users."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import floor

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from graphrec.errors import DataError
from graphrec.evaluation.splits.split import cut
from graphrec.spark.blocks import PACKED, array, each_block, graph_of, packed_row, table_of
from graphrec.spark.weights import order_statistics


def cutoff_of(weighed: DataFrame, share: float) -> int:
    """The event time that brings the test's share of the positive events closest to `share`.

    As `graphrec.split.temporal`. Raises DataError where all positive events have one time.
    """
    times = each_block(weighed, _positive_times, "time long").persist()
    total, first = times.agg(F.count("*"), F.min("time")).collect()[0]
    # A cutoff at the time with n positive events before it leaves total - n for the test.
    wanted = total - share * total
    at = min(max(floor(wanted), 0), total - 1) if total else 0
    before = order_statistics(times, ("time",), [at])[0][0] if total else 0
    later = times.where(F.col("time") > before).agg(F.min("time")).collect()[0][0]
    choices = [time for time in (before, later) if time is not None and time != first]
    if not total or not choices:
        distinct = min(total, 1)
        raise DataError(
            f"split by time: the positive events have {distinct} distinct times: expected at least "
            f"2; leave out --test-share, or give --cutoff"
        )
    earlier = [F.count_if(F.col("time") < time) for time in choices]
    counts = times.agg(*earlier).collect()[0]
    gaps = [abs(total - count - share * total) for count in counts]
    return int(choices[gaps.index(min(gaps))])


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
        yield packed_row(block, table_of(found, np.int32(block * size)))
