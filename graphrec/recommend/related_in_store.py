"""Related items as the graph store has them now."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from graphrec.data import as_title
from graphrec.errors import UnknownNode
from graphrec.recommend.recommender import MIN_SUPPORT, Recommender
from graphrec.recommend.related import Related
from graphrec.recommend.setting_names import check_kinds
from graphrec.settings import Settings
from graphrec.store import GraphStore
from graphrec.store.protocol import Neighbour, Neighbours, Similarity


def related_in_store(
    store: GraphStore,
    item: str,
    k: int,
    recommender: Recommender | None = None,
    similarity: Similarity = "cosine",
    min_support: int = MIN_SUPPORT,
    kinds: Collection[str] | None = None,
    after: bool = False,
    settings: Settings = Settings(),  # noqa: B008 - it is frozen
) -> tuple[Neighbours, tuple[Related, ...]]:
    """The `k` items most like `item`, as the store gives them, and with their titles.

    Rules of a recommender that hold of every list hold here. An item that only the store knows as
    yet is listed where it has none. `settings` have the kinds that are known beside those of the
    store. Raises UnknownNode, UnknownName for a kind that there is not, and StoreError.
    """
    if kinds is not None:
        check_kinds(store, kinds, settings)

    def best(count: int) -> Neighbours:
        return store.related_items(item, count, similarity, min_support, kinds=kinds, after=after)

    if recommender is None or not recommender.rules:
        near = best(k)
        return near, _titled(store, near)
    allowed, rows = recommender.allowed(), recommender.view.items.ids.rows
    near = best(k + int((~allowed).sum()))
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
