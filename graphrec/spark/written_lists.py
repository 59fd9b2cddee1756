"""Ranked lists as rows: user, rank, item and score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from graphrec.data import Rows
from graphrec.spark.blocks import batch
from graphrec.spark.prepared import Prepared

ROWS = "user int, rank int, item int, score double"
NAMED = ("user", "rank", "item", "score")


def list_rows(users: Rows, ranked: Rows, scores: Sequence[NDArray[np.floating]]) -> pa.RecordBatch:
    """The rows of the lists of users [B]: `ranked` [B, k], -1 after the last of a short one.

    `scores` are those of all items, by list.
    """
    listed = ranked >= 0
    user, place = np.nonzero(listed)
    item = ranked[listed]
    found = [float(scores[at][row]) for at, row in zip(user.tolist(), item.tolist(), strict=True)]
    return batch(
        user=users[user].astype(np.int32),
        rank=(place + 1).astype(np.int32),
        item=item.astype(np.int32),
        score=np.array(found, np.float64),
    )


def save_lists(prepared: Prepared, rows: DataFrame, out: str) -> int:
    """Write lists of rows by their ids; returns how many rows there are."""
    items = rows.withColumnsRenamed({"user": "user_row", "item": "item_row"})
    named = prepared.named(
        prepared.named(items, "user", "user_row", "user"), "item", "item_row", "item"
    )
    named.select(*NAMED).write.mode("overwrite").parquet(out)
    return prepared.spark.read.parquet(out).count()
