"""Items that are like an item, whoever chose them: `similar`."""

from __future__ import annotations

from collections import Counter

import numpy as np

from graphrec.recommend.placements.found import NOTHING, Found, Ground
from graphrec.recommend.related import cosines
from graphrec.retrieval.reason import Reason


def similar(ground: Ground) -> Found:
    """Items by the mean cosine of embeddings and of categories and tags, as far as there are any.

    Of several items of the question, the most similar one counts.
    """
    if not len(ground.about):
        return NOTHING
    best = np.zeros(len(ground.view.items.ids))
    via = np.full(len(best), -1)
    for row in ground.about.tolist():
        vectors = ground.view.items.label_vectors
        parts = [(vectors @ vectors[[row]].T).toarray()[:, 0].astype(np.float64)]
        embedded = cosines(ground.view, row)
        if embedded is not None:
            parts.append(np.maximum(embedded, 0))
        score = np.mean(parts, axis=0)
        score[row] = 0
        via[score > best] = row
        best = np.maximum(best, score)
    listed = ground.eligible & (best > 0)
    items = np.flatnonzero(listed)

    def reason(row: int) -> Reason:
        value = common_label(ground, int(via[row]), row)
        name = ground.name(int(via[row]))
        if value is None:
            return Reason("alike", {"via": name})
        return Reason("alike-in", {"via": name, "value": value})

    return Found.best(items, best[items], reason)


def common_label(ground: Ground, one: int, other: int) -> str | None:
    """The rarest category or tag that two items share."""
    table = ground.view.items.table
    found = Counter[str]()
    for name in ground.view.items.label_names:
        of = table.labels_by_row(name)
        for label in set(of(one)) & set(of(other)):
            found[label] = len(table.labelled(name)[label])
    return min(found, key=lambda label: (found[label], label), default=None)
