"""Items beside another one: liked by the same users, or of the nearest embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from graphrec.errors import NoEmbeddings
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
    view: View,
    item: str,
    k: int,
    similarity: Similarity,
    min_support: int,
    eligible: NDArray[np.bool_],
) -> tuple[Related, ...]:
    """The `k` items that most of the same users like, of those that may be listed [I + N].

    None beside an item that came since the snapshot.
    """
    likes, titles = view.snapshot.likes, view.items.titles
    if item not in likes.items:  # nobody had liked it when the snapshot was made
        return ()
    known = eligible[: len(likes.items)]
    found = related_items(likes, item, k + int((~known).sum()), similarity, min_support)
    rows = likes.items.rows
    return tuple(
        Related(near.id, titles[rows[near.id]], near.score, near.support)
        for near in [near for near in found if known[rows[near.id]]][:k]
    )


def nearest(view: View, item: str, k: int, eligible: NDArray[np.bool_]) -> tuple[Related, ...]:
    """The `k` items whose embeddings are most like that of an item, of those that may be listed.

    New items are among them; `eligible` is [I + N].

    By cosine, not by the inner product that ranks items for a user: it would put popular items
    first, since the length of an embedding carries popularity. None beside a new item of which
    nothing is known. Raises NoEmbeddings where there are none.
    """
    current = view.items
    row = current.ids.rows[item]
    cosine = cosines(view, row)
    if cosine is None:
        remedy = "train one, or ask for items related in the graph"
        raise NoEmbeddings(view.snapshot.manifest.version, remedy, "by")
    left = cosine.copy()
    left[row] = -np.inf
    left[~eligible] = -np.inf
    found = best(left, min(k, len(left)))
    return tuple(
        Related(current.ids.ids[at], current.titles[at], float(cosine[at]), None)
        for at in found[np.isfinite(left[found])].tolist()
    )


def cosines(view: View, row: int) -> NDArray[np.float32] | None:
    """The cosine of the embedding of each item of the view [I + N] and that of an item row.

    -inf for an item without an embedding, and for all beside such one; None where the snapshot has
    no embeddings.
    """
    vectors, current = view.snapshot.embeddings, view.items
    if vectors is None:
        return None
    known, cold = len(view.snapshot.items), current.cold
    rows = np.array([current.ids.rows[each] for each in cold.items], np.int64)
    own, new = vectors.item_without_bias, cold.vectors[:, :-1]
    cosine = np.full(len(current.ids), -np.inf, np.float32)
    if row < known:
        vector: NDArray[np.floating] = own[row]
    elif row in rows:
        vector = new[int(np.flatnonzero(rows == row)[0])]
    else:
        return cosine
    length = float(np.linalg.norm(vector)) or 1
    cosine[:known] = own @ vector / vectors.item_lengths / length
    if len(rows):
        cosine[rows] = new @ vector / np.linalg.norm(new, axis=1) / length
    return cosine
