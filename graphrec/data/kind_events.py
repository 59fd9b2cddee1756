"""Who did what with which item and when, kind by kind: what is kept of a log beside its weights.

A snapshot has it for questions about one kind of events: what was bought together, viewed of late,
or bought again. Weights add the kinds of a pair of a user and an item up; here they are apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.axes import axes
from graphrec.data.graph import Interactions
from graphrec.data.in_force import happened, meanings_of
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy


@dataclass(frozen=True)
class KindEvents:
    """The events of one kind. A pair of a user and an item has as many elements as events."""

    counted: Annotated[sparse.csr_array, axes("user", "item")]
    """int64 [U, I]: the times of those that count, in milliseconds since 1970; 0: unknown."""
    others: Annotated[sparse.csr_array, axes("user", "item")]
    """int64 [U, I]: of those that do not, such as purchases that were returned, and low ratings."""


def events_by_kind(
    log: Interactions, kinds: Mapping[str, KindPolicy] = DEFAULT_POLICY
) -> dict[str, KindEvents]:
    """The events of a log, weighed or not, by kind; `kinds` say which of them count."""
    value = log.weight if log.value is None else log.value
    counts = happened(log, meanings_of(log.kinds, kinds), value)
    shape = (len(log.users), len(log.items))
    found = {}
    for code, kind in enumerate(log.kinds):
        of_kind = log.kind == code
        if of_kind.any():
            parts = (
                time_matrix(log.user[part], log.item[part], log.time[part], shape)
                for part in (of_kind & counts, of_kind & ~counts)
            )
            found[kind] = KindEvents(*parts)
    return found


def time_matrix(
    user: NDArray[np.integer],
    item: NDArray[np.integer],
    time: NDArray[np.int64],
    shape: tuple[int, int],
) -> sparse.csr_array:
    """int64 [U, I] of the times of N events; its columns ascend, and then its times."""
    order = np.lexsort((time, item, user))
    ends = np.concatenate([[0], np.cumsum(np.bincount(user, minlength=shape[0]))])
    return sparse.csr_array((time[order], item[order].astype(np.int32), ends), shape)


def with_rows(before: KindEvents, rows: NDArray[np.integer], after: KindEvents) -> KindEvents:
    """The events [U, I] with the rows [B, I] of `after` in place of some of its own."""
    if not len(rows):
        return before
    order = np.arange(before.counted.shape[0])
    order[rows] = len(order) + np.arange(len(rows))
    return KindEvents(
        *(
            sparse.csr_array(sparse.vstack([old, new], format="csr")[order])
            for old, new in (
                (before.counted, after.counted),
                (before.others, after.others),
            )
        )
    )


def no_events(users: int, items: int) -> KindEvents:
    """The events of a kind of which there are none."""
    none = np.empty(0, np.int64)
    empty = time_matrix(none, none, none, (users, items))
    return KindEvents(empty, empty)
