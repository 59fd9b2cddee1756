"""What a delimited text is: its delimiter, its quotes, its comments, and whether it has a header.

Everything is inferred from the first lines of a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from graphrec.ingest.lines import BLANKS, Dialect, split
from graphrec.ingest.rows import parsed
from graphrec.ingest.schema import is_known

from graphrec.data.ids import NULL_WORDS

DELIMITERS = ("\t", "::", ",", ";", "|", "\x01")
NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", BLANKS: "blanks"}
_LINES = 200
"""Lines that are looked at."""
_SEPARATOR = re.compile(r'^"?sep=(.|\\t)"?\s*$', re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_NUMBER = re.compile(r"^\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\s*$")
_DATE = re.compile(r"^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(\D.*)?$")
_CODE = re.compile(
    r"^\s*([0-9a-f]{16,}|[0-9a-f-]{36}|\S+@\S+\.\S+|https?://\S+)\s*$", re.IGNORECASE
)
_ABSENT = frozenset({"", *NULL_WORDS})
_DECIMAL = re.compile(r"^\s*[+-]?\d+(,\d+)?\s*$")


@dataclass(frozen=True)
class Layout:
    """What the first lines of a delimited text say."""

    dialect: Dialect
    skip: int
    """Lines before the first row."""
    names: tuple[str, ...] | None
    """The columns; None where no line names them, or where it cannot be known that one does."""
    rows: tuple[tuple[str, ...], ...]
    """The first rows of fields, from the line that may name the columns."""
    header: int = 0
    """The number of the line that names the columns, from 1."""
    ignored: int = 0
    """Comment lines among those that are skipped."""
    separator: bool = False
    """Whether its first line is `sep=…`."""


def recognise(
    lines: Sequence[str],
    *,
    delimiter: str | None = None,
    preferred: str | None = None,
    quotes: bool = True,
    header: bool | None = None,
) -> Layout:
    """The layout of a text that begins with `lines`, of which one is not blank.

    The delimiter is `delimiter`, or `preferred` where the first line has it, or the one that parts
    most lines into the same number of fields. `header` says whether the first row names the
    columns; where it is None, that is inferred from the row.
    """
    start = 0
    named = _SEPARATOR.match(lines[0])
    if named:
        delimiter = delimiter or named[1].replace(r"\t", "\t")
        start = 1
    comments = _leading(lines, start)
    first = next(
        (at for at in range(start, len(lines)) if at not in comments and lines[at].strip()), None
    )
    if first is None:  # nothing but lines with #: they are the rows
        comments, first = [], next(at for at in range(start, len(lines)) if lines[at].strip())
    sample = list(lines[first : first + _LINES])
    if delimiter is None:
        has = preferred is not None and preferred in sample[0]
        delimiter = preferred if has else sniffed(sample)
    assert delimiter is not None  # noqa: S101
    dialect = _quoting(sample, Dialect(delimiter, quotes, comments=bool(comments)))
    found = [(end, fields) for _, end, fields in parsed(sample, dialect)]
    good = [(end, fields) for end, fields in found if isinstance(fields, list)]
    rows = tuple(tuple(fields) for _, fields in good if any(f.strip() for f in fields))
    dialect = replace(dialect, comments=dialect.comments or _has_comments(rows))
    layout = Layout(dialect, first, None, rows, ignored=len(comments), separator=bool(named))
    if not found or not isinstance(found[0][1], list):
        return layout if header is False else replace(layout, rows=())
    if header is False:
        return layout
    said = _commented(lines, comments, delimiter, rows) if header is None else None
    if said is not None:
        return replace(layout, names=said[1], header=said[0] + 1, ignored=len(comments) - 1)
    if header or names_columns(rows[0], rows[1:]):
        names = _distinct(tuple(name.strip() for name in rows[0]))
        return replace(layout, names=names, skip=first + found[0][0], header=first + 1)
    return layout


def sniffed(lines: Sequence[str]) -> str:
    """The delimiter that parts the first line, and most lines into as many fields; else a comma."""
    bare = [_QUOTED.sub("", line) for line in lines if line.strip()]

    def share(delimiter: str) -> float:
        counts = [len(split(line, delimiter)) for line in bare]
        return counts.count(counts[0]) / len(counts) if counts[0] > 1 else 0

    def rank(delimiter: str) -> tuple[bool, int]:
        # A delimiter with the same count everywhere comes before one that is more frequent.
        return share(delimiter) >= 0.9, bare[0].count(delimiter)

    best = max(DELIMITERS, key=rank)
    if not rank(best)[0] and share(BLANKS) >= 0.9 and len(split(bare[0], BLANKS)) > 1:
        return BLANKS
    return best if best in bare[0] else ","


def names_columns(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether a row names the columns of those after it, instead of being one of them.

    It does where it holds a usual name of a column. Else a number, date or code speaks against it,
    and so does a value that comes again in its column; a word above numbers speaks for it.
    """
    if is_header(first):
        return True
    counted = [cell.strip() for cell in first if cell.strip().isdecimal()]
    numbered = counted in ([str(n + s) for n in range(len(counted))] for s in (0, 1))
    values, words = 0, 0
    for at, cell in enumerate(first):
        below = [row[at] for row in rest if len(row) == len(first) and row[at].strip()]
        if is_value(cell):
            values += not (numbered and cell.strip().isdecimal() and len(counted) > 2)
        elif cell.strip().lower() not in _ABSENT and below:
            words += all(map(is_value, below))
            values += cell in below
    return words > values or values == 0


def is_value(cell: str) -> bool:
    """Whether a cell is a number, a date or a code, as no name of a column is."""
    return any(pattern.match(cell) for pattern in (_NUMBER, _DATE, _CODE))


def decimals(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The columns of numbers that are written with decimal commas."""
    found = []
    for at, name in enumerate(names):
        cells = [row[at] for row in rows if len(row) == len(names) and row[at].strip()]
        if any("," in cell for cell in cells) and all(map(_DECIMAL.match, cells)):
            found.append(name)
    return tuple(found)


def named(delimiter: str) -> str:
    """What a delimiter is called."""
    return NAMES.get(delimiter, repr(delimiter))


def _leading(lines: Sequence[str], start: int) -> list[int]:
    """The comment lines before everything else."""
    found = []
    for at in range(start, len(lines)):
        if lines[at].startswith("#"):
            found.append(at)
        elif lines[at].strip():
            break
    return found


def _commented(
    lines: Sequence[str],
    comments: Sequence[int],
    delimiter: str,
    rows: Sequence[Sequence[str]],
) -> tuple[int, tuple[str, ...]] | None:
    """A comment line, the last before the rows, that names their columns; and the names."""
    if not comments or not rows or is_header(rows[0]):
        return None
    names = tuple(
        name.strip().strip('"') for name in split(lines[comments[-1]].lstrip("# "), delimiter)
    )
    fits = len(names) == len(rows[0]) and len(set(names)) == len(names) > 1
    return (comments[-1], names) if fits and not any(map(is_value, names)) else None


def is_header(first: Sequence[str]) -> bool:
    """Whether a usual name of a column is among the cells."""
    return any(is_known(name) and not is_value(name) for name in first)


def _has_comments(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a line with # is of another width than the rows."""
    return any(row[0].startswith("#") and len(row) != len(rows[0]) for row in rows[1:])


def _quoting(lines: Sequence[str], dialect: Dialect) -> Dialect:
    """How quotes are written: doubled, after a backslash, or as text."""
    if not dialect.quoted or not any('"' in line for line in lines):
        return dialect
    if any(r"\"" in line for line in lines):
        slashed = replace(dialect, backslash=True)
        if _consistent(lines, slashed) > _consistent(lines, dialect):
            return slashed
    if dialect.delimiter == "\t" and len({len(split(line, "\t")) for line in lines}) == 1:
        # Such files mostly have no quoting: a quote at the beginning of a title is a letter.
        found = parsed(lines, dialect)
        quoted = [fields for start, end, fields in found if '"' in "".join(lines[start:end])]
        if sum(isinstance(fields, str) for fields in quoted) > len(quoted) / 2:
            return replace(dialect, quotes=False)
    return dialect


def _consistent(lines: Sequence[str], dialect: Dialect) -> float:
    """The share of lines that are rows as wide as the first."""
    widths = [
        len(f) if isinstance(f, list) else 0 for _, _, f in parsed(lines, dialect, strict=True)
    ]
    return widths.count(widths[0]) / len(widths) if widths and widths[0] else 0


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names; where several are empty, each but the first by its place."""
    return tuple(
        f"column{at + 1}" if not name and "" in names[:at] else name
        for at, name in enumerate(names)
    )
