"""Batches of streams in the Neo4j store, in the transaction that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import neo4j

from graphrec.store.batch import StreamBatch, check_moves
from graphrec.store.declared import DeclaredKind
from graphrec.store.neo4j import deletion, write
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.server import rows
from graphrec.store.neo4j.writing import Writing

NodeRows = tuple[str, Sequence[list[Any]], Mapping[str, DeclaredKind]]
"""A type of nodes, the rows of `write.node_rows`, and the kinds of their attributes."""


def positions(tx: neo4j.ManagedTransaction, stream: str) -> Mapping[str, str]:
    """How far each partition of a stream was read."""
    return dict(rows(tx, cypher.READ_STREAM, stream=stream))


def write_batch(
    writing: Writing, batch: StreamBatch, nodes: Sequence[NodeRows], events: Sequence[list[Any]]
) -> int:
    """Store what a batch changes, and how far its stream is read; returns new events.

    The writer has the store to itself, so that nobody moves the stream meanwhile. `nodes` and
    `events` are the batch's as rows.
    """
    check_moves(batch, positions(writing.tx, batch.stream))
    moves = [[partition, move.after] for partition, move in batch.moves.items()]
    writing.run(cypher.SET_STREAM, stream=batch.stream, moves=moves)
    if batch.deleted_items:
        deletion.delete_nodes(writing, "item", batch.deleted_items)
        deletion.remember(writing, "item", batch.deleted_items)
    for node_type, added, kinds in nodes:
        write.nodes(writing, node_type, added, kinds)
    if batch.taken_back:
        deletion.delete_events(writing, batch.taken_back)
    return write.events(writing, events)
