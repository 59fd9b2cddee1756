"""A load generator over keep-alive connections: `python -m scripts.benchmark.load.client`, task on
stdin.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson

TIMEOUT = 30.0
"""Seconds to wait for an answer."""


def main() -> None:
    """Carry out the task, and write what came of it, as `scripts.benchmark.load.attack.Load` reads
    it.
    """
    sys.stdout.buffer.write(
        orjson.dumps(asyncio.run(_attack(orjson.loads(sys.stdin.buffer.read()))))
    )


async def _attack(task: dict[str, Any]) -> dict[str, Any]:
    at = urlsplit(task["base_url"])
    calls = cycle([_bytes(at.netloc, call["path"], call["body"]) for call in task["calls"]])
    connections = [
        _Connection(at.hostname or "", at.port or 80) for _ in range(task["connections"])
    ]
    good: list[float] = []
    answers = Counter[str]()

    async def ask(connection: _Connection, since: float) -> None:
        try:
            status = await asyncio.wait_for(connection.ask(next(calls)), TIMEOUT)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            connection.close()
            status = 0
        answers[str(status)] += 1
        if status == 200:
            good.append(time.perf_counter() - since)

    start = time.perf_counter()
    if task["rate"] is None:

        async def again(connection: _Connection) -> None:
            while (since := time.perf_counter()) - start < task["seconds"]:
                await ask(connection, since)

        await asyncio.gather(*map(again, connections))
    else:
        # A request is late from the moment it was due on, also while no connection is free.
        free = asyncio.LifoQueue[_Connection]()
        for connection in connections:
            free.put_nowait(connection)

        async def once(due: float) -> None:
            connection = (
                free.get_nowait()
                if not free.empty()
                else _Connection(at.hostname or "", at.port or 80)
            )
            await ask(connection, due)
            free.put_nowait(connection)

        running = set()
        for n in range(int(task["seconds"] * task["rate"])):
            due = start + n / task["rate"]
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            running.add(asyncio.create_task(once(due)))
            running = {each for each in running if not each.done()}
        await asyncio.gather(*running)
    return _summary(good, answers, time.perf_counter() - start)


def _summary(good: Sequence[float], answers: Counter[str], seconds: float) -> dict[str, Any]:
    p50, p99, most = np.percentile(good, (50, 99, 100)) * 1000 if good else (np.nan,) * 3
    return {
        "throughput": len(good) / seconds,
        "failures": answers.total() - len(good),
        "answers": dict(answers),
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "max_ms": float(most),
    }


def _bytes(host: str, path: str, body: dict[str, Any] | None) -> bytes:
    if body is None:
        return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("ascii")
    content = orjson.dumps(body)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode("ascii") + content


class _Connection:
    """Opened when it is first needed, and again where the server closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        """The status of the answer, whose body is read too."""
        reader, head = await self._asked(request)
        _, found, rest = head.partition(b"\r\ncontent-length: ")
        if not found:
            raise ValueError("the answer does not say how long it is")
        await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
        if b"\r\nconnection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1])

    async def _asked(self, request: bytes) -> tuple[asyncio.StreamReader, bytes]:
        """The stream and the head of the answer, in lower case.

        A server may close a connection that was idle just as it is used again: then the request is
        sent once more on a new one, as browsers do.
        """
        if self._streams is not None:
            reader, writer = self._streams
            try:
                writer.write(request)
                return reader, (await reader.readuntil(b"\r\n\r\n")).lower()
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                if getattr(error, "partial", b""):
                    raise
                self.close()
        self._streams = await asyncio.open_connection(*self._address)
        reader, writer = self._streams
        writer.write(request)
        return reader, (await reader.readuntil(b"\r\n\r\n")).lower()

    def close(self) -> None:
        """Give the connection up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


if __name__ == "__main__":
    main()
