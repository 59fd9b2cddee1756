"""The most that one person's events on one item count, by kind of event.

Everyone's lists are made of sums over people: how popular an item is, and which items go together.
So that no single person bends them, what the events of a pair of user and item add up to is clipped
at a quantile over people: of the largest such sum that each person has, by kind. One row with a
value of 1e30 and a million rows of 1 then count as much as those of a busy person, and it takes
many people to move the quantile.

It is found once, of the log that is trained on, and kept in the manifest: what the service and the
incremental update read of later events is clipped at the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec.data.runs import last_of_equal

if TYPE_CHECKING:
    from graphrec.data.graph import Interactions

CLIP_QUANTILE = 0.95
"""The share of people who decide, unless settings say another one of a kind."""

LARGEST = 1e12
"""The most that events count whoever has them: models square their sums in single precision."""

FEW = 20
"""People below whom a quantile says little: of fewer, what is usual with them counts HEADROOM
times at least."""

HEADROOM = 3.0

RARE = 0.05
"""The share of all people below which a kind has too few to be judged by itself."""

FEWEST = 3
"""And the number of people."""


@dataclass(frozen=True)
class Clipping:
    """The most that the values of one person's events of a kind on one item add up to."""

    by_kind: Mapping[str, float] = field(default_factory=dict)
    """Of kinds that enough people have events of."""
    others: float = LARGEST
    """Of all other kinds: of the values of all kinds alike."""

    def of(self, kinds: Sequence[str]) -> NDArray[np.float64]:  # [K]
        """By kind."""
        return np.array([self.by_kind.get(kind, self.others) for kind in kinds], np.float64)


UNKNOWN = Clipping()
"""Where nothing is known of other people."""


def clipping_of(
    log: Interactions, amount: NDArray[np.float64], quantiles: Sequence[float]
) -> Clipping:
    """Where events are clipped, by those that count and the `amount` [E] of each; 0: it does not.

    `quantiles` are those of the kinds of the log.
    """
    owner, largest = largest_sums(log, amount)
    if not len(owner):
        return UNKNOWN
    kind = owner % len(quantiles)
    _, overall = _largest(owner // len(quantiles), largest)
    found: dict[str, float] = {}
    for row, quantile in enumerate(quantiles):
        votes = largest[kind == row]
        if enough(len(votes), len(overall)):
            found[log.kinds[row]] = _most(votes, quantile)
    return Clipping(found, _most(overall, CLIP_QUANTILE))


def largest_sums(
    log: Interactions, amount: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The largest sum on one item that each person has of each kind: [N], [N].

    The first are user · K + kind, ascending, of K kinds; only of what counts.
    """
    counted = np.flatnonzero(amount)
    user, code = log.user[counted], log.kind[counted]
    pair = _groups(user, log.item[counted], code)
    total = np.bincount(pair, amount[counted]).astype(np.float64)[pair]
    return _largest(user.astype(np.int64) * len(log.kinds) + code, total)


def enough(people: int, of: int) -> bool:
    """Whether a kind that so many people have, `of` all with any, is judged by itself."""
    return people >= max(RARE * of, FEWEST)


def clipped_shares(
    log: Interactions,
    amount: NDArray[np.float64],
    quantiles: Sequence[float],
    clipping: Clipping,
) -> NDArray[np.float64] | None:
    """What share of the `amount` of each event [E] counts; None where all of each does."""
    limit = np.minimum(clipping.of(log.kinds), LARGEST)
    limit[np.array(quantiles) == 1] = LARGEST
    if amount.sum() <= limit.min(initial=LARGEST):  # as of most of the users who are asked about
        return None
    pair = _groups(log.user, log.item, log.kind)
    total = np.bincount(pair, amount)[pair]
    share: NDArray[np.float64] = np.minimum(limit[log.kind] / np.maximum(total, limit[log.kind]), 1)
    return share


def _most(votes: NDArray[np.float64], quantile: float) -> float:
    """The quantile of what people have, of whom the one with most never decides."""
    usual, high = np.quantile(votes, (0.5, quantile), method="lower")
    return most(float(usual), float(high), len(votes))


def most(usual: float, high: float, people: int) -> float:
    """Where so many people are clipped, by the median and the quantile of what they have."""
    if people < FEW:
        high = max(high, HEADROOM * usual)
    return min(high, LARGEST)


def _groups(*columns: NDArray[np.integer]) -> NDArray[np.intp]:
    """The number of the group of each row [E], of those with equal values in all columns."""
    key = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        key = key * (int(column.max(initial=0)) + 1) + column
    found: NDArray[np.intp] = np.unique(key, return_inverse=True)[1]
    return found


def _largest(
    key: NDArray[np.int64], value: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The distinct keys, ascending, and the largest value of each."""
    order = np.lexsort((value, key))
    key, value = key[order], value[order]
    last = last_of_equal([key])
    return key[last], value[last]
