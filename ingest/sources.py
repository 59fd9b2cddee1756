"""What can be read: files, folders, SQL queries, data frames, and columns made of these."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePath
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from graphrec.ingest.chunks import Chunk, Reading, as_json
from graphrec.ingest.frames import open_table
from graphrec.ingest.json_text import looks_like_json, open_json
from graphrec.ingest.packed import STDIN, Content, opened
from graphrec.ingest.parts import Part, constants_of, open_parts, part_paths
from graphrec.ingest.schema import plain
from graphrec.ingest.tables import PARQUET_MAGIC, open_parquet, open_query
from graphrec.ingest.text import (
    TextOptions,
    encoding_of,
    first_lines,
    head_of,
    open_delimited,
    open_recbole,
)
from graphrec.ingest.workbook import open_workbook
from numpy.typing import NDArray

from graphrec.errors import DataError

DELIMITED = (".csv", ".tsv", ".txt")
JSON_LINES = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet", ".pq")
RECBOLE = (".inter", ".item", ".user", ".link", ".kg")
EXCEL = (".xlsx", ".xlsm")
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
    member: str | None = None
    """Of a ZIP archive: the member that is read; None: all of them."""
    keys: tuple[str, ...] = ()
    """Of JSON: the keys that are read, for which the file need not be read twice; empty: all."""
    declared: str = ""
    """The format that says all this, for messages; empty: the options of `graphrec ingest`."""


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


class Made(NamedTuple):
    """Rows that were made from a batch of others."""

    rows: pa.RecordBatch  # [N]
    of: NDArray[np.int64] | None = None
    """[N]: the row of the batch that each was made from; None: one of each, in their order."""
    left_out: Mapping[str, int] = {}
    """How many rows of the batch nothing was made from, by reason."""


@dataclass(frozen=True)
class Derived:
    """A source of rows that are made from those of another: as many, fewer or more of them."""

    source: Source
    columns: tuple[str, ...]
    derive: Callable[[Iterator[pa.RecordBatch]], Iterator[Made]]
    """From batches with the columns of `reads` to one of `columns` each."""
    reads: tuple[str, ...] = ()
    """Columns of `source`, by name; case and punctuation do not matter, and `a|b` is a or b. One
    that is not there is null. Empty: all of them."""
    needs: tuple[str, ...] = ()
    """Those of `reads` without which it is an error."""
    several: int = 1
    """About how many rows are made from one, so that chunks do not become as much larger."""


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
        if file.member is not None and content.name != f"{file.path}/{file.member}":
            continue
        yield Part(content.name, _open_content(content, file, size), {})


def _is_known(path: Path) -> bool:
    known = (*DELIMITED, ".dat", ".data", ".tab", *JSON_LINES, *PARQUET, *RECBOLE, *EXCEL)
    return unpacked_name(path).suffix.lower() in known


def _open_content(content: Content, file: File, size: int) -> Reading:
    suffix = unpacked_name(Path(content.name)).suffix.lower()
    options = TextOptions(
        file.delimiter,
        file.columns,
        file.header,
        file.encoding,
        file.quotes,
        file.owner,
        file.declared,
    )
    head = head_of(content)
    if head.startswith(PARQUET_MAGIC) or suffix in PARQUET:
        _refuse_options(content.name, "Parquet", replace(options, owner="", declared=""))
        return open_parquet(content, size)
    # An archive has become its members: what still begins as one is a workbook.
    if head.startswith(b"PK\x03\x04") and (content.path is not None or suffix in EXCEL):
        return open_workbook(content, size, file.columns)
    if file.delimiter or file.columns or file.header is not None or suffix in DELIMITED[:2]:
        preferred = "\t" if suffix == ".tsv" else None
        return open_delimited(content, size, options, preferred=preferred)
    if suffix in RECBOLE:
        return open_recbole(content, size, file.encoding)
    lines = first_lines(content, head, encoding_of(content, head, file.encoding))
    if suffix in JSON_LINES or looks_like_json(lines):
        return open_json(content, size, file.encoding, file.keys)
    return open_delimited(content, size, options)


def _refuse_options(name: str, what: str, options: TextOptions) -> None:
    if options != TextOptions():
        raise DataError(
            f"file {name!r} is {what}: expected delimited text for --columns, --delimiter, "
            f"--encoding, --header or --no-quotes; leave these options out"
        )


@contextmanager
def _open_derived(source: Derived, size: int) -> Iterator[Reading]:
    with open_source(source.source, max(size // source.several, 1)) as reading:
        found = _found(source, reading)

        def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
            wanted = dict.fromkeys(column for column in found.values() if column is not None)
            waiting: deque[Chunk] = deque()

            def batches() -> Iterator[pa.RecordBatch]:
                for chunk in reading.chunks(list(wanted)):
                    waiting.append(chunk)
                    yield _named(chunk, found)

            for made in source.derive(batches()):
                yield _made(waiting.popleft(), made, columns)

        yield replace(
            reading,
            columns=source.columns,
            chunks=chunks,
            unread=tuple(c for c in reading.columns if c not in found.values()),
        )


def _found(source: Derived, reading: Reading) -> dict[str, str | None]:
    """By name in `reads`, the column; raises DataError where one is missing that is needed."""
    if not source.reads:
        return {column: column for column in reading.columns}
    known = {plain(column): column for column in reversed(reading.columns)}
    known |= {column: column for column in reading.columns}
    found = {}
    for name in source.reads:
        ways = (way for each in name.split("|") for way in (each, plain(each)))
        column = next((known[way] for way in ways if way in known), None)
        if column is None and name in source.needs:
            raise DataError(
                f"{reading.name} has no column {' or '.join(map(repr, name.split('|')))}: found "
                f"{', '.join(map(repr, reading.columns))}; if it is of another format, name that "
                f"with --format, or say --format none to read it as any file"
            )
        found[name] = column
    return found


def _named(chunk: Chunk, found: Mapping[str, str | None]) -> pa.RecordBatch:
    size = len(chunk.line)
    columns = [
        pa.nulls(size, pa.string()) if column is None else chunk.rows.column(column)
        for column in found.values()
    ]
    return pa.RecordBatch.from_arrays(columns, names=list(found))


def _made(chunk: Chunk, made: Made, columns: Sequence[str]) -> Chunk:
    rows, of = made.rows.select(list(columns)), made.of
    raw = chunk.raw or partial(as_json, chunk.rows)
    if of is None:
        return replace(chunk, rows=rows, left_out=made.left_out, raw=raw)
    return replace(
        chunk,
        rows=rows,
        line=chunk.line[of],
        left_out=made.left_out,
        raw=lambda row: raw(int(of[row])),
    )
