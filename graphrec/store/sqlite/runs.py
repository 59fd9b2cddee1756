"""Rows sorted on the disk: memory holds about PART of them, however many there are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

PART: Final = 2**19
"""Rows that are sorted at once."""

BLOCK: Final = 128
"""One key in so many is kept in memory, to find the place of the others."""

Table = NDArray[Any]
"""[N] rows, a structured array."""


@dataclass(frozen=True)
class _Run:
    """A part of the rows, sorted, in the file."""

    start: int
    rows: int
    keys: NDArray[np.uint64]  # of every BLOCK-th row


class SortedRuns:
    """Rows of `dtype` that are given in any order, and come back sorted by the columns `by`.

    The first two columns of `by` are not negative and below 2^32, or it is one alone, not negative.
    Rows that are equal in `by` come in the order in which they were given, and all in one part.
    """

    def __init__(self, dtype: np.dtype[Any], by: Sequence[str]) -> None:
        # The file has no name where the system allows it: it goes away with the process.
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="graphrec-")  # noqa: SIM115
        self._dtype = dtype
        self._by = by
        self._runs: list[_Run] = []
        self._pending: list[Table] = []

    def add(self, rows: Table) -> None:
        """Some more rows."""
        self._pending.append(rows)
        if sum(map(len, self._pending)) >= PART:
            self._write()

    def parts(self) -> Iterator[Table]:
        """All rows in order, some PART of them at a time. Rows may not be added any more."""
        if not self._runs:  # all of them are in memory
            rows = np.concatenate((np.empty(0, self._dtype), *self._pending))
            yield rows.take(self._order(rows))
            return
        self._write()
        keys = np.sort(np.concatenate([run.keys for run in self._runs]))
        bounds = np.unique(keys[:: PART // BLOCK]).tolist()
        for low, high in pairwise([*bounds, None]):
            rows = np.concatenate([self._between(run, low, high) for run in self._runs])
            yield rows.take(self._order(rows))

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    def _write(self) -> None:
        rows = np.concatenate((np.empty(0, self._dtype), *self._pending))
        self._pending.clear()
        rows = rows.take(self._order(rows))
        start = self._file.seek(0, 2)
        self._file.write(rows.view(np.uint8).data)
        self._runs.append(_Run(start, len(rows), self._keys(rows[::BLOCK])))

    def _between(self, run: _Run, low: int, high: int | None) -> Table:
        """The rows of a run whose key is in [low, high)."""
        first = max(int(np.searchsorted(run.keys, np.uint64(low))) - 1, 0) * BLOCK
        last = run.rows
        if high is not None:
            last = min(int(np.searchsorted(run.keys, np.uint64(high))) * BLOCK, last)
        self._file.seek(run.start + first * self._dtype.itemsize)
        rows = np.frombuffer(self._file.read((last - first) * self._dtype.itemsize), self._dtype)
        ends = [np.uint64(low)] if high is None else [np.uint64(low), np.uint64(high)]
        cuts = np.searchsorted(self._keys(rows), ends).tolist()
        return rows[slice(*cuts) if high is not None else slice(cuts[0], None)]

    def _keys(self, rows: Table) -> NDArray[np.uint64]:
        key = rows[self._by[0]].astype(np.uint64)
        if len(self._by) > 1:
            key = key << np.uint64(32) | rows[self._by[1]].astype(np.uint64)
        return key

    def _order(self, rows: Table) -> NDArray[np.intp]:
        """What sorts the rows. Most differ in the key alone; the others are sorted once more."""
        keys = self._keys(rows)
        order = np.argsort(keys, kind="stable")
        if len(self._by) > 2 and len(rows):
            keys = keys[order]
            same = np.zeros(len(rows), bool)
            same[1:] = keys[1:] == keys[:-1]
            same[:-1] |= same[1:]
            tied = order[same]
            minor = [rows[name][tied] for name in reversed(self._by[2:])]
            order[same] = tied[np.lexsort([*minor, keys[same]])]
        return order
