"""One at a time who changes a folder of snapshots: a refresh, a deletion, a rollback.

They queue. What takes seconds is waited for by all; a refresh or a training, which takes minutes,
by whoever says so: of two refreshes the second has nothing to add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from graphrec.errors import Locked, RefreshRunning
from graphrec.files import make_folder
from graphrec.locks import Holder, file_lock

LOCK, HOLDER = "refresh.lock", "refresh.holder"

REFRESH = "graphrec refresh"

LONG = (REFRESH, "graphrec train", "graphrec demo", "graphrec policy train")
"""Works that take minutes, and publish at their end what they read at their beginning."""

SHORT_SECONDS = 60.0
"""How long to wait for works that take seconds, and for who does not say what it does."""


@contextmanager
def refresh_lock(
    folder: Path,
    work: str = REFRESH,
    seconds: float = 0.0,
    waiting: Callable[[Holder], object] = lambda _: None,
    *,
    short: float = SHORT_SECONDS,
) -> Iterator[None]:
    """Hold the lock of a folder of snapshots, which is created if missing.

    `work` names what it is held for, such as `graphrec forget`. A refresh or a training is waited
    for up to `seconds`, anybody else up to `short`; `waiting` is called once with the holder.
    Raises RefreshRunning where a refresh or a training holds it for longer, Locked where somebody
    else does; both name the holder.
    """
    make_folder(folder)
    path = folder / LOCK
    try:
        with file_lock(path, work, lambda h: seconds if h.work in LONG else short, waiting):
            yield
    except Locked as error:
        if error.path == str(path) and error.holder.work in LONG:
            raise RefreshRunning(str(folder), error.holder, error.seconds) from None
        raise
