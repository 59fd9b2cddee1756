"""Items beside another one: liked by the same people, or of the nearest embeddings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.data import as_title
from graphrec.errors import SnapshotError
from graphrec.models.embeddings import Embeddings
from graphrec.models.top_k import best
from graphrec.retrieval.cold_items import Newcomers
from graphrec.retrieval.neighbours import related_items
from graphrec.snapshot.snapshot import Snapshot
from graphrec.store.protocol import Similarity


@dataclass(frozen=True)
class Related:
    """An item beside another one."""

    item: str
    title: str | None
    score: float
    """Of the people who like either, or the cosine of the two embeddings."""
    people: int | None
    """How many like both; None where the embeddings were compared."""


def liked_together(
    snapshot: Snapshot,
    item: str,
    k: int,
    deleted: Collection[str],
    similarity: Similarity,
    min_support: int,
    titles: Sequence[str | None],
) -> tuple[Related, ...]:
    """The `k` items that most of the same people like; none beside an item that came since.

    `titles` are those of all items of the snapshot [I].
    """
    likes = snapshot.likes
    if item not in likes.items:  # nobody had liked it when the snapshot was made
        return ()
    found = related_items(likes, item, k + len(deleted), similarity, min_support)
    return tuple(
        Related(near.id, titles[likes.items.row(near.id)], near.score, near.support)
        for near in [near for near in found if near.id not in deleted][:k]
    )


def nearest(
    snapshot: Snapshot,
    item: str,
    k: int,
    deleted: Collection[str],
    new: Newcomers,
    titles: Sequence[str | None],
) -> tuple[Related, ...]:
    """The `k` items, new ones among them, whose embeddings are most like that of an item.

    By cosine, not by the inner product that ranks items for a user: it would put popular items
    first, since the length of an embedding carries popularity. Raises SnapshotError where there
    are no embeddings.
    """
    embeddings, known = _embeddings(snapshot), snapshot.likes.items
    ids = tuple(new.items)
    rows = {each: len(known) + at for at, each in enumerate(ids)}
    row = known.rows.get(item, rows.get(item))
    if row is None:  # it is new, and its attributes say nothing
        return ()
    vectors = embeddings.item_without_bias
    vector = vectors[row] if row < len(known) else new.taste[row - len(known)]
    near: list[NDArray[np.floating]] = [vectors @ vector / embeddings.item_lengths]
    if ids:
        near.append(new.taste @ vector / np.linalg.norm(new.taste, axis=1))
    length = float(np.linalg.norm(vector)) or 1
    cosine = (np.concatenate(near) / length).astype(np.float32)
    left = cosine.copy()
    left[[row, *(known.rows[each] for each in deleted if each in known)]] = -np.inf
    return tuple(
        Related(
            known.ids[at] if at < len(known) else ids[at - len(known)],
            titles[at]
            if at < len(known)
            else as_title(new.items[ids[at - len(known)]].get("title")),
            float(cosine[at]),
            None,
        )
        for at in best(left, min(k, len(left))).tolist()
    )


def _embeddings(snapshot: Snapshot) -> Embeddings:
    if snapshot.embeddings is None:
        raise SnapshotError(
            f"snapshot {snapshot.manifest.version!r} has no embeddings: expected those of a model "
            f"that learns them; train one, or ask for items related in the graph"
        )
    return snapshot.embeddings
