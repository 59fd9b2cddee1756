"""Amounts that later events take back: 1 of 3 pieces, and not the whole order.

Within a pair of a user and an item, and a kind, what is taken back is taken of the latest earlier
events first. So something is left of an event where the amounts from it up to each later return add
up to more than what was returned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.data.graph import Interactions
from graphrec.data.runs import last_of_equal

MICRO = 1_000_000
"""Sums are of whole millionths, so that they are exact in every store."""

LARGEST = 1e6
"""Beyond it, a value counts as this one in a sum."""


def micro(value: NDArray[np.floating]) -> NDArray[np.int64]:
    """Values in whole millionths, rounded half up."""
    wide = np.clip(value.astype(np.float64), -LARGEST, LARGEST)
    return np.floor(wide * MICRO + 0.5).astype(np.int64)


@dataclass(frozen=True)
class TakenBack:
    """What is left of events, and which take from which."""

    left: NDArray[np.float64]
    """The share of each event [E] that was not taken back."""
    event: NDArray[np.int64]
    """Events of pairs and kinds of which something is taken back [N], in the order of time."""
    run: NDArray[np.int64]
    """The pair and kind of each [N]."""
    takes: NDArray[np.bool_]
    """Which of them take back [N]; the others are taken from."""

    def takers_beside(self, force: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The events that take from one that is still in `force` [E]: a part of it was kept."""
        kept = ~self.takes & force[self.event]
        so_far = np.cumsum(kept)
        before = (so_far - kept)[_starts(self.run)] if len(kept) else so_far
        return self.event[self.takes & (so_far > before)]


def taken_back(
    log: Interactions,
    takes: NDArray[np.bool_],
    place: NDArray[np.intp],
    value: NDArray[np.float32],
    pair: NDArray[np.int64],
) -> TakenBack:
    """What is left of events: `takes` [M, K] says of which kinds each takes its amount back.

    `place` [E] is the row of each event in it, and `pair` [E] a number for its user and item.
    """
    count = max(len(log.kinds), 1)
    some = np.flatnonzero(np.asarray(takes.any(axis=1))[place])
    at, kind = np.nonzero(takes[place[some]])
    taker = some[at]
    keys = pair[taker] * count + kind
    own = pair * count + log.kind
    given = np.flatnonzero((value > 0) & np.isin(own, keys))
    event = np.concatenate([given, taker])
    key = np.concatenate([own[given], keys])
    is_taker = np.arange(len(event)) >= len(given)
    order = np.lexsort((is_taker, log.time[event], key))  # returns come after, at the same time
    event, key, is_taker = event[order], key[order], is_taker[order]
    amount = np.maximum(micro(np.abs(value[event])), ~is_taker)  # what was given is something
    left = np.ones(len(log))
    if len(event):
        # At one time, what was given comes as one amount, of which each has the same share.
        time = log.time[event]
        group = np.cumsum(np.r_[True, _differ(key, time, is_taker)]) - 1
        total = np.bincount(group, np.where(is_taker, -1.0, 1.0) * amount).astype(np.int64)
        first = np.r_[True, np.diff(group) > 0]
        rest = _rest(total, key[first])
        share = np.divide(rest, total, out=np.zeros(len(total)), where=total > 0)
        left[event[~is_taker]] = share[group[~is_taker]]
    return TakenBack(left, event, key, is_taker)


def _rest(total: NDArray[np.int64], run: NDArray[np.int64]) -> NDArray[np.int64]:
    """What is left of amounts [G], where those below 0 take from the ones before in their run."""
    # The sums from each to the end of its run. The most of them from each on is what is left then.
    backward = np.cumsum(total[::-1])[::-1]
    ends = np.flatnonzero(last_of_equal([run]))
    end = ends[np.searchsorted(ends, np.arange(len(total)))]
    sums = backward - np.r_[backward, 0][end + 1]
    # A running maximum of each run alone: by rank, with the runs in order.
    rank = np.empty(len(sums), np.int64)
    levels, rank[:] = np.unique(np.maximum(sums, 0), return_inverse=True)
    number = np.searchsorted(ends, np.arange(len(total)))
    keyed = (len(ends) - 1 - number) * len(levels) + rank
    most = levels[np.maximum.accumulate(keyed[::-1])[::-1] % len(levels)]
    after = np.where(np.arange(len(total)) == end, 0, np.r_[most[1:], 0])
    return np.where(total > 0, most - after, 0)


def _starts(run: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first place of the run of each."""
    first = np.r_[True, _differ(run)]
    return np.flatnonzero(first)[np.cumsum(first) - 1]


def _differ(*columns: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Where any of the columns differs from the row before."""
    return np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
