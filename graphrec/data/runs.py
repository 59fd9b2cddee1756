"""Runs of equal elements in sorted columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def last_of_equal(keys: Sequence[NDArray[Any]]) -> NDArray[np.bool_]:
    """Which elements [E] of columns sorted by `keys` are the last of those with equal keys."""
    last = np.ones(len(keys[0]), bool)
    last[:-1] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return last
