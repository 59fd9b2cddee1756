"""A batch of a stream: what it changes, and how far the stream is read once it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from graphrec.data import Attribute, Interactions, Vocabulary
from graphrec.errors import StreamMoved
from graphrec.store.event_key import EventKey


class Move(NamedTuple):
    """How far a partition of a stream was read before a batch, and is after it."""

    before: str | None
    """None where nothing of it was read."""
    after: str


class NodeValues(NamedTuple):
    """Nodes of a type that are added, or get attributes."""

    type: str
    nodes: Vocabulary
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True)
class StreamBatch:
    """What a batch changes, in this order: deletions of items, nodes, events.

    Items that are deleted are remembered as such, and may come back within the batch.
    """

    stream: str
    """The name under which its positions are kept."""
    moves: Mapping[str, Move]
    """By partition."""
    deleted_items: tuple[str, ...] = ()
    nodes: tuple[NodeValues, ...] = ()
    taken_back: tuple[EventKey, ...] = ()
    events: Interactions = field(default_factory=lambda: Interactions.of([], []))


def check_moves(batch: StreamBatch, found: Mapping[str, str]) -> None:
    """Raise StreamMoved where a partition is not where the batch begins."""
    for partition, move in batch.moves.items():
        if found.get(partition) != move.before:
            raise StreamMoved(batch.stream, partition, move.before, found.get(partition))
