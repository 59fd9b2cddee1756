"""Items beside another one: liked by the same users, or of the nearest embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from graphrec.errors import SnapshotError
from graphrec.models.top_k import best
from graphrec.recommend.results import ItemId, Title
from graphrec.retrieval.neighbours import related_items
from graphrec.snapshot.view import View
from graphrec.store.protocol import Similarity


@dataclass(frozen=True)
class Related:
    """An item beside another one."""

    item: ItemId
    title: Title
    score: Annotated[
        float, Field(description="Cosine: of who likes both, or of the two embeddings.")
    ]
    people: Annotated[
        int | None, Field(description="How many like both; null where embeddings are compared.")
    ]


def liked_together(
    view: View, item: str, k: int, similarity: Similarity, min_support: int
) -> tuple[Related, ...]:
    """The `k` items that most of the same users like; none beside an item that came since."""
    likes, deleted, titles = view.snapshot.likes, view.delta.deleted, view.items.titles
    if item not in likes.items:  # nobody had liked it when the snapshot was made
        return ()
    found = related_items(likes, item, k + len(deleted), similarity, min_support)
    return tuple(
        Related(near.id, titles[likes.items.row(near.id)], near.score, near.support)
        for near in [near for near in found if near.id not in deleted][:k]
    )


def nearest(view: View, item: str, k: int) -> tuple[Related, ...]:
    """The `k` items, new ones among them, whose embeddings are most like that of an item.

    By cosine, not by the inner product that ranks items for a user: it would put popular items
    first, since the length of an embedding carries popularity. None beside a new item of which
    nothing is known. Raises SnapshotError where there are no embeddings.
    """
    vectors, current = view.snapshot.embeddings, view.items
    if vectors is None:
        raise SnapshotError(
            f"snapshot {view.snapshot.manifest.version!r} has no embeddings: expected those of a "
            f"model that learns them; train one, or ask for items related in the graph"
        )
    known, cold = len(view.snapshot.items), current.cold
    rows = np.array([current.ids.rows[each] for each in cold.items], np.int64)
    row = current.ids.rows[item]
    own, new = vectors.item_taste, cold.vectors[:, :-1]
    if row < known:
        vector: NDArray[np.floating] = own[row]
    elif item in cold.items:
        vector = new[list(cold.items).index(item)]
    else:
        return ()
    cosine = np.full(len(current.ids), -np.inf, np.float32)
    length = float(np.linalg.norm(vector)) or 1
    cosine[:known] = own @ vector / vectors.item_lengths / length
    if len(rows):
        cosine[rows] = new @ vector / np.linalg.norm(new, axis=1) / length
    left = cosine.copy()
    left[[row, *current.deleted]] = -np.inf
    return tuple(
        Related(current.ids.ids[at], current.titles[at], float(cosine[at]), None)
        for at in best(left, min(k, len(left))).tolist()
    )
