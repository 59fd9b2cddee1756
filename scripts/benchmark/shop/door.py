"""The two doors of a shop's recommender: its command line and its service.

All addresses are here.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from graphrec.errors import GraphrecError
from scripts.benchmark.load.process import ONE_THREAD, free_port, start, wait_until_answers

MAIN = "graphrec.cli.main"

STORE = "sqlite:///graphrec.db"

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

    def placement(
        self, name: str, k: int, user: str = "", items: Sequence[str] = (), by: str = "snapshot"
    ) -> list[Place]:
        """The list of a placement, for a user, beside items, or both."""
        given = {"k": k, "user": user, "items": ",".join(items), "by": by}
        values = {key: value for key, value in given.items() if value and value != "snapshot"}
        return self._list(f"/v1/placements/{name}?{urlencode(values)}")

    def plain_lists(self, user: str, item: str, k: int) -> Mapping[str, list[Place]]:
        """The lists that are no placements, of a user, a visitor and an item, by name."""
        of_user, of_item = f"/v1/users/{quote(user)}", f"/v1/items/{quote(item)}"
        drawn = "exploration=0.5&exploration_by=thompson"
        return {
            "recommendations": self._list(f"{of_user}/recommendations?k={k}"),
            "exploration": self._list(f"{of_user}/recommendations?k={k}&{drawn}"),
            "visitor": self._list("/v1/recommendations", "POST", {"items": [item], "k": k}),
            "nobody": self._list("/v1/recommendations", "POST", {"items": [], "k": k}),
            "related": self._list(f"{of_item}/related?k={k}"),
            "related in the store": self._list(f"{of_item}/related?k={k}&by=store"),
            "popular items": self._list(f"/v1/popular?k={k}"),
        }

    def put_item(self, item: str, attributes: Mapping[str, object]) -> None:
        """Add an item, as it comes into the shop."""
        self._ask(f"/v1/items/{quote(item)}", "PUT", {"attributes": attributes})

    def _list(
        self, path: str, method: str = "GET", body: Mapping[str, object] | None = None
    ) -> list[Place]:
        return _places(self._ask(path, method, body))

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


def in_the_shell(
    folder: Path, users: Sequence[str], items: Sequence[str]
) -> Mapping[str, list[list[Place]]]:
    """Lists that commands print and export, by name."""
    user, item = users[0], items[0]
    printed = {
        "shell: recommend": ("recommend", user, "-k", "100"),
        "shell: related": ("related", item, "-k", "100"),
        "shell: related in the store": ("related", item, "-k", "100", "--store", STORE),
        "shell: placement": ("placement", "for-you", "--user", user, "-k", "100"),
    }
    found = {
        name: [_places(orjson.loads(command(folder, *words, "--json")))]
        for name, words in printed.items()
    }
    (folder / "users.txt").write_text("\n".join(users), "utf-8")
    command(
        folder, "export", "--placement", "for-you", "--users", "users.txt", "--out", "lists.csv"
    )
    command(folder, "export", "--related", "--out", "related.csv")
    for name in ("lists", "related"):
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            found[f"export: {name}"] = [_places(list(csv.DictReader(file)))]
    return found


def _places(found: Any) -> list[Place]:
    """The places of a list, or of an answer that holds one."""
    if isinstance(found, dict):
        found = next(each for each in found.values() if isinstance(each, list))
    return [
        Place(
            each.get("related") or each["item"],
            tuple(path["item"] for path in each.get("because") or ()),
        )
        for each in found
    ]


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
