"""What every source is read as: raw columns, a chunk of rows at a time.

N is the number of rows in a chunk. Values are raw: text in text files, whatever type the column has
in Parquet and SQL. `graphrec.ingest.values` reads ids, numbers and times out of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from graphrec.ingest.values import as_text
from numpy.typing import NDArray

from graphrec.data import AttributeKind
from graphrec.errors import DataError


class Reject(NamedTuple):
    """A row that was set aside."""

    line: int
    """Where it starts: the line of a text file, the row of a Parquet file or query, from 1; the row
    of a data frame, from 0."""
    reason: str
    row: str
    """The row as it was found."""


Row: TypeAlias = tuple[int, Sequence[object]]
"""A line number, and a value for each column."""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a source, and those among them that do not fit its columns."""

    rows: pa.RecordBatch  # [N]
    line: NDArray[np.int64]  # [N], as in Reject
    rejects: tuple[Reject, ...]
    done: int
    """How much of the source has been read, in the unit of `Reading.total`."""


@dataclass(frozen=True)
class Reading:
    """A source that is open."""

    name: str
    """What messages call it; without secrets."""
    columns: tuple[str, ...]
    chunks: Callable[[Sequence[str]], Iterator[Chunk]]
    """Reads the columns asked for, once, in the order of the source; raises DataError."""
    total: int | None = None
    """Bytes of a file of text, rows of a Parquet file; None where it is not known."""
    kinds: Mapping[str, AttributeKind] = field(default_factory=dict)
    """The kinds of columns, where the format has them."""
    separator: str = "|"
    """What is between the parts of a value that is a list."""
    counts: str = "line"
    """What the numbers in `Chunk.line` are called in messages."""

    def __post_init__(self) -> None:
        twice = sorted({c for c in self.columns if self.columns.count(c) > 1})
        if twice:
            raise DataError(
                f"{self.name} has more than one column {', '.join(map(repr, twice))}: "
                f"expected a name of its own for each column; rename them"
            )


def chunked(
    rows: Iterable[Row | Reject],
    names: Sequence[str],
    size: int,
    done: Callable[[], int] | None = None,
) -> Callable[[Sequence[str]], Iterator[Chunk]]:
    """`Reading.chunks` over parsed rows: `size` of them at a time, blank lines left out.

    A row without exactly one value for each of `names` is a reject, and so is one with bytes that
    could not be decoded in the columns read; they are lone surrogates in its text. `done` tells
    `Chunk.done`, which is the number of rows where it is not given.
    """
    source = iter(rows)

    def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
        take = [names.index(column) for column in columns]
        count = 0
        for first in source:
            block = chain([first], islice(source, size - 1))
            lines, values, rejects = _columns(block, take, len(names))
            count += len(lines) + len(rejects)
            try:
                arrays = [array(column) for column in values]
            except UnicodeEncodeError:
                lines, values, broken = _decoded(lines, values)
                rejects += broken
                arrays = [array(column) for column in values]
            batch = pa.RecordBatch.from_arrays(arrays, names=list(columns))
            yield Chunk(
                batch, np.array(lines, np.int64), tuple(sorted(rejects)), done() if done else count
            )

    return chunks


def array(values: Sequence[object]) -> pa.Array:
    """The Arrow array of Python values: of their own type, or of text where they are mixed."""
    try:
        column = pa.array(values)
    except UnicodeEncodeError:
        raise
    except (pa.ArrowException, OverflowError):
        return pa.array([as_text(value) for value in values], pa.string())
    if pa.types.is_struct(column.type):
        return pa.array([as_text(value) for value in values], pa.string())
    return column


def _columns(
    rows: Iterable[Row | Reject], take: Sequence[int], width: int
) -> tuple[list[int], list[list[object]], list[Reject]]:
    """The rows' lines, their values by column, and those that are no rows of `width` values."""
    # Values go straight to their columns. Rows that were kept would be so many objects for the
    # garbage collector to visit that it would cost more than the reading.
    lines: list[int] = []
    values: list[list[object]] = [[] for _ in take]
    appends = [(column.append, index) for column, index in zip(values, take, strict=True)]
    rejects = []
    for row in rows:
        if isinstance(row, Reject):
            rejects.append(row)
            continue
        line, fields = row
        if len(fields) == width:
            lines.append(line)
            for append, index in appends:
                append(fields[index])
        elif len(fields) > 1 or any(fields):
            rejects.append(Reject(line, "wrong number of fields", _raw(fields)))
    return lines, values, rejects


def _decoded(
    lines: Sequence[int], values: Sequence[Sequence[object]]
) -> tuple[list[int], list[list[object]], list[Reject]]:
    """The rows whose text could be decoded, and the others."""
    broken = {row for column in values for row, value in enumerate(column) if _is_broken(value)}
    rejects = [
        Reject(lines[row], "bytes that are not text", _raw([column[row] for column in values]))
        for row in sorted(broken)
    ]
    good = [row for row in range(len(lines)) if row not in broken]
    return [lines[row] for row in good], [[c[row] for row in good] for c in values], rejects


def _is_broken(value: object) -> bool:
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return True
    return False


def _raw(fields: Sequence[object]) -> str:
    return "\t".join(map(str, fields))
