"""The folder of the exposure log: a file for each day (UTC), and the key of the pseudonyms.

::

    exposures/
    ├── key                  32 random bytes, in hexadecimal; only its owner may read it
    ├── lock                 locked while a process writes
    └── 2026-11-22.jsonl     lines as of `graphrec.experiments.exposures`

Several processes may write: each opens the file for every batch, under a lock, so that nothing is
lost when `forget` replaces the file. A batch is written whole or not at all; if a process was
killed while writing, the next batch starts on a new line.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path

import orjson

from graphrec.errors import SettingsError
from graphrec.experiments.exposures import Exposure, lines, pseudonym
from graphrec.files import file_lock, make_folder, replace_file
from graphrec.id_search import holds_id

KEY, LOCK = "key", "lock"


def append(folder: Path, shown: Sequence[Exposure]) -> None:
    """Append exposures, which are in the order of time; creates the folder and its key if missing.

    Raises OSError if a day cannot be written, which leaves its file unchanged, and SettingsError
    for an unusable key.
    """
    make_folder(folder)
    with file_lock(folder / LOCK):
        if not (folder / KEY).exists():
            replace_file(folder / KEY, secrets.token_hex(32).encode(), 0o600)
        key = read_key(folder / KEY)
        for day, of_day in groupby(shown, _day):
            _append(folder / f"{day}.jsonl", b"".join(lines(each, key) for each in of_day))


def files(folder: Path) -> tuple[Path, ...]:
    """The daily files, oldest first."""
    return tuple(sorted(folder.glob("*.jsonl")))


def read_key(path: Path) -> bytes:
    """The key in a file, stripped; raises SettingsError unless it has 1 to 64 bytes."""
    key = path.read_bytes().strip()
    if not 1 <= len(key) <= 64:
        raise SettingsError(f"key in {str(path)!r} has {len(key)} bytes: expected 1 to 64")
    return key


def forget(folder: Path, users: Collection[str]) -> int:
    """Delete the lines of users; durable when it returns. Returns how many were deleted.

    Incomplete lines are deleted too, as their user is unknown.
    """
    if not folder.is_dir():
        return 0
    deleted = 0
    with file_lock(folder / LOCK):
        for draft in folder.glob(".draft-*"):  # left by a process that was killed
            draft.unlink()
        doomed = {None, *_names(folder, users)}
        for path in files(folder):
            with path.open("rb") as file:
                count = sum(_user(line) in doomed for line in file)
            if count:
                _without(path, doomed)
            deleted += count
    return deleted


def traces(folder: Path, users: Collection[str]) -> tuple[str, ...]:
    """The files that still hold one of the users, by id or pseudonym; which one is not said."""
    if not folder.is_dir():
        return ()
    names = _names(folder, users)
    return tuple(
        f"a user in {path.name}"
        for path in sorted(each for each in folder.rglob("*") if each.is_file())
        if any(holds_id(path, name) for name in names) or _holds_line(path, names)
    )


def _day(shown: Exposure) -> str:
    return datetime.fromtimestamp(shown.time / 1000, timezone.utc).date().isoformat()


def _append(path: Path, content: bytes) -> None:
    with path.open("a+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # a writer was killed
                content = b"\n" + content
        try:
            written = 0
            while written < len(content):
                written += file.write(content[written:])
        except OSError:
            file.truncate(size)
            raise


def _names(folder: Path, users: Collection[str]) -> frozenset[str]:
    """How lines may name users: by pseudonym, or by id in files from elsewhere."""
    path = folder / KEY
    key = read_key(path) if path.exists() else None
    return frozenset(users) | {pseudonym(user, key) for user in users if key is not None}


def _user(line: bytes) -> str | None:
    """The user of a line; None for an incomplete line."""
    try:
        return str(orjson.loads(line)["user"])
    except (ValueError, KeyError, TypeError):
        return None


def _without(path: Path, doomed: Collection[str | None]) -> None:
    draft = path.parent / f".draft-{secrets.token_hex(8)}"
    with path.open("rb") as old, draft.open("wb") as new:
        new.writelines(line for line in old if _user(line) not in doomed)
        new.flush()
        os.fsync(new.fileno())
    draft.replace(path)


def _holds_line(path: Path, names: Collection[str]) -> bool:
    """Whether one of its lines is about a user, however short the id."""
    if path.suffix != ".jsonl":
        return False
    with path.open("rb") as file:
        return any(_user(line) in names for line in file)
