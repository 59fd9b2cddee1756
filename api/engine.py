"""The recommender that serves, replaced whole once another snapshot is current."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from api.errors import NotReady
from graphrec.errors import SnapshotError
from graphrec.recommend import Recommender
from graphrec.snapshot import CURRENT, current

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""How often the name of the current snapshot is looked at, which costs one `stat`."""

Stamp: TypeAlias = tuple[int, int] | None


class Engine:
    """Gives out one recommender at a time, and replaces it in one assignment.

    A request takes the recommender once, so its answer is of one version from beginning to end,
    and the old one is freed after its last request. A snapshot that cannot be loaded is refused:
    what served goes on serving, and it is not tried again until `current` is written anew, or
    until it is asked for. Only where nothing serves yet is it tried every `retry_seconds`.
    """

    def __init__(
        self,
        folder: Path,
        load: Callable[[str], Recommender],
        retry_seconds: float,
        loaded: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """`load` gives the recommender of a version; `loaded` is told how each attempt went."""
        self.folder = folder
        """Of snapshots."""
        self._load = load
        self._retry_seconds = retry_seconds
        self._loaded = loaded
        self._recommender: Recommender | None = None
        self._stamp: Stamp = None
        self._reason: str | None = "the snapshot is not loaded yet: try again in a moment"
        self._loading = asyncio.Lock()

    @property
    def recommender(self) -> Recommender:
        """The recommender; raises NotReady, with the reason, where there is none."""
        if self._recommender is None:
            assert self._reason is not None  # noqa: S101 - there is no other way to have none
            raise NotReady(self._reason, math.ceil(self._retry_seconds))
        return self._recommender

    @property
    def serving(self) -> Recommender | None:
        """The recommender, where there is one."""
        return self._recommender

    @property
    def version(self) -> str | None:
        """The version that serves, where one does."""
        return None if self._recommender is None else self._recommender.snapshot.manifest.version

    @property
    def reason(self) -> str | None:
        """Why the current snapshot is not the one that serves; None where it is."""
        return self._reason

    async def update(self, again: bool = False) -> None:
        """Serve the current snapshot, if it is another one, and can be; the log says why not.

        One that was refused is tried once more only where `again`, or where nothing serves.
        """
        async with self._loading:
            stamp = _stamp(self.folder / CURRENT)
            if stamp == self._stamp and self._recommender is not None and not again:
                return
            self._stamp = stamp
            try:
                found = await run_in_threadpool(self._found)
            except SnapshotError as error:
                self._refuse(str(error))
            except Exception as error:
                # Whatever is wrong with a snapshot, the process lives on and says so.
                kind = type(error).__name__
                self._refuse(f"the snapshot cannot be loaded ({kind}): the log says more", error)
            else:
                self._reason = None
                if found is not None:
                    self._recommender = found
                    self._loaded(True)
                    logger.info("serving snapshot %s", self.version)

    async def watch(self) -> None:
        """Keep up with the current snapshot until cancelled."""
        while True:
            nothing = self._recommender is None
            await asyncio.sleep(
                self._retry_seconds if nothing else min(POLL_SECONDS, self._retry_seconds)
            )
            await self.update()

    def _found(self) -> Recommender | None:
        """The recommender of the current version; None where that one serves already."""
        version = current(self.folder)
        return None if version == self.version else _warmed(self._load(version))

    def _refuse(self, reason: str, error: Exception | None = None) -> None:
        self._loaded(False)
        if reason != self._reason:  # logged once, not at every try
            serving = "not ready" if self._recommender is None else f"still serving {self.version}"
            logger.warning("%s: %s", serving, reason, exc_info=error)
        self._reason = reason


def _stamp(path: Path) -> Stamp:
    """Another one whenever the file was replaced; None where it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _warmed(recommender: Recommender) -> Recommender:
    """Itself, once it has made what the first requests would else wait for."""
    likes = recommender.snapshot.likes
    for user in likes.users.ids[:1]:
        recommender.recommend(user, 1)
    for item in likes.items.ids[:1]:
        recommender.recommend_for([item], 1)
        if recommender.snapshot.embeddings is not None:
            recommender.related(item, 1, "embedding")
    return recommender


async def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


async def _ready(request: Request) -> Recommender:
    engine: Engine = request.app.state.engine
    return engine.recommender


Serving = Annotated[Engine, Depends(_engine)]
"""What loads snapshots."""

Ready = Annotated[Recommender, Depends(_ready)]
"""The recommender, one and the same for a whole request; 503 where there is none."""
