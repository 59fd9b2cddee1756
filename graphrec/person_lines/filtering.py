"""Copying a file without the lines of people, as it is packed."""

from __future__ import annotations

import codecs
import csv
import io
import lzma
import shlex
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from graphrec.id_search import stream_holds
from graphrec.packings import OTHERS, Packing, is_archive, packing_of
from graphrec.person_lines.forms import People, lines_of

HEAD = 65_536
"""Bytes by which packings and forms are recognised."""

BROKEN = (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError,
          zipfile.BadZipFile, csv.Error)  # fmt: skip
"""What libraries raise where a file is cut off, changed or encrypted."""


class Unhandled(Exception):  # noqa: N818
    """A file that may hold lines of people, and cannot be searched or changed."""

    def __init__(self, path: Path, why: str, remedy: str = "") -> None:
        super().__init__(f"{path} {why}; {remedy or dropping(path)}")


class Job(NamedTuple):
    """What is looked for, and in which file."""

    path: Path
    people: People
    packings: Sequence[Packing]


def filtered(file: IO[bytes], out: IO[bytes] | None, job: Job) -> int:
    """Copy a file to `out`, if there is one, without the lines of people; returns how many it had.

    Raises Unhandled where it is not known what the file holds.
    """
    stream = buffered(file)
    head = stream.peek(HEAD)
    if is_archive(head):
        return _members(file, out, job)
    packing = packing_of(head, job.packings)
    if packing is not None:
        with packing.unpack(stream) as unpacked:
            if out is None:
                return filtered(unpacked, None, job)
            with packing.pack(out) as packed:
                return filtered(unpacked, packed, job)
    lines = lines_of(stream, head, job.people)
    if lines is None:
        _searched(stream, head, out, job)
        return 0
    count = 0
    for line, theirs in lines:
        count += theirs
        if out is not None and not theirs:
            out.write(line)
    return count


def mentions(file: IO[bytes], job: Job) -> bool:
    """Whether a file holds a name of the people anywhere, once it is unpacked."""
    return any(stream_holds(each, job.people.names) for each in _contents(file, job.packings))


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raises Unhandled where a file cannot be read to its end."""
    try:
        yield
    except PermissionError as error:
        raise Unhandled(path, "cannot be read (Permission denied)", allowing(path)) from error
    except BROKEN as error:
        raise Unhandled(path, f"cannot be read to its end ({error})") from error


def dropping(path: Path) -> str:
    """What to do about a file that cannot be handled."""
    return (
        f"delete it (`rm {shlex.quote(str(path))}`), or take their lines out by hand, and forget "
        f"them again"
    )


def allowing(path: Path) -> str:
    """What to do about a file that may not be read or written."""
    return f"`chmod u+rw {shlex.quote(str(path))}`, and forget them again"


def buffered(file: IO[bytes]) -> io.BufferedReader:
    """A stream whose first bytes can be looked at."""
    return io.BufferedReader(cast("io.RawIOBase", file), HEAD)


def _members(file: IO[bytes], out: IO[bytes] | None, job: Job) -> int:
    """The same for all members of a ZIP archive."""
    count = 0
    with zipfile.ZipFile(file) as old:
        if out is None:
            for info in old.infolist():
                with old.open(info) as member:
                    count += filtered(member, None, job)
            return count
        with zipfile.ZipFile(out, "w") as new:
            for info in old.infolist():
                named = zipfile.ZipInfo(info.filename, info.date_time)
                named.compress_type, named.external_attr = info.compress_type, info.external_attr
                with old.open(info) as member, new.open(named, "w", force_zip64=True) as copy:
                    count += filtered(member, copy, job)
    return count


def _searched(stream: IO[bytes], head: bytes, out: IO[bytes] | None, job: Job) -> None:
    """Search a stream of no known form, and copy it; raises Unhandled unless nobody is in it."""
    for name, magic in OTHERS.items():
        if magic.match(head):
            raise Unhandled(
                job.path,
                f"is packed with {name}, which is not read here",
                "run `graphrec forget - --verify` where graphrec[ingest] is installed",
            )
    if not _is_text(head):
        raise Unhandled(job.path, "is of a format that cannot be searched")
    if stream_holds(cast("IO[bytes]", _Copied(stream, out)), job.people.names):
        raise Unhandled(job.path, "holds an id in a text of no known form")


class _Copied(io.RawIOBase):
    """A stream, of which everything that is read is written elsewhere."""

    def __init__(self, stream: IO[bytes], out: IO[bytes] | None) -> None:
        self._stream, self._out = stream, out

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        if self._out is not None:
            self._out.write(block)
        return block


def _is_text(head: bytes) -> bool:
    """Whether a file that begins so is text in UTF-8, and not an encrypted one."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\0" not in head and not head.startswith(b"-----BEGIN")


def _contents(file: IO[bytes], packings: Sequence[Packing]) -> Iterator[IO[bytes]]:
    """The unpacked bytes of a file, or of each member of an archive."""
    stream = buffered(file)
    head = stream.peek(HEAD)
    if is_archive(head):
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                with archive.open(info) as member:
                    yield from _contents(member, packings)
        return
    packing = packing_of(head, packings)
    if packing is None:
        yield stream
        return
    with packing.unpack(stream) as unpacked:
        yield from _contents(unpacked, packings)
