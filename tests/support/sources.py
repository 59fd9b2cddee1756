"""Small files of events, and what is read of a source."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from graphrec.ingest.chunks import Chunk, Reading, Reject
from graphrec.ingest.sources import Source, open_source

ROWS = [("ann", "m1", "5"), ("bob", "m2", "3"), ("ann", "m3", "4")]
COLUMNS = ("user", "item", "rating")


def read(source: Source, size: int = 2) -> list[Chunk]:
    with open_source(source, size) as reading:
        return list(reading.chunks(reading.columns))


def rows(source: Source, size: int = 2) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for c in read(source, size) for row in c.rows.to_pylist()]


def lines(source: Source, size: int = 2) -> list[int]:
    return [line for chunk in read(source, size) for line in chunk.line.tolist()]


def rejects(source: Source, size: int = 2) -> list[Reject]:
    return [reject for chunk in read(source, size) for reject in chunk.rejects]


def delimited(delimiter: str, end: str = "\n") -> bytes:
    return (end.join(delimiter.join(row) for row in [COLUMNS, *ROWS]) + end).encode()


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def opened(source: Source) -> Reading:
    with open_source(source, 100) as reading:
        return reading


def zipped(members: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()
