"""`graphrec spark evaluate`: metrics of lists against the test, in the definitions of one machine.

A block computes the values of its users with `graphrec.evaluation`; what leaves it are their sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from graphrec.data import Rows
from graphrec.errors import DataError
from graphrec.evaluation.evaluator import ALL, per_user
from graphrec.evaluation.metrics import Catalogue, RankedLists
from graphrec.ranking.all_lists import Listed
from graphrec.spark.blocks import array, batch, each_block, packed, seen_of
from graphrec.spark.likes import likes_of, matrix_of, no_likes
from graphrec.spark.prepared import PAIR, Prepared

SUMS = "block long, part string, metric string, total double, users long"
TIMES = "item int"


@dataclass(frozen=True)
class Evaluation:
    """What lists are like."""

    k: int
    users: int
    """With a test event."""
    without_list: int
    """Of those: an empty list counts as one that hits nothing."""
    metrics: Mapping[str, float]
    """Such as recall@10: the mean over users who have a value."""
    slices: Mapping[str, Mapping[str, float]]


def evaluate(prepared: Prepared, lists: DataFrame, k: int) -> Evaluation:
    """Evaluate lists of user, rank and item, by id, for the users with a test event.

    As `graphrec.evaluation.evaluator.evaluate_ranking`, without intervals; users in no list have an
    empty one. Raises DataError where the data has no test, and for lists of items or users that it
    does not know.
    """
    about = prepared.about
    if not about.test_events:
        raise DataError(
            f"{prepared.folder!r} has no test events: expected some; prepare it with --test-share "
            f"or --cutoff"
        )
    likes = likes_of(prepared)
    size = likes.size
    listed = _listed(prepared, lists, k, size)
    test = _packed_pairs(prepared.table("test"), "test")
    seen = _packed_pairs(prepared.table("edges"), "seen")
    joined = (
        test.join(listed.withColumnRenamed("rows", "listed"), "block", "left")
        .join(seen, "block", "left")
        .join(likes.blocks.withColumnRenamed("rows", "liked"), "block", "left")
        .select("block", "test", "listed", "seen", "liked")
        .persist()
    )
    catalogue = Catalogue(likes.people, likes.active)
    held = prepared.spark.sparkContext.broadcast(catalogue)
    work = partial(_values, catalogue=held, size=size, items=about.items, k=k)
    sums = each_block(joined, work, SUMS).collect()
    times = each_block(joined, partial(_times, size=size, k=k), TIMES).groupBy("item").count()
    table = times.toArrow()
    counted = np.zeros(about.items)
    counted[array(table, "item")] = array(table, "count")
    users = prepared.table("test").select("user").distinct()
    total = users.count()
    have = _rows(prepared, lists).select("user").distinct()
    found = _means(sums, k)
    metrics = dict(found.pop(ALL)) | _of_all(Listed(counted, total, k), k)
    prepared.spark.catalog.clearCache()
    return Evaluation(k, total, users.join(have, "user", "left_anti").count(), metrics, found)


def _rows(prepared: Prepared, lists: DataFrame) -> DataFrame:
    """The lists by the rows of users and items."""
    ids = {role: prepared.table(f"{role}s") for role in ("user", "item")}
    found = lists.select(F.col("user").cast("string"), "rank", F.col("item").cast("string"))
    for role, known in ids.items():
        found = found.join(
            known.withColumnsRenamed({"id": role, "row": f"{role}_row"}), role, "left"
        )
    return found.select(
        F.col("user_row").alias("user"),
        F.col("rank").cast("int"),
        F.col("item_row").alias("item"),
        F.col("user").alias("user_id"),
        F.col("item").alias("item_id"),
    )


def _listed(prepared: Prepared, lists: DataFrame, k: int, size: int) -> DataFrame:
    rows = _rows(prepared, lists).persist()
    for role in ("user", "item"):
        unknown = rows.where(F.col(role).isNull()).select(F.min(f"{role}_id")).collect()[0][0]
        if unknown is not None:
            raise DataError(
                f"lists name the {role} {unknown!r}, which {prepared.folder!r} does not have: "
                f"expected those of the same data; make lists of a snapshot that was trained on it"
            )
    repeated = rows.groupBy("user_id", "rank").count().where("count > 1").limit(1).collect()
    repeated += rows.groupBy("user_id", "item_id").count().where("count > 1").limit(1).collect()
    if repeated:
        raise DataError(
            f"lists have the user {repeated[0][0]!r} with {repeated[0][1]!r} twice: expected one "
            f"list for each user, with each rank and item once; leave out the others"
        )
    kept = rows.where((F.col("rank") >= 1) & (F.col("rank") <= k)).select("user", "rank", "item")
    return packed(
        kept.withColumn("block", F.floor(F.col("user") / size).cast("long")), ("user", "rank")
    )


def _packed_pairs(events: DataFrame, name: str) -> DataFrame:
    found = packed(events.select("block", "user", "item").distinct(), PAIR)
    return found.withColumnRenamed("rows", name)


def _ranked(
    test: pa.Table, listed: pa.Table | None, first: int, size: int, k: int
) -> tuple[Rows, Rows]:
    """The users with a test event, from 0 in the block [T], and their lists [T, k]."""
    users = np.unique(array(test, "user")) - first
    ranked = np.full((size, k), -1, np.int32)
    if listed is not None:
        ranked[array(listed, "user") - first, array(listed, "rank") - 1] = array(listed, "item")
    # What is left out of a list makes no gap.
    order = np.argsort(ranked < 0, axis=1, kind="stable")
    return users, np.take_along_axis(ranked, order, 1)[users]


def _values(
    block: int,
    test: pa.Table,
    listed: pa.Table | None,
    seen: pa.Table | None,
    liked: pa.Table | None,
    catalogue: Any,
    size: int,
    items: int,
    k: int,
) -> Iterator[pa.RecordBatch]:
    users, ranked = _ranked(test, listed, block * size, size, k)
    empty = no_likes(size, items)
    likes = empty if liked is None else matrix_of(liked, size, items)
    known = empty if seen is None else seen_of(block, seen, size, items)
    lists = RankedLists(
        ranked,
        seen_of(block, test, size, items)[users],
        likes[users],
        known[users],
        catalogue.value,
    )
    found = per_user(lists, np.diff(likes.indptr)[users])
    counted = {key: values[~np.isnan(values)] for key, values in found.items()}
    yield batch(
        block=np.full(len(found), block),
        part=[part for part, _ in found],
        metric=[name for _, name in found],
        total=np.array([values.sum() for values in counted.values()], np.float64),
        users=np.array([len(values) for values in counted.values()], np.int64),
    )


def _times(
    block: int,
    test: pa.Table,
    listed: pa.Table | None,
    _seen: pa.Table | None,
    _liked: pa.Table | None,
    size: int,
    k: int,
) -> Iterator[pa.RecordBatch]:
    _, ranked = _ranked(test, listed, block * size, size, k)
    yield batch(item=ranked[ranked >= 0])


def _means(sums: list[Any], k: int) -> dict[str, dict[str, float]]:
    """By slice and metric, over users who have a value; no metric where there are none."""
    totals: dict[tuple[str, str], list[float]] = {}
    for row in sorted(sums, key=lambda row: row["block"]):
        total = totals.setdefault((row["part"], row["metric"]), [0.0, 0.0])
        total[0] += row["total"]
        total[1] += row["users"]
    found: dict[str, dict[str, float]] = {ALL: {}}
    for (part, name), (sum_of, users) in totals.items():
        of_part = found.setdefault(part, {})
        if users:
            of_part[f"{name}@{k}"] = sum_of / users
    return found


def _of_all(listed: Listed, k: int) -> dict[str, float]:
    values = {name: getattr(listed, name) for name in ("coverage", "overlap", "concentration")}
    return {f"{name}@{k}": value for name, value in values.items() if not np.isnan(value)}
