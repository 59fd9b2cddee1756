"""What can be read: files by extension, SQL queries, data frames, and columns made of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
from graphrec.ingest.chunks import Chunk, Reading
from graphrec.ingest.frames import open_table
from graphrec.ingest.tables import open_parquet, open_query
from graphrec.ingest.text import open_delimited, open_json_lines, open_recbole

from graphrec.errors import DataError

DELIMITED = (".csv", ".tsv", ".txt")
JSON_LINES = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet", ".pq")
RECBOLE = (".inter", ".item", ".user", ".link", ".kg")


@dataclass(frozen=True)
class File:
    """A file, whose extension tells its format; text may also be compressed (`.gz`).

    The other fields are for delimited text, and make it that whatever the extension.
    """

    path: Path
    delimiter: str | None = None
    """None: the one that the first line has most of."""
    columns: tuple[str, ...] | None = None
    """Names of the columns of a file without a header."""
    encoding: str = "utf-8"
    quotes: bool = True
    """Whether "…" around a field may hold delimiters and line ends."""


@dataclass(frozen=True)
class Query:
    """A SQL query over a database that SQLAlchemy can reach."""

    url: str = field(repr=False)  # it may hold a password
    sql: str


@dataclass(frozen=True)
class Frame:
    """A data frame that was read by `graphrec.ingest.frames.as_table`."""

    table: pa.Table = field(repr=False)
    name: str
    """What messages call it."""


@dataclass(frozen=True)
class Derived:
    """A source with columns made from those of another, row by row."""

    source: Source
    columns: tuple[str, ...]
    derive: Callable[[pa.RecordBatch], pa.RecordBatch]
    """From all columns of `source` to `columns`, the same number of rows in the same order."""


Source: TypeAlias = File | Query | Frame | Derived


def open_source(source: Source, size: int) -> AbstractContextManager[Reading]:
    """The source, opened to be read once in chunks of up to `size` rows.

    Entering or reading raises DataError: for a file that is missing, empty, broken or of no known
    format, or a query that fails; and MissingExtra for a query without SQLAlchemy.
    """
    match source:
        case Query(url, sql):
            return open_query(url, sql, size)
        case Frame(table, name):
            return open_table(table, name, size)
        case Derived():
            return _open_derived(source, size)
        case File():
            return _open_file(source, size)


def _open_file(file: File, size: int) -> AbstractContextManager[Reading]:
    path = file.path
    suffix = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if suffix.lower() in DELIMITED or file.delimiter or file.columns:
        return open_delimited(
            path,
            size,
            delimiter=file.delimiter or ("\t" if suffix.lower() == ".tsv" else None),
            columns=file.columns,
            encoding=file.encoding,
            quotes=file.quotes,
        )
    if suffix.lower() in JSON_LINES:
        return open_json_lines(path, size)
    if suffix.lower() in RECBOLE:
        return open_recbole(path, size)
    if suffix.lower() in PARQUET and path.suffix != ".gz":
        return open_parquet(path, size)
    known = " ".join(DELIMITED + JSON_LINES + RECBOLE)
    raise DataError(
        f"file {str(path)!r} is of no known format: expected an extension of {known} "
        f"(each also with .gz) {' '.join(PARQUET)}; rename or convert it"
    )


@contextmanager
def _open_derived(source: Derived, size: int) -> Iterator[Reading]:
    with open_source(source.source, size) as reading:

        def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
            for chunk in reading.chunks(reading.columns):
                yield replace(chunk, rows=source.derive(chunk.rows).select(list(columns)))

        yield replace(reading, columns=source.columns, chunks=chunks)
