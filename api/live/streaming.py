"""The stream that a service reads beside its requests: by a process of its own.

Reading needs what a process that serves never holds, and would take its time. What it has stored is
sent through a pipe, so that the next answer knows it.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

from graphrec.api.live.feed import Feed
from graphrec.api.stream_metrics import StreamMetrics

from graphrec.errors import GraphrecError
from graphrec.locations import Location
from graphrec.settings import Settings

logger = logging.getLogger(__name__)

CONSUMER = "graphrec.cli.consuming"
"""The module that reads a stream, which only the other process imports."""

BEGINNING = "the stream is not read yet: try again in a moment"

FINISH_SECONDS = 10.0
"""How long the batch may take that is under way when the service ends."""


@dataclass(frozen=True)
class Consuming:
    """What the other process needs."""

    settings: Settings
    store: str
    snapshots: Location


class StreamReader:
    """Reads the stream of the settings into the store, for as long as `follow` runs."""

    def __init__(
        self, consuming: Consuming, feed: Feed, metrics: StreamMetrics, retry_seconds: float
    ) -> None:
        self._consuming = consuming
        self._feed = feed
        self._metrics = metrics
        self._retry_seconds = retry_seconds
        self._reason: str | None = BEGINNING

    @property
    def reason(self) -> str | None:
        """Why the stream is not read; None where it is."""
        return self._reason

    async def follow(self) -> None:
        """Read, and begin again where reading ends, until cancelled."""
        while True:
            await self._read()
            logger.warning("degraded: %s", self._reason)
            await asyncio.sleep(self._retry_seconds)

    async def _read(self) -> None:
        """Read until it ends; the reason is left."""
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(
            target=_consume, args=(self._consuming, there), name="stream", daemon=False
        )
        process.start()
        there.close()
        steps: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def receive() -> None:
            step: Mapping[str, Any] | None = {}
            while step is not None:
                try:
                    step = here.recv()
                except (EOFError, OSError):
                    step = None
                with suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(steps.put_nowait, step)

        Thread(target=receive, name="stream", daemon=True).start()
        self._reason = BEGINNING
        try:
            while (step := await steps.get()) is not None:
                await self._told(step)
            if self._reason in (None, BEGINNING):
                self._reason = "the process that reads the stream has ended: it is started again"
        finally:
            process.terminate()
            await asyncio.shield(asyncio.to_thread(process.join, FINISH_SECONDS))
            if process.is_alive():
                process.kill()

    async def _told(self, step: Mapping[str, Any]) -> None:
        if step["result"] == "failed":
            self._reason = f"the stream is not read: {step['reason']}"
            return
        self._metrics.observe(step)
        away = step["result"] == "away"
        self._reason = f"the stream waits for the store: {step['reason']}" if away else None
        if step["rejected"]:
            logger.warning("stream: %d messages rejected: %s", step["rejected"], step["reason"])
        if step["result"] == "written" and (step["events"] or step["nodes"]):
            await self._feed.catch_up_if_possible()


def _consume(consuming: Consuming, pipe: Connection) -> None:
    """What the other process does."""
    parent = multiprocessing.parent_process()

    def orphaned() -> bool:
        return parent is not None and not parent.is_alive()

    def report(step: Mapping[str, Any]) -> None:
        with suppress(OSError):
            pipe.send(dict(step))

    try:
        read = import_module(CONSUMER).consume_for_service
        read(consuming.settings, consuming.store, consuming.snapshots, report, orphaned)
    except (GraphrecError, ModuleNotFoundError) as error:
        report({"result": "failed", "reason": str(error)})
