"""A store that is locked, replaced, or much further on than the snapshots."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from graphrec.data import Interactions
from graphrec.store import open_store


def lock(database: Path, seconds: float) -> None:
    """Nobody else can write to the store for a while."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")


def put_back(database: Path) -> None:
    """Put a copy of the store in its place, made while nobody could write to it.

    So it holds all that was acknowledged before. What is acknowledged from now on, it must hold
    as well: who still writes to the file that was there loses it.
    """
    copy = database.with_name(f"{database.name}.copy")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with (
            closing(sqlite3.connect(database)) as reader,
            closing(sqlite3.connect(copy)) as target,
        ):
            reader.backup(target)
        copy.replace(database)
        for end in ("-wal", "-shm"):  # of the old file, whose pages the copy has
            database.with_name(database.name + end).unlink(missing_ok=True)
        connection.execute("ROLLBACK")


def write_many(
    database: Path, name: str, events: int, items: int, rng: np.random.Generator
) -> dict[str, set[str]]:
    """Events that no snapshot knows, twenty each of new users; returns their items by user."""
    users = [f"{name} {n // 20}" for n in range(events)]
    what = [f"i{n}" for n in rng.integers(items, size=events).tolist()]
    now = time.time_ns() // 1_000_000
    with open_store(f"sqlite:///{database}", create=False) as store:
        store.write_events(
            Interactions.of(users, what, None, range(now - events, now), ["view"] * events)
        )
    found: dict[str, set[str]] = {}
    for user, item in zip(users, what, strict=True):
        found.setdefault(user, set()).add(item)
    return found
