"""Catching up with a long delta: page by page, with progress, beside what else the loop does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from graphrec.api.errors import StoreAway
from graphrec.api.live import feed as module
from graphrec.api.live.engine import Engine
from graphrec.api.live.feed import LARGEST, SMALLEST, Feed, limit_after
from graphrec.api.live.store import LiveStore

from graphrec.data import Interactions
from graphrec.store.delta import NOTHING, Delta
from graphrec.store.protocol import PAGE
from graphrec.store.sqlite.store import SQLiteStore


class Serving:
    """The part of an engine that a feed needs: one snapshot, and the delta that it got last."""

    version = "1"

    def __init__(self, position: int) -> None:
        manifest = SimpleNamespace(version="1", position=position)
        self.recommender = SimpleNamespace(snapshot=SimpleNamespace(manifest=manifest))
        self.serving = {"current": self.recommender}
        self.delta = NOTHING

    async def advance(self, delta: Delta) -> None:
        self.delta = delta


def written(store: SQLiteStore, count: int, start: int = 0) -> None:
    numbers = range(start, start + count)
    store.write_events(Interactions.of([f"u{n % 97}" for n in numbers], [f"i{n}" for n in numbers]))


@asynccontextmanager
async def following(path: Path, position: int) -> AsyncIterator[tuple[Feed, Serving]]:
    live = LiveStore(lambda: SQLiteStore(path, {}), str(path), 0.05)
    watch = asyncio.create_task(live.watch())
    try:
        assert await live.opened_once()
        serving = Serving(position)
        yield Feed(live, cast("Engine", serving), {}), serving
    finally:
        watch.cancel()
        await live.close()


def run(path: Path, position: int, seen: list[str | None]) -> tuple[Feed, Serving]:
    """Catch up once, and look at what the feed says all the while."""

    async def go() -> tuple[Feed, Serving]:
        async with following(path, position) as (feed, serving):
            reading = asyncio.create_task(feed.catch_up())
            while not reading.done():
                seen.append(feed.reason)
                await asyncio.sleep(0.001)
            await reading
            return feed, serving

    return asyncio.run(go())


def test_a_long_delta_is_read_with_progress_and_the_loop_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", SMALLEST)
    with SQLiteStore(tmp_path / "graph.db", {}) as store:
        written(store, 10)
        position = store.position()
        written(store, 12_000, 10)
        total = store.position() - position
    seen: list[str | None] = []
    feed, serving = run(tmp_path / "graph.db", position, seen)
    said = [each for each in seen if each is not None]
    assert feed.reason is None
    pattern = r"catching up with the graph store: ([\d,]+) of ([\d,]+) changes since the snapshot"
    assert "it was just opened" in said[0]
    found = [re.match(pattern, each) for each in said if "it was just opened" not in each]
    assert all(found)
    numbers = [[int(n.replace(",", "")) for n in each.groups()] for each in found if each]
    read, of = zip(*numbers, strict=True)
    assert set(of) == {total}
    assert list(read) == sorted(read)
    assert len(set(read)) >= 3
    assert len(serving.delta.users) == 97
    assert sum(len(each.events) for each in serving.delta.users.values()) == 12_000
    assert serving.delta.written == 12_000


def test_what_others_write_meanwhile_is_put_into_columns_beside_the_loop(tmp_path: Path) -> None:
    async def go() -> None:
        with SQLiteStore(tmp_path / "graph.db", {}) as store:
            written(store, 1)
            async with following(tmp_path / "graph.db", store.position()) as (feed, serving):
                await feed.catch_up()
                for start in (1, 4_000, 4_001):
                    written(store, 3_999 if start == 1 else 1, start)
                    await feed.catch_up()
                    assert not feed._log.to_fold
                    events = sum(len(each.events) for each in serving.delta.users.values())
                    assert events == store.counts()["events"] - 1

    asyncio.run(go())


def test_pages_are_as_large_as_takes_about_the_same_time() -> None:
    assert limit_after(PAGE, 0.001) == 2 * PAGE
    assert limit_after(PAGE, 2 * module.PAGE_SECONDS) == PAGE // 2
    assert limit_after(PAGE, 60) == PAGE // 2
    assert limit_after(PAGE, module.PAGE_SECONDS) == PAGE
    assert limit_after(LARGEST, 0) == LARGEST
    assert limit_after(SMALLEST, 60) == SMALLEST


def test_after_a_page_that_took_too_long_the_next_is_smaller() -> None:
    async def away(*_: Any) -> Any:
        raise StoreAway("late", 1)

    async def go() -> None:
        store = cast("LiveStore", SimpleNamespace(run=away, opened=0))
        feed = Feed(store, cast("Engine", Serving(0)), {})
        for limit in (PAGE, PAGE // 2):
            assert feed._limit == limit
            with pytest.raises(StoreAway):
                await feed._read_page(feed._log)

    asyncio.run(go())
