"""A flood: a process that asks at a fixed rate, whatever becomes of what it asked before."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What came of a request."""

    status: int
    """0 where there was none."""
    seconds: float
    """From when it was sent."""
    retry_after: bool
    """Whether it says when to ask again."""


def flood(
    url: str, paths: Sequence[str], rate: float | None, seconds: float, connections: int = 4
) -> list[Answer]:
    """Ask for the paths in turn, `rate` a second.

    None: each of some connections once the request before is answered.
    """
    task = json.dumps([urlsplit(url).netloc, list(paths), rate, seconds, connections])
    done = subprocess.run(
        [sys.executable, "-S", __file__], input=task, capture_output=True, text=True, check=True
    )
    return [Answer(*each) for each in json.loads(done.stdout)]


async def _flood(
    address: str, paths: Sequence[str], rate: float | None, seconds: float, connections: int
) -> list[tuple[int, float, bool]]:
    free: list[_Connection] = []
    found: list[tuple[int, float, bool]] = []
    turn = 0

    async def ask() -> None:
        nonlocal turn
        path, turn = paths[turn % len(paths)], turn + 1
        connection = free.pop() if free else _Connection(address)
        since = time.perf_counter()
        try:
            status, retry_after = await asyncio.wait_for(connection.ask(path), 30)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            found.append((0, time.perf_counter() - since, False))
            return
        found.append((status, time.perf_counter() - since, retry_after))
        free.append(connection)

    start = time.perf_counter()
    if rate is None:

        async def on_and_on() -> None:
            while time.perf_counter() - start < seconds:
                await ask()

        await asyncio.gather(*(on_and_on() for _ in range(connections)))
    else:
        asked = []
        for n in range(int(rate * seconds)):
            await asyncio.sleep(max(start + n / rate - time.perf_counter(), 0))
            asked.append(asyncio.create_task(ask()))
        await asyncio.gather(*asked)
    return found


class _Connection:
    def __init__(self, address: str) -> None:
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str) -> tuple[int, bool]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address.split(":"))
        reader, writer = self._streams
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._address}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        return int(head[9:12]), b"retry-after: " in head


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_flood(*json.loads(sys.stdin.read())))))
