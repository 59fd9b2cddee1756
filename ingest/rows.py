"""Lines of delimited text to rows, block by block.

A block is read in the fastest way that is exact for it: all lines at once where none of them holds
a quote, is blank, broken or of another width; by the csv module where each line is a row; and line
by line for all others.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.chunks import Chunk, Reject
from graphrec.ingest.lines import BLANKS, RUN, STEP, Dialect, Lines, split

LONGEST = 1 << 24
"""Characters in a field at most. A quote that never closes is found after so many."""
_WORD = re.compile(r'"((?:[^"]|"")*)"(?![^ \t])|([^ \t]+)')
_BACKSLASH = re.compile(r'\\([\\"])|\\')


@dataclass
class _Block:
    """What was read of a block, row by row."""

    fields: list[Sequence[str]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    """The lines of each row: the first, and the one after the last."""
    rejects: list[tuple[int, str, int]] = field(default_factory=list)
    """Line, reason and the line after, of what is no row."""
    ignored: int = 0


def chunks_of(
    lines: Lines,
    dialect: Dialect,
    names: Sequence[str],
    columns: Sequence[str],
    size: int,
    done: Callable[[], int],
    encoding: str = "utf-8",
) -> Iterator[Chunk]:
    """The rows in lines of text, in chunks of up to `size`; those asked for of columns `names`.

    Blank lines are left out. A row without exactly one value for each name is a reject, and so are
    one with bytes that could not be decoded in a column asked for (they are lone surrogates in the
    text) and one whose quotes are malformed, which ends with its line: a quote that never closes
    does not take the lines after it along. NUL characters are malformed too.
    """
    csv.field_size_limit(LONGEST)
    take = [names.index(column) for column in columns]
    width = len(names)
    while block := lines.take(size):
        start = lines.number - len(block)
        arrays = _at_once(block, dialect, width, take)
        if arrays is None:
            yield _row_by_row(block, lines, dialect, width, take, columns, done, encoding)
            continue
        yield Chunk(
            pa.RecordBatch.from_arrays(arrays, names=list(columns)),
            np.arange(start, start + len(block)),
            (),
            done(),
            raw=lambda row, block=block: block[row].rstrip("\r\n"),  # type: ignore[misc]
        )


def parsed(
    lines: Sequence[str], dialect: Dialect, *, strict: bool = False
) -> list[tuple[int, int, list[str] | str]]:
    """The rows of a few lines: first line, line after the last, and fields or what is wrong.

    `strict` keeps to the way in which the dialect writes quotes.
    """
    csv.field_size_limit(LONGEST)
    kept = list(lines)
    return [
        (start, end, fields)
        for start, end, fields in _rows(
            kept, Lines(iter(())), dialect, None, len(kept), strict=strict
        )
        if fields is not None
    ]


def _at_once(
    block: list[str], dialect: Dialect, width: int, take: Sequence[int]
) -> list[pa.Array] | None:
    """The columns of a block in which each line is a row of `width` fields; else None."""
    text = "".join(block)
    if "\0" in text or (dialect.comments and any(line[0] == "#" for line in block)):
        return None
    if dialect.quoted and '"' in text:
        return _one_a_line(block, dialect, width, take)
    try:
        lines = pa.array(block, pa.string())
    except UnicodeEncodeError:
        return None
    lines = pc.utf8_rtrim(lines, characters="\r\n")
    fields = (
        pc.split_pattern_regex(pc.utf8_trim(lines, characters=" \t"), pattern=RUN.pattern)
        if dialect.delimiter == BLANKS
        else pc.split_pattern(lines, pattern=dialect.delimiter)
    )
    counts = pc.list_value_length(fields).to_numpy()
    if (counts != width).any() or (width == 1 and pc.any(pc.equal(lines, "")).as_py()):
        return None
    values = fields.flatten()
    return [values.take(pa.array(np.arange(at, len(values), width))) for at in take]


def _one_a_line(
    block: list[str], dialect: Dialect, width: int, take: Sequence[int]
) -> list[pa.Array] | None:
    if dialect.backslash or dialect.delimiter == BLANKS:
        return None
    reader = csv.reader(block, delimiter=dialect.delimiter, strict=True, skipinitialspace=True)
    values: list[list[str]] = [[] for _ in take]
    count = 0
    try:
        # A few rows at a time: many would be so many objects for the garbage collector to visit.
        while rows := list(islice(reader, STEP)):
            if set(map(len, rows)) != {width}:
                return None
            count += len(rows)
            for column, at in zip(values, take, strict=True):
                column += map(itemgetter(at), rows)
        if count != len(block):
            return None
        return [pa.array(column, pa.string()) for column in values]
    except (csv.Error, UnicodeEncodeError):
        return None


def _row_by_row(
    block: list[str],
    lines: Lines,
    dialect: Dialect,
    width: int,
    take: Sequence[int],
    columns: Sequence[str],
    done: Callable[[], int],
    encoding: str,
) -> Chunk:
    """The rows of a block of lines; what it must read beyond its end is added to it."""
    start = lines.number - len(block)
    found = _Block()
    end = 0
    wanted = len(block)
    for first, end, fields in _rows(block, lines, dialect, width, wanted):
        if fields is None:
            found.ignored += 1
        elif isinstance(fields, str):
            found.rejects.append((first, fields, end))
        elif len(fields) != width:
            if not _is_blank(fields):
                found.rejects.append((first, "wrong number of fields", end))
        elif any(_is_broken(fields[at]) for at in take):
            reason = f"bytes that are not text: expected {encoding}; name it with --encoding"
            found.rejects.append((first, reason, end))
        else:
            found.fields.append(fields)
            found.spans.append((first, end))
    lines.give_back(block[end:])
    kept = block[:end]

    def raw(row: int) -> str:
        first, last = found.spans[row]
        return _text(kept[first:last])

    values = [pa.array([fields[at] for fields in found.fields], pa.string()) for at in take]
    return Chunk(
        pa.RecordBatch.from_arrays(values, names=list(columns)),
        np.array([start + first for first, _ in found.spans], np.int64),
        tuple(
            Reject(start + first, reason, _text(kept[first:last]))
            for first, reason, last in found.rejects
        ),
        done(),
        raw=raw,
        ignored=found.ignored,
    )


def _rows(
    block: list[str],
    lines: Lines,
    dialect: Dialect,
    width: int | None,
    wanted: int,
    *,
    strict: bool = False,
) -> Iterator[tuple[int, int, list[str] | str | None]]:
    """First line, line after the last, and fields, what is wrong, or None for a comment.

    Of rows that begin in the first `wanted` lines of the block.
    """
    at = 0
    while at < min(wanted, len(block)):
        line = block[at]
        if dialect.comments and line.startswith("#"):
            yield at, at + 1, None
            at += 1
        elif "\0" in line:
            yield at, at + 1, "NUL characters: expected text"
            at += 1
        elif not dialect.quoted or '"' not in line:
            yield at, at + 1, split(line, dialect.delimiter)
            at += 1
        elif dialect.delimiter == BLANKS:
            words = _WORD.findall(line.rstrip("\r\n"))
            yield at, at + 1, [quoted.replace('""', '"') or bare for quoted, bare in words]
            at += 1
        else:
            end, fields = _quoted(block, at, lines, dialect, width, strict)
            yield at, end, fields
            at = end


def _quoted(
    block: list[str],
    at: int,
    lines: Lines,
    dialect: Dialect,
    width: int | None,
    strict: bool,
) -> tuple[int, list[str] | str]:
    """The line after a row that has quotes, and its fields or what is wrong.

    Where its fields are no row of `width`, and it is not `strict`, the other way of writing quotes
    is tried.
    """
    first: tuple[int, list[str] | str] | None = None
    for backslash in (dialect.backslash, not dialect.backslash)[: 1 if strict else 2]:
        reader = csv.reader(
            _from(block, at, lines, backslash),
            delimiter=dialect.delimiter,
            strict=True,
            skipinitialspace=True,  # "a", "b"
            escapechar="\\" if backslash else None,
        )
        try:
            fields = next(reader)
        except csv.Error as error:
            problem = f"malformed quoting: {error}; --no-quotes reads quotes as text"
            first = first or (at + 1, problem)
            continue
        if width is None or len(fields) == width:
            return at + reader.line_num, fields
        first = first or (at + reader.line_num, fields)
    return first or (at + 1, "malformed quoting")


def _from(block: list[str], at: int, lines: Lines, backslash: bool) -> Iterator[str]:
    """The lines of the block from `at` on; those after its end are added to it."""
    while True:
        if at == len(block):
            block += lines.take(1)
        if at == len(block):
            return
        # Only \" and \\ are marks: another backslash, as in \N, is one.
        yield _BACKSLASH.sub(_doubled, block[at]) if backslash else block[at]
        at += 1


def _doubled(match: re.Match[str]) -> str:
    return match[0] if match[1] else r"\\"


def _text(lines: Sequence[str]) -> str:
    """Lines as they stand, but for the last line end; broken bytes with backslashes."""
    text = "".join(lines).rstrip("\r\n")
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _is_blank(fields: Sequence[str]) -> bool:
    return not any(value.strip() for value in fields) and len(fields) <= 1


def _is_broken(value: str) -> bool:
    return not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)
