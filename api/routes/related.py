"""Related items as the graph store has them now."""

from __future__ import annotations

from collections.abc import Collection

from graphrec.data import as_title
from graphrec.errors import UnknownNode
from graphrec.recommend.recommender import MIN_SUPPORT
from graphrec.recommend.related import Related
from graphrec.recommend.setting_names import check_kinds
from graphrec.settings import Settings
from graphrec.store import GraphStore
from graphrec.store.protocol import Neighbours, Similarity


def related_in_store(
    store: GraphStore,
    item: str,
    k: int,
    similarity: Similarity,
    kinds: Collection[str] | None,
    after: bool,
    settings: Settings,
) -> tuple[Neighbours, tuple[Related, ...]]:
    """The `k` items most like `item`, as the store gives them, and with their titles.

    Raises UnknownNode, UnknownName for a kind that there is not, and StoreError.
    """
    if kinds is not None:
        check_kinds(store, kinds, settings)
    near = store.related_items(item, k, similarity, MIN_SUPPORT, kinds=kinds, after=after)
    return near, tuple(
        Related(item=each.id, title=_title(store, each.id), score=each.score, people=each.support)
        for each in near
    )


def _title(store: GraphStore, item: str) -> str | None:
    try:
        return as_title(store.read_node("item", item).get("title"))
    except UnknownNode:  # deleted since it was found
        return None
