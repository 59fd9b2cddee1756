"""The texts of JSON objects, one by one, out of a file of any size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from graphrec.errors import DataError

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_BRACKET = re.compile(rb'[^"{}\[\]]*(?:' + _STRING + rb'[^"{}\[\]]*)*([{}\[\]])', re.DOTALL)
_KEY = re.compile(rb"(" + _STRING + rb")\s*:\s*$", re.DOTALL)
_BETWEEN = b" \t\r\n,"


class Document(NamedTuple):
    """The text of a value, and the line on which it begins."""

    line: int
    text: bytes


class Level(NamedTuple):
    """Where the values stand: after which brackets, and in the array of which key."""

    brackets: bytes = b""
    """Empty for values one after another, `[` in an array, `{[` in an array within an object."""
    key: bytes | None = None
    """The key of that array as it is written, quotes included; None for any."""


def documents(
    name: str, blocks: Iterable[bytes], level: Level, *, whole: bool = True
) -> Iterator[Document]:
    """The objects and arrays at a level of the JSON in `blocks`, and the text of what else is.

    Memory holds a block and an object. `whole` says that the blocks end with the file called
    `name`: then DataError is raised where they end within a value, and where another array than
    that of the key has objects.
    """
    buffer = b""
    at = 0  # read up to here
    kept = 0  # what comes from here on has not been given yet
    line = 1  # the line of `kept`
    stack = bytearray()
    key: bytes | None = None
    start: int | None = None  # of the value that is open
    depth = len(level.brackets)
    for block in blocks:
        drop = kept if start is None else min(kept, start)
        buffer = buffer[drop:] + block
        at, kept, start = at - drop, kept - drop, None if start is None else start - drop
        while match := _BRACKET.match(buffer, at):
            place, at = match.start(1), match.end()
            bracket = match[1]
            opens = bracket in b"{["
            if opens and stack == level.brackets and start is None:
                if depth < 2 or key == level.key or level.key is None:
                    found, line = _between(buffer, kept, place, line)
                    yield from found
                    start = kept = place
                elif whole and bracket == b"{":
                    raise DataError(_several(name, key, level.key))
            if opens:
                if stack == b"{":
                    named = _KEY.search(buffer, match.start(), place)
                    key = named[1] if named else None
                stack += bracket
                if len(stack) <= depth and start is None:
                    line += buffer.count(b"\n", kept, at)
                    kept = at
                continue
            if stack == level.brackets and start is None and depth:
                found, line = _between(buffer, kept, place, line)
                yield from found
                kept = at
            del stack[-1:]
            if start is not None and stack == level.brackets:
                yield Document(line, buffer[start:at])
                line += buffer.count(b"\n", start, at)
                kept, start = at, None
    if not whole:
        return
    if stack:
        raise DataError(
            f"file {name!r} ends in the middle of its JSON: expected a closing bracket; copy or "
            f"download it again"
        )
    if depth < len(b"{["):
        yield from _between(buffer, kept, len(buffer), line)[0]


def open_key(blocks: Iterable[bytes]) -> bytes | None:
    """The key of the first array of objects within the object that the blocks begin with."""
    stack = b""
    for block in blocks:
        at = 0
        key = None
        while match := _BRACKET.match(block, at):
            place, at = match.start(1), match.end()
            if match[1] in b"{[":
                if stack == b"{[" and match[1] == b"{":
                    return key
                if stack == b"{":
                    named = _KEY.search(block, match.start(), place)
                    key = named[1] if named else None
                stack += match[1]
            else:
                stack = stack[:-1]
    return None


def _between(buffer: bytes, start: int, end: int, line: int) -> tuple[list[Document], int]:
    """What stands between two values, where it is more than commas and blanks; the line of end."""
    text = buffer[start:end]
    after = line + text.count(b"\n")
    stray = text.strip(_BETWEEN)
    if not stray:
        return [], after
    return [Document(line + text.count(b"\n", 0, text.index(stray)), stray)], after


def _several(name: str, key: bytes | None, wanted: bytes | None) -> str:
    def shown(text: bytes | None) -> str:
        return (text or b"").decode("utf-8", "backslashreplace")

    return (
        f"file {name!r} is one object with several arrays of objects ({shown(wanted)}, "
        f"{shown(key)}): expected one; take one out, for example with `jq -c '.KEY[]'`"
    )
