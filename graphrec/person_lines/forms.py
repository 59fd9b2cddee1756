"""The forms of text in which lines of people are found: JSON Lines, tables, rejected rows."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from re import Pattern
from typing import IO, TypeAlias

import orjson

from graphrec.id_search import words

USER_COLUMNS = ("user", "user_id", "userid", "user id")
"""Names of the column that says whom a row of a table is about."""

REJECTS = ("line", "reason", "row")
"""Columns of a file of rejected rows, after that of the file where there are several."""

DELIMITERS = (",", "\t", ";", "|")

LINES = 100
"""Lines by which JSON Lines are recognised: a writer may have been killed within the first."""

Lines: TypeAlias = Iterator[tuple[bytes, bool]]
"""The lines of a file as they stand there, in order; each with whether it is of the people."""


@dataclass(frozen=True)
class People:
    """Whose lines are looked for."""

    names: frozenset[str]
    """Ids, and pseudonyms."""
    incomplete: bool = False
    """Whether lines count as theirs that were not written whole: their user is unknown."""

    @cached_property
    def words(self) -> Pattern[bytes]:
        """Finds any of the names as a whole word."""
        return words(self.names)

    def own(self, user: str | None) -> bool:
        """Whether a line is theirs, by its user; None where that is unknown."""
        return self.incomplete if user is None else user in self.names


def lines_of(stream: IO[bytes], head: bytes, people: People) -> Lines | None:
    """The lines of a stream that begins with `head`; None where it is of none of these forms."""
    start = head[: head.rfind(b"\n") + 1] or head
    if any(json_user(line) is not None for line in start.splitlines()[:LINES]):
        return _json_lines(stream, people)
    first = start.split(b"\n", 1)[0].removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    for delimiter in DELIMITERS:
        cells = next(csv.reader([first.strip()], delimiter=delimiter), [])
        columns = [cell.strip().lower() for cell in cells]
        if columns in (["file", *REJECTS], [*REJECTS]):
            return _rejected(stream, delimiter, people)
        if len(columns) > 1 and not set(columns).isdisjoint(USER_COLUMNS):
            column = next(at for at, name in enumerate(columns) if name in USER_COLUMNS)
            return _table(stream, delimiter, column, people)
    return None


def json_user(line: bytes) -> str | None:
    """The user of a line of JSON; None for an incomplete line, and for one without a user."""
    try:
        return str(orjson.loads(line.removeprefix(codecs.BOM_UTF8))["user"])
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _json_lines(stream: IO[bytes], people: People) -> Lines:
    for line in stream:
        yield line, bool(line.strip()) and people.own(json_user(line))


def _table(stream: IO[bytes], delimiter: str, column: int, people: People) -> Lines:
    for row, (line, cells) in enumerate(_records(stream, delimiter)):
        user = cells[column].strip() if column < len(cells) else None
        yield line, bool(row and cells) and people.own(user)


def _rejected(stream: IO[bytes], delimiter: str, people: People) -> Lines:
    """Rows that were set aside, as they stood in any file: theirs hold their id as a word."""
    for row, (line, _) in enumerate(_records(stream, delimiter)):
        yield line, bool(row) and people.words.search(line) is not None


def _records(stream: IO[bytes], delimiter: str) -> Iterator[tuple[bytes, list[str]]]:
    """The records of delimited text: the lines of each as they stand there, and its cells."""
    taken: list[bytes] = []

    def lines() -> Iterator[str]:
        for line in stream:
            taken.append(line)
            yield line.decode("utf-8", "surrogateescape")

    for cells in csv.reader(lines(), delimiter=delimiter):
        yield b"".join(taken), cells
        taken.clear()
