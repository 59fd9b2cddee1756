"""Rows of events as arrays, and as SQLite keeps them in the table and its indexes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graphrec.store.sqlite.btree import cells_of, integer_type
from graphrec.store.sqlite.rows import Positions
from graphrec.store.sqlite.runs import Table

ROWS: Final = np.dtype(
    [
        ("user", "i4"),
        ("item", "i4"),
        ("time", "i8"),
        ("position", "i8"),  # NEW where it was not in the store
        ("weight", "f4"),
        ("kind", "i4"),
    ]
)

NEW: Final = -1

KEY: Final = ("user", "item", "kind", "time")
"""What identifies an event."""

ORDERS: Final = {
    "events": (*KEY, "weight", "position"),
    "events_by_item": ("item", "user", "kind", "weight", "time"),
    "events_by_position": ("position", *KEY),
}
"""The columns of the table and its indexes as SQLite keeps them, in the order of the rows."""


class Extent:
    """The least and the largest value of each column: they say how many bytes it takes."""

    def __init__(self) -> None:
        self._low = dict.fromkeys(ROWS.names or (), 0)
        self._high = dict.fromkeys(ROWS.names or (), 0)
        self._whole = True

    def add(self, rows: Table) -> None:
        """Some more rows."""
        for name in ROWS.names or ():
            if name != "weight" and len(rows):
                self._low[name] = min(self._low[name], int(rows[name].min()))
                self._high[name] = max(self._high[name], int(rows[name].max()))
        if self._whole and len(rows):
            small = np.clip(rows["weight"], -128, 127).astype(np.int8)
            self._whole = bool((small == rows["weight"]).all())

    def last(self, positions: Positions, count: int) -> None:
        """So many positions will be taken."""
        self._high["position"] = max(self._high["position"], positions.last + count)

    def cells(self, rows: Table, columns: Iterable[str]) -> NDArray[np.uint8]:
        """The records of the rows. A weight of a whole number is kept as one, as SQLite does."""
        names = list(columns)
        return cells_of([rows[name] for name in names], [self._type(name) for name in names])

    def _type(self, name: str) -> int:
        if name == "weight":
            return 1 if self._whole else 7
        return integer_type(self._low[name], self._high[name])
