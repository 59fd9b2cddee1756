"""Items that people choose with an item, or with several: `together` and `cart`.

With `a` and `b` the people who did one thing or the other, and `n` those who did any, the score of
`s` people who did both is s / √(a b) (cosine), s / (a + b - s) (jaccard) or s n / (a b) (lift;
Brin et al., "Dynamic itemset counting and implication rules for market basket data", SIGMOD 1997).
With `after`, `s` counts only those who did the other thing later.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphrec.placement.definition import PlacementSimilarity
from graphrec.recommend.arrangement import labels_by
from graphrec.recommend.placements.found import Found, Ground
from graphrec.recommend.results import Because
from graphrec.retrieval.kind_pairs import KindPairs
from graphrec.retrieval.neighbours import similarity_units
from graphrec.retrieval.reason import Reason
from graphrec.store.protocol import SCALE


class Beside(NamedTuple):
    """The items that people chose with one."""

    items: NDArray[np.integer]
    """[N]: rows of the view."""
    scores: NDArray[np.float64]
    support: NDArray[np.int64]
    """[N]: how many people chose both."""


def together(ground: Ground) -> Found:
    """Items that people chose with the items of the question; of several, their scores add up."""
    count = len(ground.view.items.ids)
    total, most = np.zeros(count), np.zeros(count)
    through, support = np.full(count, -1), np.zeros(count, np.int64)
    for row in ground.about.tolist():
        found = _beside(ground, row)
        total[found.items] += found.scores
        better = found.scores > most[found.items]
        items = found.items[better]
        most[items], support[items] = found.scores[better], found.support[better]
        through[items] = row
    total[~ground.eligible] = 0
    total[_instead(ground)] = 0
    items = np.flatnonzero(total)
    ids, titles = ground.view.items.ids.ids, ground.view.items.titles

    def reason(row: int) -> Reason:
        via, people = int(through[row]), int(support[row])
        return Reason(_code(ground), {"via": ground.name(via), "people": people})

    def because(row: int) -> tuple[Because, ...]:
        via = int(through[row])
        return (Because(ids[via], titles[via], int(support[row]), float(most[row])),)

    return Found.best(items, total[items], reason, because)


def _beside(ground: Ground, row: int) -> Beside:
    """What people chose with an item row: as a store counted it, else as the snapshot has it."""
    if ground.counted is not None:
        rows = ground.view.items.ids.rows
        near = ground.counted.get(ground.view.items.ids.ids[row], ())
        known = [each for each in near if each.id in rows]
        return Beside(
            np.array([rows[each.id] for each in known], np.int64),
            np.array([each.score for each in known], np.float64),
            np.array([each.support for each in known], np.int64),
        )
    pairs = ground.pairs
    if row >= pairs.shape[1]:
        none = np.empty(0, np.int64)
        return Beside(none, np.empty(0), none)
    both = chosen_with(pairs, row, ground.placement.after)
    items = np.flatnonzero(both >= ground.placement.min_support)
    scores = similarity(pairs, row, items, both[items], ground.placement.similarity)
    return Beside(items, scores, both[items])


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
    both: NDArray[np.int64],
    by: PlacementSimilarity,
) -> NDArray[np.float64]:
    """The score of N others beside an item, from how many chose both [N]; to billionths."""
    own, theirs = int(pairs.people[item]), pairs.people[others]
    scores: NDArray[np.float64] = similarity_units(both, own, theirs, by, pairs.active) / SCALE
    return scores


def _code(ground: Ground) -> str:
    kinds = {kind.casefold() for kind in ground.kinds}
    bought = any(kind.startswith(("purchase", "buy", "bought", "order")) for kind in kinds)
    viewed = any(kind.startswith(("view", "click")) or kind.endswith("view") for kind in kinds)
    if bought:
        return "bought-after" if ground.placement.after else "also-bought"
    return "also-viewed" if viewed else "together"


def _instead(ground: Ground) -> NDArray[np.int64]:
    """The items that take the place of one of the question."""
    table, found = ground.view.items.table, set[int]()
    for name in ground.placement.apart:
        of = labels_by(table, name)
        wanted = {label for row in ground.about.tolist() for label in of(row)}
        mask = table.with_any(name, wanted) if name in table.names else table.linked(name, wanted)
        found.update(np.flatnonzero(mask).tolist())
    return np.array(sorted(found), np.int64)
