"""Users who like the same items, and what they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from graphrec.data import PlainValue
from graphrec.errors import UnknownNode
from graphrec.recommend.browse import plain
from graphrec.recommend.recommender import MIN_SUPPORT
from graphrec.recommend.results import ItemId, Title
from graphrec.retrieval.neighbours import similar_users
from graphrec.snapshot.snapshot import history_rows
from graphrec.snapshot.view import View

NAMED = 3
"""Items that are named of those that two users share."""


@dataclass(frozen=True)
class SharedItem:
    """An item that two users like."""

    item: ItemId
    title: Title


@dataclass(frozen=True)
class SimilarUser:
    """A user similar to another one."""

    user: Annotated[str, Field(description="Id of the user.")]
    score: Annotated[float, Field(description="Cosine of the two users over all items, 0 to 1.")]
    items: Annotated[int, Field(description="How many items both like.")]
    shared: Annotated[
        tuple[SharedItem, ...],
        Field(
            description=f"Up to {NAMED} of these, those first that fewest others like: they say "
            "most."
        ),
    ]
    attributes: Annotated[
        Mapping[str, PlainValue],
        Field(description="Attributes that both have with the same value, of those that are kept."),
    ]


def similar_to(view: View, user: str, k: int) -> tuple[SimilarUser, ...]:
    """The `k` users who like the most of the same items, by the snapshot; raises UnknownNode."""
    row = view.row(user)
    if row is None:
        if not view.knows(user):
            raise UnknownNode("user", user)
        return ()
    snapshot, forgotten = view.snapshot, view.delta.forgotten
    found = similar_users(snapshot.likes, user, k + len(forgotten), min_support=MIN_SUPPORT)
    near = [each for each in found if each.id not in forgotten][:k]
    mine, about = history_rows(snapshot.history, row), plain(snapshot.about(row))
    similar = []
    for each in near:
        other = snapshot.users.rows[each.id]
        both = np.intersect1d(mine, history_rows(snapshot.history, other))
        both = both[~np.isin(both, view.items.deleted)]
        rarest = both[np.argsort(snapshot.likes.degrees[both], kind="stable")][:NAMED]
        ids, titles = view.items.ids.ids, view.items.titles
        theirs = plain(snapshot.about(other))
        similar.append(
            SimilarUser(
                each.id,
                each.score,
                each.support,
                tuple(SharedItem(ids[at], titles[at]) for at in rarest.tolist()),
                {n: value for n, value in about.items() if value and theirs.get(n) == value},
            )
        )
    return tuple(similar)
