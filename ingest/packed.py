"""The bytes of files, unpacked by what is in them, whatever their names say."""

from __future__ import annotations

import io
import lzma
import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, cast

import pyarrow as pa

from graphrec.errors import DataError
from graphrec.packings import OTHERS, STANDARD, Packing, is_archive, packing_of

STDIN = Path("-")
"""Stands for standard input."""
_MAGIC = 512
_ARROW_FILES = {b"ARROW1": "an Arrow or Feather", b"ORC": "an ORC", b"Obj\x01": "an Avro"}


class Opened(NamedTuple):
    """A file that is open, unpacked."""

    stream: io.BufferedReader
    done: Callable[[], int]
    """How much of it has been read, in the unit of `Content.total`."""


@dataclass(frozen=True)
class Content:
    """The unpacked bytes of a file, or of a member of a ZIP archive; they may be read again."""

    name: str
    compression: str | None
    """Such as "gzip", or "zip, gzip" for what was packed twice."""
    total: int
    """Bytes, as they are packed."""
    start: Callable[[], AbstractContextManager[Opened]]
    """Opens it at its first byte."""
    path: Path | None = None
    """Where it is, if it is a file that is not packed."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[Content, ...]]:
    """What is in a file: itself, or the members of a ZIP archive in their order.

    Standard input (`-`) and pipes are copied to a temporary file first, so that they can be read
    again. Raises DataError for a file that is missing, empty of members or no data.
    """
    with ExitStack() as stack:
        name = "standard input" if path == STDIN else str(path)
        with unbroken(name):
            raw = _reopening(path, stack)
            with raw() as first:
                archive = is_archive(first.read(4)) and not is_workbook(first)
                total = first.seek(0, os.SEEK_END)
            found = tuple(_members(name, raw)) if archive else (_content(name, total, raw),)
            if found[0].compression is None and path.is_file():
                found = (replace(found[0], path=path),)
        yield found


def member_names(path: Path) -> tuple[str, ...]:
    """The names of the files of data in a ZIP archive, in its order; empty for any other file."""
    with unbroken(str(path)):
        if not zipfile.is_zipfile(path):
            return ()
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            if is_workbook(file):
                return ()
            return tuple(info.filename for info in archive.infolist() if _is_data(info))


def is_workbook(file: IO[bytes]) -> bool:
    """Whether a file holds an Excel workbook, which is a ZIP archive too."""
    try:
        with zipfile.ZipFile(file) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


@contextmanager
def unbroken(name: str) -> Iterator[None]:
    """Raises DataError where the file called `name` cannot be read on."""
    try:
        yield
    except EOFError as error:
        raise DataError(
            f"file {name!r} ends in the middle of its compressed data: expected a whole file; "
            f"copy or download it again"
        ) from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise DataError(
            f"file {name!r} cannot be read: {error.strerror}; check its name and permissions"
        ) from error
    except (OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, pa.ArrowException) as error:
        raise DataError(
            f"file {name!r} cannot be read to its end: {error}; copy or download it again"
        ) from error


def _reopening(path: Path, stack: ExitStack) -> Callable[[], IO[bytes]]:
    if path != STDIN and (path.is_file() or not path.exists()):
        return lambda: path.open("rb")
    copy = tempfile.TemporaryFile(prefix="graphrec-")  # noqa: SIM115
    stack.callback(copy.close)
    if path == STDIN:
        shutil.copyfileobj(sys.stdin.buffer, copy)
    else:
        with path.open("rb") as pipe:
            shutil.copyfileobj(pipe, copy)

    def again() -> IO[bytes]:
        copy.seek(0)
        return os.fdopen(os.dup(copy.fileno()), "rb")

    return again


def _content(name: str, total: int, raw: Callable[[], IO[bytes]]) -> Content:
    @contextmanager
    def start() -> Iterator[Opened]:
        with raw() as file, ExitStack() as stack:
            stream, _ = _unpacked(cast("io.BufferedReader", file), stack)
            yield Opened(stream, file.tell)

    return _checked(name, total, raw, (), start)


def _members(name: str, raw: Callable[[], IO[bytes]]) -> Iterator[Content]:
    with raw() as file, zipfile.ZipFile(file) as archive:
        members = [info for info in archive.infolist() if _is_data(info)]
    if not members:
        raise DataError(f"file {name!r} is a ZIP archive without a file: expected one at least")
    for info in members:
        if info.flag_bits & 1:
            raise DataError(
                f"{info.filename!r} in {name!r} is encrypted: expected plain data; unpack it"
            )
        yield _member(f"{name}/{info.filename}", info, raw)


def _member(name: str, info: zipfile.ZipInfo, raw: Callable[[], IO[bytes]]) -> Content:
    @contextmanager
    def packed() -> Iterator[io.BufferedReader]:
        with raw() as file, zipfile.ZipFile(file) as archive, archive.open(info) as member:
            yield io.BufferedReader(cast("io.RawIOBase", member))

    @contextmanager
    def start() -> Iterator[Opened]:
        with packed() as member, ExitStack() as stack:
            stream, _ = _unpacked(member, stack)
            yield Opened(stream, member.tell)

    return _checked(name, info.file_size, packed, ("zip",), start)


def _is_data(info: zipfile.ZipInfo) -> bool:
    place = PurePosixPath(info.filename)
    hidden = any(part.startswith((".", "__MACOSX")) for part in place.parts)
    return not info.is_dir() and not hidden and is_data_name(place.name)


def is_data_name(name: str) -> bool:
    """Whether a file of this name in a folder may hold data: not `_SUCCESS`, `.part.crc` …"""
    return not name.startswith((".", "_"))


def _checked(
    name: str,
    total: int,
    raw: Callable[[], AbstractContextManager[IO[bytes]]],
    outer: tuple[str, ...],
    start: Callable[[], AbstractContextManager[Opened]],
) -> Content:
    """The content, once its first bytes have been looked at."""
    with unbroken(name), raw() as file, ExitStack() as stack:
        stream, packed = _unpacked(cast("io.BufferedReader", file), stack)
        first = stream.peek(_MAGIC)
    if first[257:262] == b"ustar":
        raise DataError(
            f"file {name!r} is a tar archive: expected one file; unpack it and name its folder"
        )
    for magic, what in _ARROW_FILES.items():
        if first.startswith(magic) and b"\0" in first:
            raise DataError(f"file {name!r} is {what} file: expected text or Parquet; convert it")
    return Content(name, ", ".join((*outer, *packed)) or None, total, start)


def _unpacked(
    stream: io.BufferedReader, stack: ExitStack
) -> tuple[io.BufferedReader, tuple[str, ...]]:
    """The stream, unpacked as often as it was packed, and the names of the packings."""
    packed: list[str] = []
    while True:
        found = packing_of(stream.peek(_MAGIC), PACKINGS)
        if found is None:
            return stream, tuple(packed)
        packed.append(found.name)
        stream = io.BufferedReader(cast("io.RawIOBase", stack.enter_context(found.unpack(stream))))


class _Arrow(io.RawIOBase):
    """What pyarrow unpacks, as a stream of the standard library."""

    def __init__(self, packed: IO[bytes], codec: str) -> None:
        self._stream = pa.CompressedInputStream(pa.PythonFile(packed, mode="r"), codec)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        return int(self._stream.readinto(buffer))


class _LeftOpen(io.RawIOBase):
    """A stream to write to that stays open when pyarrow closes it."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        return self._raw.write(content)


def _arrow(name: str) -> Packing:
    return Packing(
        name,
        OTHERS[name],
        partial(_Arrow, codec=name),
        lambda raw: pa.CompressedOutputStream(pa.PythonFile(_LeftOpen(raw), mode="w"), name),
    )


PACKINGS = (*STANDARD, _arrow("zstd"), _arrow("lz4"))
"""All that files may be packed with, but for ZIP archives."""
