"""Several processes that serve at one address, and the one that starts them again.

Each listens on a socket of its own at the same address, among which the system shares out new
connections. They need not know each other: what one writes, the others read from the store.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from graphrec.api.peers import Peers
from graphrec.api.rereading import hung_up, in_foreground

from graphrec.errors import SettingsError

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
"""Before a worker that has ended is started again: one that always fails takes no more."""

BACKLOG = 2048


class Work(NamedTuple):
    """What a worker needs beside the settings."""

    socket: socket.socket
    peers: Peers
    ready: Any
    """An event of `multiprocessing`, set once it listens."""


def listening(host: str, port: int, workers: int) -> list[socket.socket]:
    """A socket for each worker at one address; raises SettingsError where it cannot be had."""
    if not hasattr(socket, "SO_REUSEPORT") or sys.platform != "linux":
        raise SettingsError(
            f"serve.workers is {workers}: expected 1 on {sys.platform}, whose system shares "
            f"connections out among no processes; start several on ports of their own"
        )
    found: list[socket.socket] = []
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        for _ in range(workers):
            each = socket.socket(family, socket.SOCK_STREAM)
            found.append(each)
            if len(found) > 1:
                address = found[0].getsockname()
            else:  # nobody else may be there: the option would let another service share it
                with socket.socket(family, socket.SOCK_STREAM) as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(address)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            each.bind(address)
    except OSError as error:
        for each in found:
            each.close()
        raise SettingsError(
            f"serve.host is {host!r} and serve.port {port}: expected an address that is free "
            f"({error.strerror or error}); choose another with --host and --port"
        ) from error
    return found


class Supervisor:
    """Starts workers, starts those again that end, and passes signals on to them."""

    def __init__(
        self, sockets: Sequence[socket.socket], work: Callable[[Work], None], folder: Path
    ) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._sockets = sockets
        self._work = work
        self._folder = folder
        self._processes: dict[int, Any] = {}
        self._ready: dict[int, Any] = {}
        self._to_reread: set[int] = set()
        """Workers that were to read the settings again before they were ready to."""
        self._begun = False
        """Whether all have been ready."""
        self._stopping = False

    def run(self) -> None:
        """Run the workers until a signal to stop; ends the process where one cannot start."""
        for sig in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sig, self._stop)
        signal.signal(signal.SIGHUP, partial(self._hang_up, in_foreground()))
        for number in range(1, len(self._sockets) + 1):
            self._start(number)
        while self._processes:
            wait([each.sentinel for each in self._processes.values()], timeout=0.2)
            if not self._begun and all(each.is_set() for each in self._ready.values()):
                self._begun = True
                self._tell()
            for number, process in list(self._processes.items()):
                if not process.is_alive():
                    self._ended(number, process)
                elif number in self._to_reread and self._ready[number].is_set():
                    self._to_reread.discard(number)
                    os.kill(process.pid, signal.SIGHUP)

    def _start(self, number: int) -> None:
        ready = self._ready[number] = self._context.Event()
        peers = Peers(self._folder, number, len(self._sockets))
        work = Work(self._sockets[number - 1], peers, ready)
        process = self._context.Process(target=self._work, args=(work,), name=f"worker {number}")
        process.start()
        self._processes[number] = process

    def _tell(self) -> None:
        host, port = self._sockets[0].getsockname()[:2]
        at = f"[{host}]" if ":" in host else host
        pids = ", ".join(str(each.pid) for each in self._processes.values())
        logger.info(
            "%d workers running on http://%s:%d (processes %s)",
            len(self._processes),
            at,
            port,
            pids,
        )

    def _ended(self, number: int, process: Any) -> None:
        process.join()
        del self._processes[number]
        if self._stopping:
            return
        if not self._begun:  # its log says why
            self._stop(signal.SIGTERM, None)
            for each in self._processes.values():
                each.join()
            raise SystemExit(3)
        logger.warning(
            "worker %d (process %d) has ended with %d: another takes its place",
            *(number, process.pid, process.exitcode),
        )
        time.sleep(PAUSE_SECONDS)
        if not self._stopping:
            self._start(number)

    def _stop(self, _: int, __: FrameType | None) -> None:
        self._stopping = True
        for each in list(self._processes.values()):
            each.terminate()

    def _hang_up(self, foreground: bool, sig: int, frame: FrameType | None) -> None:
        if hung_up(foreground):
            self._stop(sig, frame)
        else:
            self._to_reread.update(self._processes)


def supervise(host: str, port: int, workers: int, work: Callable[[Work], None]) -> None:
    """Run `work` in several processes that serve at one address, until a signal to stop.

    Raises SettingsError where the address cannot be had.
    """
    sockets = listening(host, port, workers)
    # Only its owner may open it, whatever the umask.
    with tempfile.TemporaryDirectory(prefix="graphrec-") as folder:
        Supervisor(sockets, work, Path(folder)).run()
