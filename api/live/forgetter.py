"""Deletes a user from the store, every snapshot and the exposures before the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from graphrec.api.errors import NotForgotten
from graphrec.api.live.engine import Engine
from graphrec.api.live.exposures import ExposureLog
from graphrec.api.live.feed import Feed
from graphrec.api.live.store import LiveStore

from graphrec.errors import RefreshRunning, SettingsError, SnapshotError
from graphrec.forget import Forgotten, forget
from graphrec.snapshot.codec import Types
from graphrec.snapshot.lock import refresh_lock
from graphrec.store import GraphStore


class Forgetter:
    """Deletes users one after the other: they share the lock of the folder of snapshots."""

    def __init__(
        self,
        store: LiveStore,
        feed: Feed,
        engine: Engine,
        exposures: ExposureLog | None,
        types: Types,
        remember: bool,
    ) -> None:
        self._store = store
        self._feed = feed
        self._engine = engine
        self._exposures = exposures
        self._types = types
        self._remember = remember
        self._one_at_a_time = asyncio.Lock()

    async def forget(self, user: str) -> bool:
        """Delete a user everywhere; returns whether anything of them was stored.

        This process leaves them out as soon as it begins; other processes once they serve the
        snapshot that was made without them. Raises StoreAway; NotForgotten where something is
        left, so that the request must be repeated; and DataError for a user of a graph that is
        only read.
        """
        loop = asyncio.get_running_loop()
        leaving = False

        def begun() -> None:
            nonlocal leaving
            asyncio.run_coroutine_threadsafe(self._feed.forget(user), loop).result()
            leaving = True

        shown = None if self._exposures is None else self._exposures.folder
        work = partial(
            _forgotten,
            folder=self._engine.folder,
            user=user,
            begun=begun,
            exposures=shown,
            types=self._types,
            remember=self._remember,
        )
        async with self._one_at_a_time:
            if self._exposures is not None:
                await self._exposures.flush()  # so that waiting exposures are deleted too
            try:
                done = await self._store.run(work, seconds=None)
                leaving = leaving and not done.stored
            finally:
                if leaving:
                    await self._feed.stays(user)
            await self._feed.catch_up_if_possible()
            await self._engine.update()
        return bool(done.stored or done.rewritten or done.exposures)


def _forgotten(
    store: GraphStore,
    folder: Path,
    user: str,
    begun: Callable[[], object],
    exposures: Path | None,
    types: Types,
    remember: bool,
) -> Forgotten:
    with ExitStack() as held:
        try:
            held.enter_context(refresh_lock(folder))
        except RefreshRunning as error:
            raise NotForgotten(
                "the user is not deleted: a refresh runs, and would publish again what it has "
                "read; expected none; try again once it is done"
            ) from error
        except OSError as error:
            raise NotForgotten(
                f"the user is not deleted: the folder of snapshots cannot be written "
                f"({error.strerror}), and they may be in it; make it writable for the service, or "
                f"run `graphrec forget` where it is"
            ) from error
        begun()
        try:
            return forget(store, folder, [user], exposures, types, remember)
        except (SnapshotError, SettingsError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise NotForgotten(
                f"the user is deleted from the store, but not from every snapshot or not from the "
                f"log of exposures: {why}; then "
                f"try again"
            ) from error
