"""Whether the id of someone is in a file, whatever the file is."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

import orjson

DISTINCT, DISTINCT_NUMBER = 6, 12
"""Bytes of an id, and of one of digits alone, from which on it is not met by chance: "42" is
anywhere."""

WORD = rb"(?:(?<![0-9A-Za-z.])|(?<=user))(?:%s)(?![0-9A-Za-z])"
"""By itself, or after the type that SQLite writes right before it."""


def holds_id(path: Path, node_id: str, *, whole: bool = True) -> bool:
    """Whether a file holds an id as text, plain or as JSON has it; `whole` is not within a word.

    False for an id that is too short to tell: see DISTINCT.
    """
    forms = {node_id.encode(), orjson.dumps(node_id)[1:-1]}
    least = DISTINCT_NUMBER if node_id.isdigit() else DISTINCT
    if min(map(len, forms)) < least or not path.stat().st_size:
        return False
    sought = b"|".join(map(re.escape, sorted(forms)))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return re.search(WORD % sought if whole else sought, content) is not None
