"""What is known of a source that was read: how, which columns, and what it passed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
from graphrec.ingest.chunks import ReadAs, Reading
from graphrec.ingest.schema import EventColumns
from graphrec.ingest.sources import Derived, File, Files, Frame, Query, Source, open_source
from graphrec.ingest.spool import Spool
from graphrec.ingest.time_columns import readable_times
from graphrec.ingest.values import numbers, texts

from graphrec.data.profile import LONG_AGO, SourceProfile
from graphrec.errors import DataError

_PEEKED = 5_000
"""Rows of a source that are read again where its columns are in doubt."""
_LOOKED = 500
_RATINGS = ("rating", "star", "score", "grade", "review")
"""What the name of a column of ratings holds."""


def overview(
    reading: Reading,
    spool: Spool,
    columns: Mapping[str, str],
    hints: Mapping[str, str] | None = None,
    *,
    rated: bool = False,
) -> SourceProfile:
    """The part of a profile that does not rest on the rows; `columns` have their meanings.

    All other columns count as ignored: those that become attributes are taken away later.
    """
    return SourceProfile(
        source=reading.name,
        rows=spool.rows,
        rejected=spool.rejected,
        reasons=spool.reasons,
        left_out=spool.left_out,
        odd_word=reading.read_as.odd_word,
        rejects=spool.first,
        read=how_read(reading.read_as, spool.ignored, spool.passed),
        columns=columns,
        ignored=tuple(c for c in (*reading.columns, *reading.unread) if c not in columns),
        hints=hints or {},
        rated=rated,
    )


def how_read(
    read_as: ReadAs, comments: int, passed: Mapping[str, int] | None = None
) -> Mapping[str, str]:
    """How a source is read, by what that is; only what there is to say."""
    facts = {
        "format": read_as.format,
        "compression": read_as.compression,
        "delimiter": read_as.delimiter,
        "encoding": read_as.encoding,
        "header": read_as.header,
        "notes": "; ".join(read_as.notes),
        "comments": f"{comments:,} comment lines" if comments else "",
        "left_out": "; ".join(
            f"left out: {rows:,} × {why}" for why, rows in (passed or {}).items()
        ),
    }
    return {what: fact for what, fact in facts.items() if fact}


def first_rows(source: Source, rows: int = _PEEKED) -> pa.RecordBatch | None:
    """The first rows of a source with all its columns; None where it cannot be read again."""
    if not _is_read_again(source):
        return None
    try:
        with open_source(source, rows) as reading:
            chunk = next(reading.chunks(reading.columns), None)
    except DataError:
        return None
    return None if chunk is None else chunk.rows


def _is_read_again(source: Source) -> bool:
    """Not a query, which may take as long as it did the first time, nor what flows in."""
    match source:
        case Query():
            return False
        case Derived():
            return _is_read_again(source.source)
        case Files():
            return all(map(_is_read_again, source.files))
        case File():
            return source.path.is_file() or source.path.is_dir()
        case Frame():
            return True


def hints_of(
    columns: EventColumns, all_columns: tuple[str, ...], peek: Callable[[], pa.RecordBatch | None]
) -> Mapping[str, str]:
    """Ignored columns that look like times or ratings, where the events have none."""
    ignored = [column for column in all_columns if column not in columns.names]
    looks = {}
    if columns.time is None:
        looks["times"] = _looks_like_times
    if columns.weight is None:
        looks["ratings"] = _looks_like_ratings
    rows = peek() if looks and ignored else None
    if rows is None:
        return {}
    some = rows.slice(0, _LOOKED)
    found = {}
    for what, looks_like in looks.items():
        named = (c for c in ignored if c in some.schema.names and looks_like(c, some.column(c)))
        column = next(named, None)
        if column is not None:
            found[what] = column
    return found


def _looks_like_times(name: str, values: pa.Array) -> bool:
    if name.lower().endswith("id") or not _is_plain(values):
        return False
    given = texts(values).is_valid().to_numpy(zero_copy_only=False)
    time, readable = readable_times(values)
    return bool(given.any() and readable[given].all() and (time[given] > LONG_AGO).all())


def _looks_like_ratings(name: str, values: pa.Array) -> bool:
    if not any(word in name.lower() for word in _RATINGS) or not _is_plain(values):
        return False
    given = texts(values).is_valid().to_numpy(zero_copy_only=False)
    return bool(given.any() and not np.isnan(numbers(values)[given]).any())


def _is_plain(values: pa.Array) -> bool:
    return not (pa.types.is_nested(values.type) or pa.types.is_boolean(values.type))
