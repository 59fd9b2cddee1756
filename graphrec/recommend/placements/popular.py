"""Items by how many people chose them: `popular`, and by growth: `trending`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec.recommend.placements.found import Found, Ground
from graphrec.recommend.placements.windows import people_in
from graphrec.recommend.results import reason_of_popular
from graphrec.retrieval.reason import Reason


def popular(ground: Ground) -> Found:
    """Items by people; without kinds, a window or a segment, by the popularity that serves."""
    if not ground.kinds and ground.placement.days is None and ground.placement.segment is None:
        return _usual(ground)
    people = people_in(ground, ground.placement.days)
    items = np.flatnonzero((people >= ground.placement.min_support) & ground.eligible)
    days = ground.placement.days

    def reason(row: int) -> Reason:
        count = int(people[row])
        if days is None:
            return reason_of_popular(count, ground.segment)
        return Reason("popular-lately", {"people": count, "days": days})

    return Found.best(items, people[items].astype(np.float64), reason)


def trending(ground: Ground) -> Found:
    """Items by how far the people of the window are above what the window before lets expect.

    Of `r` people now and `b` in the window of the same length before, and with all of it having
    grown by the factor `g`, the score is (r - g b) / √(g b + 1): the deviation of a Poisson count
    in units of its standard deviation, where the 1 keeps items that nobody knew from the top.
    """
    days = ground.placement.days or 7.0
    now, then = people_in(ground, days), people_in(ground, days, before=days)
    score = growth_scores(now, then)
    listed = (now >= ground.placement.min_support) & (score > 0) & ground.eligible
    items = np.flatnonzero(listed)

    def reason(row: int) -> Reason:
        values = {"people": int(now[row]), "days": days, "before": int(then[row])}
        return Reason("trending", values)

    return Found.best(items, score[items], reason)


def growth_scores(now: NDArray[np.integer], then: NDArray[np.integer]) -> NDArray[np.float64]:
    """The score of `trending` of each item, by its people now [I] and in the window before [I]."""
    growth = now.sum() / then.sum() if then.any() else 1.0
    expected = growth * then
    score: NDArray[np.float64] = (now - expected) / np.sqrt(expected + 1)
    return score


def _usual(ground: Ground) -> Found:
    snapshot = ground.view.snapshot
    source = snapshot.popularity
    segment = source.segment_of(ground.profile, ground.query.segment)
    count = len(snapshot.items)
    found = source.retrieve_in(segment, ground.eligible[:count], count)
    left = ground.eligible[:count].copy()
    left[found.rows] = False
    rest = source.order[left[source.order]]
    scores = np.concatenate([found.z_scores(found.rows), np.zeros(len(rest))])

    def reason(row: int) -> Reason:
        segments = source.segments
        inside = 0 if segment is None or segments is None else segments.people(segment, row)
        return reason_of_popular(
            inside or int(snapshot.likes.degrees[row]), segment if inside else None
        )

    return Found(np.concatenate([found.rows, rest]).astype(np.int32), scores, reason)
