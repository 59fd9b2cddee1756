"""Pages of a list that is made anew for each: a cursor names a snapshot and a place in the list."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from graphrec.api.errors import StaleCursor

Row = TypeVar("Row")


def page(
    rows: Iterable[Row], version: str, cursor: str | None, limit: int
) -> tuple[tuple[Row, ...], str | None]:
    """The `limit` rows from the cursor on, and the cursor of the next page, None on the last.

    Raises StaleCursor where the cursor is of another snapshot than `version`.
    """
    start = 0
    if cursor is not None:
        of, _, place = cursor.rpartition(".")
        if of != version:
            raise StaleCursor(cursor, version)
        start = int(place)
    found = tuple(islice(rows, start, start + limit + 1))
    return found[:limit], f"{version}.{start + limit}" if len(found) > limit else None
