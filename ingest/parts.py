"""Several files read as one source: those that are named, or the parts in a folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from graphrec.ingest.chunks import Chunk, Reading
from graphrec.ingest.packed import is_data_name

from graphrec.errors import DataError

_NULL = "__HIVE_DEFAULT_PARTITION__"
_NUMBER = re.compile(r"(\d+)")
_SHOWN = 3


@dataclass(frozen=True)
class Part:
    """One of several files."""

    name: str
    """What rejects call it."""
    reading: Reading
    constants: Mapping[str, str | None]
    """The same value in each row: what a folder such as `day=2024-01-01` says."""


def part_paths(folder: Path, known: Callable[[Path], bool]) -> list[Path]:
    """The files of data in a folder and its folders, `part-2` before `part-10`.

    Names that begin with `_` or a dot are left out, and so are empty files. Where there are files
    whose extension is `known`, only these. Raises DataError where there is none.
    """
    found = [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and all(map(is_data_name, path.relative_to(folder).parts))
        and path.stat().st_size
    ]
    files = [path for path in found if known(path)] or found
    if not files:
        raise DataError(
            f"folder {str(folder)!r} holds no file of data: expected at least one; check its name"
        )
    return sorted(files, key=lambda path: [natural(part) for part in path.parts])


def constants_of(place: Path) -> dict[str, str | None]:
    """The columns that a path within a folder says: {"day": "1"} of `day=1/part-0.parquet`."""
    pairs = (part.partition("=") for part in place.parts[:-1])
    return {
        unquote(key): None if value == _NULL else unquote(value)
        for key, equals, value in pairs
        if key and equals
    }


def open_parts(name: str, parts: Sequence[Part]) -> Reading:
    """The rows of all parts, one after the other; their columns are those of all parts.

    A column that a part does not have is null there, and a note says so. Columns may be in any
    order. Raises DataError for parts that have no column in common.
    """
    first = parts[0]
    columns = tuple(
        dict.fromkeys(
            column for part in parts for column in (*part.reading.columns, *part.constants)
        )
    )
    lacking: dict[str, list[str]] = {}
    for part in parts:
        own = {*part.reading.columns, *part.constants}
        if own.isdisjoint((*first.reading.columns, *first.constants)):
            raise DataError(
                f"{part.name!r} and {first.name!r} of {name} have no column in common: expected "
                f"parts of one table; name the files that belong together"
            )
        for column in columns:
            if column not in own:
                lacking.setdefault(column, []).append(part.name)

    def chunks(wanted: Sequence[str]) -> Iterator[Chunk]:
        done = 0
        for part in parts:
            own = [column for column in wanted if column in part.reading.columns]
            for chunk in part.reading.chunks(own):
                rows = _completed(chunk.rows, wanted, part.constants, len(chunk.line))
                rejects = tuple(reject._replace(file=part.name) for reject in chunk.rejects)
                yield replace(
                    chunk, rows=rows, rejects=rejects, done=done + chunk.done, file=part.name
                )
            done += part.reading.total or 0

    totals = [part.reading.total for part in parts]
    return Reading(
        name,
        columns,
        chunks,
        None if None in totals else sum(total or 0 for total in totals),
        kinds={key: kind for part in parts for key, kind in part.reading.kinds.items()},
        separator=first.reading.separator,
        counts=first.reading.counts,
        read_as=replace(
            first.reading.read_as,
            odd_word=next(filter(None, (part.reading.read_as.odd_word for part in parts)), ""),
            notes=tuple(
                dict.fromkeys(
                    [f"{len(parts)} files"]
                    + [note for part in parts for note in part.reading.read_as.notes]
                    + [_lack(column, files) for column, files in lacking.items()]
                )
            ),
        ),
        hint=first.reading.hint,
        several=True,
    )


def _lack(column: str, files: Sequence[str]) -> str:
    shown = ", ".join(islice(files, _SHOWN)) + (", …" if len(files) > _SHOWN else "")
    return f"no column {column!r} in {shown}: empty there"


def _completed(
    rows: pa.RecordBatch, wanted: Sequence[str], constants: Mapping[str, str | None], size: int
) -> pa.RecordBatch:
    """The rows with all columns wanted; a column of the file comes before one of its path."""
    own = rows.schema.names
    columns = [
        rows.column(name) if name in own else pa.array([constants.get(name)] * size, pa.string())
        for name in wanted
    ]
    return pa.RecordBatch.from_arrays(columns, names=list(wanted))


def natural(part: str) -> list[tuple[bool, int, str]]:
    """What names are ordered by: their digits are compared as numbers."""
    return [
        (bit.isdecimal(), int(bit) if bit.isdecimal() else 0, bit) for bit in _NUMBER.split(part)
    ]
