"""The recommenders that serve, each replaced whole once another snapshot takes its place.

One is of the current snapshot. Where a canary is tried beside it, a share of users gets that one,
in every process the same: see `graphrec.snapshot.canary`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import unquote

from fastapi import Depends, Request
from graphrec.api.errors import NotReady
from starlette.concurrency import run_in_threadpool

from graphrec.errors import SnapshotError
from graphrec.recommend.recommender import Recommender
from graphrec.snapshot.canary import CANARY, Canary, canary, gets_canary
from graphrec.snapshot.registry import CURRENT, current

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""How often the name of the current snapshot is looked at, which costs one `stat`."""

Stamp: TypeAlias = tuple[int, int] | None

Role: TypeAlias = Literal["current", "canary"]


class Engine:
    """Gives out recommenders, and replaces each in one assignment.

    A request takes the recommender once, so its answer is of one version from beginning to end,
    and the old one is freed after its last request. A snapshot that cannot be loaded is refused:
    what served goes on serving, and it is not tried again until `current` is written anew, or
    until it is asked for. Only where nothing serves yet is it tried every `retry_seconds`. A canary
    that is refused serves nobody.
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
        self._tried: Recommender | None = None
        self._canary: Canary | None = None
        self._canary_stamp: Stamp = None
        self._canary_reason: str | None = None
        self._loading = asyncio.Lock()

    @property
    def recommender(self) -> Recommender:
        """The recommender; raises NotReady, with the reason, where there is none."""
        if self._recommender is None:
            assert self._reason is not None  # noqa: S101 - there is no other way to have none
            raise NotReady(self._reason, math.ceil(self._retry_seconds))
        return self._recommender

    def recommender_for(self, user: str | None) -> Recommender:
        """That of the canary for a user whom it is for, else the current one; raises NotReady."""
        tried, canary = self._tried, self._canary
        if user is None or tried is None or canary is None or self._recommender is None:
            return self.recommender
        salt = canary.version.partition("-")[0]  # which forgetting someone leaves as it is
        return tried if gets_canary(user, canary.share, salt) else self.recommender

    @property
    def serving(self) -> Mapping[Role, Recommender]:
        """All recommenders, the current one first."""
        roles: tuple[tuple[Role, Recommender | None], ...] = (
            ("current", self._recommender),
            ("canary", self._tried),
        )
        return {role: found for role, found in roles if found is not None}

    @property
    def canary(self) -> Canary | None:
        """What serves beside the current snapshot, and to which share of users."""
        return None if self._tried is None else self._canary

    @property
    def version(self) -> str | None:
        """The version that serves, where one does."""
        return None if self._recommender is None else self._recommender.snapshot.manifest.version

    @property
    def reason(self) -> str | None:
        """Why the current snapshot, or the canary, is not one that serves; None where they are."""
        return self._reason or self._canary_reason

    async def update(self, again: bool = False) -> None:
        """Serve the current snapshot, and the canary, if they are others and can be.

        The log says why not. One that was refused is tried once more only where `again`, or where
        nothing serves.
        """
        async with self._loading:
            await self._update_current(again)
            await self._update_canary(again)

    async def _update_current(self, again: bool) -> None:
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
            self._refuse(_unforeseen(error), error)
        else:
            self._reason = None
            if found is not None:
                self._recommender = found
                self._loaded(True)
                logger.info("serving snapshot %s", self.version)

    async def _update_canary(self, again: bool) -> None:
        stamp = _stamp(self.folder / CANARY)
        if stamp == self._canary_stamp and not again:
            return
        self._canary_stamp = stamp
        reason, cause = None, None
        try:
            found, tried = await run_in_threadpool(self._found_canary)
        except SnapshotError as error:
            found, tried, reason = None, None, str(error)
        except Exception as error:
            found, tried, reason, cause = None, None, _unforeseen(error), error
        before = None if self._tried is None else self._tried.snapshot.manifest.version
        self._canary, self._tried, self._canary_reason = found, tried, reason
        if reason is not None:
            self._loaded(False)
            logger.warning("no canary serves: %s", reason, exc_info=cause)
        elif found is not None:
            if found.version != before:
                self._loaded(True)
            logger.info("serving snapshot %s to %.3g of users", found.version, found.share)

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
        if version == self.version:
            return None
        return self._held(version) or _warmed(self._load(version))

    def _found_canary(self) -> tuple[Canary | None, Recommender | None]:
        """What is tried, and its recommender."""
        found = canary(self.folder)
        if found is None:
            return None, None
        return found, self._held(found.version) or _warmed(self._load(found.version))

    def _held(self, version: str) -> Recommender | None:
        """The recommender of a version that is loaded already."""
        loaded = self.serving.values()
        return next((each for each in loaded if each.snapshot.manifest.version == version), None)

    def _refuse(self, reason: str, error: Exception | None = None) -> None:
        self._loaded(False)
        if reason != self._reason:  # logged once, not at every try
            serving = "not ready" if self._recommender is None else f"still serving {self.version}"
            logger.warning("%s: %s", serving, reason, exc_info=error)
        self._reason = reason


def _unforeseen(error: Exception) -> str:
    return f"the snapshot cannot be loaded ({type(error).__name__}): the log says more"


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
        recommender.recommend_for([], 1)
        if recommender.snapshot.embeddings is not None:
            recommender.related(item, 1, "embedding")
    # What serves is no garbage: to look through it all now and then stops answers for 0.1 s.
    gc.freeze()
    return recommender


async def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


async def ready(request: Request) -> Recommender:
    """The recommender that a request is answered by; raises NotReady."""
    engine: Engine = request.app.state.engine
    user = request.path_params.get("user_id")  # as it was sent: see `graphrec.api.paths`
    found = engine.recommender_for(None if user is None else unquote(user))
    request.state.version = found.snapshot.manifest.version  # for the log
    return found


Serving = Annotated[Engine, Depends(_engine)]
"""What loads snapshots."""

Ready = Annotated[Recommender, Depends(ready)]
"""The recommender, one and the same for a whole request; 503 where there is none. On a
route about a user it is the one that is for them."""
