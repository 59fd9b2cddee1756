"""Sources whose columns have types: Parquet files and SQL queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from graphrec.ingest.chunks import Chunk, Reading, chunked

from graphrec.errors import DataError, MissingExtra

_BUFFER = 1 << 20
"""Bytes of a column read at once; without it, all of a row group would be."""


@contextmanager
def open_parquet(path: Path, size: int) -> Iterator[Reading]:
    """A Parquet file, in chunks of up to `size` rows; raises DataError where it is not one."""
    try:
        file = pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"file {str(path)!r} cannot be read: {error}; expected a Parquet file"
        ) from error

    def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
        done = 0
        try:
            for batch in file.iter_batches(batch_size=size, columns=list(columns)):
                line = np.arange(done + 1, done + 1 + batch.num_rows)
                done += batch.num_rows
                yield Chunk(batch, line, (), done)
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"file {str(path)!r} is broken after row {done}: {error}; copy it again"
            ) from error

    with file:
        yield Reading(str(path), tuple(file.schema_arrow.names), chunks, file.metadata.num_rows)


@contextmanager
def open_query(url: str, query: str, size: int) -> Iterator[Reading]:
    """The rows of a SQL query, streamed from the server in chunks of `size`.

    `url` is SQLAlchemy's, `dialect+driver://user:password@host/database`; no message shows its
    password. Raises MissingExtra where SQLAlchemy is not installed, DataError where the database
    cannot be reached or refuses the query.
    """
    try:
        import sqlalchemy as sql
    except ImportError:
        raise MissingExtra("reading from a database", "sqlalchemy", "sql") from None
    try:
        address = sql.make_url(url)
    except sql.exc.ArgumentError:
        raise DataError(
            "the database URL cannot be read: expected dialect://user:password@host/database"
        ) from None
    # Drivers take secrets from the query part of the URL as well.
    name = f"query on {address.set(query={}).render_as_string(hide_password=True)}"
    secrets = [secret for secret in (address.password, *address.query.values()) if secret]

    def failure(error: Exception) -> DataError:
        message = str(getattr(error, "orig", None) or error).splitlines()[0]
        for secret in secrets:
            message = message.replace(str(secret), "***")
        return DataError(f"{name} failed: {message}; check the URL and the query")

    try:
        engine = sql.create_engine(address)
    except (ImportError, sql.exc.SQLAlchemyError) as error:
        raise failure(error) from None
    try:
        with engine.connect() as connection:
            streaming = connection.execution_options(stream_results=True, max_row_buffer=size)
            result = streaming.execute(sql.text(query))
            names = tuple(result.keys())
            yield Reading(name, names, chunked(enumerate(result, 1), names, size))
    except sql.exc.SQLAlchemyError as error:
        raise failure(error) from None
    finally:
        engine.dispose()
