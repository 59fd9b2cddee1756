"""Keeps what was written into the graph store since the snapshot, by this process and by others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import NamedTuple

from anyio import move_on_after
from graphrec.api.errors import NotReady, StoreAway
from graphrec.api.live.engine import Engine
from graphrec.api.live.loading import advanced
from graphrec.api.live.store import ANSWER_SECONDS, LiveStore
from starlette.concurrency import run_in_threadpool

from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy
from graphrec.recommend.recommender import Recommender
from graphrec.store import ChangedNodes, GraphStore, NewEvents
from graphrec.store.delta_log import DeltaLog, new_events
from graphrec.store.protocol import PAGE

POLL_SECONDS = 0.5
"""Interval at which writes of other processes are read."""

NOTIFIED_SECONDS = 5.0
"""The same where others notify it: for programs that do not."""

FEW = 200
"""Changes that are taken on the event loop; more of them in a thread, where they delay nobody."""


PAGE_SECONDS = 0.3
"""How long to read a page should take: pages are made larger or smaller for it."""

LONGEST = 10.0
"""Seconds for a page, on a machine that has other work: no request waits for it so long, and to
begin again would take longer."""

LARGEST = 100_000
"""Changes in a page: more of them are read hardly faster, and each page takes memory."""

SMALLEST = 1_000


class Behind(NamedTuple):
    """How far the store is read again from the beginning."""

    read: int
    total: int


class Feed:
    """Keeps a delta in step with a store, from the position of the snapshots that serve.

    Where it has to be read from the beginning, which may take seconds, another one is read beside
    the one that serves, and takes its place once it is whole.
    """

    def __init__(
        self,
        store: LiveStore,
        engine: Engine,
        kinds: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    ) -> None:
        self._log = DeltaLog()
        self._store = store
        self._engine = engine
        self._kinds = kinds
        self._versions: frozenset[str] = frozenset()
        self._opened = 0
        self._behind: Behind | None = None
        self._older: str | None = None
        self._limit = PAGE
        self._one_at_a_time = asyncio.Lock()
        self._catching_up: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self.tell: Callable[[], object] = lambda: None
        """Called once something was written here, for the other replicas."""
        self.notified: Callable[[], bool] = lambda: False
        """Whether other replicas tell of what they write."""

    @property
    def reason(self) -> str | None:
        """What lists lack of the store, in words; None where they lack nothing."""
        if self._behind is not None:
            return (
                f"catching up with the graph store: {self._behind.read:,} of "
                f"{self._behind.total:,} changes since the snapshot are read; lists lack the others"
            )
        if self._opened != self._store.opened and self._engine.version is not None:
            return (
                "catching up with the graph store: it was just opened; lists lack what was written "
                "since the snapshot"
            )
        return self._older

    async def forget(self, user: str) -> None:
        """Leave out a user from now on, whatever the snapshots that serve hold.

        The store is about to delete them; where it does not, `stays` has to be called.
        """
        async with self._one_at_a_time:
            self._log.forget(user)
            await self._engine.advance(self._log.delta)

    async def stays(self, user: str) -> None:
        """The store did not delete a user after all, or nobody knows whether it did."""
        async with self._one_at_a_time:
            self._log.stays(user)

    async def adopt(self, found: Recommender, assign: Callable[[Recommender], None]) -> None:
        """Serve a snapshot, together with what was written since it was made.

        An older one than those that serve lacks more: that is read first. Where the store does not
        answer, it is served with what is known.
        """
        async with self._one_at_a_time:
            log, position = self._log, found.snapshot.manifest.position
            if self._versions and position is not None and position < log.since:
                with suppress(StoreAway):
                    log = await self._read_anew(position)
            ready = await advanced(found, log.delta)
            assign(ready)
            if log is not self._log:
                self._log = log
                await self._engine.advance(log.delta)

    async def begin(self) -> None:
        """Catch up before the first answer, which needs what was written before.

        It waits no longer than a request does; what is not read by then is left to `follow`.
        """
        if self._engine.version is not None and await self._store.opened_once():
            await self.catch_up_if_possible()

    async def follow(self) -> None:
        """Catch up every so often, until cancelled."""
        while True:
            with suppress(StoreAway, NotReady):  # which are reported elsewhere
                await self.catch_up()
            with move_on_after(NOTIFIED_SECONDS if self.notified() else POLL_SECONDS):
                await self._news.wait()
            self._news.clear()

    def look(self) -> None:
        """Catch up now: another replica wrote something."""
        self._news.set()

    async def catch_up(self) -> None:
        """Read all that was written before the call; raises StoreAway, and NotReady."""
        async with self._one_at_a_time:
            self._engine.recommender  # noqa: B018 - raises where nothing serves
            await self._align()
            await self._engine.advance(self._log.delta)
            while self._log.lost or await self._read_page(self._log):
                if self._log.lost:
                    self._log = await self._read_anew(self._log.since)
                await self._engine.advance(self._log.delta)

    async def catch_up_if_possible(self) -> None:
        """The same after a write, for as long as a request waits for the store.

        What cannot be read by then is stored, and is read later. Other replicas are notified.
        """
        self.tell()
        reading = asyncio.create_task(self.catch_up())
        self._catching_up.add(reading)  # the loop itself holds no task
        reading.add_done_callback(self._catching_up.discard)
        done, _ = await asyncio.wait((reading,), timeout=ANSWER_SECONDS)
        if done:
            with suppress(StoreAway, NotReady):
                reading.result()
        else:
            reading.add_done_callback(lambda late: late.cancelled() or late.exception())

    async def _align(self) -> None:
        """Hold what any of the snapshots that serve lacks, whichever they are now."""
        manifests = [each.snapshot.manifest for each in self._engine.serving.values()]
        versions = frozenset(each.version for each in manifests)
        opened = self._store.opened
        if versions == self._versions and opened == self._opened:
            return
        positions = [each.position for each in manifests if each.position is not None]
        if len(positions) < len(manifests):
            # Of a snapshot that came from no store, what was written before now is not read.
            if not self._versions:
                now = await self._store.run(lambda store: store.position()) or 0
                self._log = DeltaLog(now, now, self._log)
        elif opened == self._opened and min(positions) >= self._log.since:
            # Until its end, even if nobody waits for it any more: a log has one writer.
            await asyncio.shield(run_in_threadpool(self._log.prune, min(positions)))
        else:
            self._log = await self._read_anew(min(positions))
        self._versions, self._opened = versions, opened

    async def _read_anew(self, since: int) -> DeltaLog:
        """All that was written after a position, in another log; raises StoreAway."""
        try:
            while True:
                now = await self._store.run(lambda store: store.position())
                self._older = None
                if now is not None and now < since:
                    self._older = (
                        f"the graph store is older than the snapshot: it was written up to {now:,},"
                        f" and the snapshot was made at {since:,}; was a copy of it restored? Lists"
                        f" hold what the snapshot holds until `graphrec refresh --full`"
                    )
                    since = now
                log = DeltaLog(since, now or 0, self._log)
                self._behind = Behind(0, (now or 0) - since)
                while not log.lost and await self._read_page(log):
                    self._behind = Behind(log.events_read - since, self._behind.total)
                if not log.lost:
                    await run_in_threadpool(log.fold)
                    return log
        finally:
            self._behind = None

    async def _read_page(self, log: DeltaLog) -> bool:
        """Read a page of what was written; whether there was anything."""
        limit, began = self._limit, perf_counter()
        read = partial(
            _read, events=log.events_read, nodes=log.nodes_read, kinds=self._kinds, limit=limit
        )
        try:
            found = await self._store.run(read, LONGEST)
        except StoreAway:
            self._limit = max(SMALLEST, limit // 2)
            raise
        if found is None:
            return False
        events, nodes = found
        if len(events.events) >= limit or len(nodes.nodes) >= limit:
            self._limit = limit_after(limit, perf_counter() - began)
        if events.position < log.events_read:  # another store is in its place
            log.lost = True
            return True
        deleted = any(each.attributes is None for each in nodes.nodes)
        if len(events.events) + len(nodes.nodes) <= FEW and not deleted:
            _add(log, events, nodes)
        else:
            await asyncio.shield(run_in_threadpool(_add, log, events, nodes))
        if log is self._log and log.to_fold:
            await asyncio.shield(run_in_threadpool(log.fold))
        return True


def limit_after(limit: int, seconds: float) -> int:
    """How many changes the next page has, after one of `limit` was read in some seconds."""
    fitting = int(limit * PAGE_SECONDS / max(seconds, 1e-6))
    return min(max(fitting, limit // 2, SMALLEST), limit * 2, LARGEST)


def _add(log: DeltaLog, events: NewEvents, nodes: ChangedNodes) -> None:
    log.add_events(events)
    log.add_nodes(*nodes)


def _read(
    store: GraphStore, events: int, nodes: int, kinds: Mapping[str, KindPolicy], limit: int
) -> tuple[NewEvents, ChangedNodes] | None:
    """A page of what came after two positions; None where there is nothing."""
    last = store.position()
    if last is None or events == nodes == last:
        return None
    return new_events(store, events, kinds, limit), store.nodes_since(nodes, limit)
