"""The search for what may be left of a user who was deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from graphrec.id_search import holds_id
from graphrec.store.sqlite import queries as sql


def traces_in_tables(connection: sqlite3.Connection, user: str) -> Iterator[str]:
    """The columns of tables that hold the id of a user, and rows that belong to nobody."""
    for place, query in sql.ORPHANS:
        if connection.execute(query).fetchone():
            yield place
    for (table,) in connection.execute(sql.READ_TABLES).fetchall():
        columns = [name for (name,) in connection.execute(sql.READ_COLUMNS, (table,))]
        # A table with a type column may hold an item of the same id.
        find = sql.FIND_TYPED if {"type", "id"} <= set(columns) else sql.FIND_TEXT
        for column in ("id",) if find is sql.FIND_TYPED else columns:
            query = find.substitute(table=table, column=column)
            if connection.execute(query, (user,)).fetchone():
                yield f"column {column} of table {table}"


def has_alike(connection: sqlite3.Connection, user: str) -> bool:
    """Whether another id or attribute has the id of the user in it."""
    return connection.execute(sql.FIND_ALIKE, {"id": user}).fetchone() is not None


def traces_in_files(path: Path, user: str, *, alike: bool) -> Iterator[str]:
    """The files of the store whose bytes hold the id of a user.

    Ids that begin alike differ only in where they end, which the bytes after one in an index may
    hide: so the end is looked at only where there are such ids.
    """
    for file in sorted(path.parent.glob(f"{path.name}*")):
        if holds_id(file, user, whole=alike):
            yield f"file {file.name}"
