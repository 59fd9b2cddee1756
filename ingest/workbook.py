"""Excel workbooks: the sheets that have the columns of the first."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from typing import IO, Any

from graphrec.ingest.chunks import Chunk, ReadAs, Reading, Row, chunked
from graphrec.ingest.packed import Content, unbroken
from graphrec.ingest.parts import Part, open_parts
from graphrec.ingest.values import as_text

from graphrec.errors import DataError


def open_workbook(content: Content, size: int, columns: tuple[str, ...] | None = None) -> Reading:
    """The rows of a workbook, in chunks of up to `size`; rows are counted as the sheets count them.

    The first row of a sheet names the columns, or `columns` do where no row does. Raises DataError
    for a workbook without rows, or where openpyxl, which reads it, is not installed.
    """
    with _opened(content) as book:
        heads = {
            sheet.title: _names(next(sheet.iter_rows(values_only=True), ()))
            for sheet in book.worksheets
        }
    given = {title: columns or head for title, head in heads.items() if any(head)}
    if not given:
        raise DataError(
            f"file {content.name!r} has no rows: expected a sheet with names of columns"
        )
    names = next(iter(given.values()))
    sheets = [title for title, head in given.items() if head == names]

    def reading(title: str) -> Reading:
        name = content.name if len(sheets) == 1 else f"{content.name}/{title}"

        def chunks(wanted: Sequence[str]) -> Iterator[Chunk]:
            with _opened(content) as book:
                rows = _rows(book[title], len(names), skip=columns is None)
                yield from chunked(rows, names, size)(wanted)

        return Reading(name, names, chunks, counts="row", read_as=read_as)

    others = [title for title in given if title not in sheets]
    notes = (f"sheets with other columns are not read: {', '.join(others)}",) if others else ()
    header = "none, columns named by --columns" if columns else "row 1"
    read_as = ReadAs("Excel workbook", compression=content.compression, header=header, notes=notes)
    if len(sheets) == 1:
        return reading(sheets[0])
    return open_parts(content.name, [Part(title, reading(title), {}) for title in sheets])


@contextmanager
def _opened(content: Content) -> Iterator[Any]:
    try:
        import openpyxl
    except ImportError:
        raise DataError(
            f"file {content.name!r} is an Excel workbook, which openpyxl reads, and that is not "
            f"installed: expected text; save it as CSV, or install the extra graphrec[excel]"
        ) from None
    with ExitStack() as stack, unbroken(content.name):
        place: IO[bytes]
        if content.path is not None:
            place = stack.enter_context(content.path.open("rb"))
        else:
            place = stack.enter_context(tempfile.TemporaryFile(prefix="graphrec-"))
            with content.start() as (stream, _):
                shutil.copyfileobj(stream, place)
            place.seek(0)
        try:
            book = openpyxl.load_workbook(place, read_only=True, data_only=True)
        except (KeyError, ValueError) as error:
            raise DataError(
                f"file {content.name!r} cannot be read as an Excel workbook: {error}; save it again"
            ) from error
        stack.callback(book.close)
        yield book


def _names(cells: Sequence[object]) -> tuple[str, ...]:
    names = [(as_text(cell) or "").strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    return tuple(name or f"column{at}" for at, name in enumerate(names, 1))


def _rows(sheet: Any, width: int, *, skip: bool) -> Iterator[Row]:
    """The rows that are not empty, with their numbers."""
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if (skip and number == 1) or all(cell is None for cell in row):
            continue
        cells = [_plain(cell) for cell in row[:width]]
        yield number, [*cells, *[None] * (width - len(cells))]


def _plain(cell: object) -> object:
    """Dates and times as text, since a column may hold both them and text."""
    return (
        cell.isoformat(sep=" ")
        if isinstance(cell, datetime)
        else (cell.isoformat() if isinstance(cell, date) else cell)
    )
