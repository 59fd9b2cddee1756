"""The log of exposures, written in the background, so that requests do not wait for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from anyio import move_on_after
from graphrec.api.list_cache import WrittenList
from graphrec.api.metrics import Metrics

from graphrec.errors import Locked, SettingsError
from graphrec.experiments.exposure_log import append
from graphrec.experiments.exposures import Exposure
from graphrec.policy.decision import Decision

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.5
"""How long a list waits to be written; a process that is killed loses those that wait."""

MAX_WAITING = 10_000
"""Lists that wait while they cannot be written; further ones are lost, and counted."""


class ExposureLog:
    """Collects the lists that users get, and writes them to a folder
    (`graphrec.experiments.exposure_log`).

    Requests never fail for it: lists that cannot be written wait, up to a limit, which is logged
    and counted.
    """

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        self.folder = folder
        self._metrics = metrics
        self._waiting: list[Exposure] = []
        self._one_at_a_time = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._failing = False

    def add(
        self,
        user: str,
        version: str,
        written: WrittenList,
        request: str | None,
        placement: str | None = None,
        variants: Sequence[tuple[str, str]] = (),
        decision: Decision | None = None,
    ) -> None:
        """Add a list that a user gets from a version; of a placement, where it has a label.

        `variants` are the experiments that it is in, each with its variant; `decision` is that of
        the policy that chose its action.
        """
        if not written.items:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._metrics.exposed("lost", 1)
            return
        now = time.time_ns() // 1_000_000
        self._waiting.append(
            Exposure(
                now,
                version,
                user,
                written.items,
                written.propensities,
                request,
                placement,
                variants,
                written.exploration,
                decision,
            )
        )

    async def follow(self) -> None:
        """Write every so often until `stop`, and then what is left."""
        while not self._stopping.is_set():
            with move_on_after(FLUSH_SECONDS):
                await self._stopping.wait()
            await self.flush()

    def stop(self) -> None:
        """Let `follow` end."""
        self._stopping.set()

    async def flush(self) -> None:
        """Write the lists that wait; never raises."""
        async with self._one_at_a_time:
            if not self._waiting:
                return
            batch = tuple(self._waiting)
            try:
                await asyncio.to_thread(append, self.folder, batch)
            except (OSError, SettingsError, Locked) as error:
                self._fail(f"exposures cannot be written to {str(self.folder)!r}: {error}")
                return
            except Exception:  # in this batch: the next may be written
                logger.exception("%d exposures are lost", len(batch))
                self._metrics.exposed("lost", len(batch))
            else:
                self._metrics.exposed("written", len(batch))
                if self._failing:
                    logger.warning("exposures are written again")
                self._failing = False
            del self._waiting[: len(batch)]

    def _fail(self, reason: str) -> None:
        """Count a failure, and log the first of several; the lists that wait are tried again."""
        self._metrics.exposures_failed()
        if not self._failing:
            logger.warning("%s; up to %d lists wait for it", reason, MAX_WAITING)
        self._failing = True
