"""A server process, as it runs in production, for tests to ask and to stop."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

import httpx
import pytest

from graphrec.settings import Settings

SERVE = """
import sys
from graphrec.api.server import serve
from graphrec.settings import Settings
serve(Settings.model_validate_json(sys.argv[1]), *sys.argv[2:])
"""


@dataclass(frozen=True)
class Server:
    """A process that serves."""

    process: subprocess.Popen[str]
    client: httpx.Client
    log: list[str]
    """Its lines, as they come."""

    @property
    def url(self) -> str:
        return str(self.client.base_url).rstrip("/")


@contextmanager
def running(settings: Settings, store: str | None = None) -> Iterator[Server]:
    """A server process on a free port, stopped in the end."""
    serve = settings.serve.model_copy(update={"port": 0})
    settings = settings.model_copy(update={"serve": serve})
    known = settings.model_dump_json(exclude={"neo4j", "kinds"})
    command = [sys.executable, "-c", SERVE, known, *([store] if store else [])]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        log: list[str] = []
        try:
            for line in process.stderr:
                log.append(line)
                if at := re.search(r"running on (http://[\d.]+:\d+)", line):
                    break
            else:
                pytest.fail("".join(log))
            # Read on: a log that nobody reads fills its pipe, and the server waits.
            reader = Thread(target=lambda: log.extend(process.stderr or ()))
            reader.start()
            with httpx.Client(base_url=at[1], timeout=30) as client:
                yield Server(process, client, log)
        finally:
            process.terminate()
            process.wait(timeout=30)
        reader.join()
