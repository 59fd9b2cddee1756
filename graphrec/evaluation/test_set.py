"""What a split gives: a data set to fit models to, and a test set to evaluate them on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from graphrec.data.dataset import Dataset
from graphrec.data.times import written
from graphrec.evaluation.splits.split import Split


@dataclass(frozen=True, repr=False)
class TestSet:
    """Held-out positive events, with what evaluating lists on them takes.

    `split` holds the events, the weighted graph that they were split from, which says what users
    have seen, and the candidates where lists may not hold every item.
    """

    __test__: ClassVar[bool] = False  # pytest takes a class of such a name for tests

    split: Split

    def __len__(self) -> int:
        """How many events are tested on."""
        return len(self.split.test)

    @property
    def users(self) -> tuple[str, ...]:
        """The users with a test event."""
        ids = self.split.test.users.ids
        return tuple(ids[row] for row in np.unique(self.split.test.user).tolist())

    @property
    def cutoff(self) -> int | None:
        """Where the split is by time, its time in milliseconds since 1970."""
        return self.split.cutoff

    def __repr__(self) -> str:
        cutoff = ""
        if self.cutoff is not None:
            cutoff = f" from {written(self.cutoff, clock=True)} UTC on"
        return f"TestSet({len(self):,} events of {len(self.users):,} users{cutoff})"


class TrainTest(NamedTuple):
    """Unpacks as `train, test`."""

    train: Dataset
    test: TestSet
