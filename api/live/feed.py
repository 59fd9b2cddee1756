"""Keeps what was written into the graph store since the snapshot, by this process and by others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from graphrec.api.errors import NotReady, StoreAway
from graphrec.api.live.engine import Engine
from graphrec.api.live.store import ANSWER_SECONDS, OPENING, LiveStore

from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy
from graphrec.store import ChangedNodes, GraphStore, NewEvents
from graphrec.store.delta_log import DeltaLog, new_events

POLL_SECONDS = 0.5
"""Interval at which writes of other processes are read."""

OPENING_SECONDS = 0.02
"""The same, while the store is being opened."""


class Feed:
    """Keeps a delta in step with a store, from the position of the snapshots that serve."""

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
        self._one_at_a_time = asyncio.Lock()

    def forget(self, user: str) -> None:
        """Leave out a user from now on, whatever the snapshots that serve hold."""
        self._log.forget(user)
        self._engine.advance(self._log.delta)

    async def begin(self) -> None:
        """Catch up before the first answer, which needs what was written before.

        It waits no longer than a request does; a store that does not answer is left to `follow`.
        """
        until = time.monotonic() + ANSWER_SECONDS
        while self._engine.version is not None and self._store.reason in (None, OPENING):
            left = until - time.monotonic()
            with suppress(StoreAway, asyncio.TimeoutError):
                await asyncio.wait_for(self.catch_up(), max(left, 0))
                return
            if left <= 0:
                return
            await asyncio.sleep(OPENING_SECONDS)

    async def follow(self) -> None:
        """Catch up every so often, until cancelled."""
        while True:
            with suppress(StoreAway, NotReady):  # which are reported elsewhere
                await self.catch_up()
            await asyncio.sleep(POLL_SECONDS)

    async def catch_up(self) -> None:
        """Read all that was written before the call; raises StoreAway, and NotReady."""
        async with self._one_at_a_time:
            self._engine.recommender  # noqa: B018 - raises where nothing serves
            await self._align()
            log = self._log
            while True:
                read = partial(
                    _read, events=log.events_read, nodes=log.nodes_read, kinds=self._kinds
                )
                found = await self._store.run(read)
                if found is None:
                    break
                events, nodes = found
                log.add_events(events)
                log.add_nodes(*nodes)
                self._engine.advance(log.delta)
            self._engine.advance(log.delta)

    async def catch_up_if_possible(self) -> None:
        """The same after a write: what cannot be read now is stored, and is read later."""
        with suppress(StoreAway, NotReady):
            await self.catch_up()

    async def _align(self) -> None:
        """Hold what any of the snapshots that serve lacks, whichever they are now."""
        manifests = [each.snapshot.manifest for each in self._engine.serving.values()]
        versions = frozenset(each.version for each in manifests)
        if versions == self._versions:
            return
        positions = [each.position for each in manifests if each.position is not None]
        if len(positions) < len(manifests):
            # Of a snapshot that came from no store, what was written before now is not read.
            if not self._versions:
                now = await self._store.run(lambda store: store.position())
                self._log.rewind(now or 0)
        elif self._versions and min(positions) >= self._log.since:
            self._log.prune(min(positions))
        else:
            self._log.rewind(min(positions))
        self._versions = versions


def _read(
    store: GraphStore, events: int, nodes: int, kinds: Mapping[str, KindPolicy]
) -> tuple[NewEvents, ChangedNodes] | None:
    """A page of what came after two positions; None where there is nothing."""
    last = store.position()
    if last is None or events == nodes == last:
        return None
    return new_events(store, events, kinds), store.nodes_since(nodes)
