"""New arrivals, those nearest to the person first: `new`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec.data.times import DAY
from graphrec.recommend.labels import label_of
from graphrec.recommend.placements.found import NOTHING, Found, Ground
from graphrec.retrieval.reason import Reason

USUAL_DATES = (
    *("published_at", "published", "publish_date", "release_date", "released_at", "released"),
    *("available_from", "added_at", "created_at", "date_added", "pubdate", "date"),
)
"""Attributes that say when an item came, the first that items have."""


def arrivals(ground: Ground) -> Found:
    """The items that came in the last days, by nearness to the person, and then by date."""
    since = arrived_at(ground)
    days = ground.placement.days or 30.0
    fresh = (since <= ground.now) & (since > ground.now - days * DAY) & ground.eligible
    items = np.flatnonzero(fresh)
    if not len(items):
        return NOTHING
    near = nearness(ground, items)
    age = (ground.now - since[items]) / (days * DAY)
    score = near + (1 - age) * 1e-6  # of equally near ones the newest first

    def reason(row: int) -> Reason:
        of = label_of(ground.view, ground.profile, row)
        return Reason("new") if of is None else Reason("new-in", {"value": of})

    return Found.best(items, score, reason)


def arrived_at(ground: Ground) -> NDArray[np.float64]:
    """When each item [I + N] came, in milliseconds since 1970; -inf where nothing says.

    By the attribute of the placement, or by the first usual one that items have; where no item has
    one, by its first event. An item that came since the snapshot, without a date, has come now.
    """
    view, table = ground.view, ground.view.items.table
    known, snapshot = len(view.snapshot.items), view.snapshot
    found = np.full(len(view.items.ids), float(ground.now))
    names = USUAL_DATES if ground.placement.date is None else (ground.placement.date,)
    dated = next((name for name in names if name in table.names), None)
    if dated is not None:
        times = table.dates(dated).times
        found[:known] = -np.inf
        return np.where(np.isnan(times), found, times)
    first = np.full(known, np.inf)
    for each in snapshot.events.values():
        for matrix in (each.counted, each.others):
            np.minimum.at(first, matrix.indices, matrix.data.astype(np.float64))
    found[:known] = np.where(np.isfinite(first), first, -np.inf)
    return found


def nearness(ground: Ground, items: NDArray[np.integer]) -> NDArray[np.float64]:
    """How near items [N] are to the person: their score in a list, and of items that came since
    the snapshot that of the source that knows them.
    """
    view, known = ground.view, len(ground.view.snapshot.items)
    request = ground.ranker.request_among(ground.profile, ground.eligible, ground.segment)
    score = np.zeros(len(items))
    held = items < known
    rows = items[held].astype(np.int32)
    for each in request.found:
        if each.source != view.snapshot.popularity.name:
            score[held] += request.weights[each.source] * each.z_scores(rows)
    found = view.items.nearest_new(ground.profile, ground.eligible, len(view.items.new))
    if found is not None:
        weight = request.weights.get(found.source) or 1.0
        place = {int(row): at for at, row in enumerate(items)}
        near = found.z_scores(found.rows).tolist()
        for row, z_score in zip(found.rows.tolist(), near, strict=True):
            if row in place:
                score[place[row]] = weight * z_score
    return score
