"""One refresh at a time: a lock that the kernel holds, and a file that says who has it.

The lock is `flock` on a file in the folder of snapshots. The kernel gives it up when the process
ends, however it ends, so that a killed refresh never stands in the way of the next one. What the
file says is for people: it is read only where the lock is taken.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import orjson

from graphrec.errors import RefreshRunning

LOCK = "refresh.lock"


@contextmanager
def refresh_lock(folder: Path) -> Iterator[None]:
    """Be the only refresh of a folder of snapshots, which is made where it is not there.

    Raises RefreshRunning, which names the holder, where there is another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Opened for writing: over NFS, an exclusive lock needs it.
    with os.fdopen(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefreshRunning(str(folder), _holder(file.read())) from None
        file.truncate()
        file.write(orjson.dumps(_myself()))
        file.flush()
        yield
        file.truncate(0)


def _myself() -> dict[str, str | int]:
    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}


def _holder(content: bytes) -> str:
    """Who wrote the file; it may be caught before its holder has written."""
    try:
        holder = orjson.loads(content)
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process that has just started"
