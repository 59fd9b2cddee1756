"""Items that few people would put at the top of everyone's popular list.

An ordinary item gets there by many people, or by a few when hardly anyone likes anything. One that
was nowhere near, and would not be there either if each of its people counted as others do, got
there by what some of them weigh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.degrees import item_degrees
from graphrec.snapshot.snapshot import Snapshot

FAR = 3
"""So many lists further down an item is nowhere near the first one."""


@dataclass(frozen=True)
class Leap:
    """An item that few people put into the popular list."""

    item: str
    rank: int
    """By popularity, from 1."""
    before: int | None
    """The same in the serving snapshot; None: the item is new."""
    people: int
    """Who like it."""
    share: float
    """The largest share of one of them in what it weighs."""

    def __str__(self) -> str:
        came = "new" if self.before is None else f"{self.before:,} before"
        people = "1 user" if self.people == 1 else f"{self.people:,} users"
        return (
            f"{self.item!r} is number {self.rank} ({came}) by {people}, {self.share:.0%} of it by "
            f"one"
        )


def leaps(serving: Snapshot, candidate: Snapshot, k: int) -> tuple[Leap, ...]:
    """The items that few people put among the `k` most popular ones, or a quarter of them all."""
    top = min(k, len(candidate.items) // (FAR + 1))
    history, popularity = candidate.history, candidate.popularity
    if not top or not history.nnz:
        return ()
    total = np.maximum(item_degrees(history), np.finfo(np.float64).tiny)
    people = np.bincount(history.indices, minlength=len(total))
    # As popular as they would be if each of their people weighed the same.
    even = _ranks(np.argsort(-popularity.popularity * people / total, kind="stable"))
    rank = _ranks(serving.popularity.order)
    found = []
    for place, row in enumerate(popularity.order[:top].tolist(), start=1):
        item = candidate.items.ids[row]
        then = serving.items.rows.get(item)
        before = None if then is None else int(rank[then])
        if even[row] > FAR * top and (before is None or before > FAR * top):
            largest = history[:, [row]].max() / total[row]
            found.append(Leap(item, place, before, int(people[row]), float(largest)))
    return tuple(found)


def _ranks(order: NDArray[np.integer]) -> NDArray[np.int64]:
    """The place of each row in an order of all [N], from 1."""
    found = np.empty(len(order), np.int64)
    found[order] = np.arange(1, len(order) + 1)
    return found


def busiest(history: sparse.csr_array) -> int | None:
    """The row of the user whose likes weigh most [U, I]; None where nobody likes anything."""
    by_user = np.asarray(history.sum(axis=1, dtype=np.float64)).ravel()
    return int(by_user.argmax()) if by_user.any() else None
