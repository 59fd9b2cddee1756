"""The Netflix Prize: blocks of lines under the number of a film, `1:`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.formats.declare import Events, Format, Nodes, Shape, Text
from graphrec.ingest.formats.shapes import row_by_row
from graphrec.ingest.sources import Made

_LINE = Text("\x01", ("line",), quotes=False)
"""Whole lines: a character that does not occur is between their fields."""


def _ratings(batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
    """Lines `user,rating,date` under the last line `film:`, which may be in another batch."""
    film: str | None = None
    for rows in batches:
        lines = pc.utf8_trim_whitespace(rows.column("line"))
        head = pc.ends_with(lines, ":").to_numpy(zero_copy_only=False)
        films = pa.array([film, *pc.utf8_rtrim(lines.filter(pa.array(head)), ":").to_pylist()])
        film = films[-1].as_py()
        of = np.flatnonzero(~head)
        item = films.take(pa.array(np.cumsum(head)[of]))
        user, weight, time = _fields(lines.take(pa.array(of)), 3)
        columns = {"user": user, "item": item, "weight": weight, "time": time}
        yield Made(pa.RecordBatch.from_pydict(columns), of)


def _titles(rows: pa.RecordBatch) -> Mapping[str, pa.Array]:
    """Lines `film,year,title`, whose titles may hold commas."""
    item, year, title = _fields(rows.column("line"), 3)
    return {"item": item, "year": year, "title": title}


def _fields(lines: pa.Array, count: int) -> list[pa.Array]:
    """The fields of lines, the last with all commas that are left; null where there are fewer."""
    parts = pc.split_pattern(lines, ",", max_splits=count - 1)
    whole = pc.equal(pc.list_value_length(parts), count)
    flat = pc.list_flatten(parts.filter(whole))
    at = np.cumsum(whole.to_numpy(zero_copy_only=False)) - 1
    place = pa.array(at, mask=~whole.to_numpy(zero_copy_only=False))
    return [flat.take(pa.array(np.arange(n, len(flat), count))).take(place) for n in range(count)]


NETFLIX = Format(
    "netflix",
    "the Netflix Prize",
    (
        Events(
            files=("combined_data_*.txt", "mv_*.txt"),
            text=_LINE,
            shape=Shape(("line",), ("user", "item", "weight", "time"), _ratings, ("line",)),
            weight="weight",
            time="time",
            each="rating",
        ),
        Nodes(
            files=("movie_titles.csv", "movie_titles.txt"),
            text=Text("\x01", ("line",), "latin-1", quotes=False),
            shape=row_by_row(("line",), ("item", "year", "title"), _titles),
            node_type="item",
            id="item",
            attributes={"title": "text", "year": "number"},
        ),
    ),
    signs=("combined_data_*.txt|mv_*.txt",),
    says=("times are days", "qualifying.txt and probe.txt have no ratings and are not read"),
)
