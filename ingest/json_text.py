"""JSON: objects one a line, in an array, one after another, or in an array within an object.

The columns are all keys of all objects, for which the file is read twice. Keys of objects within
objects are joined with dots: `context.user.id`. A key that holds an object in some rows and
something else in others is a column too, and there the object is JSON text.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

import numpy as np
import orjson
import pyarrow as pa
from graphrec.ingest.chunks import Chunk, ReadAs, Reading, Reject, array
from graphrec.ingest.documents import Level, documents, open_key
from graphrec.ingest.packed import Content, unbroken
from graphrec.ingest.text import HEAD, encoding_of, first_lines, head_of

from graphrec.errors import DataError

MOST = 10_000
"""Columns at most; an object with ids for keys has more."""
_LONG = re.compile(rb"[0-9]{19}")
"""What orjson may round: integers beyond 64 bits."""
_BLOCK = 1 << 20
_MOST_BYTES = 1 << 25
"""Bytes of the objects in a chunk, about."""
_LOOKED_AT = 20
"""Lines that are looked at for objects."""


class _Form(NamedTuple):
    """How the objects stand in a file."""

    format: str
    level: Level | None
    """None where each line is an object."""


_LINES = _Form("JSON Lines", None)


class _TwiceError(ValueError):
    """An object with a key that comes twice."""


def open_json(content: Content, size: int, encoding: str | None = None) -> Reading:
    """A file of JSON objects, in chunks of up to `size` rows.

    Numbers of any length are exact, `NaN` is a missing value. What is no object, or an object with
    a key that comes twice, is a reject. Raises DataError for a file that is missing, empty, holds
    no object, or has more than MOST keys.
    """
    head = head_of(content)
    codec = encoding_of(content, head, encoding)
    form = _form(content.name, first_lines(content, head, codec), len(head) < HEAD)
    keys = _Keys()
    for _, text in _read(content, codec, form):
        value = _parsed(text)
        if isinstance(value, dict):
            keys.add(value)
            if len(keys.seen) > MOST:
                raise DataError(
                    f"file {content.name!r} has more than {MOST:,} different keys: expected "
                    f"columns, not ids, as keys; turn {{ID: VALUE}} into a row for each"
                )
    names = keys.columns()
    if not names:
        raise DataError(
            f"file {content.name!r} has no JSON object: expected one a line, an array of objects, "
            f"or an array of objects under a key"
        )

    def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
        getters = [_getter(column) for column in columns]
        with content.start() as opened:
            found = _documents(content.name, opened.stream, codec, form)
            for block in _cut(found, size):
                yield _chunk(block, columns, getters, opened.done())

    notes = ("keys of objects within objects are joined with dots",) if keys.nested else ()
    return Reading(
        content.name,
        names,
        chunks,
        content.total,
        read_as=ReadAs(
            form.format,
            encoding=codec.removesuffix("-sig"),
            compression=content.compression,
            notes=notes,
        ),
    )


def looks_like_json(lines: Sequence[str]) -> bool:
    """Whether text that begins with these lines is JSON."""
    first = next(line.strip() for line in lines if line.strip())
    return first.startswith(("{", "[{")) or first == "["


class _Keys:
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


def _getter(column: str) -> Callable[[Mapping[str, object]], object]:
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


def _cut(found: Iterable[tuple[int, bytes]], size: int) -> Iterator[list[tuple[int, bytes]]]:
    """Blocks of up to `size` objects, and of not many more than _MOST_BYTES."""
    block: list[tuple[int, bytes]] = []
    length = 0
    for each in found:
        block.append(each)
        length += len(each[1])
        if len(block) >= size or length >= _MOST_BYTES:
            yield block
            block, length = [], 0
    if block:
        yield block


def _chunk(
    block: Sequence[tuple[int, bytes]],
    columns: Sequence[str],
    getters: Sequence[Callable[[Mapping[str, object]], object]],
    done: int,
) -> Chunk:
    lines: list[int] = []
    rows: list[bytes] = []
    rejects: list[Reject] = []
    values: list[list[object]] = [[] for _ in columns]
    for line, text in block:
        value = _parsed(text)
        if isinstance(value, dict):
            lines.append(line)
            rows.append(text)
            for column, get in zip(values, getters, strict=True):
                column.append(get(value))
        elif text.strip():
            reason = value if isinstance(value, _TwiceError) else "not a JSON object"
            rejects.append(Reject(line, str(reason), _shown(text)))
    batch = pa.RecordBatch.from_arrays(list(map(array, values)), names=list(columns))
    return Chunk(
        batch,
        np.array(lines, np.int64),
        tuple(rejects),
        done,
        raw=lambda row: _shown(rows[row]),
    )


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace").rstrip("\r\n")


def _parsed(text: bytes) -> object:
    """The value of a text; None where it is no JSON, an error where a key comes twice."""
    try:
        if _LONG.search(text) is None:
            value = orjson.loads(text)
            if text.count(b'":') <= _keys(value):
                return value
    except orjson.JSONDecodeError:
        if b"NaN" not in text and b"Infinity" not in text:
            return None
    try:
        value = json.loads(text, parse_constant=_constant, object_pairs_hook=_once)
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text
        return value
    except _TwiceError as error:
        return error
    except (ValueError, RecursionError):
        return None


def _keys(value: object) -> int:
    """How many keys a value has, those of values within it among them."""
    if isinstance(value, dict):
        return len(value) + sum(
            _keys(part) for part in value.values() if isinstance(part, dict | list)
        )
    if isinstance(value, list):
        return sum(_keys(part) for part in value if isinstance(part, dict | list))
    return 0


def _constant(token: str) -> float | None:
    return None if token == "NaN" else float(token)  # noqa: S105


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(f"the key {key!r} comes twice in an object")
        found[key] = value
    return found


def _form(name: str, lines: Sequence[str], whole: bool) -> _Form:
    """How the objects of a file stand in it, told from its first lines."""
    given = [line for line in lines if line.strip()]
    if given[0].lstrip().startswith("["):
        return _Form("a JSON array", Level(b"["))
    if not given[0].lstrip().startswith("{"):
        return _LINES
    rows = [line for line in given[:_LOOKED_AT] if line.startswith("{") and _is_object(line)]
    if rows and len(given) > 1:
        return _LINES
    head = "".join(lines).encode("utf-8", "replace")
    values = list(documents(name, [head], Level(), whole=False))
    if len(values) > 1:
        return _Form("JSON objects", Level())
    if values and not whole and not rows:
        return _Form("JSON objects", Level())
    key = open_key([head])
    if values and key is None:
        return _LINES if rows else _Form("JSON objects", Level())
    if key is None:
        return _LINES if len(given) == 1 else _Form("JSON objects", Level())
    shown = key.decode("utf-8", "backslashreplace")
    return _Form(f"a JSON array under {shown}", Level(b"{[", key))


def _is_object(line: str) -> bool:
    return isinstance(_parsed(line.encode("utf-8", "replace")), dict)


def _read(content: Content, codec: str, form: _Form) -> Iterator[tuple[int, bytes]]:
    """The lines and texts of the objects of a file, from its first byte."""
    with content.start() as (stream, _):
        yield from _documents(content.name, stream, codec, form)


def _documents(
    name: str, stream: io.BufferedReader, codec: str, form: _Form
) -> Iterator[tuple[int, bytes]]:
    if form.level is None:
        return enumerate(_guarded(name, _lines(stream, codec)), 1)
    return documents(name, _guarded(name, _blocks(stream, codec)), form.level)


def _lines(stream: io.BufferedReader, codec: str) -> Iterator[bytes]:
    if codec == "utf-8-sig":
        stream.read(len(codecs.BOM_UTF8))
    if codec.startswith("utf-8"):
        yield from stream
        return
    with _decoded(stream, codec) as text:
        for line in text:
            yield line.encode("utf-8", "surrogateescape")


def _blocks(stream: io.BufferedReader, codec: str) -> Iterator[bytes]:
    with _decoded(stream, codec) as text:
        while block := text.read(_BLOCK):
            yield block.encode("utf-8", "surrogateescape")


@contextmanager
def _decoded(stream: io.BufferedReader, codec: str) -> Iterator[io.TextIOWrapper]:
    """The text of a stream, which stays open."""
    text = io.TextIOWrapper(stream, codec, errors="surrogateescape", newline="\n")
    try:
        yield text
    finally:
        with suppress(ValueError):  # it was closed before all was read
            text.detach()


def _guarded(name: str, parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts; raises DataError where the file cannot be read on."""
    with unbroken(name):
        yield from parts
