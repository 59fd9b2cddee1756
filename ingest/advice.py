"""What a file without a header may hold, as the options that read it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphrec.ingest.dialect import is_value

_DAY = re.compile(r"^\s*(\d{4}|\d{1,2})[-/.]\d{1,2}[-/.]\d{1,4}")
_WORD = re.compile(r"^[^\W\d_](?:[^\W\d]|[ -]){0,30}$")
_EPOCH = (1e8, 5e9)
"""Seconds of the years 1973 to 2128."""
_FEW = 20
_LARGEST_WEIGHT = 1000


def guessed_columns(rows: Sequence[Sequence[str]], owner: str = "") -> tuple[str, ...]:
    """A name for each column of rows of events, or of what `owner` is: item, user or links.

    Times are dates or numbers of today's size, kinds are few words, a weight is a small number
    after the ids. What cannot be guessed is called by its place, as `column3`.
    """
    width = len(rows[0])
    cells = [[row[at].strip() for row in rows if len(row) == width] for at in range(width)]
    names: dict[int, str] = {}
    if ":" in owner:
        names = dict(enumerate(("source", "target", "weight")[:width]))
    elif owner:
        names[0] = f"{owner}_id"
        words = next((at for at in range(1, width) if any(" " in cell for cell in cells[at])), None)
        if words is not None:
            names[words] = "title"
    else:
        time = next((at for at in reversed(range(width)) if _all(cells[at], _is_time)), None)
        if time is not None and width > 2:
            names[time] = "time"
        rest = [at for at in range(width) if at not in names]
        kind = next((at for at in reversed(rest) if _are_kinds(cells[at])), None)
        if kind is not None and len(rest) > 2:
            names[kind] = "kind"
        rest = [at for at in rest if at not in names and not _is_counter(cells, at)]
        ids = [at for at in rest if _all(cells[at], _is_id)]
        ids = ids if len(ids) > 1 else rest
        names |= dict(zip(ids, ("user", "item"), strict=False))
        after = [at for at in ids[2:] if at not in names]
        weight = next((at for at in after if _all(cells[at], _is_weight)), None)
        if weight is not None:
            names[weight] = "weight"
    return tuple(names.get(at, f"column{at + 1}") for at in range(width))


def advice(rows: Sequence[Sequence[str]], owner: str = "") -> str:
    """The options of `graphrec ingest` that read rows without a header."""
    names = ",".join(guessed_columns(rows, owner))
    return f"--columns {owner}={names}" if owner else f"--no-header --columns {names}"


def _is_counter(cells: Sequence[Sequence[str]], at: int) -> bool:
    """Whether a first column numbers the rows, beside a second of ids with letters in them."""
    numbered = list(cells[at]) == [str(row + 1) for row in range(len(cells[at]))]
    return at == 0 and numbered and len(cells) > 2 and not _all(cells[1], str.isdecimal)


def _all(cells: Sequence[str], holds: object) -> bool:
    assert callable(holds)  # noqa: S101
    given = [cell for cell in cells if cell]
    return bool(given) and all(map(holds, given))


def _is_time(cell: str) -> bool:
    if _DAY.match(cell):
        return True
    try:
        number = float(cell)
    except ValueError:
        return False
    return any(_EPOCH[0] <= number / unit <= _EPOCH[1] for unit in (1, 1e3, 1e6, 1e9))


def _is_id(cell: str) -> bool:
    return " " not in cell


def _is_weight(cell: str) -> bool:
    try:
        return abs(float(cell.replace(",", "."))) <= _LARGEST_WEIGHT
    except ValueError:
        return False


def _are_kinds(cells: Sequence[str]) -> bool:
    """Whether these are few words, each of them more than once where there are many rows."""
    distinct = {cell for cell in cells if cell}
    few = len(distinct) <= min(_FEW, max(len(cells) / 2, 3))
    return bool(distinct) and few and all(_WORD.match(c) and not is_value(c) for c in distinct)
