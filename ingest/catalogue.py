"""A file of items that is the whole catalogue: what it leaves out is deleted."""

from __future__ import annotations

from dataclasses import dataclass

from graphrec.ingest.load import CheckedSource

from graphrec.errors import DataError
from graphrec.store.protocol import GraphStore


@dataclass(frozen=True)
class Replacement:
    """What a catalogue changes in a store."""

    kept: frozenset[str]
    """All items of the catalogue."""
    removed: tuple[str, ...]
    """The items of the store that are not among them."""
    before: int
    """Items in the store."""

    @property
    def share(self) -> float:
        """The share of the store's items that is removed."""
        return len(self.removed) / max(self.before, 1)


def replacement(store: GraphStore, source: CheckedSource) -> Replacement:
    """What it would mean to replace the items of a store by those of a checked source.

    Raises DataError for a source of no items, and for one with rows that could not be used: the
    items that these tell of would be deleted.
    """
    if source.spool.rejected:
        raise DataError(
            f"{source.name} has {source.spool.rejected} rows that cannot be used "
            f"({', '.join(source.spool.reasons)}): expected none with --replace, because their "
            f"items would be deleted; mend them (see {str(source.spool.rejects)!r}), or load "
            f"without it"
        )
    kept = frozenset(item for ids in source.ids() for item in ids.to_pylist())
    if not kept:
        raise DataError(
            f"{source.name} holds no item: expected the whole catalogue with --replace; to delete "
            f"items, name them to `graphrec items delete`"
        )
    before = store.ids("item")
    return Replacement(kept, tuple(item for item in before if item not in kept), len(before))
