"""Related items as the graph store has them now."""

from __future__ import annotations

from graphrec.data import as_title
from graphrec.errors import UnknownNode
from graphrec.recommend.recommender import MIN_SUPPORT
from graphrec.recommend.related import Related
from graphrec.store import GraphStore
from graphrec.store.protocol import Neighbours


def related_in_store(
    store: GraphStore, item: str, k: int
) -> tuple[Neighbours, tuple[Related, ...]]:
    """The `k` items most like `item` by cosine, as the store gives them, and with their titles.

    Raises UnknownNode, and StoreError.
    """
    near = store.related_items(item, k, "cosine", MIN_SUPPORT)
    return near, tuple(
        Related(item=each.id, title=_title(store, each.id), score=each.score, people=each.support)
        for each in near
    )


def _title(store: GraphStore, item: str) -> str | None:
    try:
        return as_title(store.read_node("item", item).get("title"))
    except UnknownNode:  # deleted since it was found
        return None
