"""Ids that a command is given: as arguments, or a line each on standard input."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphrec.ingest.encodings import recognised

from graphrec.counts import counted
from graphrec.data.ids import BLANKS, IdRules
from graphrec.errors import DataError

STDIN = "-"

LINE_END = re.compile("\r\n|\r|\n")


@dataclass(frozen=True)
class GivenId:
    """An id, and where it was given."""

    id: str
    place: str
    """Such as "line 3": what names it without showing it."""


def typed(text: str, rules: IdRules) -> str:
    """An id that was typed, as those of files and requests are stored: trimmed, in their form."""
    return rules.normal(text.strip(BLANKS))


def given_ids(arguments: Sequence[str], rules: IdRules) -> tuple[GivenId, ...]:
    """The ids that arguments name, `-` those on standard input, each once.

    A list may be in any encoding that `graphrec ingest` recognises, with any line ends; blanks
    around an id and quotes around a line are no part of it, and empty lines are none. An argument
    with blanks around it, and an id in another Unicode form than that of stored ids, are given as
    they are too. Raises DataError for an empty list, and for one that is no text.
    """
    found: dict[str, GivenId] = {}
    for number, argument in enumerate(arguments, start=1):
        given = _listed() if argument == STDIN else [GivenId(argument, f"argument {number}")]
        for each in given:
            for id_ in (each.id, typed(each.id, rules)):
                found.setdefault(id_, GivenId(id_, each.place))
    return tuple(found.values())


def unknown_places(given: Sequence[GivenId], unknown: Collection[str]) -> tuple[str, ...]:
    """Where ids were given of which no form is known."""
    known = {each.place for each in given if each.id not in unknown}
    return tuple(dict.fromkeys(each.place for each in given if each.place not in known))


def not_in_the_store(places: Sequence[str], limit: int = 10) -> str:
    """What to say of ids that are unknown, by where they were given; nothing where none are."""
    if not places:
        return ""
    more = f" and {len(places) - limit:,} more" if len(places) > limit else ""
    shown = ", ".join(places[:limit])
    return f" Not in the store: {counted(len(places), 'id')}. Unknown: {shown}{more}."


def ids_in(path: Path, rules: IdRules) -> tuple[str, ...]:
    """The ids that a file lists, one a line, each as it is given and in the form of stored ids.

    Raises OSError where it cannot be read, and DataError for one that is no text.
    """
    found = [each.id for each in _of_lines(_text(path.read_bytes()))]
    return tuple(dict.fromkeys(form for each in found for form in (each, typed(each, rules))))


def _of_lines(text: str) -> list[GivenId]:
    lines = LINE_END.split(text)
    ids = ((number, _unquoted(line.strip(BLANKS))) for number, line in enumerate(lines, start=1))
    return [GivenId(id_, f"line {number}") for number, id_ in ids if id_]


def _listed() -> list[GivenId]:
    found = _of_lines(_standard_input())
    if not found:
        raise DataError(
            "the list on standard input is empty: expected an id in each line; nothing was changed"
        )
    return found


def _standard_input() -> str:
    buffer = getattr(sys.stdin, "buffer", None)
    if buffer is None:  # standard input is text already
        return sys.stdin.read()
    return _text(buffer.read())


def _text(content: bytes) -> str:
    encoding = recognised(content, whole=True)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"the list of ids is no {encoding} text in line {line} ({error.reason}): expected one "
            f"id a line; save it as UTF-8; nothing was changed"
        ) from error


def _unquoted(line: str) -> str:
    """A line as a field of CSV: in quotes, of which those within are doubled, or as it stands."""
    if len(line) < 2 or not line.startswith('"') or not line.endswith('"'):
        return line
    within = line[1:-1]
    return line if '"' in within.replace('""', "") else within.replace('""', '"')
