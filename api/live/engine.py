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
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import TypeAlias

from graphrec.api.errors import NotReady
from graphrec.api.list_cache import ListCache
from starlette.concurrency import run_in_threadpool

from graphrec.errors import SnapshotError
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.snapshot.canary import CANARY, Canary, canary, gets_canary
from graphrec.snapshot.registry import (
    CURRENT,
    FORGOTTEN,
    MANIFEST,
    POLL_SECONDS,
    current,
    resolved,
)
from graphrec.store.delta import Delta

logger = logging.getLogger(__name__)

Stamp: TypeAlias = tuple[int, int] | None

Adopt: TypeAlias = Callable[[Recommender, Callable[[Recommender], None]], Awaitable[None]]

MANY = 10_000
"""Events since the snapshot, the objects of which are no more looked at by garbage collection."""

Role: TypeAlias = str
"""`current`, `canary`, or `experiment` and a version."""

NOT_YET = "it is not loaded yet: try again in a moment"


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
    ) -> None:
        """`load` makes the recommender of a version; `loaded` counts each success and failure.

        From `lists` those go that serve nobody any more, and all once somebody was forgotten.
        `wanted` are the versions that experiments name.
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
        self._wanted = wanted
        self._pins: Mapping[str, str] = {}
        """The versions that are meant by the names in experiments."""
        self._pinned: dict[str, Recommender] = {}
        """By version, those that are neither current nor the canary."""
        self._pin_failures: dict[str, tuple[Stamp, str]] = {}
        """By name, the state of the snapshot that was refused, and why."""
        self._frozen = 0
        self._loading = asyncio.Lock()
        self.adopt: Adopt = adopted
        """Serves another snapshot: with what was written since it was made, where there is a
        store."""

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
        for version, found in list(self._pinned.items()):
            later = await advanced(found, delta)
            if version in self._pinned:
                self._pinned[version] = later

    @property
    def recommender(self) -> Recommender:
        """The recommender; raises NotReady, with the reason, where there is none."""
        if self._recommender is None:
            assert self._reason is not None  # noqa: S101 - there is no other way to have none
            raise NotReady(self._reason, math.ceil(self._retry_seconds))
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
            *((f"experiment {version}", found) for version, found in self._pinned.items()),
        )
        return {role: found for role, found in roles if found is not None}

    def pinned(self, name: str) -> Recommender | None:
        """The recommender of a version that an experiment names; None where it does not serve."""
        version = self._pins.get(name)
        return None if version is None else self._held(version)

    def why(self, name: str) -> str:
        """Why the snapshot of a version that an experiment names does not serve."""
        failure = self._pin_failures.get(name)
        return NOT_YET if failure is None else failure[1]

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
    def _canary_version(self) -> str | None:
        found = self._canary_recommender
        return None if found is None else found.snapshot.manifest.version

    @property
    def reason(self) -> str | None:
        """Why the current snapshot, the canary, or one of an experiment does not serve; None where
        they do.
        """
        pins = (f"experiment: {said}" for _, said in self._pin_failures.values())
        return self._reason or self._canary_reason or next(pins, None)

    async def update(self, retry: bool = False) -> None:
        """Load the current snapshot and the canary, if they are others than those that serve.

        Failures are logged. One that was refused is tried again only with `retry`, or while nothing
        serves.
        """
        self._drop_lists_of_forgotten()
        async with self._loading:
            served = self._versions
            held = [*self.serving.values()]
            await self._update_current(retry)
            await self._update_canary(retry)
            await self._update_pinned(held, retry)
            self._lists.serve(self._versions)
            if not served <= self._versions:
                # To give back the memory of a file that was deleted takes the system 0.1 s.
                await run_in_threadpool(held.clear)

    def _drop_lists_of_forgotten(self) -> None:
        """Drop all lists where somebody was forgotten, by whichever process: it is not said who."""
        stamp = _stamp(self.folder / FORGOTTEN)
        if stamp != self._forgotten_stamp:
            self._forgotten_stamp = stamp
            self._lists.clear()

    async def _update_current(self, retry: bool) -> None:
        stamp = _stamp(self.folder / CURRENT)
        if stamp == self._stamp and self._recommender is not None and not retry:
            return
        self._stamp = stamp
        try:
            found = await run_in_threadpool(self._found)
        except SnapshotError as error:
            self._refuse(str(error))
        except Exception as error:
            # Whatever is wrong with a snapshot, the process goes on and reports it.
            self._refuse(_unexpected(error), error)
        else:
            self._reason = None
            if found is not None:
                await self.adopt(found, self._set_recommender)
                self._loaded(True)
                logger.info("serving snapshot %s", self.version)

    async def _update_canary(self, retry: bool) -> None:
        stamp = _stamp(self.folder / CANARY)
        if stamp == self._canary_stamp and not retry:
            return
        self._canary_stamp = stamp
        reason, cause = None, None
        try:
            found, recommender = await run_in_threadpool(self._found_canary)
        except SnapshotError as error:
            found, recommender, reason = None, None, str(error)
        except Exception as error:
            found, recommender, reason, cause = None, None, _unexpected(error), error
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

    async def _update_pinned(self, held: list[Recommender], retry: bool) -> None:
        """Hold the snapshots that experiments name, and no others."""
        wanted = self._wanted()
        if not (wanted or self._pins):
            return
        pins = {name: resolved(self.folder, name) for name in sorted(wanted)}
        self._pins = {name: version for name, version in pins.items() if version is not None}
        other = {version for role, version in self._by_role() if role in ("current", "canary")}
        for held_version in [*self._pinned]:
            if held_version in other or held_version not in self._pins.values():
                del self._pinned[held_version]
        self._pin_failures = {n: f for n, f in self._pin_failures.items() if n in wanted}
        for name, version in pins.items():
            stamp = None if version is None else _stamp(self.folder / version / MANIFEST)
            failed = self._pin_failures.get(name)
            if version is not None and self._held(version) is not None:
                self._pin_failures.pop(name, None)
            elif failed is None or failed[0] != stamp or retry:
                await self._pin(name, version, stamp, held)

    async def _pin(
        self, name: str, version: str | None, stamp: Stamp, held: list[Recommender]
    ) -> None:
        """Hold the snapshot that an experiment names; where it cannot be, say so once."""
        try:
            if version is None:
                raise SnapshotError(
                    f"snapshot {name!r} is not in {str(self.folder)!r}: expected a version that is "
                    f"there; name another one in the experiment, or end it"
                )
            found = next((e for e in held if e.snapshot.manifest.version == version), None)
            if found is None:
                found = await run_in_threadpool(lambda: _warmed(self._load(version)))
            await self.adopt(found, lambda ready: self._pinned.update({version: ready}))
        except SnapshotError as error:
            reason, cause = str(error), None
        except Exception as error:
            reason, cause = _unexpected(error), error
        else:
            self._pin_failures.pop(name, None)
            self._loaded(True)
            logger.info("serving snapshot %s to experiments", version)
            return
        self._loaded(False)
        self._pin_failures[name] = (stamp, reason)
        logger.warning("an experiment does not run: %s", reason, exc_info=cause)

    def _by_role(self) -> list[tuple[Role, str]]:
        return [(role, each.snapshot.manifest.version) for role, each in self.serving.items()]

    async def watch(self) -> None:
        """Follow the current snapshot until cancelled; a check costs three `stat`."""
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
        """The canary, and its recommender."""
        found = canary(self.folder)
        if found is None:
            return None, None
        return found, self._held(found.version) or _warmed(self._load(found.version))

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


async def adopted(found: Recommender, assign: Callable[[Recommender], None]) -> None:
    """Serve a snapshot as it is."""
    assign(found)


async def advanced(recommender: Recommender, delta: Delta) -> Recommender:
    """The recommender of a later delta; where items changed, it is made ready in a thread."""
    later = recommender.advanced(delta)
    if later.view.items is not recommender.view.items:
        await run_in_threadpool(later.view.items.prepare, recommender.view.items)
    return later


def _unexpected(error: Exception) -> str:
    return f"the snapshot cannot be loaded ({type(error).__name__}): the log says more"


def _stamp(path: Path) -> Stamp:
    """Changes whenever the file is replaced; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _warmed(recommender: Recommender) -> Recommender:
    """Itself, after the caches that its first requests would wait for are filled."""
    warm(recommender)
    # A snapshot is never garbage: collecting all of it now and then stops answers for 0.1 s.
    gc.freeze()
    return recommender


def warm(recommender: Recommender) -> None:
    """Make one answer of each sort, and so the tables that the first requests would wait for."""
    snapshot = recommender.snapshot
    for user in snapshot.users.ids[:1]:
        recommender.recommend(Query(user=user, k=1))
    for item in snapshot.items.ids[:1]:
        recommender.recommend(Query(items=(item,), k=1))
        recommender.recommend(Query(k=1))
        if snapshot.embeddings is not None:
            recommender.related(item, 1, "embedding")
