"""What a shop has without a recommender of its own: recent bestsellers, and item-kNN."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.models.knn import ItemKNN
from scripts.benchmark.shop.data import Event

WINDOWS = (14, 28)
"""Days of recent popularity: of the two, the one with more hits counts."""


def bestsellers(events: Iterable[Event], since: int) -> Sequence[str]:
    """Items by how often they were bought since a time in ms, the most often first."""
    counts = Counter(e.item for e in events if e.kind == "purchase" and e.time >= since)
    return [item for item, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]


def first_unseen(
    ranked: Sequence[str], users: Iterable[str], hidden: Mapping[str, Collection[str]], k: int
) -> Mapping[str, Sequence[str]]:
    """The first `k` items for each user, without those that are hidden from them."""
    found: dict[str, Sequence[str]] = {}
    for user in users:
        left = (item for item in ranked if item not in hidden[user])
        found[user] = [item for item, _ in zip(left, range(k), strict=False)]
    return found


def item_knn(
    events: Sequence[Event], users: Sequence[str], hidden: Mapping[str, Collection[str]], k: int
) -> Mapping[str, Sequence[str]]:
    """The lists of plain item-kNN over all events but returns, without what is hidden."""
    kept = [event for event in events if event.kind != "return"]
    log = Interactions.of([e.user for e in kept], [e.item for e in kept])
    fitted = ItemKNN().fit(Dataset.of_weights(Graph(log)))
    ids = log.items.ids
    found: dict[str, Sequence[str]] = {}
    for user in users:
        scores = fitted.scorer.score(np.array([log.users.rows[user]]))[0]
        best = np.argsort(-scores, kind="stable").tolist()
        found |= first_unseen([ids[row] for row in best], [user], hidden, k)
    return found
