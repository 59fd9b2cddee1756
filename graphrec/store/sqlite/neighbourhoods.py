"""Queries around one node, each within a transaction of the caller's."""

from __future__ import annotations

import sqlite3

from graphrec.store.protocol import CAP, SCALE, Neighbour, Neighbours, Path, Similarity
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.rows import row_of


def similar(
    connection: sqlite3.Connection,
    query: str,
    row: int,
    k: int,
    similarity: Similarity,
    min_support: int,
    cap: int,
    everyone: int | None = None,
) -> Neighbours:
    """The rows of `query`, which is RELATED_ITEMS or such, around the node of a row.

    `everyone` is what the lift is over: who likes anything, or what anyone likes.
    """
    values = {
        "row": row,
        "k": k,
        "similarity": similarity,
        "min_support": min_support,
        "cap": cap,
        "everyone": everyone,
        "scale": SCALE,
    }
    rows = list(connection.execute(query, values))
    degree = rows[0][4] if rows else 0
    found = (Neighbour(id_, score / SCALE, support) for id_, score, support, _, _ in rows)
    return Neighbours(found, degree, cap)


def recommendations(
    connection: sqlite3.Connection, user: str, k: int, neighbours: int
) -> list[Neighbour]:
    """Items that the most similar users like and the user has not seen; raises UnknownNode."""
    values = {
        "row": row_of(connection, "user", user),
        "k": neighbours,
        "similarity": "cosine",
        "min_support": 1,
        "cap": CAP,
        "everyone": None,
        "scale": SCALE,
        "items": k,
    }
    rows = connection.execute(sql.NEIGHBOUR_RECOMMENDATIONS, values)
    return [Neighbour(id_, score / SCALE, support) for id_, score, support in rows]


def paths(connection: sqlite3.Connection, user: str, item: str, k: int) -> list[Path]:
    """The paths between a user and an item, by score; raises UnknownNode."""
    values = {
        "user": row_of(connection, "user", user),
        "item": row_of(connection, "item", item),
        "k": k,
        "scale": SCALE,
    }
    rows = connection.execute(sql.PATHS, values)
    return [Path(via, people, score / SCALE) for via, people, score in rows]
