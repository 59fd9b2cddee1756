"""How popular items are, at all times and lately, and which grow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.window import Window

from graphrec.data.times import DAY
from graphrec.models.training.negative_sampling import faded
from graphrec.recommend.placements.popular import growth_scores
from graphrec.spark.blocks import array, batch, each_block, packed
from graphrec.spark.likes import Likes
from graphrec.spark.numbering import numbered
from graphrec.spark.prepared import EDGE, Prepared
from graphrec.spark.sums import summed

SCHEMA = "block long, row int, weight double"


def popularity(
    prepared: Prepared, likes: Likes, half_life_share: float | None
) -> NDArray[np.float32]:
    """The scores of `graphrec.models.popularity.Popularity` [I]."""
    if not half_life_share:
        return _of_all(likes, likes.weight)
    edges = prepared.table("edges")
    ends = edges.agg(F.min("time"), F.max("time")).collect()[0]
    if ends[0] is None or ends[0] == ends[1]:
        return _of_all(likes, likes.weight)
    timed = packed(edges.join(_not_later(edges), "time"), EDGE)
    weigh = partial(
        _weights,
        items=likes.items,
        events=prepared.about.events,
        half_life_share=half_life_share,
    )
    weights = summed(each_block(timed, weigh, SCHEMA), ("weight",), likes.items)
    return _of_all(likes, weights["weight"])


def _of_all(likes: Likes, weight: NDArray[np.float64]) -> NDArray[np.float32]:
    """Sums by item [I], in units of the mean weight of a pair."""
    total = max(weight.sum(), np.finfo(float).tiny)
    return (weight / total * likes.pairs).astype(np.float32)


@dataclass(frozen=True)
class Growth:
    """People by item in a window of time and in the one before it, [I] each."""

    now: NDArray[np.int64]
    before: NDArray[np.int64]

    @property
    def score(self) -> NDArray[np.float64]:
        """As of the placement `trending`; above 0 where an item grows more than all do."""
        return growth_scores(self.now, self.before)


def growth(prepared: Prepared, days: float, until: int | None = None) -> Growth:
    """The people of the last `days` up to a time, which is not in them; None: after the newest."""
    edges = prepared.table("edges")
    end = 1 + prepared.about.now if until is None else until
    length = round(days * DAY)
    windows = ((end - length, end), (end - 2 * length, end - length))
    now, before = (_people(edges, *window, prepared.about.items) for window in windows)
    return Growth(now, before)


def _people(edges: DataFrame, since: int, until: int, items: int) -> NDArray[np.int64]:
    inside = (F.col("weight") > 0) & (F.col("time") >= since) & (F.col("time") < until)
    counted = edges.where(inside).groupBy("item").agg(F.count_distinct("user").alias("people"))
    table = counted.toArrow()
    found = np.zeros(items, np.int64)
    found[array(table, "item")] = array(table, "people")
    return found


def _not_later(edges: DataFrame) -> DataFrame:
    """By time, how many events of the log are not later."""
    counts = edges.groupBy("time").agg(F.count("*").alias("count"))
    placed, _ = numbered(counts, ("time",), "place")
    placed = placed.withColumn("part", F.spark_partition_id())
    own = Window.partitionBy("part").orderBy("place").rowsBetween(Window.unboundedPreceding, 0)
    sums = placed.withColumn("so_far", F.sum("count").over(own)).persist()
    last = sums.groupBy("part").agg(F.min("place").alias("first"), F.sum("count").alias("count"))
    rows = sorted(last.collect(), key=lambda row: row["first"])
    starts, total = [], 0
    for row in rows:
        starts.append((F.lit(row["part"]), F.lit(total)))
        total += row["count"]
    first = F.create_map(*[each for pair in starts for each in pair])
    not_later = (F.element_at(first, F.col("part")) + F.col("so_far")).cast("long")
    return sums.select("time", not_later.alias("not_later"))


def _weights(
    block: int, rows: pa.Table, items: int, events: int, half_life_share: float
) -> Iterator[pa.RecordBatch]:
    weight = np.maximum(array(rows, "weight").astype(np.float64), 0)
    weight = weight * faded(1 - array(rows, "not_later") / events, half_life_share)
    item = array(rows, "item")
    sums = np.bincount(item, weight, minlength=items)
    liked = np.flatnonzero(sums)
    yield batch(block=np.full(len(liked), block), row=liked.astype(np.int32), weight=sums[liked])
