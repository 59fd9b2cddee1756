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
import orjson
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
    """The row as it was found: of a file of text, its line or lines as they stand there."""
    file: str = ""
    """The file, where a source has several."""

    def place(self, counts: str) -> str:
        """Where it is, for a message; `counts` is as in Reading."""
        return f"{self.file}, {counts} {self.line}" if self.file else f"{counts} {self.line}"


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
    raw: Callable[[int], str] | None = None
    """The text of one of the rows as it stands in its file; None where there is no text."""
    file: str = ""
    """As in Reject."""
    ignored: int = 0
    """Lines that are comments."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Rows that are none of what is read, and no bad ones, by reason."""


@dataclass(frozen=True)
class ReadAs:
    """What a source was taken for, in words for a report."""

    format: str
    """Such as "delimited text", "JSON Lines", "Parquet"."""
    delimiter: str | None = None
    """Such as "comma", "tab", "'::'"."""
    encoding: str | None = None
    compression: str | None = None
    header: str | None = None
    """Which line names the columns, or that none does."""
    notes: tuple[str, ...] = ()
    """What else was recognised, a sentence each without its full stop."""
    odd_word: str = ""
    """A word by which the encoding was recognised, where it may be another one."""


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
    read_as: ReadAs = ReadAs("a table")
    hint: str = ""
    """What else may be wrong where a column is missing, for its message."""
    several: bool = False
    """Whether it is made of several files, which its rejects name."""
    unread: tuple[str, ...] = ()
    """Columns of the files that are none of `columns`."""

    def __post_init__(self) -> None:
        twice = sorted({c for c in self.columns if self.columns.count(c) > 1})
        if twice:
            raise DataError(
                f"{self.name} has more than one column {', '.join(map(repr, twice))}: "
                f"expected a name of its own for each column; rename them, or give all names with "
                f"`--header --columns NAME,NAME,…`"
            )


def chunked(
    rows: Iterable[Row], names: Sequence[str], size: int
) -> Callable[[Sequence[str]], Iterator[Chunk]]:
    """`Reading.chunks` over rows that each have a value for each of `names`, `size` at a time."""
    source = iter(rows)

    def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
        take = [names.index(column) for column in columns]
        count = 0
        for first in source:
            lines: list[int] = []
            values: list[list[object]] = [[] for _ in take]
            # Values go straight to their columns: rows that were kept would be so many objects for
            # the garbage collector to visit that it would cost more than the reading.
            for line, row in chain([first], islice(source, size - 1)):
                lines.append(line)
                for column, index in zip(values, take, strict=True):
                    column.append(row[index])
            count += len(lines)
            batch = pa.RecordBatch.from_arrays(list(map(array, values)), names=list(columns))
            yield Chunk(batch, np.array(lines, np.int64), (), count)

    return chunks


def as_json(rows: pa.RecordBatch, row: int) -> str:
    """A row of a source that has no text."""
    return orjson.dumps(rows.slice(row, 1).to_pylist()[0], default=str).decode()


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
