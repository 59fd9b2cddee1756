"""Locks between processes: who holds one is known by name, and nobody waits for ever.

The system releases a lock when its process ends, however it ends, so a killed process blocks
nobody. A file beside the lock says who holds it, for the message of whoever waits: a second file
because Windows lets nobody read a locked one. Lock files are made for their owner alone, since who
can read one can hold it.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

import orjson
from filelock import FileLock, Timeout

from graphrec.errors import Locked

MODE = 0o600

LOCK_SECONDS = 10.0
"""How long to wait for a lock that is held for milliseconds."""

KNOWN_SECONDS = 0.2
"""How long a holder may take to say who it is: nobody is judged by the file of the one before."""

SYSTEM = Path("/proc/locks")
"""Where Linux says which process holds which lock."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock; what is not known is None."""

    work: str | None
    """What it does, such as `graphrec refresh`: the command, without what it was asked for."""
    pid: int | None = None
    host: str | None = None
    since: str | None = None
    """ISO 8601, UTC."""

    def __str__(self) -> str:
        work = "" if self.work is None else f"`{self.work}`, "
        process = "a process that does not say who it is"
        if self.pid is not None:
            process = f"process {self.pid}"
        on = "" if self.host is None else f" on {self.host}"
        since = "" if self.since is None else f" since {self.since}"
        return f"{work}{process}{on}{since}"


UNKNOWN = Holder(None)


@contextmanager
def file_lock(
    path: Path,
    work: str,
    patience: Callable[[Holder], float] = lambda _: LOCK_SECONDS,
    waiting: Callable[[Holder], object] = lambda _: None,
) -> Iterator[None]:
    """Hold the lock `path`; `work` says to those who wait what for.

    `patience` is for how many seconds to wait for a holder, and `waiting` is called once with the
    first one. Raises Locked, which names the holder, once that is over, and OSError where the lock
    cannot be made.
    """
    lock = FileLock(path, mode=MODE, thread_local=False)
    with suppress(OSError):  # one that a version before made readable by all
        if path.is_file() and path.stat().st_mode & 0o077:
            path.chmod(MODE)
    _acquire(lock, path, patience, waiting)
    named = holder_file(path)
    try:
        _say(named, work)
        yield
    finally:
        with suppress(OSError):
            named.unlink(missing_ok=True)
        lock.release()


def holder_file(path: Path) -> Path:
    """The file that says who holds the lock `path`."""
    return path.with_name(f"{path.name.removesuffix('.lock')}.holder")


def holder(path: Path) -> Holder:
    """Who holds the lock `path`, as far as that is known."""
    try:
        found = Holder(**orjson.loads(holder_file(path).read_bytes()))
    except (OSError, ValueError, TypeError):
        return _of_the_system(path)
    here = found.host == socket.gethostname()
    return _of_the_system(path) if here and not _runs(found.pid) else found


def _acquire(
    lock: FileLock,
    path: Path,
    patience: Callable[[Holder], float],
    waiting: Callable[[Holder], object],
) -> None:
    began, reported = time.monotonic(), False
    while not _acquired(lock):
        waited, found = time.monotonic() - began, holder(path)
        if waited > max(patience(found), KNOWN_SECONDS):
            raise Locked(str(path), found, waited)
        if waited > KNOWN_SECONDS and not reported:
            waiting(found)
            reported = True
        time.sleep(0.01 if waited < KNOWN_SECONDS else 0.1)


def _acquired(lock: FileLock) -> bool:
    """Take a lock, unless somebody holds it."""
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True


def _say(path: Path, work: str) -> None:
    """Write who holds a lock; a disk that is full does not keep anyone from working."""
    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    content = orjson.dumps(asdict(Holder(work, os.getpid(), socket.gethostname(), since)))
    with suppress(OSError):
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def _runs(pid: int | None) -> bool:
    """Whether there is a process; True where that is not known."""
    if pid is None or os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _of_the_system(path: Path) -> Holder:
    """The holder that Linux knows of, by its process; UNKNOWN elsewhere.

    Such a line is `1: FLOCK ADVISORY WRITE 4711 08:01:1234 0 EOF`.
    """
    try:
        file = str(path.stat().st_ino)
        lines = [line.split() for line in SYSTEM.read_text().splitlines()]
        pids = [int(f[4]) for f in lines if len(f) == 8 and f[5].rpartition(":")[2] == file]
        name = Path(f"/proc/{pids[0]}/comm").read_text().strip()
    except (OSError, ValueError, IndexError):
        return UNKNOWN
    return Holder(name, pids[0], socket.gethostname())
