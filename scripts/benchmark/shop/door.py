"""The two doors of a shop's recommender: its command line and its service.

All addresses are here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from graphrec.errors import GraphrecError
from scripts.benchmark.load.process import ONE_THREAD, free_port, start, wait_until_answers

MAIN = "graphrec.cli.main"

TRIES = 10
"""Of a request that is answered with 503, as by a store that is busy."""

PATIENT = {"GRAPHREC_SERVE__MAX_WAIT_MS": "60000"}
"""Nobody else asks: a machine that is busy must not make answers fail."""


def command(folder: Path, *words: str) -> str:
    """What a command of graphrec prints in a folder; raises GraphrecError where it fails."""
    done = subprocess.run(  # noqa: S603 - this interpreter and this project
        [sys.executable, "-m", MAIN, *words],
        cwd=folder,
        env={**os.environ, **ONE_THREAD},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise GraphrecError(f"graphrec {' '.join(words)} fails: {done.stderr[-500:]}")
    return done.stdout


@dataclass(frozen=True)
class Place:
    """An item of a list."""

    item: str
    because: tuple[str, ...]
    """The items that its reason names."""


@dataclass(frozen=True)
class Door:
    """The service, over one connection."""

    connection: HTTPConnection

    def for_you(self, user: str, k: int) -> list[Place]:
        """The list of a user."""
        return self._list(f"/v1/users/{quote(user)}/recommendations?k={k}")

    def also_bought(self, item: str, k: int, by: str) -> list[Place]:
        """What those who bought an item bought, `by` snapshot or store."""
        by = "graph" if by == "snapshot" else by
        return self._list(f"/v1/items/{quote(item)}/related?k={k}&by={by}")

    def others(self, user: str, item: str, k: int) -> Mapping[str, list[Place]]:
        """Every other list that a page of this user and item may show, by name."""
        paths = {
            "related": f"/v1/items/{quote(item)}/related?k={k}",
            "popular": f"/v1/popular?k={k}",
            "thompson": f"/v1/users/{quote(user)}/recommendations?k={k}&exploration=0.5"
            f"&exploration_by=thompson",
        }
        return {name: self._list(path) for name, path in paths.items()}

    def visitor(self, items: list[str], k: int) -> list[Place]:
        """The list of a session."""
        return self._list("/v1/recommendations", "POST", {"items": items, "k": k})

    def put_item(self, item: str, attributes: Mapping[str, object]) -> None:
        """Add an item, as it comes into the shop."""
        self._ask(f"/v1/items/{quote(item)}", "PUT", {"attributes": attributes})

    def _list(
        self, path: str, method: str = "GET", body: Mapping[str, object] | None = None
    ) -> list[Place]:
        answer = self._ask(path, method, body)
        places = next(each for each in answer.values() if isinstance(each, list))
        return [
            Place(each["item"], tuple(path["item"] for path in each.get("because") or ()))
            for each in places
        ]

    def _ask(self, path: str, method: str, body: Mapping[str, object] | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        sent = orjson.dumps(body) if body is not None else None
        for _ in range(TRIES):
            try:
                self.connection.request(method, path, sent, headers)
                response = self.connection.getresponse()
                content, status = response.read(), response.status
            except ConnectionError:  # it was idle, and the service closed it
                self.connection.close()
                continue
            if status != 503:
                break
            time.sleep(float(response.headers.get("Retry-After", 1)))
        if status != 200:
            said = content[:300].decode("utf-8", "replace")
            raise GraphrecError(f"{method} {path}: expected status 200, was {status}: {said}")
        found: dict[str, Any] = orjson.loads(content)
        return found


@contextmanager
def served(folder: Path, *words: str) -> Iterator[Door]:
    """The service of a folder with its settings, on a free port of loopback."""
    port, log = free_port(), folder / "serve.log"
    process = start([MAIN, "serve", "--port", str(port), *words], log, PATIENT, folder)
    try:
        wait_until_answers(f"http://127.0.0.1:{port}/health/ready", process, log)
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            yield Door(connection)
    finally:
        process.terminate()
        process.wait()
