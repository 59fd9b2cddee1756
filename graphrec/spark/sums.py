"""Sums over blocks, in their order: the same bits however blocks are spread over partitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from graphrec.spark.blocks import array


def summed(parts: DataFrame, names: tuple[str, ...], count: int) -> dict[str, NDArray[np.float64]]:
    """The sums of some columns of `parts` by row, [count] each, at the driver.

    `parts` have `block`, `row` and the columns, with each row once in a block at most.
    """
    ordered = F.array_sort(F.collect_list(F.struct("block", *names)))
    grouped = parts.groupBy("row").agg(ordered.alias("parts"))
    table = grouped.select("row", *[_total(name) for name in names]).toArrow()
    found = {name: np.zeros(count) for name in names}
    for name, values in found.items():
        values[array(table, "row")] = array(table, name)
    return found


def _total(name: str) -> F.Column:
    """The sum of a field of `parts`, from the first to the last."""
    values = F.transform(F.col("parts"), lambda part: part[name].cast("double"))
    return F.aggregate(values, F.lit(0.0), lambda total, value: total + value).alias(name)
