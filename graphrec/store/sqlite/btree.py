"""Sorted rows as the pages of an SQLite file, made by array operations instead of statements.

A statement costs microseconds a row, and keeps each index in its own order besides. Pages are made
a few million rows a second. They go to a file of their own, from which SQLite copies the records
into the store (`INSERT INTO … SELECT * FROM …` between tables that are alike). The format is
https://www.sqlite.org/fileformat2.html: index b-trees, whose records are all of one length here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

PAGE: Final = 32768
"""Bytes of a page; the largest but one, because 65536 does not fit the header of a page."""

LOCK_PAGE: Final = 2**30 // PAGE + 1
"""The page at 1 GiB, where SQLite keeps its locks: no data may be on it."""

_WIDTHS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8}
"""Bytes of a value by its serial type: integers up to 6, a float is 7."""

_FLOAT: Final = 7
_LEAF: Final = 0x0A
_INTERIOR: Final = 0x02

Cells = NDArray[np.uint8]
"""[N, bytes], a record each, as a page has it."""


def integer_type(low: int, high: int) -> int:
    """The serial type of the narrowest integers that hold all from `low` to `high`."""
    return next(
        kind
        for kind, width in _WIDTHS.items()
        if -(2 ** (8 * width - 1)) <= low and high < 2 ** (8 * width - 1)
    )


def cells_of(columns: Sequence[NDArray[np.generic]], types: Sequence[int]) -> Cells:
    """Records of `columns` [N], each in the serial type given for it; less than 128 bytes each."""
    header = bytes((1 + len(types), *types))
    widths = [_WIDTHS[kind] for kind in types]
    size = len(header) + sum(widths)
    cells = np.empty((len(columns[0]), 1 + size), np.uint8)
    cells[:, : 1 + len(header)] = np.frombuffer(bytes((size,)) + header, np.uint8)
    at = 1 + len(header)
    for column, kind, width in zip(columns, types, widths, strict=True):
        wide = column.astype(">f8" if kind == _FLOAT else ">i8").view(np.uint8).reshape(-1, 8)
        cells[:, at : at + width] = wide[:, 8 - width :]
        at += width
    return cells


class PageFile:
    """An SQLite file with an empty schema, to which trees are added; `close` makes it whole."""

    def __init__(self, path: Path, schema: Iterable[str]) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE}")
            connection.execute("PRAGMA journal_mode = OFF")
            for statement in schema:
                connection.execute(statement)
            self.roots: Mapping[str, int] = dict(
                connection.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0")
            )
        self._file: BinaryIO = path.open("r+b")
        self._next = path.stat().st_size // PAGE + 1

    def append(self, pages: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Write pages [K, PAGE] at the end; returns their numbers [K]."""
        numbers = self._next + np.arange(len(pages))
        before = len(pages)
        if self._next <= LOCK_PAGE <= numbers[-1]:
            before = LOCK_PAGE - self._next
            numbers[before:] += 1
        self.put(self._next, pages[:before])
        if before < len(pages):
            self.put(LOCK_PAGE + 1, pages[before:])
        self._next = int(numbers[-1]) + 1
        return numbers

    def put(self, number: int, pages: NDArray[np.uint8]) -> None:
        """Write pages in the place of those from `number` on."""
        self._file.seek((number - 1) * PAGE)
        self._file.write(pages.data)

    def close(self) -> None:
        """Note the number of pages in the header; the file can be opened by SQLite then."""
        if not self._file.closed:
            with self._file:
                self._file.seek(28)
                self._file.write((self._next - 1).to_bytes(4, "big"))


class Tree:
    """An index b-tree of a PageFile: give it all records in order, then finish it."""

    def __init__(self, file: PageFile, root: int, *, interior: bool = False) -> None:
        self._file = file
        self._root = root
        self._child = 4 if interior else 0  # bytes before the record: the page before the cell
        self._rest: Cells | None = None
        self._above: Tree | None = None

    def add(self, cells: Cells) -> None:
        """The next records. Every page is full; the record after it goes to the level above."""
        cells = cells if self._rest is None else np.concatenate((self._rest, cells))
        group = self._capacity(cells) + 1
        full = max(len(cells) - 1, 0) // group  # one at least stays for the last page
        self._rest = cells[full * group :]
        if full:
            groups = cells[: full * group].reshape(full, group, -1)
            self._lift(groups[:, :-1], groups[:, -1])

    def finish(self, rightmost: int = 0) -> None:
        """Write what is left, and the root. `rightmost` is the page after the last cell."""
        rest = self._rest
        if rest is None:
            return  # an empty tree: its root is there already
        if len(rest) > self._capacity(rest):
            half = len(rest) // 2
            self._lift(rest[None, :half], rest[None, half])
            rest = rest[half + 1 :]
        last = self._pages(rest[None], np.array([rightmost]))
        if self._above is None:
            self._file.put(self._root, last)
        else:
            self._above.finish(int(self._file.append(last)[0]))

    def _capacity(self, cells: Cells) -> int:
        return int((PAGE - 8 - self._child) // (2 + cells.shape[1]))

    def _lift(self, cells: Cells, dividers: Cells) -> None:
        """Write pages of `cells` [K, n, bytes]; the record after each [K, bytes] goes up."""
        after = dividers[:, : self._child].copy().view(">u4").ravel() if self._child else None
        numbers = self._file.append(self._pages(cells, after))
        if self._above is None:
            self._above = Tree(self._file, self._root, interior=True)
        child = numbers.astype(">u4").view(np.uint8).reshape(-1, 4)
        self._above.add(np.hstack((child, dividers[:, self._child :])))

    def _pages(self, cells: Cells, after: NDArray[np.generic] | None) -> Cells:
        count, each, size = cells.shape
        start = PAGE - each * size
        top = 8 + self._child
        pages = np.zeros((count, PAGE), np.uint8)
        head = np.array([0, each, start], ">u2").view(np.uint8)
        pages[:, 0] = _INTERIOR if self._child else _LEAF
        pages[:, 1:7] = head
        if self._child and after is not None:
            pages[:, 8:12] = after.astype(">u4").view(np.uint8).reshape(-1, 4)
        places = (start + size * np.arange(each)).astype(">u2")
        pages[:, top : top + 2 * each] = places.view(np.uint8)
        pages[:, start:] = cells.reshape(count, -1)
        return pages
