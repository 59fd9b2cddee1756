"""The value of a JSON text, its keys, and what stands under them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping

import orjson

_LONG = re.compile(rb"[0-9]{19}")
"""What orjson may round: integers beyond 64 bits."""


_LITERAL = re.compile(rb"""\s*\{\s*[uU]?'|\s*\{\s*[uU]\"""")
"""How an object begins that Python has written: `{'a': …`, `{u'a': …`."""


class TwiceError(ValueError):
    """An object with a key that comes twice."""


def parsed(text: bytes) -> object:
    """The value of a text; None where it is no JSON, an error where a key comes twice.

    An object may also be one that Python has written, as in `{'a': None}`.
    """
    if is_literal(text):
        return _literal(text)
    try:
        if _LONG.search(text) is None:
            value = orjson.loads(text)
            # A key that comes twice is written once; a quote as \u0022 would be written shorter.
            if b"\\u0022" not in text and text.count(b'":') <= orjson.dumps(value).count(b'":'):
                return value
    except orjson.JSONDecodeError:
        if b"NaN" not in text and b"Infinity" not in text:
            return None
    try:
        value = json.loads(text, parse_constant=_constant, object_pairs_hook=_once)
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text
        return value
    except TwiceError as error:
        return error
    except (ValueError, RecursionError):
        return None


def is_literal(text: bytes) -> bool:
    """Whether a text begins as an object that Python has written."""
    return _LITERAL.match(text) is not None


def _literal(text: bytes) -> object:
    try:
        node = ast.parse(text.decode().strip(), mode="eval").body
        if not isinstance(node, ast.Dict):
            return None
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        if len(set(keys)) < len(keys):
            twice = next(key for at, key in enumerate(keys) if key in keys[:at])
            return TwiceError(f"the key {twice!r} comes twice in an object")
        value = ast.literal_eval(node)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return value


def _constant(token: str) -> float | None:
    return None if token == "NaN" else float(token)  # noqa: S105


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise TwiceError(f"the key {key!r} comes twice in an object")
        found[key] = value
    return found


class Keys:
    """The keys seen, in the order in which they were first seen."""

    def __init__(self) -> None:
        self.seen: dict[str, bool] = {}
        """Whether a key held more than null and objects, by its name with dots."""
        self.nested: set[str] = set()

    def add(self, value: Mapping[str, object], prefix: str = "") -> None:
        """The keys of an object, with `prefix` before them."""
        for key, part in value.items():
            name = prefix + key
            if part is None or part == {}:
                self.seen.setdefault(name, False)
            elif isinstance(part, dict):
                self.nested.add(name)
                self.add(part, f"{name}.")
            else:
                self.seen[name] = True

    def columns(self) -> tuple[str, ...]:
        """All keys but those that hold nothing but objects."""
        return tuple(name for name, held in self.seen.items() if held or name not in self.nested)


def getter(column: str) -> Callable[[Mapping[str, object]], object]:
    """What reads a column out of an object: a key, or keys joined with dots."""
    if "." not in column:
        return lambda value: value.get(column)

    def nested(value: Mapping[str, object]) -> object:
        return _at(value, column)

    return nested


def _at(value: Mapping[str, object], path: str) -> object:
    """The value of a key, or of keys joined with dots."""
    if path in value:
        return value[path]
    parts = path.split(".")
    for cut in range(1, len(parts)):
        part = value.get(".".join(parts[:cut]))
        if isinstance(part, dict):
            found = _at(part, ".".join(parts[cut:]))
            if found is not None:
                return found
    return None
