"""A probe: a process that asks a server every few milliseconds, and says what it waited at most."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

EVERY = 0.003
"""Seconds between an answer and the next question."""


@dataclass(frozen=True)
class Probe:
    """A process that asks all the time."""

    process: subprocess.Popen[str]

    def worst(self) -> float:
        """The longest time that an answer took since the last call, in milliseconds."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


@contextmanager
def probing(url: str, paths: Sequence[str]) -> Iterator[Probe]:
    """A probe that asks for the paths in turn."""
    command = [sys.executable, "-S", __file__, urlsplit(url).netloc, *paths]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Probe(process)
        finally:
            process.kill()


def main(address: str, paths: Sequence[str]) -> None:
    """Ask until killed; a line on stdin is answered with the longest time since the last one."""
    host, port = address.split(":")
    requests = [f"GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode("ascii") for path in paths]
    connection = socket.create_connection((host, int(port)), 30)
    worst = 0.0
    while True:
        for request in requests:
            since = time.perf_counter()
            connection.sendall(request)
            _read(connection)
            worst = max(worst, time.perf_counter() - since)
        if select.select([sys.stdin], [], [], EVERY)[0]:
            if not sys.stdin.readline():
                return
            print(1000 * worst, flush=True)
            worst = 0.0


def _read(connection: socket.socket) -> None:
    """Read an answer to its end; raises ValueError where it ends too early, or is an error."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _more(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1] != b"200":
        raise ValueError(answer.decode("utf-8", "replace"))
    length = next(
        int(line.partition(b":")[2])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length")
    )
    left = length - len(body)
    while left > 0:
        left -= len(_more(connection))


def _more(connection: socket.socket) -> bytes:
    found = connection.recv(65_536)
    if not found:
        raise ValueError("the server hung up")
    return found


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
