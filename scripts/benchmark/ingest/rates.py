"""What a load says while it runs, and the rate of each million rows that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

MILLION = 1_000_000


class Step(TypedDict):
    """How far a load had come."""

    stage: str
    done: int
    total: int
    at: float
    """Seconds since the load began."""


def rates(steps: Sequence[Step], rows: int) -> list[float]:
    """Rows a second of each million, the last of which may be smaller.

    A load goes through the rows once a stage, such as reading or sorting. What a million took is
    the sum over the stages; within a stage, time between two steps is shared evenly. So all
    millions together took what the load took.
    """
    bounds = np.append(np.arange(0, rows, MILLION), rows)
    seconds = np.zeros(len(bounds) - 1)
    begun = 0.0
    for stage in dict.fromkeys(step["stage"] for step in steps):
        own = [step for step in steps if step["stage"] == stage]
        done = [0.0, *(step["done"] / step["total"] * rows for step in own)]
        at = [begun, *(step["at"] for step in own)]
        seconds += np.diff(np.interp(bounds, done, at))
        begun = at[-1]
    return [float(rate) for rate in np.diff(bounds) / seconds]
