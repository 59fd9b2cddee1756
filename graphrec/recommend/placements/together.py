"""Items that people choose with an item, or with several: `together` and `cart`.

With `a` and `b` the people who did one thing or the other, and `n` those who did any, the score of
`s` people who did both is s / √(a b) (cosine), s / (a + b - s) (jaccard) or s n / (a b) (lift;
Brin et al., "Dynamic itemset counting and implication rules for market basket data", SIGMOD 1997).
With `after`, `s` counts only those who did the other thing later.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.placement.definition import PlacementSimilarity
from graphrec.recommend.arrangement import labels_by
from graphrec.recommend.placements.found import NOTHING, Found, Ground
from graphrec.recommend.results import Because
from graphrec.retrieval.kind_pairs import KindPairs
from graphrec.retrieval.reason import Reason
from graphrec.store.protocol import SCALE


def together(ground: Ground) -> Found:
    """Items that people chose with the items of the question; of several, their scores add up."""
    pairs, asked = ground.pairs, ground.about[ground.about < ground.pairs.shape[1]]
    if not len(asked):
        return NOTHING
    least, after = ground.placement.min_support, ground.placement.after
    total = np.zeros(pairs.shape[1])
    most = np.zeros(pairs.shape[1])
    through = np.full(pairs.shape[1], -1)
    support = np.zeros(pairs.shape[1], np.int64)
    for row in asked.tolist():
        both = chosen_with(pairs, row, after)
        both[both < least] = 0
        items = np.flatnonzero(both)
        score = similarity(pairs, row, items, both[items], ground.placement.similarity)
        total[items] += score
        better = items[score > most[items]]
        most[better] = score[score > most[items]]
        through[better], support[better] = row, both[better]
    total[~ground.eligible[: len(total)]] = 0
    total[_instead(ground, asked)] = 0
    items = np.flatnonzero(total)
    ids = ground.view.items.ids.ids
    titles = ground.view.items.titles

    def reason(row: int) -> Reason:
        via, people = int(through[row]), int(support[row])
        return Reason(_code(ground), {"via": ground.name(via), "people": people})

    def because(row: int) -> tuple[Because, ...]:
        via = int(through[row])
        return (Because(ids[via], titles[via], int(support[row]), float(most[row])),)

    return Found.best(items, total[items], reason, because)


def chosen_with(pairs: KindPairs, item: int, after: bool) -> NDArray[np.int64]:
    """How many people chose each item [I] beside one; with `after`, later than it."""
    start, end = pairs.by_item.indptr[item : item + 2]
    users = pairs.by_item.indices[start:end]
    theirs = pairs.first[users]
    columns = theirs.indices
    if after:
        since = np.repeat(pairs.by_item.data[start:end], np.diff(theirs.indptr))
        columns = columns[theirs.data > since]
    both = np.bincount(columns, minlength=pairs.shape[1])
    both[item] = 0
    return both


def similarity(
    pairs: KindPairs,
    item: int,
    others: NDArray[np.integer],
    both: NDArray[np.integer],
    by: PlacementSimilarity,
) -> NDArray[np.float64]:
    """The score of N others beside an item, from how many chose both [N]; to billionths."""
    own, theirs = float(pairs.people[item]), pairs.people[others].astype(np.float64)
    if by == "cosine":
        score = both / np.sqrt(own * theirs)
    elif by == "jaccard":
        score = both / (own + theirs - both)
    else:
        score = both * pairs.active / (own * theirs)
    rounded: NDArray[np.float64] = np.floor(score * SCALE + 0.5) / SCALE
    return rounded


def _code(ground: Ground) -> str:
    kinds = {kind.casefold() for kind in ground.kinds}
    bought = any(kind.startswith(("purchase", "buy", "bought", "order")) for kind in kinds)
    viewed = any(kind.startswith(("view", "click")) or kind.endswith("view") for kind in kinds)
    if bought:
        return "bought-after" if ground.placement.after else "also-bought"
    return "also-viewed" if viewed else "together"


def _instead(ground: Ground, asked: Rows) -> NDArray[np.int64]:
    """The items of the snapshot that take the place of one of the question."""
    table, found = ground.view.items.table, set[int]()
    known = ground.pairs.shape[1]
    for name in ground.placement.apart:
        of = labels_by(table, name)
        wanted = {label for row in asked.tolist() for label in of(row)}
        found.update(np.flatnonzero(table.with_any(name, wanted)[:known]).tolist())
    return np.array(sorted(found), np.int64)
