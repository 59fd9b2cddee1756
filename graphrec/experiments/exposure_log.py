"""The folder of the exposure log: a file for each day (UTC), and the key of the pseudonyms.

::

    exposures/
    ├── key                  32 random bytes, in hexadecimal; only its owner may read it
    ├── lock, lock.holder    locked while a process writes, and which one does
    ├── forgotten            pseudonyms of who was forgotten lately
    └── 2026-11-22.jsonl     lines as of `graphrec.experiments.exposures`

Several processes may write: each opens the file for every batch, under a lock, so that nothing is
lost when `forget` replaces the file. A batch is written whole or not at all; if a process was
killed while writing, the next batch starts on a new line. Days may be packed and renamed, and
other files may lie beside them: `forget` goes through all of them.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path

import orjson

from graphrec.errors import SettingsError
from graphrec.experiments.exposures import Exposure, lines, pseudonym
from graphrec.files import make_folder, replace_file
from graphrec.locks import file_lock, holder_file
from graphrec.packings import STANDARD, Packing
from graphrec.person_lines.folder import Searched, find_in, take_out
from graphrec.person_lines.forms import People

KEY, LOCK, FORGOTTEN = "key", "lock", "forgotten"

NO_LINES = (KEY, LOCK, holder_file(Path(LOCK)).name, FORGOTTEN)
"""Files that are about nobody."""

LATE_MS = 10_000
"""Lists that somebody got until so long after they were forgotten are not written: other processes
leave them out by then."""

KEPT_MS = 86_400_000
"""How long it is known who was forgotten: no list waits for longer to be written."""

PACKED = ("gz", "bz2", "xz", "zst", "lz4", "zip")
"""Ends of the names of days that were packed."""

WORK = "graphrec serve, exposures"


def append(folder: Path, shown: Sequence[Exposure]) -> None:
    """Append exposures, which are in the order of time; creates the folder and its key if missing.

    Those of users who were forgotten since are left out. Raises OSError if a day cannot be written,
    which leaves its file unchanged, SettingsError for an unusable key, and Locked.
    """
    make_folder(folder)
    with file_lock(folder / LOCK, WORK):
        if not (folder / KEY).exists():
            replace_file(folder / KEY, secrets.token_hex(32).encode(), 0o600)
        key = read_key(folder / KEY)
        gone = _forgotten(folder)
        taken = (each for each in shown if not _is_late(each, key, gone))
        for day, of_day in groupby(taken, _day):
            _append(folder / f"{day}.jsonl", b"".join(lines(each, key) for each in of_day))


def files(folder: Path) -> tuple[Path, ...]:
    """The daily files, oldest first, whether or not they are packed."""
    ends = ("", *(f".{end}" for end in PACKED))
    return tuple(sorted(path for end in ends for path in folder.glob(f"*.jsonl{end}")))


def read_key(path: Path) -> bytes:
    """The key in a file, stripped; raises SettingsError unless it has 1 to 64 bytes."""
    key = path.read_bytes().strip()
    if not 1 <= len(key) <= 64:
        raise SettingsError(f"key in {str(path)!r} has {len(key)} bytes: expected 1 to 64")
    return key


def forget(
    folder: Path, users: Collection[str], packings: Sequence[Packing] = STANDARD
) -> Searched:
    """Delete the lines of users in every file of the folder; durable when it returns.

    Incomplete lines are deleted too, as their user is unknown. Lists that another process is about
    to write are not written any more. Raises SettingsError for an unusable key, Locked, and OSError
    where the folder cannot be written.
    """
    if not folder.is_dir():
        return Searched()
    with file_lock(folder / LOCK, "graphrec forget"):
        for draft in folder.rglob(".draft-*"):
            if draft.is_file():  # left by a process that was killed
                draft.unlink()
        names = names_of(folder, users)
        _note(folder, names - frozenset(users))
        return take_out(folder, People(names, incomplete=True), packings, NO_LINES)


def traces(
    folder: Path, users: Collection[str], packings: Sequence[Packing] = STANDARD
) -> tuple[str, ...]:
    """The files that still hold one of the users, by id or pseudonym; which one is not said.

    And those of which that is not known.
    """
    if not folder.is_dir() or not users:
        return ()
    found = find_in(folder, People(names_of(folder, users)), packings, NO_LINES)
    held = (f"a user in {path.relative_to(folder)}" for path in found.files)
    return (*held, *found.unhandled)


def names_of(folder: Path | None, users: Collection[str]) -> frozenset[str]:
    """How lines may name users: by pseudonym, or by id in files from elsewhere.

    Keys that were put aside, such as `key.old`, are used too: lines under them may be left.
    """
    if folder is None:
        return frozenset(users)
    keys = [read_key(folder / KEY)] if (folder / KEY).exists() else []
    for aside in sorted(folder.glob(f"{KEY}.*")):
        with suppress(OSError, SettingsError):  # anything else of such a name
            keys.append(read_key(aside))
    return frozenset(users) | {pseudonym(user, key) for user in users for key in keys}


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


def _forgotten(folder: Path) -> Mapping[str, int]:
    """Until when the lists of which pseudonyms are not written, in milliseconds since 1970."""
    try:
        found = orjson.loads((folder / FORGOTTEN).read_bytes())
        return {str(name): int(until) for name, until in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _note(folder: Path, pseudonyms: Collection[str]) -> None:
    """Note who was forgotten now, and let go of who was long ago."""
    if not pseudonyms:
        return
    now = time.time_ns() // 1_000_000
    lately = {name: until for name, until in _forgotten(folder).items() if until > now - KEPT_MS}
    lately |= dict.fromkeys(pseudonyms, now + LATE_MS)
    replace_file(folder / FORGOTTEN, orjson.dumps(lately), 0o600)


def _is_late(shown: Exposure, key: bytes, gone: Mapping[str, int]) -> bool:
    return bool(gone) and shown.time <= gone.get(pseudonym(shown.user, key), -1)
