"""Placements as the graph store counts now: what was chosen with an item, by its queries."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from graphrec.data.kinds import normal
from graphrec.errors import DataError, UnknownNode
from graphrec.placement.definition import Placement
from graphrec.recommend.placements.question import PlacementQuestion
from graphrec.store.protocol import GraphStore

MOST = 1_000
"""Items beside one that a store is asked for: rules may leave many out."""


def counted_in_store(
    store: GraphStore, name: str, placement: Placement, question: PlacementQuestion
) -> PlacementQuestion:
    """The question with what the store counts beside its items, those that it knows.

    Raises DataError for a placement of another type, and StoreError.
    """
    if placement.type not in ("together", "cart"):
        raise DataError(
            f"placement {name!r} is of type {placement.type!r}: expected one of type together or "
            f"cart to be counted in the store; leave by out"
        )
    forms = set(map(normal, placement.kinds))
    kinds = [kind for kind in store.event_kinds() if normal(kind) in forms] or None
    counted = {}
    for item in question.items:
        with suppress(UnknownNode):  # which the list says
            counted[item] = store.related_items(
                item,
                MOST,
                placement.similarity,
                placement.min_support,
                kinds=kinds,
                after=placement.after,
            )
    return replace(question, counted=counted)
