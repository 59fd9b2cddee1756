"""Histories in the order of their events: what someone did, oldest first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphrec.data.graph import Graph, Rows
from graphrec.data.runs import last_of_equal

GAPS = 32
"""Sizes of gaps in time that are told apart: each but the first twice as long as the one before."""


@dataclass(frozen=True)
class Sequences:
    """The items that each of U users likes, each once, oldest first: E in all."""

    starts: NDArray[np.int64]  # [U + 1]; the history of a user row is from its start to the next
    items: Rows  # [E]
    times: NDArray[np.int64]  # [E]
    weights: NDArray[np.float32]  # [E]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many items each user has [U]."""
        return np.diff(self.starts)

    def with_ties_drawn(self, rng: np.random.Generator) -> Sequences:
        """The same, in a random order where times are equal: there it says nothing."""
        user = np.repeat(np.arange(len(self.starts) - 1), self.lengths)
        order = np.lexsort((rng.random(len(self)), self.times, user))
        return replace(
            self, items=self.items[order], times=self.times[order], weights=self.weights[order]
        )


def sequences_of(graph: Graph, order_by: Literal["first", "last"]) -> Sequences:
    """The positive events of a weighted graph in the order of their times.

    An item that a user likes by several events has the place of the first of them, or of the last.
    By the first, what comes later changes nothing that was before, so models learn from that; by
    the last, what someone came back to is what they did last. Events of one time keep the order of
    the log.
    """
    log = graph.interactions
    log = log.take(log.weight > 0)
    sign = 1 if order_by == "last" else -1
    by_pair = np.lexsort((sign * np.arange(len(log)), sign * log.time, log.item, log.user))
    kept = by_pair[last_of_equal((log.user[by_pair], log.item[by_pair]))]
    kept.sort()
    log = log.take(kept[np.lexsort((log.time[kept], log.user[kept]))])
    counts = np.bincount(log.user, minlength=len(graph.users))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Sequences(starts, log.item, log.time, log.weight)


def gaps_of(times: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The size of the gap before each of the times [..., L] of a history: 0 below two seconds, or
    for the first, then one more for each doubling.
    """
    gaps = np.diff(times, axis=-1, prepend=times[..., :1]) // 1000
    sizes = np.log2(np.maximum(gaps, 1)).astype(np.uint8)
    return np.minimum(sizes, GAPS - 1).astype(np.uint8)
