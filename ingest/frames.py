"""Data frames as sources: whatever gives Arrow's C stream, such as pandas, Polars and DuckDB."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
from graphrec.ingest.chunks import Chunk, Reading

from graphrec.errors import DataError

_INDEX = re.compile(r"__index_level_\d+__")
"""What pandas calls an index without a name, which is no column."""


@contextmanager
def open_table(table: pa.Table, name: str, size: int) -> Iterator[Reading]:
    """A table, in chunks of up to `size` rows; rows are counted from 0, as frames count them."""

    def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
        done = 0
        # Producers cut where they like. Rows are cut anew, so that the first chunk tells as much
        # of a column as that of a file does.
        for batch in table.select(list(columns)).combine_chunks().to_batches(max_chunksize=size):
            line = np.arange(done, done + batch.num_rows)
            done += batch.num_rows
            yield Chunk(batch, line, (), done)

    yield Reading(name, tuple(table.column_names), chunks, table.num_rows, counts="row")


def as_table(frame: object, name: str) -> pa.Table:
    """The columns of a data frame, which is read once.

    Raises DataError for what gives no Arrow stream, or not of columns of one type each.
    """
    if not hasattr(frame, "__arrow_c_stream__"):
        raise DataError(
            f"{name} is a {type(frame).__name__}: expected a data frame with the Arrow interface "
            f"(__arrow_c_stream__), of pandas 2.2, Polars, pyarrow, DuckDB or others; make one, "
            f"such as pandas.DataFrame(…)"
        )
    try:
        table = pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"{name} cannot be read as Arrow columns: {error}; expected named columns whose values "
            f"are of one type each; convert mixed ones, for example with .astype('string')"
        ) from error
    named = [column for column in table.column_names if not _INDEX.fullmatch(column)]
    return table.select(named)
