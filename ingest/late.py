"""Rows that name what was deleted: they come too late, and are set aside without being bad rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Deleted: TypeAlias = Callable[[str, Collection[str]], frozenset[str]]
"""Which ids of a type of node were deleted: `GraphStore.deleted`."""

REASONS: Mapping[str, str] = {"item": "item was deleted", "user": "user was deleted"}

NOT_IN_CATALOGUE = "item is not in the catalogue that replaces the one before"

WITHHELD = "(not kept: the user was forgotten)"
"""Stands in a file of rejects for a row about somebody who was forgotten."""

LATE = frozenset((*REASONS.values(), NOT_IN_CATALOGUE))
"""Reasons that are no fault of a row: they do not count against `ingest.max_rejected_share`."""


def forgotten_users(
    faults: Sequence[tuple[str, NDArray[np.bool_]]], rows: int
) -> NDArray[np.bool_]:
    """The rows [N] about users who were forgotten, whatever else is wrong with them."""
    found = np.zeros(rows, bool)
    for reason, fault in faults:
        if reason == REASONS["user"]:
            found |= fault
    return found


@dataclass(frozen=True)
class Late:
    """Of which users and items no row may tell any more."""

    deleted: Deleted = lambda _type, _ids: frozenset()
    reasons: Mapping[str, str] = field(default_factory=lambda: REASONS)
    """By type of node."""
    stays: frozenset[str] = frozenset()
    """Types of nodes that do not come back, whatever file of nodes names them."""

    def faults(self, ends: Mapping[str, pa.Array]) -> list[tuple[str, NDArray[np.bool_]]]:
        """The rows [N] that name something deleted, by reason; `ends` are ids by type of node."""
        return [self._fault(node_type, ids) for node_type, ids in ends.items()]

    def back(self, node_type: str, batches: Iterable[pa.Array]) -> frozenset[str]:
        """The nodes that come back, because a file of nodes names them."""
        return frozenset[str]().union(*(self._of(node_type, ids) for ids in batches))

    def but_for(self, node_type: str, back: frozenset[str]) -> Late:
        """The same without the nodes that come back."""
        if not back:
            return self

        def deleted(asked: str, ids: Collection[str]) -> frozenset[str]:
            found = self.deleted(asked, ids)
            return found - back if asked == node_type else found

        return replace(self, deleted=deleted)

    def outside(self, catalogue: Collection[str]) -> Late:
        """The same where all items but those of a catalogue are going to be deleted."""

        def deleted(asked: str, ids: Collection[str]) -> frozenset[str]:
            return (
                frozenset(ids).difference(catalogue)
                if asked == "item"
                else self.deleted(asked, ids)
            )

        return Late(deleted, {**self.reasons, "item": NOT_IN_CATALOGUE}, self.stays)

    def _fault(self, node_type: str, ids: pa.Array) -> tuple[str, NDArray[np.bool_]]:
        gone = self._of(node_type, ids)
        if not gone:
            return self.reasons.get(node_type, ""), np.zeros(len(ids), bool)
        late = pc.is_in(ids, pa.array(sorted(gone), pa.string()))
        return self.reasons[node_type], late.to_numpy(zero_copy_only=False)

    def _of(self, node_type: str, ids: pa.Array) -> frozenset[str]:
        return self.deleted(node_type, pc.unique(ids.drop_null()).to_pylist())
