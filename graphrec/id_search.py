"""Searching a file of any format for the id of a user."""

from __future__ import annotations

import mmap
import re
import unicodedata
from collections.abc import Collection
from pathlib import Path
from typing import IO

import orjson

DISTINCT, DISTINCT_NUMBER = 6, 12
"""Least bytes of an id, and of one that is all digits, to search for: shorter ones such as "42"
occur by chance."""

WORD = rb"(?:(?<![0-9A-Za-z.])|(?<=user))(?:%s)(?![0-9A-Za-z])"
"""An id as a word, or right after the node type, as SQLite stores it."""

BLOCK = 2**20
"""Bytes of a stream that are searched at a time."""


def forms(node_id: str) -> frozenset[bytes]:
    """How an id may stand in a file: plain, escaped as JSON does, in another Unicode form."""
    apart = unicodedata.normalize("NFD", node_id)
    return frozenset((node_id.encode(), orjson.dumps(node_id)[1:-1], apart.encode()))


def is_distinct(node_id: str) -> bool:
    """Whether an id is long enough not to occur by chance."""
    return min(map(len, forms(node_id))) >= (DISTINCT_NUMBER if node_id.isdigit() else DISTINCT)


def words(ids: Collection[str]) -> re.Pattern[bytes]:
    """Finds any of some ids as a whole word, however short; nothing where there are no ids."""
    sought = sorted({form for node_id in ids for form in forms(node_id)})
    return re.compile(WORD % b"|".join(map(re.escape, sought)) if sought else rb"(?!)")


def holds_id(path: Path, node_id: str, *, whole: bool = True) -> bool:
    """Whether a file holds an id as plain or JSON-escaped text, with `whole` as a whole word only.

    False for an id too short to tell: see DISTINCT.
    """
    if not is_distinct(node_id) or not path.stat().st_size:
        return False
    sought = b"|".join(map(re.escape, sorted(forms(node_id))))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return re.search(WORD % sought if whole else sought, content) is not None


def stream_holds(stream: IO[bytes], ids: Collection[str]) -> bool:
    """Whether a stream holds any of some ids, of those that are long enough to tell, as a word."""
    sought = frozenset(filter(is_distinct, ids))
    if not sought:
        return False
    pattern, before = words(sought), b""
    # What is before and after an id tells whether it is a word: a type of node, and one byte.
    overlap = max(len(form) for node_id in sought for form in forms(node_id)) + len(b"user") + 1
    block = stream.read(BLOCK)
    while block:
        following = stream.read(BLOCK)
        content = before + block
        for match in pattern.finditer(content):
            is_new = match.end() >= len(before)
            is_whole = match.end() < len(content) or not following
            if is_new and is_whole:
                return True
        before, block = content[-overlap:], following
    return False
