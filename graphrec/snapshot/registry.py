"""The folder of published snapshots: publishing, reading, going back.

::

    snapshots/
    ├── current                          the version that serves, in one line
    ├── canary                           maybe a version that serves some users (snapshot.canary)
    ├── forgotten                        when somebody was forgotten last
    └── 20261122T101500Z-3fa9c1/         a version: UTC time and a hash of the content
        ├── manifest.json                what it is, with size and SHA-256 of every other file
        ├── manifest.sha256              as `sha256sum --check` reads it
        ├── users.json, items.json, …    a file for each field of the snapshot (snapshot.codec)
        └── arrays.safetensors           its arrays

A version is written under a name that no reader looks at, and made durable before it takes its
name; then `current` is replaced in one step. So a crash at any moment leaves the previous version
serving, and of several publishers the last one to finish wins. What a killed publisher leaves is a
folder named `.draft-…`, which the next one to hold the lock of the folder
(`graphrec.snapshot.lock`) deletes (`graphrec.snapshot.deletion`).
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from graphrec.errors import OutdatedSnapshot, SnapshotError
from graphrec.files import FOLDER_MODE, make_folder, replace_file, sync
from graphrec.snapshot import codec
from graphrec.snapshot.manifest import FORMAT, File, Manifest
from graphrec.snapshot.snapshot import TYPES, Snapshot
from graphrec.snapshot.validate import validate

CURRENT = "current"
MANIFEST = "manifest.json"
CHECKSUM = "manifest.sha256"
USERS = "users.json"
"""The list of ids that a version holds rows of."""

FORGOTTEN = "forgotten"
"""Changes whenever somebody was forgotten."""

POLL_SECONDS = 1.0
"""Interval at which services look for a new version, and whether somebody was forgotten."""

VERSION = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
FILE_NAME = re.compile(r"[a-z_]+(\.[a-z_]+)+")


def publish(
    snapshot: Snapshot,
    folder: Path,
    now: datetime | None = None,
    *,
    serve: bool = True,
    types: codec.Types = TYPES,
) -> str:
    """Write a snapshot into `folder` and make it the current one; returns its version.

    `now` names the version and is the clock's time unless given. When the call returns, the
    snapshot is durable; when it does not return, either it or the previous one is current. Without
    `serve` it only lies beside the current one. `types` names the classes of its sources
    (`graphrec.snapshot.types`). Raises SnapshotError for a source of another class, and OSError
    where the folder cannot be written.
    """
    created = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)
    try:
        validate(snapshot)
    except ValueError as error:
        raise SnapshotError(
            f"the snapshot is not published: {error}; please report it, with what was loaded last"
        ) from error
    make_folder(folder)
    draft = folder / f".draft-{secrets.token_hex(8)}"
    draft.mkdir(FOLDER_MODE)
    try:
        codec.write(snapshot, draft, types, frozenset({"manifest"}))
        files = {path.name: _describe(path) for path in sorted(draft.iterdir())}
        manifest = replace(
            snapshot.manifest, created=created.isoformat(), files=files, generation=0
        )
        digest = hashlib.sha256(_json(manifest)).hexdigest()
        version = f"{created:%Y%m%dT%H%M%SZ}-{digest[:6]}"
        # One that takes the place of another, without somebody who was forgotten, keeps its own.
        newest = max((_age(folder, name)[0] for name in versions(folder)), default=0)
        generation = snapshot.manifest.generation or 1 + newest
        content = _json(replace(manifest, version=version, generation=generation))
        (draft / MANIFEST).write_bytes(content)
        (draft / CHECKSUM).write_bytes(_checksum_line(content))
        for path in draft.iterdir():
            sync(path)
        sync(draft)
        _rename(draft, folder / version)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    if serve:
        switch(folder, version)
    return version


def load(folder: Path, version: str | None = None, *, types: codec.Types = TYPES) -> Snapshot:
    """The current snapshot of `folder`, or that of `version`, after a check of every byte.

    `types` names the classes that it may hold. Raises SnapshotError where there is none, where it
    is of another format or holds another class, and where a file is missing, incomplete or changed.
    """
    version = current(folder) if version is None else version
    manifest = verify(folder, version)
    try:
        found: Snapshot = codec.read(Snapshot, folder / version, types, validate, manifest=manifest)
        return found
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise SnapshotError(
            f"snapshot {version!r} cannot be read ({error}): expected the files of format "
            f"{FORMAT}; publish again with `graphrec train`"
        ) from error


def current(folder: Path) -> str:
    """The version that serves; raises SnapshotError where there is none."""
    path = folder / CURRENT
    try:
        with path.open("rb") as file:
            version = file.read(100).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotError(
            f"snapshot folder {str(folder)!r} has no readable {CURRENT!r} file: expected one that "
            f"names the version to serve; run `graphrec train`"
        ) from error
    if not VERSION.fullmatch(version):
        # What it holds is not shown: it may be a link to a file that others must not read.
        raise SnapshotError(
            f"file {CURRENT!r} in {str(folder)!r} names no version: expected one such as "
            f"20261122T101500Z-3fa9c1; run `graphrec rollback VERSION`, or `graphrec train`"
        )
    return version


def versions(folder: Path) -> tuple[str, ...]:
    """The published versions, oldest first, whether or not they are current."""
    if not folder.is_dir():
        return ()
    names = (path.name for path in folder.iterdir() if (path / MANIFEST).is_file())
    published = (name for name in names if VERSION.fullmatch(name))
    return tuple(sorted(published, key=lambda name: _age(folder, name)))


def resolved(folder: Path, name: str) -> str | None:
    """The version that a name of one means; None where there is none in the folder.

    A snapshot that was written again without somebody who was forgotten keeps the second in its
    name, and has another hash: an older name, or the second alone, means it too.
    """
    if (folder / name / MANIFEST).is_file():
        return name
    second = name.partition("-")[0]
    return resolved_among(
        (path.parent.name for path in folder.glob(f"{second}-*/{MANIFEST}")), name
    )


def resolved_among(found: Iterable[str], name: str) -> str | None:
    """The one of some versions that a name of one means, as `resolved` says."""
    second = name.partition("-")[0]
    alike = [e for e in found if VERSION.fullmatch(e) and e.partition("-")[0] == second]
    return name if name in alike else max(alike, default=None)


def made_at(version: str) -> datetime:
    """When a version was published, to the second."""
    return datetime.strptime(version[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)


def rollback(folder: Path, version: str | None = None) -> str:
    """Make `version`, or the newest one before the current, the current one; returns it.

    Raises SnapshotError where there is none or where it is broken; then nothing changes.
    """
    if version is None:
        serving = current(folder)
        age = _age(folder, serving)
        older = [name for name in versions(folder) if _age(folder, name) < age]
        if not older:
            raise SnapshotError(
                f"snapshot {serving!r} has none before it in {str(folder)!r}: expected an older "
                f"version to go back to; name one of {', '.join(versions(folder))}"
            )
        version = older[-1]
    verify(folder, version)
    switch(folder, version)
    return version


def note_forgotten(folder: Path) -> None:
    """Tell the services on a folder that somebody was forgotten, and not who."""
    now = datetime.now(timezone.utc).isoformat()
    replace_file(folder / FORGOTTEN, f"{now}\n".encode())


def _age(folder: Path, version: str) -> tuple[int, str, datetime, str]:
    """What versions are ordered by: the generation in the manifest, and the time where it has none.

    A clock that was wrong once changes no order. The name alone, where the manifest is unreadable.
    """
    second, _, digest = version.partition("-")
    generation, created = 0, datetime.min.replace(tzinfo=timezone.utc)
    try:
        values = orjson.loads((folder / version / MANIFEST).read_bytes())
        created = datetime.fromisoformat(values["created"]).astimezone(timezone.utc)
        generation = int(values["generation"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        pass
    return generation, second, created, digest


def verify(folder: Path, version: str) -> Manifest:
    """The manifest of a version all of whose files are as it says; raises SnapshotError."""
    if not VERSION.fullmatch(version):
        raise SnapshotError(
            f"snapshot version {version!r} is not a version: expected one such as "
            f"20261122T101500Z-3fa9c1; name one of those in {str(folder)!r}"
        )
    subject, remedy = f"snapshot {version!r}", "roll back, or publish again with `graphrec train`"
    try:
        content = (folder / version / MANIFEST).read_bytes()
        checksum = (folder / version / CHECKSUM).read_bytes()
    except OSError as error:
        raise SnapshotError(
            f"{subject} in {str(folder)!r} has no readable manifest: expected {MANIFEST} and "
            f"{CHECKSUM}; {remedy}"
        ) from error
    if checksum != _checksum_line(content):
        raise SnapshotError(
            f"{subject} has a changed {MANIFEST}: expected the SHA-256 in {CHECKSUM}; {remedy}"
        )
    manifest = _manifest(subject, content, remedy)
    if manifest.version != version:
        raise SnapshotError(
            f"{subject} has the manifest of {manifest.version!r}: expected its own; {remedy}"
        )
    for name, expected in manifest.files.items():
        if not FILE_NAME.fullmatch(name):
            raise SnapshotError(
                f"{subject} names a file {name!r}: expected a plain name, in its folder; {remedy}"
            )
        try:
            found = _describe(folder / version / name)
        except OSError as error:
            raise SnapshotError(
                f"{subject} has no readable file {name!r}: expected the {expected.bytes} bytes "
                f"that were published; {remedy}"
            ) from error
        if found != expected:
            raise SnapshotError(
                f"{subject} has a file {name!r} of {found.bytes} bytes and SHA-256 "
                f"{found.sha256}: expected {expected.bytes} bytes and {expected.sha256}; {remedy}"
            )
    return manifest


def _manifest(subject: str, content: bytes, remedy: str) -> Manifest:
    try:
        values = orjson.loads(content)
        found = values["format"]
        if found != FORMAT:
            outdated = isinstance(found, int) and found < FORMAT
            raise (OutdatedSnapshot if outdated else SnapshotError)(
                f"{subject} has format {found!r}: expected {FORMAT}; {remedy} of this version"
            )
        return TypeAdapter(Manifest).validate_python(values)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValidationError) as error:
        raise SnapshotError(
            f"{subject} has a {MANIFEST} that cannot be read ({error}): expected that of format "
            f"{FORMAT}; {remedy}"
        ) from error


def _json(manifest: Manifest) -> bytes:
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)


def _checksum_line(manifest: bytes) -> bytes:
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


def _describe(path: Path) -> File:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
            size += len(block)
    return File(size, digest.hexdigest())


def _rename(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        verify(target.parent, target.name)  # the same content, published within the same second
    sync(target.parent)


def switch(folder: Path, version: str) -> None:
    """Make a published version the current one, in one step."""
    replace_file(folder / CURRENT, f"{version}\n".encode())
