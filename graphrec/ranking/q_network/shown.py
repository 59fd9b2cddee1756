"""What was shown to somebody lately, as the exposure log has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from graphrec.ranking.q_network.state import Shown

ShownTo: TypeAlias = Sequence[tuple[int, Sequence[str]]]
"""Lists by time: when each was shown, in milliseconds since 1970, and its items."""

NOT_SHOWN: ShownTo = ()

MOST_LISTS = 20
"""Of somebody, the last ones, that count."""

HOUR = 3_600_000


def shown_in(lists: ShownTo, rows: Mapping[str, int], now: int, half_life_hours: float) -> Shown:
    """The items of lists before `now`, in rows; those that have none are left out."""
    before = [(time, items) for time, items in lists if time < now][-MOST_LISTS:]
    found = [
        (row, (now - time) / HOUR / half_life_hours, at == len(before) - 1)
        for at, (time, items) in enumerate(before)
        for row in (rows.get(item) for item in items)
        if row is not None
    ]
    if not found:
        return Shown()
    items, age, last = zip(*found, strict=True)
    return Shown(np.array(items, np.int64), np.array(age, np.float64), np.array(last, bool))
