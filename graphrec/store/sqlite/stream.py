"""Batches of streams in the SQLite store, in the transaction of the caller's."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from graphrec.store.batch import StreamBatch, check_moves
from graphrec.store.sqlite import deletion, write
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.rows import Positions


def positions(connection: sqlite3.Connection, stream: str) -> Mapping[str, str]:
    """How far each partition of a stream was read."""
    return dict(connection.execute(sql.READ_STREAM, (stream,)).fetchall())


def write_batch(connection: sqlite3.Connection, taken: Positions, batch: StreamBatch) -> int:
    """Store what a batch changes, and how far its stream is read; returns new events."""
    check_moves(batch, positions(connection, batch.stream))
    connection.executemany(
        sql.SET_STREAM,
        [(batch.stream, partition, move.after) for partition, move in batch.moves.items()],
    )
    if batch.deleted_items:
        deletion.delete_nodes(connection, taken, "item", batch.deleted_items)
        deletion.remember(connection, "item", batch.deleted_items)
    for node_type, nodes, attributes in batch.nodes:
        write.write_nodes(connection, taken, node_type, nodes, attributes)
    deletion.delete_events(connection, taken, batch.taken_back)
    if not len(batch.events):
        return 0
    return write.write_events(connection, taken, [batch.events])
