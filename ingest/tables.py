"""Sources whose columns have types: Parquet files and SQL queries."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from graphrec.ingest.chunks import Chunk, ReadAs, Reading, chunked
from graphrec.ingest.packed import Content, unbroken

from graphrec.errors import DataError, MissingExtra

_BUFFER = 1 << 20
"""Bytes of a column read at once; without it, all of a row group would be."""
PARQUET_MAGIC = b"PAR1"


def open_parquet(content: Content, size: int) -> Reading:
    """A Parquet file, in chunks of up to `size` rows; raises DataError where it is not one.

    Fields of structs are columns of their own, with a dot between: `context.user.id`.
    """
    with _parquet(content) as file:
        total = file.metadata.num_rows
        paths = {".".join(path): path for path in _leaves(file.schema_arrow)}

    def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
        done = 0
        wanted = [paths[column] for column in columns]
        roots = list(dict.fromkeys(root for root, *_ in wanted))
        with _parquet(content) as file:
            batches = file.iter_batches(batch_size=size, columns=roots)
            while (batch := _next(batches, content.name, done)) is not None:
                line = np.arange(done + 1, done + 1 + batch.num_rows)
                done += batch.num_rows
                arrays = [
                    pc.struct_field(batch.column(root), inner) if inner else batch.column(root)
                    for root, *inner in wanted
                ]
                rows = pa.RecordBatch.from_arrays(arrays, names=list(columns))
                yield Chunk(rows, line, (), done)

    read_as = ReadAs("Parquet", compression=content.compression)
    return Reading(content.name, tuple(paths), chunks, total, counts="row", read_as=read_as)


@contextmanager
def _parquet(content: Content) -> Iterator[pq.ParquetFile]:
    """The file; one that is packed is unpacked into a temporary file first."""
    with ExitStack() as stack:
        with unbroken(content.name):
            if content.path is not None:
                place: Path | IO[bytes] = content.path
            else:
                place = stack.enter_context(tempfile.TemporaryFile(prefix="graphrec-"))
                with content.start() as (stream, _):
                    shutil.copyfileobj(stream, place)
                place.seek(0)
        try:
            file = pq.ParquetFile(place, buffer_size=_BUFFER, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"file {content.name!r} cannot be read: {error}; expected a Parquet file"
            ) from error
        yield stack.enter_context(file)


def _next(batches: Iterator[pa.RecordBatch], name: str, done: int) -> pa.RecordBatch | None:
    try:
        return next(batches, None)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"file {name!r} is broken after row {done}: {error}; copy it again"
        ) from error


def _leaves(fields: Iterable[pa.Field], *outer: str) -> Iterator[tuple[str, ...]]:
    """The paths of all columns, those within structs among them."""
    for field in fields:
        if pa.types.is_struct(field.type) and field.type.num_fields:
            yield from _leaves(field.type, *outer, field.name)
        else:
            yield (*outer, field.name)


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
            rows = chunked(enumerate(result, 1), names, size)
            yield Reading(name, names, rows, counts="row", read_as=ReadAs("a query"))
    except sql.exc.SQLAlchemyError as error:
        raise failure(error) from None
    finally:
        engine.dispose()
