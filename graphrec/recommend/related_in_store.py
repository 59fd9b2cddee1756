"""Related items as the graph store has them now."""

from __future__ import annotations

from collections.abc import Iterable

from graphrec.data import as_title
from graphrec.errors import UnknownNode
from graphrec.recommend.recommender import MIN_SUPPORT, Recommender
from graphrec.recommend.related import Related
from graphrec.store import GraphStore
from graphrec.store.protocol import Neighbour, Neighbours, Similarity


def related_in_store(
    store: GraphStore,
    item: str,
    k: int,
    recommender: Recommender | None = None,
    similarity: Similarity = "cosine",
    min_support: int = MIN_SUPPORT,
) -> tuple[Neighbours, tuple[Related, ...]]:
    """The `k` items most like `item`, as the store gives them, and with their titles.

    Rules of a recommender that hold of every list hold here. An item that only the store knows as
    yet is listed where it has none. Raises UnknownNode, and StoreError.
    """
    if recommender is None or not recommender.rules:
        near = store.related_items(item, k, similarity, min_support)
        return near, _titled(store, near)
    allowed, rows = recommender.allowed(), recommender.view.items.ids.rows
    near = store.related_items(item, k + int((~allowed).sum()), similarity, min_support)
    kept = [each for each in near if each.id in rows and allowed[rows[each.id]]]
    return near, _titled(store, kept[:k])


def _titled(store: GraphStore, near: Iterable[Neighbour]) -> tuple[Related, ...]:
    return tuple(
        Related(item=each.id, title=_title(store, each.id), score=each.score, people=each.support)
        for each in near
    )


def _title(store: GraphStore, item: str) -> str | None:
    try:
        return as_title(store.read_node("item", item).get("title"))
    except UnknownNode:  # deleted since it was found
        return None
