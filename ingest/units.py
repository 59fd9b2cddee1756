"""How times are written, recognised by what they were read as."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from graphrec.ingest.values import numbers, texts
from numpy.typing import NDArray

_FACTORS = {"seconds": 1000.0, "milliseconds": 1.0, "microseconds": 1e-3, "nanoseconds": 1e-6}
"""Milliseconds in a unit."""


def unit_counts(raw: pa.Array, time: NDArray[np.int64]) -> Counter[str]:
    """In which units the values of a column were taken, whose times in milliseconds are `time` [N].

    Numbers are recognised by what they became, so that this and the reading cannot disagree.
    """
    if pa.types.is_temporal(raw.type):
        return Counter({f"values of type {raw.type}": len(raw)})
    number = numbers(raw)
    counts: Counter[str] = Counter()
    read = np.isnan(number) | (time == 0)
    for unit, factor in _FACTORS.items():
        fits = ~read & (np.abs(number * factor - time) <= 1)
        counts[f"{unit} since 1970"] += int(fits.sum())
        read |= fits
    counts["calendar numbers"] = int((~read).sum())
    dated = texts(raw).is_valid().to_numpy(zero_copy_only=False) & np.isnan(number)
    counts["dates as text"] = int(dated.sum())
    return +counts
