"""A transaction of the Neo4j store that writes, and the positions of what it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import neo4j

from graphrec.data.kinds import KindPolicy
from graphrec.errors import StoreError
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.server import UNFINISHED, rows

Result = TypeVar("Result")


class Held(NamedTuple):
    """What is noted of a store that one has to oneself until the transaction ends."""

    position: int
    ties_position: int | None
    ties_until: str | None


def lock(tx: neo4j.ManagedTransaction) -> Held:
    """Have the store to oneself; raises StoreError where a copy is being restored into it."""
    found = rows(tx, cypher.LOCK_POSITION)
    if not found:
        rows(tx, cypher.CREATE_POSITION)
        found = rows(tx, cypher.LOCK_POSITION)
    ((*held, restoring),) = found
    if restoring is not None:
        raise StoreError(UNFINISHED)
    return Held(*held)


class Writing:
    """A transaction that writes, and the positions of what it writes.

    It has the store's position to itself until the transaction ends.
    """

    def __init__(self, tx: neo4j.ManagedTransaction, policy: Mapping[str, KindPolicy]) -> None:
        last, ties_position, ties_until = lock(tx)
        self.tx = tx
        self.policy = policy
        """By which ties are made."""
        self.tied: bool = last == ties_position
        """Whether whoever wrote last kept them."""
        self.ties_until: str | None = ties_until
        """The user up to whom they were made, where they are not complete."""
        self.position: int = last + 1
        """Of the next thing to be written."""
        self.changed = False

    def run(
        self, query: str, positions: int = 0, **values: Any
    ) -> tuple[list[list[Any]], neo4j.SummaryCounters]:
        """The rows that a statement gives, and what it changed; it uses up some positions."""
        result = self.tx.run(query, {**values, "position": self.position})
        found = result.values()
        counters = result.consume().counters
        self.position += positions
        self.changed = self.changed or counters.contains_updates
        return found, counters


def writing_in(
    tx: neo4j.ManagedTransaction,
    policy: Mapping[str, KindPolicy],
    work: Callable[[Writing], Result],
) -> Result:
    """What `work` returns; where it changed anything, the store's position is moved on."""
    writing = Writing(tx, policy)
    result = work(writing)
    if writing.changed:
        tx.run(cypher.SET_POSITION, position=writing.position, tied=writing.tied).consume()
    return result
