"""`graphrec spark als`: alternating least squares of Spark's MLlib, the baseline that all know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from graphrec.models.top_k import top_k
from graphrec.spark.blocks import array, each_block, opened, packed, seen_of
from graphrec.spark.likes import likes_of
from graphrec.spark.prepared import PAIR, Prepared
from graphrec.spark.written_lists import ROWS, list_rows, save_lists

BLOCKS = 10
"""Of MLlib's own: fixed, as its start and so its result depend on their number."""

USERS_AT_ONCE = 256


@dataclass(frozen=True)
class Options:
    """Hyper-parameters of MLlib, for weights as confidence."""

    dim: int = 64
    sweeps: int = 10
    regularization: float = 0.1
    alpha: float = 10.0
    """Confidence of a pair is 1 + alpha times its weight, in units of the mean weight."""
    seed: int = 0
    k: int = 10


def als(prepared: Prepared, out: str, options: Options) -> int:
    """Fit, and write `users`, `items` (row and vector) and `lists`; returns the rows of lists.

    Lists leave out what a user has seen. Users without likes have none.
    """
    likes = likes_of(prepared)
    pairs = opened(likes.blocks, "user int, item int, weight float").select(
        (F.col("user") + F.col("block").cast("int") * likes.size).alias("user"), "item", "weight"
    )
    mean = float(likes.weight.sum()) / max(likes.pairs, 1)
    rows = pairs.withColumn("weight", (F.col("weight") / (mean or 1.0)).cast("float"))
    model = ALS(
        rank=options.dim,
        maxIter=options.sweeps,
        regParam=options.regularization,
        alpha=options.alpha,
        implicitPrefs=True,
        numUserBlocks=BLOCKS,
        numItemBlocks=BLOCKS,
        userCol="user",
        itemCol="item",
        ratingCol="weight",
        seed=options.seed,
    ).fit(rows.sort("user", "item"))
    for name, factors in (("users", model.userFactors), ("items", model.itemFactors)):
        vectors = factors.select(F.col("id").alias("row"), F.col("features").alias("vector"))
        vectors.write.mode("overwrite").parquet(f"{out}/{name}")
    found = save_lists(prepared, _lists(prepared, likes.size, out, options), f"{out}/lists")
    prepared.spark.catalog.clearCache()
    return found


def _lists(prepared: Prepared, size: int, out: str, options: Options) -> DataFrame:
    spark = prepared.spark
    vectors = spark.read.parquet(f"{out}/items").toArrow()
    item = np.zeros((prepared.about.items, options.dim), np.float32)
    known = np.zeros(len(item), bool)
    rows = array(vectors, "row")
    item[rows], known[rows] = _matrix(vectors, options.dim), True
    held = spark.sparkContext.broadcast((item, known))
    users = spark.read.parquet(f"{out}/users").withColumn(
        "block", F.floor(F.col("row") / size).cast("long")
    )
    blocks = packed(users, ("row",)).withColumnRenamed("rows", "vectors")
    seen = packed(prepared.table("edges").select("block", "user", "item").distinct(), PAIR)
    work = partial(_ranked, item=held, size=size, k=options.k)
    return each_block(blocks.join(seen, "block"), work, ROWS)


def _ranked(
    block: int, vectors: pa.Table, seen: pa.Table, item: Any, size: int, k: int
) -> Iterator[pa.RecordBatch]:
    items, known = item.value
    pairs = seen_of(block, seen, size, len(items))
    users, matrix = array(vectors, "row"), _matrix(vectors, items.shape[1])
    for start in range(0, len(users), USERS_AT_ONCE):
        own = slice(start, start + USERS_AT_ONCE)
        scores = matrix[own] @ items.T
        # Items that nobody likes have no vector: they come last.
        scores[:, ~known] = np.finfo(np.float32).min
        ranked = top_k(scores, k, pairs[users[own] - block * size])
        yield list_rows(users[own], ranked, list(scores))


def _matrix(table: pa.Table, dim: int) -> NDArray[np.float32]:
    values = table.column("vector").combine_chunks().flatten().to_numpy()
    return values.astype(np.float32).reshape(-1, dim)
