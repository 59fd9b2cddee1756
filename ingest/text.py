"""Text files, plain or `.gz`: delimited columns, RecBole's atomic files, JSON Lines."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

import orjson
from graphrec.ingest.chunks import Chunk, Reading, Reject, Row, chunked

from graphrec.data import AttributeKind
from graphrec.errors import DataError

Line = TypeVar("Line", str, bytes)

DELIMITERS = ("\t", "::", ",", ";", "|")
HEAD = 1000
"""First lines of a JSON Lines file whose keys are the columns."""

_RECBOLE_KINDS: dict[str, AttributeKind | None] = {
    "token": "category",
    "token_seq": "tags",
    "float": "number",
    "float_seq": None,  # a vector, which no attribute can hold: the column is not read
}


@contextmanager
def open_delimited(
    path: Path,
    size: int,
    *,
    delimiter: str | None = None,
    columns: Sequence[str] | None = None,
    encoding: str = "utf-8",
    quotes: bool = True,
) -> Iterator[Reading]:
    """A file of delimited columns, in chunks of `size` rows.

    The first line names the columns, unless `columns` does. The delimiter, where none is given, is
    the one of DELIMITERS that the first line has most of. `quotes` says whether "…" around a field
    may hold delimiters and line ends. Raises DataError for a file that is missing or empty.
    """
    with _opened(path) as (raw, stream):
        text = _decoded(stream, encoding)  # named: the file would be closed with it
        lines = _guarded(path, text)
        first = next(lines, "")
        if not first:
            raise DataError(f"file {str(path)!r} is empty: expected a line of column names")
        if delimiter is None:
            delimiter = max(DELIMITERS, key=first.count)
        everything = chain([first], lines)
        quoted = quotes and len(delimiter) == 1
        rows = (_quoted if quoted else _unquoted)(everything, delimiter)
        names = tuple(columns) if columns else _header(path, next(rows))
        yield Reading(
            str(path), names, chunked(rows, names, size, raw.tell), os.fstat(raw.fileno()).st_size
        )


@contextmanager
def open_recbole(path: Path, size: int) -> Iterator[Reading]:
    """A RecBole atomic file: tab-separated, with names like `item_id:token` in its first line.

    `token_seq` is a list separated by spaces. A `float_seq` column is left out: it is a vector,
    which no kind of attribute holds. Raises DataError for a missing file or a header of no types.
    """
    with open_delimited(path, size, delimiter="\t", quotes=False) as reading:
        titles: dict[str, str] = {}
        kinds: dict[str, AttributeKind] = {}
        for title in reading.columns:
            name, _, header_type = title.rpartition(":")
            if header_type not in _RECBOLE_KINDS:
                raise DataError(
                    f"column {title!r} of {str(path)!r} has no type: expected NAME:TYPE with a "
                    f"type of {', '.join(_RECBOLE_KINDS)}; use the extension .tsv for other files"
                )
            kind = _RECBOLE_KINDS[header_type]
            if kind is not None:
                titles[name] = title
                kinds[name] = kind

        def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
            for chunk in reading.chunks([titles[column] for column in columns]):
                yield replace(chunk, rows=chunk.rows.rename_columns(list(columns)))

        yield replace(reading, columns=tuple(titles), chunks=chunks, kinds=kinds, separator=" ")


@contextmanager
def open_json_lines(path: Path, size: int) -> Iterator[Reading]:
    """One JSON object a line. The keys in the first HEAD lines are the columns.

    Raises DataError for a file that is missing, empty, or holds no object in its first lines.
    """
    with _opened(path) as (raw, stream):
        lines = _guarded(path, stream)
        head = list(islice(lines, HEAD))
        if not head:
            raise DataError(f"file {str(path)!r} is empty: expected one JSON object a line")
        head[0] = head[0].removeprefix(codecs.BOM_UTF8)
        objects = [value for value in map(_json, head) if isinstance(value, dict)]
        names = tuple(dict.fromkeys(key for value in objects for key in value))
        if not names:
            raise DataError(
                f"file {str(path)!r} has no JSON object in its first lines: expected "
                f"one object a line; turn an array into lines with `jq -c '.[]'`"
            )
        rows = _objects(chain(head, lines), names)
        yield Reading(
            str(path), names, chunked(rows, names, size, raw.tell), os.fstat(raw.fileno()).st_size
        )


@contextmanager
def open_lines(path: Path) -> Iterator[Iterator[str]]:
    """The lines of a file of no columns. Raises DataError for a file that is missing or broken."""
    with _opened(path) as (_, stream):
        text = _decoded(stream, "utf-8")  # named: the file would be closed with it
        yield _guarded(path, text)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[io.BufferedReader, io.BufferedReader]]:
    """The file, whose position shows how much was read, and its decompressed content."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise DataError(
            f"file {str(path)!r} cannot be read: {error.strerror}; check its name and permissions"
        ) from error
    with raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=raw) as content:
                yield raw, io.BufferedReader(content)
        else:
            yield raw, raw


def _guarded(path: Path, lines: Iterable[Line]) -> Iterator[Line]:
    """The lines; raises DataError where the file cannot be read on."""
    try:
        yield from lines
    except EOFError as error:
        raise DataError(
            f"file {str(path)!r} ends in the middle of its gzip data: expected a whole file; "
            f"copy or download it again"
        ) from error
    except (OSError, zlib.error) as error:
        raise DataError(
            f"file {str(path)!r} cannot be read to its end: {error}; copy or download it again"
        ) from error


def _decoded(stream: io.BufferedReader, encoding: str) -> io.TextIOWrapper:
    # A byte that cannot be decoded becomes a lone surrogate, by which `chunked` knows its row.
    # newline="" leaves line ends inside quotes as they are.
    return io.TextIOWrapper(
        stream,
        "utf-8-sig" if encoding == "utf-8" else encoding,
        errors="surrogateescape",
        newline="",
    )


def _quoted(lines: Iterable[str], delimiter: str) -> Iterator[Row | Reject]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # A quote that never closes swallows lines: each of them is a row that is set aside.
            for swallowed in range(line, reader.line_num + 1):
                yield Reject(swallowed, f"malformed quoting: {error}", "")
        else:
            yield line, fields


def _unquoted(lines: Iterable[str], delimiter: str) -> Iterator[Row | Reject]:
    for line, text in enumerate(lines, 1):
        yield line, text.rstrip("\r\n").split(delimiter)


def _header(path: Path, row: Row | Reject) -> tuple[str, ...]:
    if isinstance(row, Reject):
        raise DataError(
            f"first line of {str(path)!r}: {row.reason}; expected column names in UTF-8 text"
        )
    names = tuple(str(name).strip() for name in row[1])
    if any("\udc80" <= letter <= "\udcff" for name in names for letter in name):
        raise DataError(
            f"first line of {str(path)!r} is not UTF-8 text: expected column names; "
            f"convert the file, for example with `iconv -t UTF-8`"
        )
    return names


def _objects(lines: Iterable[bytes], names: Sequence[str]) -> Iterator[Row | Reject]:
    for line, text in enumerate(lines, 1):
        value = _json(text)
        if isinstance(value, dict):
            yield line, [value.get(name) for name in names]
        elif text.strip():
            raw = text.decode("utf-8", "backslashreplace").rstrip("\r\n")
            yield Reject(line, "not a JSON object", raw)


def _json(text: bytes) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
