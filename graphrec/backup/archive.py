"""The file of a backup: a tar, with SHA-256 and size of each file in the manifest at its end.

::

    store.db          the store, as a file of the SQLite store
    snapshot/…        maybe the files of the snapshot that served
    manifest.json     what is in it

It is written and read as a stream, so that memory does not grow with it. What it holds are data of
people: the file is its owner's alone.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, cast

import orjson
from pydantic import TypeAdapter, ValidationError

from graphrec.errors import BackupError
from graphrec.files import sync

FORMAT = 1
"""Raised whenever a reader of the old format could not read the new one."""

STORE = "store.db"
SNAPSHOT = "snapshot"
MANIFEST = "manifest.json"

NAME = re.compile(r"store\.db|snapshot/[a-z_]+(\.[a-z_0-9]+)+")
BLOCK = 2**20
LARGEST_MANIFEST = 2**20


@dataclass(frozen=True)
class Stored:
    """What a file of a backup must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """What is in a backup."""

    graphrec: str
    """The version that wrote it."""
    created: str
    """UTC, ISO 8601."""
    position: int
    """Of the store."""
    counts: Mapping[str, int]
    """As `GraphStore.counts`."""
    snapshot: str | None
    """The version that served, where it is in it."""
    files: Mapping[str, Stored]
    format: int = FORMAT


class Writer:
    """An archive that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, Stored] = {}

    def add(self, path: Path, name: str) -> None:
        """Add a file that does not change any more."""
        size, digest = described(path)
        header = _header(name, size)
        with path.open("rb") as content:
            self._tar.addfile(header, content)
        self.files[name] = Stored(size, digest)

    def finish(self, contents: Contents) -> None:
        """Add the manifest."""
        content = orjson.dumps(asdict(contents), option=orjson.OPT_INDENT_2)
        self._tar.addfile(_header(MANIFEST, len(content)), io.BytesIO(content))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new file, whole or not at all; compressed where its name ends in .gz.

    Raises BackupError where there is one of the name, and OSError where it cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise BackupError(
            f"backup {str(path)!r} is there already: expected a new file, as nothing is written "
            f"over; name another, or delete it"
        )
    draft = path.with_name(f".{path.name}.draft")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            mode = "w|gz" if path.suffix == ".gz" else "w|"
            with tarfile.open(fileobj=file, mode=mode, format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
                yield Writer(tar)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # not a rename: whoever was faster is not written over
    finally:
        draft.unlink(missing_ok=True)
    sync(path.parent)


def unpack(path: Path, folder: Path) -> Contents:
    """Put the files of a backup into a folder, each as the manifest says; returns what it says.

    Raises BackupError where it is none, incomplete, changed or of another format.
    """
    found: dict[str, Stored] = {}
    contents: Contents | None = None
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r|*") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or not (NAME.fullmatch(member.name) or member.name == MANIFEST):
                    raise _broken(path, f"it holds {member.name!r}, which no backup does")
                if member.name == MANIFEST:
                    contents = _contents(path, content.read(LARGEST_MANIFEST))
                else:
                    found[member.name] = _unpacked(cast("BinaryIO", content), folder / member.name)
    except OSError as error:
        if not isinstance(error, EOFError) and error.errno is not None:
            raise BackupError(
                f"backup {str(path)!r} cannot be unpacked: {error.strerror} "
                f"({error.filename or folder}); see that it is there, and that there is room"
            ) from error
        raise _broken(path, str(error)) from error
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise _broken(path, str(error)) from error
    if contents is None:
        raise _broken(path, "it has no manifest at its end: it is not complete")
    for name in sorted({*found, *contents.files}):
        if found.get(name) != contents.files.get(name):
            raise _broken(path, f"its file {name!r} is not as its manifest says")
    if STORE not in found:
        raise _broken(path, "it holds no store")
    return contents


def described(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def _unpacked(content: BinaryIO, path: Path) -> Stored:
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as file:
        shutil.copyfileobj(content, file, BLOCK)
        file.flush()
        os.fsync(file.fileno())
    return Stored(*described(path))


def _contents(path: Path, content: bytes) -> Contents:
    try:
        values = orjson.loads(content)
        if values["format"] != FORMAT:
            raise BackupError(
                f"backup {str(path)!r} has format {values['format']!r}: expected {FORMAT}; restore "
                f"it with graphrec {values.get('graphrec', 'of another version')}"
            )
        return TypeAdapter(Contents).validate_python(values)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValidationError) as error:
        raise _broken(path, f"its manifest cannot be read: {error}") from error


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


def _broken(path: Path, why: str) -> BackupError:
    return BackupError(
        f"backup {str(path)!r} is not whole: {why}; expected a file that `graphrec dump` wrote; "
        f"take another one"
    )
