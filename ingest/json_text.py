"""JSON: objects one a line, in an array, one after another, or in an array within an object.

The columns are all keys of all objects, for which the file is read twice. Keys of objects within
objects are joined with dots: `context.user.id`. A key that holds an object in some rows and
something else in others is a column too, and there the object is JSON text.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from graphrec.ingest.chunks import Chunk, ReadAs, Reading, Reject, array
from graphrec.ingest.documents import Level, documents, open_key
from graphrec.ingest.encodings import odd_word
from graphrec.ingest.json_values import Keys, TwiceError, getter, is_literal, parsed
from graphrec.ingest.packed import Content, unbroken
from graphrec.ingest.text import HEAD, encoding_of, first_lines, head_of

from graphrec.errors import DataError

MOST = 10_000
"""Columns at most; an object with ids for keys has more."""
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


def open_json(
    content: Content, size: int, encoding: str | None = None, wanted: tuple[str, ...] = ()
) -> Reading:
    """A file of JSON objects, in chunks of up to `size` rows.

    `wanted` are the keys that are read; without them, all that are found are columns. Numbers of
    any length are exact, `NaN` is a missing value. Objects may be written as Python
    writes them. What is no object, or an object with a key that comes twice, is a reject. Raises
    DataError for a file that is missing, empty, holds no object, or has more than MOST keys.
    """
    head = head_of(content)
    codec = encoding_of(content, head, encoding)
    first = first_lines(content, head, codec)
    form = _form(content.name, first, len(head) < HEAD)
    keys = Keys()
    for _, text in () if wanted else _read(content, codec, form):
        value = parsed(text)
        if isinstance(value, dict):
            keys.add(value)
            if len(keys.seen) > MOST:
                raise DataError(
                    f"file {content.name!r} has more than {MOST:,} different keys: expected "
                    f"columns, not ids, as keys; turn {{ID: VALUE}} into a row for each"
                )
    names = wanted or keys.columns()
    if not names:
        raise DataError(
            f"file {content.name!r} has no JSON object: expected one a line, an array of objects, "
            f"or an array of objects under a key"
        )

    def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
        getters = [getter(column) for column in columns]
        with content.start() as opened:
            found = _documents(content.name, opened.stream, codec, form)
            for block in _cut(found, size):
                yield _chunk(block, columns, getters, opened.done())

    notes: tuple[str, ...] = (
        ("keys of objects within objects are joined with dots",) if keys.nested else ()
    )
    if any(is_literal(line.encode("utf-8", "replace")) for line in first[:_LOOKED_AT]):
        notes += ("objects are written as Python writes them",)
    if wanted:
        notes += ("other keys are not looked for",)
    return Reading(
        content.name,
        names,
        chunks,
        content.total,
        read_as=ReadAs(
            form.format,
            encoding=codec.removesuffix("-sig"),
            odd_word="" if encoding else odd_word(head, codec),
            compression=content.compression,
            notes=notes,
        ),
    )


def looks_like_json(lines: Sequence[str]) -> bool:
    """Whether text that begins with these lines is JSON."""
    first = next(line.strip() for line in lines if line.strip())
    return first.startswith(("{", "[{")) or first == "["


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
        value = parsed(text)
        if isinstance(value, dict):
            lines.append(line)
            rows.append(text)
            for column, get in zip(values, getters, strict=True):
                column.append(get(value))
        elif text.strip():
            reason = value if isinstance(value, TwiceError) else "not a JSON object"
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


def _form(name: str, lines: Sequence[str], whole: bool) -> _Form:
    """How the objects of a file stand in it, inferred from its first lines."""
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
    return isinstance(parsed(line.encode("utf-8", "replace")), dict)


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
