"""Servers of this project in processes of their own."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from graphrec.errors import GraphrecError

START_LIMIT = 120.0
"""Seconds after which a server that does not answer has failed."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""BLAS would else take all cores for one request."""


PORTS = range(20_000, 32_000)
"""Of servers: below those that systems give to outgoing connections, as any program has them."""


def free_port(count: int = 1) -> int:
    """The first of `count` ports in a row on loopback that nobody has."""
    while True:
        first = secrets.choice(PORTS)
        with ExitStack() as probes, suppress(OSError):
            for port in range(first, first + count):
                probes.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


def start(
    module: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """`python -m module …`, which adds what it has to say to the file `log`.

    It works in `folder`; None: in that of this process.
    """
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - this interpreter and this project
            [sys.executable, "-m", *module],
            stdout=output,
            stderr=output,
            cwd=folder,
            env={**os.environ, **ONE_THREAD, **environment},
        )


def wait_until_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> float:
    """The seconds until `url` answers 200; raises GraphrecError where the process ends before."""
    began = time.perf_counter()
    while not _answers(url):
        if process.poll() is not None or time.perf_counter() - began > START_LIMIT:
            tail = log.read_text("utf-8", "replace")[-500:]
            raise GraphrecError(f"the server does not start: expected it at {url}; {tail}")
        time.sleep(0.01)
    return time.perf_counter() - began


def _answers(url: str) -> bool:
    with suppress(OSError, HTTPException), urlopen(url, timeout=5) as answer:  # noqa: S310
        return bool(answer.status == 200)
    return False
