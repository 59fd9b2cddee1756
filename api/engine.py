"""The recommender that serves, or the reason why there is none yet."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from api.errors import NotReady
from graphrec.errors import SnapshotError
from graphrec.recommend import Recommender

logger = logging.getLogger(__name__)


class Engine:
    """Loads a recommender once and gives it out; the one thing in the process that changes."""

    def __init__(self, load: Callable[[], Recommender], retry_seconds: float) -> None:
        self._load = load
        self._retry_seconds = retry_seconds
        self._recommender: Recommender | None = None
        self._reason = "the snapshot is not loaded yet: try again in a moment"

    @property
    def recommender(self) -> Recommender:
        """The recommender; raises NotReady, with the reason, where there is none."""
        if self._recommender is None:
            raise NotReady(self._reason, math.ceil(self._retry_seconds))
        return self._recommender

    async def load(self) -> bool:
        """Try to load, and say whether there is a recommender now; the log says why not."""
        try:
            self._recommender = await run_in_threadpool(self._load)
        except SnapshotError as error:
            self._not_ready(str(error))
        except Exception as error:
            # Whatever is wrong with a snapshot, the process lives on and says so.
            self._not_ready(
                f"the snapshot cannot be loaded ({type(error).__name__}): the log says more", error
            )
        return self._recommender is not None

    async def keep_loading(self) -> None:
        """Try again every so often, until there is a recommender."""
        while not await self.load():
            await asyncio.sleep(self._retry_seconds)

    def _not_ready(self, reason: str, error: Exception | None = None) -> None:
        if reason != self._reason:  # logged once, not at every try
            logger.warning("not ready: %s", reason, exc_info=error)
        self._reason = reason


async def _ready(request: Request) -> Recommender:
    engine: Engine = request.app.state.engine
    return engine.recommender


Ready = Annotated[Recommender, Depends(_ready)]
"""The recommender, one and the same for a whole request; 503 where there is none."""
