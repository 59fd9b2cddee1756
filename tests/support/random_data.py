"""Random ratings without structure, as a data set."""

from __future__ import annotations

import numpy as np
import pandas as pd

from graphrec.data.dataset import Dataset
from graphrec.data.weighting import KindPolicy

DAY = 86_400_000

START = 1_600_000_000_000


def data_of(seed: int = 0, users: int = 40, items: int = 60) -> Dataset:
    rng = np.random.default_rng(seed)
    events = users * 15
    return Dataset.from_frame(
        pd.DataFrame(
            {
                "user": rng.integers(0, users, events),
                "item": (items * rng.random(events) ** 2).astype(int),
                "rating": rng.integers(1, 6, events),
                "time": START + np.arange(events) * DAY // 10,
            }
        ),
        kinds={"rating": KindPolicy(threshold=3, half_life_days=20)},
    )
