"""Connections to the SQLite file: its identity, its schema version, and what can go wrong."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Literal

from graphrec.errors import DataError, StoreError
from graphrec.store.sqlite import likes, schema

SETUP = (
    "PRAGMA synchronous = FULL",  # a commit returns once the log is on the disk
    "PRAGMA fullfsync = ON",  # macOS: on the disk, not in the drive's cache
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA secure_delete = ON",  # what is deleted or moved is overwritten with zeros
    "PRAGMA temp_store = MEMORY",
    "PRAGMA wal_autocheckpoint = 8192",  # pages, 64 MiB: not after every batch of a load
    "PRAGMA cache_size = -65536",  # 64 MiB, so that a batch finds the pages of the index in memory
)

REMEDIES = {
    "file is not a database": "expected a graph store; choose another path",
    "disk image is malformed": "the file is damaged; restore a copy, or load the data again",
    "unable to open database file": (
        "expected a file in a folder that exists and that this user may write to; "
        "make the folder, or choose another path"
    ),
    "readonly": "expected a file and folder that this user may write to; change their permissions",
    "locked": "another process is writing for too long; wait for it to end, then try again",
    "disk is full": "nothing of this batch was stored; free some space, then try again",
    "disk I/O error": "the disk failed or is full; check it, then try again",
}
"""What to do, by a fragment of SQLite's message: error codes are there from Python 3.11 only."""


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as StoreErrors, and text that is not Unicode as a DataError."""
    try:
        yield
    except sqlite3.Error as error:
        message = str(error)
        remedies = [remedy for fragment, remedy in REMEDIES.items() if fragment in message]
        remedy = "; ".join(["", *remedies[:1]])
        raise StoreError(f"store {str(path)!r} failed: {message}{remedy}") from error
    except UnicodeEncodeError as error:
        raise DataError(
            f"text {error.object!r} holds half of a surrogate pair: expected whole characters; "
            f"correct or drop it"
        ) from error


@contextmanager
def transaction(
    connection: sqlite3.Connection, mode: Literal["DEFERRED", "IMMEDIATE"]
) -> Iterator[None]:
    """All or nothing: DEFERRED reads one consistent state, IMMEDIATE waits for other writers."""
    connection.execute(f"BEGIN {mode}")
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """A connection to the graph at `path`, created or migrated where need be.

    The connection may change hands between threads, but not be used by two at once. Raises
    StoreError for a folder, a foreign file and a future version; other errors are SQLite's own.
    """
    if path.is_dir():
        raise StoreError(
            f"store {str(path)!r} is a folder: expected a file; "
            f"add a name, such as {str(path / 'graphrec.db')!r}"
        )
    connection = sqlite3.connect(
        path.absolute(), timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    try:
        version = _version(connection, path)
        connection.execute("PRAGMA page_size = 8192")  # of a new file; a tenth faster than 4096
        _keep_log(connection, path, busy_seconds)
        for statement in SETUP:
            connection.execute(statement)
        if version < len(schema.MIGRATIONS):
            _migrate(connection)
        likes.prepare(connection)
        # Many an SQLite is built without its mathematical functions.
        connection.create_function("SQRT", 1, math.sqrt, deterministic=True)
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version; 0 for a new file. One transaction: another process may be creating it."""
    with transaction(connection, "DEFERRED"):
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if application != schema.APPLICATION_ID and (application or version or tables):
        raise StoreError(
            f"store {str(path)!r} is an SQLite file of another program: expected a graph store "
            f"or a new file; choose another path"
        )
    refuse_later(path, version)
    return int(version)


def refuse_later(path: Path, version: int) -> None:
    """Raise StoreError for a schema version that this one does not know."""
    if version > len(schema.MIGRATIONS):
        raise StoreError(
            f"store {str(path)!r} has schema version {version}: expected at most "
            f"{len(schema.MIGRATIONS)}; a newer graphrec wrote it: update this one"
        )


def _keep_log(connection: sqlite3.Connection, path: Path, busy_seconds: float) -> None:
    """Switch to a write-ahead log: the one thing for which SQLite does not itself wait its turn."""
    deadline = monotonic() + busy_seconds
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > deadline:
                raise
            sleep(0.005)
    if mode != "wal":
        raise StoreError(
            f"store {str(path)!r} cannot keep a write-ahead log (journal mode is {mode}): "
            f"expected a local disk; move the file to one"
        )


def _migrate(connection: sqlite3.Connection) -> None:
    with transaction(connection, "IMMEDIATE"):
        # Again, now that no other process can be at it.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for newer, script in enumerate(schema.MIGRATIONS[version:], start=version + 1):
            for statement in script.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {newer}")
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
