"""Which exposure an outcome is of: the last one before it, within a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]


def last_touch(
    shown_of: Whole, shown_at: Whole, done_of: Whole, done_at: Whole, window: int
) -> Whole:
    """For each outcome [N], the exposure [E] that it is of; -1 where it is of none.

    That is the last one of the same group, such as a user and an item, that is not later than the
    outcome, and at most `window` milliseconds before it. `shown_of` and `done_of` are the groups,
    `shown_at` and `done_at` the times.
    """
    exposures, outcomes = len(shown_of), len(done_of)
    group, time = np.concatenate([shown_of, done_of]), np.concatenate([shown_at, done_at])
    is_outcome = np.arange(exposures + outcomes) >= exposures
    order = np.lexsort((is_outcome, time, group))
    # The place of the last exposure so far, in the order of groups and times.
    place = np.maximum.accumulate(np.where(is_outcome[order], -1, np.arange(len(order))))
    found = np.full(outcomes, -1, np.int64)
    outcome = np.flatnonzero(is_outcome[order] & (place >= 0))
    here, before = order[outcome], order[place[outcome]]
    same = (group[here] == group[before]) & (time[here] - time[before] <= window)
    found[here[same] - exposures] = before[same]
    return found
