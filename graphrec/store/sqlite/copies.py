"""The whole store as another file, and another file as the whole store.

A copy is a file of the SQLite store: of every store, as of one moment, with positions, what was
deleted, and how far streams were read.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from string import Template

from graphrec.errors import StoreError
from graphrec.store.sqlite.file import transaction

TABLES = (
    "nodes",
    "attributes",
    "kinds",
    "events",
    "links",
    "deletions",
    "tombstones",
    "taken_back",
    "streams",
)

ANY_ROW = Template("SELECT 1 FROM main.$table LIMIT 1")
COPY = Template("INSERT INTO main.$table SELECT * FROM given.$table")
ATTACH = "ATTACH ? AS given"
DETACH = "DETACH given"
COPY_POSITION = "UPDATE main.position SET last = (SELECT last FROM given.position)"
COPY_KEY = "UPDATE main.hash_key SET key = (SELECT key FROM given.hash_key)"


def dump(connection: sqlite3.Connection, path: Path) -> None:
    """Write all as of one moment into a new file, without free pages; others write meanwhile."""
    connection.execute("VACUUM main INTO ?", (str(path),))


def restore(connection: sqlite3.Connection, path: Path, name: str) -> None:
    """Take all from a copy of this schema version, in one transaction.

    Raises StoreError, and changes nothing, where the store called `name` holds anything.
    """
    connection.execute(ATTACH, (str(path),))
    try:
        with transaction(connection, "IMMEDIATE"):
            for table in TABLES:
                if connection.execute(ANY_ROW.substitute(table=table)).fetchone():
                    raise not_empty(name)
            for (
                table
            ) in TABLES:  # tables that are alike: records and indexes are copied as they are
                connection.execute(COPY.substitute(table=table))
            connection.execute(COPY_POSITION)
            connection.execute(COPY_KEY)
    finally:
        connection.execute(DETACH)


def check(connection: sqlite3.Connection, name: str) -> None:
    """Raise StoreError where pages or indexes of a copy are damaged."""
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StoreError(f"copy {name!r} is damaged: {found}; take another copy")


def not_empty(name: str) -> StoreError:
    """The error of restoring over something."""
    return StoreError(
        f"store {name!r} holds something: expected an empty one, as nothing is overwritten; move "
        f"it away, or name another with --store"
    )
