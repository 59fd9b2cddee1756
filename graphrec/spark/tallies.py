"""What is at some places of an order: of few distinct rows counted here, of many where they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from graphrec.spark.numbering import numbered

DISTINCT = 200_000
"""Rows that the driver counts itself."""


def tally(frame: DataFrame, by: Sequence[str]) -> list[tuple] | None:
    """The distinct rows by some columns, ascending, each with how many there are at its end.

    None where there are more than DISTINCT.
    """
    counts = frame.groupBy(*by).count().limit(DISTINCT + 1).collect()
    return sorted(map(tuple, counts)) if len(counts) <= DISTINCT else None


def order_statistics(
    frame: DataFrame, by: Sequence[str], places: Sequence[int], tallied: list[tuple] | None
) -> list[tuple]:
    """The rows at some places of the order by some columns, in the order of `places`.

    `tallied` is what `tally` gives of the same.
    """
    if tallied is not None:
        ends = np.cumsum([row[-1] for row in tallied])
        found = np.searchsorted(ends, places, side="right").tolist()
        return [tallied[at][:-1] for at in found]
    placed, _ = numbered(frame.select(*by), by, "place")
    rows = placed.where(F.col("place").isin(sorted(set(places)))).collect()
    by_place = {row["place"]: tuple(row)[:-1] for row in rows}
    return [by_place[place] for place in places]
