"""Numbers of rows in an order, which are the same however the rows are partitioned."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

BITS = 33
"""Of Spark's `monotonically_increasing_id` that count within a partition."""


def numbered(frame: DataFrame, by: Sequence[str], name: str) -> tuple[DataFrame, int]:
    """The rows with their place in the order of some columns as `name`, from 0; how many they are.

    Rows that are equal by these columns are in any order. Text is in code-point order. The caller
    releases what is held with `unpersist` of the session's cache.
    """
    own = list(frame.columns)
    placed = frame.sort(*by).select(
        *own,
        F.spark_partition_id().alias("_part"),
        F.monotonically_increasing_id().alias("_at"),
    )
    # Where each partition begins must be that of the very rows which are numbered.
    placed = placed.persist()
    counts = {row["_part"]: row["count"] for row in placed.groupBy("_part").count().collect()}
    starts, total = [], 0
    for part in range(max(counts, default=-1) + 1):
        starts.append(total)
        total += counts.get(part, 0)
    first = F.element_at(F.array(*[F.lit(start) for start in starts or [0]]), F.col("_part") + 1)
    place = F.col("_at").bitwiseAND(F.lit(2**BITS - 1)) + first
    return placed.select(*own, place.cast("long").alias(name)), total
