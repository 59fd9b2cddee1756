"""A log of events in columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

KINDS = ("view", "cart", "purchase", "return")
VIEW, CART, PURCHASE, RETURN = range(len(KINDS))


@dataclass(frozen=True)
class Log:
    """Events: rows of people and items, kinds, times in ms since 1970, and quantities."""

    person: NDArray[np.int64]
    item: NDArray[np.int64]
    kind: NDArray[np.int64]
    """Rows of `KINDS`."""
    time: NDArray[np.int64]
    quantity: NDArray[np.int64]
    """Pieces; a view has none, which is 0."""

    def __len__(self) -> int:
        return len(self.time)

    def take(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> Log:
        """Some of the events, by place or by mask."""
        return Log(*(column[chosen] for column in self.columns))

    def of_kind(self, kind: int) -> Log:
        """The same people and items, as events of another kind."""
        return replace(self, kind=np.full(len(self), kind))

    def after(self, delay: int | NDArray[np.int64]) -> Log:
        """The same, so many ms later."""
        return replace(self, time=self.time + delay)

    @property
    def columns(self) -> tuple[NDArray[np.int64], ...]:
        """Its columns, in the order in which they are declared."""
        return self.person, self.item, self.kind, self.time, self.quantity


def together(*logs: Log) -> Log:
    """The events of several logs, one log after the other."""
    columns = zip(*(log.columns for log in logs), strict=True)
    return Log(*(np.concatenate(parts) for parts in columns))


def in_time(log: Log) -> Log:
    """The events in the order of time."""
    return log.take(np.argsort(log.time, kind="stable"))
