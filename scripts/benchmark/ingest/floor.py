"""What SQLite does with the same rows when they are simply inserted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

import pyarrow.parquet as pq

from graphrec.progress import Progress
from graphrec.store.sqlite.file import connect, transaction
from graphrec.store.sqlite.queries import ADD_EVENT

BATCH = 100_000


def floor_rate(log: Path, store: Path, rows: int, progress: Progress) -> float:
    """Rows a second of one `executemany` for the first `rows`, in one durable transaction.

    Into the table of events of a new store, in the order of the file. Ids are numbers already:
    nothing is looked up, and no user or item is stored.
    """
    begun = perf_counter()
    with closing(connect(store, 30)) as connection, transaction(connection, "IMMEDIATE"):
        connection.executemany(ADD_EVENT, _rows(log, rows, progress))
    return rows / (perf_counter() - begun)


def _rows(log: Path, rows: int, progress: Progress) -> Iterator[tuple[float, ...]]:
    """(weight, position, user, item, kind, time) of each row, from the digits of its ids."""
    position = 0
    with pq.ParquetFile(log) as file:
        for batch in file.iter_batches(BATCH):
            user, item, weight, time = (column.to_pylist() for column in batch.columns)
            for row in zip(weight, user, item, time, strict=True):
                position += 1
                yield row[0], position, int(row[1][1:]), int(row[2][1:]), 1, row[3]
                if position == rows:
                    progress("floor", position, rows)
                    return
            progress("floor", position, rows)
