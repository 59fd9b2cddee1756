"""Searching a file of any format for the id of a user."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

import orjson

DISTINCT, DISTINCT_NUMBER = 6, 12
"""Least bytes of an id, and of one that is all digits, to search for: shorter ones such as "42"
occur by chance."""

WORD = rb"(?:(?<![0-9A-Za-z.])|(?<=user))(?:%s)(?![0-9A-Za-z])"
"""An id as a word, or right after the node type, as SQLite stores it."""


def holds_id(path: Path, node_id: str, *, whole: bool = True) -> bool:
    """Whether a file holds an id as plain or JSON-escaped text, with `whole` as a whole word only.

    False for an id too short to tell: see DISTINCT.
    """
    forms = {node_id.encode(), orjson.dumps(node_id)[1:-1]}
    least = DISTINCT_NUMBER if node_id.isdigit() else DISTINCT
    if min(map(len, forms)) < least or not path.stat().st_size:
        return False
    sought = b"|".join(map(re.escape, sorted(forms)))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return re.search(WORD % sought if whole else sought, content) is not None
