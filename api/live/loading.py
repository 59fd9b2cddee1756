"""Recommenders of snapshots that are about to serve: made ready, and brought up to date."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool

from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.store.delta import Delta

Stamp: TypeAlias = tuple[int, int] | None
"""Changes whenever a file is replaced; None where there is none."""

Adopt: TypeAlias = Callable[[Recommender, Callable[[Recommender], None]], Awaitable[None]]
"""Serves a snapshot, by what assigns its recommender."""


async def adopted(found: Recommender, assign: Callable[[Recommender], None]) -> None:
    """Serve a snapshot as it is."""
    assign(found)


async def advanced(recommender: Recommender, delta: Delta) -> Recommender:
    """The recommender of a later delta; where items changed, it is made ready in a thread."""
    later = recommender.advanced(delta)
    if later.view.items is not recommender.view.items:
        await run_in_threadpool(later.view.items.prepare, recommender.view.items)
    return later


def unexpected(error: Exception) -> str:
    """What is said of an error that nobody expected."""
    return f"the snapshot cannot be loaded ({type(error).__name__}): the log says more"


def stamp_of(path: Path) -> Stamp:
    """Changes whenever the file is replaced; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def warmed(recommender: Recommender) -> Recommender:
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
