"""The recommenders that serve: of the current snapshot, of the canary, and of experiments.

Each is replaced as a whole when another snapshot becomes current. A share of users gets the
canary, the same in every process: see `graphrec.snapshot.canary`. Experiments pin snapshots by
name.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeAlias

from anyio import move_on_after
from graphrec.api.errors import NotReady
from graphrec.api.list_cache import ListCache
from graphrec.api.live.loading import Adopt, Stamp, adopted, advanced, stamp_of, unexpected, warmed
from graphrec.api.live.pins import Pins
from starlette.concurrency import run_in_threadpool

from graphrec.errors import Locked, SnapshotError
from graphrec.recommend.recommender import Recommender
from graphrec.snapshot.canary import CANARY, Canary, canary, gets_canary
from graphrec.snapshot.registry import CURRENT, FORGOTTEN, POLL_SECONDS, current
from graphrec.store.delta import Delta

logger = logging.getLogger(__name__)

MANY = 10_000
"""Events since the snapshot, the objects of which are no more looked at by garbage collection."""

Role: TypeAlias = str
"""`current`, `canary`, or `experiment` and a version."""


class Engine:
    """Loads snapshots, and replaces each recommender in one assignment.

    A request takes the recommender once, so its answer is of one version throughout, and the old
    one is freed after its last request. A snapshot that cannot be loaded is refused: the one that
    serves goes on, and the refused one is not tried again until `current` is rewritten or a reload
    is requested. Only while nothing serves is it tried every `retry_seconds`. A canary that is
    refused serves nobody.
    """

    def __init__(
        self,
        folder: Path,
        load: Callable[[str], Recommender],
        retry_seconds: float,
        loaded: Callable[[bool], None] = lambda _: None,
        lists: ListCache | None = None,
        wanted: Callable[[], Collection[str]] = frozenset,
        fetch: Callable[[], object] | None = None,
    ) -> None:
        """`load` makes the recommender of a version; `loaded` counts each success and failure.

        From `lists` those go that serve nobody any more, and all once somebody was forgotten.
        `wanted` are the versions that experiments name. `fetch` brings the folder up to date, where
        it is of snapshots that are elsewhere: what was fetched before serves while it fails.
        """
        self.folder = folder
        """Of snapshots."""
        self._load = load
        self._retry_seconds = retry_seconds
        self._loaded = loaded
        self._lists = ListCache(0) if lists is None else lists
        self._forgotten_stamp: Stamp = None
        self._recommender: Recommender | None = None
        self._stamp: Stamp = None
        self._reason: str | None = "the snapshot is not loaded yet: try again in a moment"
        self._canary_recommender: Recommender | None = None
        self._canary: Canary | None = None
        self._canary_stamp: Stamp = None
        self._canary_reason: str | None = None
        self._pins = Pins(folder, lambda version: warmed(load(version)), wanted, loaded)
        self._frozen = 0
        self._loading = asyncio.Lock()
        self._fetch = fetch
        self._away: str | None = None
        self.adopt: Adopt = adopted
        """Serves another snapshot: with what was written since it was made, where there is a
        store."""
        self._news = asyncio.Event()
        self.tell: Callable[[], object] = lambda: None
        """Called once a request changed what serves, for the other replicas."""

    async def advance(self, delta: Delta) -> None:
        """Serve the snapshots with what was written since; no array is copied.

        Not while another snapshot is adopted.
        """
        self._frozen = min(self._frozen, delta.written)
        if delta.written > self._frozen + MANY:
            self._frozen = delta.written
            gc.freeze()  # as the snapshot: see `_warmed`
        if self._recommender is not None:
            self._recommender = await advanced(self._recommender, delta)
        if self._canary_recommender is not None:
            self._canary_recommender = await advanced(self._canary_recommender, delta)
        await self._pins.advance(delta)

    @property
    def recommender(self) -> Recommender:
        """The recommender; raises NotReady, with the reason, where there is none."""
        if self._recommender is None:
            reason = self._away or self._reason
            assert reason is not None  # noqa: S101 - there is no other way to have none
            raise NotReady(reason, math.ceil(self._retry_seconds))
        return self._recommender

    def recommender_for(self, user: str | None) -> Recommender:
        """That of the canary for its share of users, else the current one; raises NotReady."""
        chosen, canary = self._canary_recommender, self._canary
        if user is None or chosen is None or canary is None or self._recommender is None:
            return self.recommender
        salt = canary.version.partition("-")[0]  # stays the same when a user is forgotten
        return chosen if gets_canary(user, canary.share, salt) else self.recommender

    @property
    def serving(self) -> Mapping[Role, Recommender]:
        """All recommenders, the current one first."""
        roles: tuple[tuple[Role, Recommender | None], ...] = (
            ("current", self._recommender),
            ("canary", self._canary_recommender),
        )
        found = {role: each for role, each in roles if each is not None}
        return found | {f"experiment {name}": each for name, each in self._pins.serving.items()}

    def pinned(self, name: str) -> Recommender | None:
        """The recommender of a version that an experiment names; None where it does not serve."""
        version = self._pins.version_of(name)
        return None if version is None else self._held(version)

    def why(self, name: str) -> str:
        """Why the snapshot of a version that an experiment names does not serve."""
        return self._pins.why(name)

    @property
    def canary(self) -> Canary | None:
        """The canary, and its share of users; None where there is none."""
        return None if self._canary_recommender is None else self._canary

    @property
    def version(self) -> str | None:
        """The version that serves; None where none does."""
        return None if self._recommender is None else self._recommender.snapshot.manifest.version

    @property
    def _versions(self) -> set[str]:
        return {each.snapshot.manifest.version for each in self.serving.values()}

    @property
    def _versions_of_roles(self) -> set[str]:
        """Of the current snapshot and the canary."""
        both = (self._recommender, self._canary_recommender)
        return {each.snapshot.manifest.version for each in both if each is not None}

    @property
    def _canary_version(self) -> str | None:
        found = self._canary_recommender
        return None if found is None else found.snapshot.manifest.version

    @property
    def reason(self) -> str | None:
        """Why the current snapshot, the canary, or one of an experiment does not serve; None where
        they do.
        """
        return self._away or self._reason or self._canary_reason or self._pins.reason

    async def update(self, retry: bool = False) -> None:
        """Load the current snapshot and the canary, if they are others than those that serve.

        Failures are logged. One that was refused is tried again only with `retry`, or while nothing
        serves.
        """
        if self._fetch is not None:
            await self._fetched(self._fetch)
        self._drop_lists_of_forgotten()
        async with self._loading:
            served = self._versions
            held = [*self.serving.values()]
            await self._update_current(retry)
            await self._update_canary(retry)
            await self._pins.update(self._versions_of_roles, held, self.adopt, retry)
            self._lists.serve(self._versions)
            if not served <= self._versions:
                # To give back the memory of a file that was deleted takes the system 0.1 s.
                await run_in_threadpool(held.clear)

    async def _fetched(self, fetch: Callable[[], object]) -> None:
        """Bring the folder up to date; where that fails, say so once."""
        before, cause = self._away, None
        try:
            await run_in_threadpool(fetch)
        except (SnapshotError, Locked, OSError) as error:
            self._away = str(error)
        except Exception as error:
            self._away, cause = unexpected(error), error
        else:
            self._away = None
        if self._away is not None and before is None:
            logger.warning("degraded: %s", self._away, exc_info=cause)
        elif self._away is None and before is not None:
            logger.info("snapshots are fetched again")

    def _drop_lists_of_forgotten(self) -> None:
        """Drop all lists where somebody was forgotten, by whichever process: it is not said who."""
        stamp = stamp_of(self.folder / FORGOTTEN)
        if stamp != self._forgotten_stamp:
            self._forgotten_stamp = stamp
            self._lists.clear()

    async def _update_current(self, retry: bool) -> None:
        stamp = stamp_of(self.folder / CURRENT)
        if stamp == self._stamp and self._recommender is not None and not retry:
            return
        self._stamp = stamp
        try:
            found = await run_in_threadpool(self._found)
        except SnapshotError as error:
            self._refuse(str(error))
        except Exception as error:
            # Whatever is wrong with a snapshot, the process goes on and reports it.
            self._refuse(unexpected(error), error)
        else:
            self._reason = None
            if found is not None:
                await self.adopt(found, self._set_recommender)
                self._loaded(True)
                logger.info("serving snapshot %s", self.version)

    async def _update_canary(self, retry: bool) -> None:
        stamp = stamp_of(self.folder / CANARY)
        if stamp == self._canary_stamp and not retry:
            return
        self._canary_stamp = stamp
        reason, cause = None, None
        try:
            found, recommender = await run_in_threadpool(self._found_canary)
        except SnapshotError as error:
            found, recommender, reason = None, None, str(error)
        except Exception as error:
            found, recommender, reason, cause = None, None, unexpected(error), error
        before = self._canary_version

        def serve(recommender: Recommender | None) -> None:
            self._canary, self._canary_recommender = found, recommender
            self._canary_reason = reason

        if recommender is None:
            serve(None)
        else:
            await self.adopt(recommender, serve)
        if reason is not None:
            self._loaded(False)
            logger.warning("no canary serves: %s", reason, exc_info=cause)
        elif found is not None:
            if found.version != before:
                self._loaded(True)
            logger.info("serving snapshot %s to %.3g of users", found.version, found.share)

    async def watch(self) -> None:
        """Follow the current snapshot until cancelled.

        A check costs three `stat`, and a request where snapshots are elsewhere.
        """
        while True:
            nothing = self._recommender is None
            seconds = self._retry_seconds if nothing else min(POLL_SECONDS, self._retry_seconds)
            with move_on_after(seconds):
                await self._news.wait()
            self._news.clear()
            await self.update()

    def look(self) -> None:
        """See now whether another snapshot is current: another replica said so."""
        self._news.set()

    def _found(self) -> Recommender | None:
        """The recommender of the current version; None where that one serves already."""
        version = current(self.folder)
        if version == self.version:
            return None
        return self._held(version) or warmed(self._load(version))

    def _found_canary(self) -> tuple[Canary | None, Recommender | None]:
        """The canary, and its recommender."""
        found = canary(self.folder)
        if found is None:
            return None, None
        return found, self._held(found.version) or warmed(self._load(found.version))

    def _set_recommender(self, recommender: Recommender) -> None:
        self._recommender = recommender

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
