"""How the time of each stage grows with the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def slopes(events: Sequence[int], seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The slope of log seconds over log events of each stage: 1 where time is in proportion."""
    size = np.log(np.array(events, np.float64))
    size -= size.mean()
    found = {}
    for name, each in seconds.items():
        time = np.log(np.maximum(np.array(each), 1e-3))
        found[name] = float(size @ time / max(size @ size, np.finfo(float).tiny))
    return found
