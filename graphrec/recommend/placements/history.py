"""What a person looked at last, and what is due again: `recent` and `again`."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from graphrec.data.times import DAY
from graphrec.recommend.placements.found import NOTHING, Found, Ground
from graphrec.retrieval.kind_pairs import KindPairs
from graphrec.retrieval.reason import Reason

SOON, LATE = 0.5, 3.0
"""Of the usual interval: the share after which something is listed as due, and the number of
intervals after which it no longer is."""


def recent(ground: Ground) -> Found:
    """The items of the person's last events that count, the last first."""
    rows, times = _own(ground)
    if ground.placement.days is not None:
        lately = times > ground.now - ground.placement.days * DAY
        rows, times = rows[lately], times[lately]
    items, last = _last(rows, times)
    kept = ground.eligible[items]
    items, last = items[kept], last[kept]
    at = dict(zip(items.tolist(), last.tolist(), strict=True))

    def reason(row: int) -> Reason:
        return Reason("recent", {"date": day_of(at[row])})

    return Found.best(items, last.astype(np.float64), reason)


def again(ground: Ground) -> Found:
    """Items that the person chose before and that are due: the nearest to their day first.

    An item is due an interval after the last time: the person's own mean interval where they chose
    it several times, else the median over people who did. With `x` the share of the interval that
    is over, the score is min(x, 1 / x).
    """
    rows, times = _own(ground)
    if not len(rows):
        return NOTHING
    usual = usual_intervals(ground.pairs, ground.placement.min_support)
    items, last = _last(rows, times)
    score, said = np.zeros(len(items)), dict[int, Reason]()
    for place, (row, latest) in enumerate(zip(items.tolist(), last.tolist(), strict=True)):
        days = np.unique(times[rows == row] // DAY)
        own = len(days) > 1
        interval = (
            float(days[-1] - days[0]) * DAY / (len(days) - 1)
            if own
            else float(usual[row])
            if row < len(usual)
            else np.nan
        )
        if not interval > 0:
            continue
        over = (ground.now - latest) / interval
        if SOON <= over <= LATE:
            score[place] = min(over, 1 / over)
            values: dict[str, str | int | float] = {
                "days": max(1, round(interval / DAY)),
                "date": day_of(latest + interval),
            }
            said[row] = Reason(
                "again" if own else "again-usual",
                {**values, "times": len(days)} if own else values,
            )
    listed = (score > 0) & ground.eligible[items]
    return Found.best(items[listed], score[listed], said.__getitem__)


def usual_intervals(pairs: KindPairs, min_support: int) -> NDArray[np.float64]:
    """After how long people choose each item again [I], in milliseconds: the median of their means.

    NaN where fewer than `min_support` people did so on several days.
    """
    gaps = pairs.last.data - pairs.first.data
    repeated = (pairs.times > 1) & (gaps >= DAY)
    items = pairs.first.indices[repeated]
    mean = gaps[repeated] / (pairs.times[repeated] - 1)
    order = np.lexsort((mean, items))
    items, mean = items[order], mean[order]
    count = np.bincount(items, minlength=pairs.shape[1])
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    found = np.full(pairs.shape[1], np.nan)
    enough = np.flatnonzero(count >= max(min_support, 1))
    low = start[enough] + (count[enough] - 1) // 2
    high = start[enough] + count[enough] // 2
    found[enough] = (mean[low] + mean[high]) / 2
    return found


def day_of(time: float) -> str:
    """The day of a time in milliseconds since 1970, in UTC; empty where it is unknown."""
    if not time > 0:
        return ""
    return datetime.fromtimestamp(time / 1000, timezone.utc).date().isoformat()


def _own(ground: Ground) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """The items and times of the person's events of the kinds that count."""
    kinds = ground.kinds
    found = [each for kind, each in ground.events.items() if not kinds or kind in kinds]
    if not found:
        return np.empty(0, np.int32), np.empty(0, np.int64)
    items = np.concatenate([each.items[each.counted] for each in found])
    times = np.concatenate([each.times[each.counted] for each in found])
    return items, times


def _last(
    rows: NDArray[np.integer], times: NDArray[np.int64]
) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """The distinct rows, and the last time of each."""
    items, place = np.unique(rows, return_inverse=True)
    last = np.full(len(items), np.iinfo(np.int64).min)
    np.maximum.at(last, place, times)
    return items, last
