"""What can be read: files, folders, SQL queries, data frames, and columns made of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TypeAlias

import pyarrow as pa
from graphrec.ingest.chunks import Chunk, Reading
from graphrec.ingest.frames import open_table
from graphrec.ingest.json_text import looks_like_json, open_json
from graphrec.ingest.packed import STDIN, Content, opened
from graphrec.ingest.parts import Part, constants_of, open_parts, part_paths
from graphrec.ingest.tables import PARQUET_MAGIC, open_parquet, open_query
from graphrec.ingest.text import (
    TextOptions,
    encoding_of,
    first_lines,
    head_of,
    open_delimited,
    open_recbole,
)

from graphrec.errors import DataError

DELIMITED = (".csv", ".tsv", ".txt")
JSON_LINES = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet", ".pq")
RECBOLE = (".inter", ".item", ".user", ".link", ".kg")
PACKED = (".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd", ".lz4", ".zip")


@dataclass(frozen=True)
class File:
    """A file, a folder of parts, or standard input (`-`).

    What it is packed with is inferred from its bytes, and so is its format where its extension is
    not a known one. The other fields are for text: with a delimiter, columns or
    `header` it is delimited text, whatever the extension.
    """

    path: Path
    delimiter: str | None = None
    """None: inferred from the first lines. A blank stands for any number of blanks and tabs."""
    columns: tuple[str, ...] | None = None
    """Names of the columns of a file without a header; with `header`, instead of those in it."""
    encoding: str | None = None
    """None: inferred from the first bytes."""
    quotes: bool = True
    r"""Whether "…" around a field may hold delimiters and line ends."""
    header: bool | None = None
    """Whether the first row names the columns; None: inferred from it, and it is an error where it
    seems to be data."""
    owner: str = ""
    """What the options of `graphrec ingest` call it, for messages: item, user; events are ""."""


@dataclass(frozen=True)
class Files:
    """Several files of one table."""

    files: tuple[File, ...]


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


Source: TypeAlias = File | Files | Query | Frame | Derived


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
        case Files(files):
            return _open_files(files, size)
        case File():
            return _open_files((source,), size)


def unpacked_name(path: Path) -> PurePath:
    """The name of a file without the extensions of what it is packed with."""
    name = PurePath(path.name)
    while name.suffix.lower() in PACKED:
        name = name.with_suffix("")
    return name


@contextmanager
def _open_files(files: Sequence[File], size: int) -> Iterator[Reading]:
    with ExitStack() as stack:
        parts = [part for file in files for part in _parts(file, size, stack)]
        if len(parts) == 1 and not parts[0].constants:
            yield parts[0].reading
        else:
            first = str(files[0].path)
            rest = f" and {len(files) - 1} more" if len(files) > 1 else ""
            yield open_parts(first + rest, parts)


def _parts(file: File, size: int, stack: ExitStack) -> Iterator[Part]:
    """A file, the members of an archive, or the files in a folder; open as long as the stack."""
    if file.path != STDIN and file.path.is_dir():
        for path in part_paths(file.path, _is_known):
            place = path.relative_to(file.path)
            for part in _parts(replace(file, path=path), size, stack):
                yield replace(part, constants=constants_of(place))
        return
    for content in stack.enter_context(opened(file.path)):
        yield Part(content.name, _open_content(content, file, size), {})


def _is_known(path: Path) -> bool:
    known = (*DELIMITED, ".dat", ".data", ".tab", *JSON_LINES, *PARQUET, *RECBOLE)
    return unpacked_name(path).suffix.lower() in known


def _open_content(content: Content, file: File, size: int) -> Reading:
    suffix = unpacked_name(Path(content.name)).suffix.lower()
    options = TextOptions(
        file.delimiter, file.columns, file.header, file.encoding, file.quotes, file.owner
    )
    head = head_of(content)
    if head.startswith(PARQUET_MAGIC) or suffix in PARQUET:
        _refuse_options(content.name, "Parquet", replace(options, owner=""))
        return open_parquet(content, size)
    if file.delimiter or file.columns or file.header is not None or suffix in DELIMITED[:2]:
        preferred = "\t" if suffix == ".tsv" else None
        return open_delimited(content, size, options, preferred=preferred)
    if suffix in RECBOLE:
        return open_recbole(content, size, file.encoding)
    lines = first_lines(content, head, encoding_of(content, head, file.encoding))
    if suffix in JSON_LINES or looks_like_json(lines):
        return open_json(content, size, file.encoding)
    return open_delimited(content, size, options)


def _refuse_options(name: str, what: str, options: TextOptions) -> None:
    if options != TextOptions():
        raise DataError(
            f"file {name!r} is {what}: expected delimited text for --columns, --delimiter, "
            f"--encoding, --header or --no-quotes; leave these options out"
        )


@contextmanager
def _open_derived(source: Derived, size: int) -> Iterator[Reading]:
    with open_source(source.source, size) as reading:

        def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
            for chunk in reading.chunks(reading.columns):
                yield replace(chunk, rows=source.derive(chunk.rows).select(list(columns)))

        yield replace(reading, columns=source.columns, chunks=chunks)
