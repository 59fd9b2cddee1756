"""A made-up log as a Parquet file: ten events a user, items by Zipf's law, in order of time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graphrec.progress import Progress

EVENTS_EACH = 10
"""Of a user, on average."""

ITEMS_SHARE, MOST_ITEMS = 0.03, 300_000
"""Items for each row, and at most."""

CHUNK = 1_000_000
START = 1_500_000_000_000


def write_log(path: Path, rows: int, seed: int, progress: Progress) -> None:
    """Columns user, item, rating and timestamp (milliseconds)."""
    rng = np.random.default_rng(seed)
    users = max(rows // EVENTS_EACH, 1)
    items = max(int(min(rows * ITEMS_SHARE, MOST_ITEMS)), 1)
    share = np.cumsum(1 / np.arange(1, items + 1))
    share /= share[-1]
    names = rng.permutation(items)
    schema = pa.schema(
        {
            "user": pa.string(),
            "item": pa.string(),
            "rating": pa.float32(),
            "timestamp": pa.int64(),
        }
    )
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, CHUNK):
            size = min(CHUNK, rows - start)
            user = rng.integers(0, users, size)
            item = names[np.searchsorted(share, rng.random(size))]
            columns = [
                pa.array(np.char.add("u", user.astype(str)).tolist(), pa.string()),
                pa.array(np.char.add("i", item.astype(str)).tolist(), pa.string()),
                rng.integers(1, 6, size).astype(np.float32),
                START + 1000 * (start + np.arange(size)),
            ]
            writer.write_table(pa.table(columns, schema))
            progress("making a log", start + size, rows)
