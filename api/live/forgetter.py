"""Deletes a user from the store, every snapshot and the exposures before the answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from anyio import fail_after
from graphrec.api.errors import NotForgotten
from graphrec.api.live.engine import Engine
from graphrec.api.live.exposures import ExposureLog
from graphrec.api.live.feed import Feed
from graphrec.api.live.store import LiveStore

from graphrec.errors import Locked, SnapshotsAway, SnapshotsChanged
from graphrec.forget import Forgotten, Places, forget
from graphrec.settings import Settings
from graphrec.snapshot.place import changing
from graphrec.snapshot.registry import POLL_SECONDS
from graphrec.snapshot.types import types_of
from graphrec.store import GraphStore

WAIT_SECONDS = 20.0
"""How long a request waits for a refresh, or for other deletions, as long as clients do."""

SPARE_SECONDS = 1.0
"""How much later than this process another one may be done, that is as busy."""


@dataclass(frozen=True)
class Gone:
    """What became of a user who was to be forgotten."""

    deleted: bool
    """Whether anything of them was stored."""
    others_by: datetime
    """When the other processes on the same folder have let go of them, if they load as fast."""


class Forgetter:
    """Deletes users one after the other: they share the lock of the folder of snapshots."""

    def __init__(
        self,
        store: LiveStore,
        feed: Feed,
        engine: Engine,
        exposures: ExposureLog | None,
        settings: Settings,
    ) -> None:
        self._store = store
        self._feed = feed
        self._engine = engine
        self._exposures = exposures
        self._settings = settings
        self._seconds = min(settings.privacy.wait_seconds, WAIT_SECONDS)
        self._one_at_a_time = asyncio.Lock()

    async def forget(self, user: str) -> Gone:
        """Delete a user everywhere.

        This process leaves them out as soon as it begins; other processes drop all lists within a
        second, and leave them out once they serve the snapshot that was made without them. Raises
        StoreAway; NotForgotten where something is left, so that the request must be repeated; and
        DataError for a user of a graph that is only read.
        """
        loop = asyncio.get_running_loop()
        leaving = False

        def begun() -> None:
            nonlocal leaving
            asyncio.run_coroutine_threadsafe(self._feed.forget(user), loop).result()
            leaving = True

        until = loop.time() + self._seconds
        try:
            with fail_after(self._seconds):
                await self._one_at_a_time.acquire()
        except TimeoutError:
            raise NotForgotten(
                f"the user is not deleted: this process ({os.getpid()}) deletes others for more "
                f"than {self._seconds:g} s; expected their turn; try again"
            ) from None
        try:
            if self._exposures is not None:
                await self._exposures.flush()  # so that waiting exposures are deleted too
            work = partial(
                _forgotten,
                settings=self._settings,
                exposures=None if self._exposures is None else self._exposures.folder,
                user=user,
                begun=begun,
                seconds=max(until - loop.time(), 0),
            )
            try:
                done = await self._store.run(work, seconds=None)
                leaving = leaving and not done.stored
            finally:
                if leaving:
                    await self._feed.stays(user)
            await self._feed.catch_up_if_possible()
            began = loop.time()
            self._engine.tell()
            await self._engine.update()
            load = loop.time() - began
        finally:
            self._one_at_a_time.release()
        if done.unhandled:
            raise NotForgotten(
                f"the user is deleted, but not everywhere: {'; '.join(done.unhandled)}; then try "
                f"again"
            )
        others_by = datetime.now(timezone.utc) + timedelta(
            seconds=POLL_SECONDS + load + SPARE_SECONDS
        )
        found = done.stored or done.rewritten or done.exposures or done.rejects
        return Gone(bool(found), others_by)


def _forgotten(
    store: GraphStore,
    settings: Settings,
    exposures: Path | None,
    user: str,
    begun: Callable[[], object],
    seconds: float,
) -> Forgotten:
    with _changed_alone(), ExitStack() as held:
        try:
            folder = held.enter_context(
                changing(
                    settings.snapshots,
                    settings.cache,
                    "DELETE /v1/users",
                    seconds,
                    short=seconds,
                )
            )
        except Locked as error:
            raise NotForgotten(
                f"the user is not deleted: {error.holder} changes the snapshots, and might publish "
                f"again what it has read; expected it to be done within {seconds:.0f} s; try again "
                f"once it is"
            ) from error
        except OSError as error:
            raise NotForgotten(
                f"the user is not deleted: the folder of snapshots cannot be written "
                f"({error.strerror}), and they may be in it; make it writable for the service, or "
                f"run `graphrec forget` where it is"
            ) from error
        begun()
        places = Places(folder, exposures, settings.ingest.rejects)
        remember = settings.privacy.remember_forgotten
        return forget(store, places, [user], types_of(settings), remember)


@contextmanager
def _changed_alone() -> Iterator[None]:
    """What keeps snapshots elsewhere from being changed, as an answer that tells to try again."""
    try:
        yield
    except (SnapshotsAway, SnapshotsChanged) as error:
        raise NotForgotten(
            f"the user is not deleted everywhere: {error}; then try again"
        ) from error
