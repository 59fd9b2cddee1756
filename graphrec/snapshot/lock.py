"""One refresh at a time: a file lock, and a file beside it that says who holds it.

The operating system releases the lock when the process ends, however it ends, so a killed refresh
never blocks the next one. The second file is only for the error message: it is read only while
somebody else holds the lock, and is a second file because Windows lets nobody read a locked one.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import orjson
from filelock import FileLock, Timeout

from graphrec.errors import RefreshRunning
from graphrec.files import make_folder

LOCK, HOLDER = "refresh.lock", "refresh.holder"


@contextmanager
def refresh_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of snapshots, which is created if missing.

    Raises RefreshRunning, which names the holder, if another refresh holds it.
    """
    make_folder(folder)
    lock, holder = FileLock(folder / LOCK, mode=0o600), folder / HOLDER
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise RefreshRunning(str(folder), _named(holder)) from None
    try:
        holder.write_bytes(orjson.dumps(_this_process()))
        yield
        holder.unlink(missing_ok=True)
    finally:
        lock.release()


def _this_process() -> dict[str, str | int]:
    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}


def _named(holder: Path) -> str:
    """The process in a holder's file, which may be missing or incomplete just after the start."""
    try:
        found = orjson.loads(holder.read_bytes())
        return f"process {found['pid']} on {found['host']} since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has just started"
