"""Who did something of some kinds with which item, from either side, and when first and last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.graph import elements_of
from graphrec.data.kind_events import KindEvents


@dataclass(frozen=True)
class KindPairs:
    """The events of some kinds that count: N of them, by user and then by item and time."""

    user: NDArray[np.int32]
    """[N]: rows."""
    item: NDArray[np.int32]
    """[N]: rows."""
    time: NDArray[np.int64]
    """[N]: in milliseconds since 1970."""
    shape: tuple[int, int]
    """Users and items."""

    @classmethod
    def of(
        cls,
        events: Sequence[KindEvents],
        shape: tuple[int, int],
        among: sparse.csr_array | None = None,
    ) -> KindPairs:
        """Those of several kinds together; only on pairs that `among` [U, I] has, where given."""
        matrices = [each.counted for each in events]
        user = np.concatenate([np.empty(0, np.int32), *(_rows(each) for each in matrices)])
        item = np.concatenate([np.empty(0, np.int32), *(each.indices for each in matrices)])
        time = np.concatenate([np.empty(0, np.int64), *(each.data for each in matrices)])
        if among is not None and len(user):
            place = elements_of(among, user, item)
            kept = place < among.nnz
            place = np.minimum(place, max(among.nnz - 1, 0))
            if among.nnz:
                kept &= (_rows(among)[place] == user) & (among.indices[place] == item)
            user, item, time = user[kept], item[kept], time[kept]
        order = np.lexsort((time, item, user))
        return cls(user[order].astype(np.int32), item[order].astype(np.int32), time[order], shape)

    @cached_property
    def first(self) -> sparse.csr_array:
        """int64 [U, I]: the time of the first event of each pair."""
        return self._pairs(self._starts)

    @cached_property
    def last(self) -> sparse.csr_array:
        """int64 [U, I]: the time of the last event of each pair, in the places of `first`."""
        return self._pairs(self._ends - 1)

    @cached_property
    def times(self) -> NDArray[np.int64]:
        """The number of events of each pair, in the places of `first`."""
        return self._ends - self._starts

    @cached_property
    def by_item(self) -> sparse.csr_array:
        """int64 [I, U]: `first`, from the other side."""
        return self.first.T.tocsr()

    @cached_property
    def people(self) -> NDArray[np.int64]:
        """How many users did it with each item [I]."""
        return np.bincount(self.first.indices, minlength=self.shape[1])

    @cached_property
    def active(self) -> int:
        """How many users did it with any item."""
        return int((np.diff(self.first.indptr) > 0).sum())

    @cached_property
    def by_time(self) -> NDArray[np.int64]:
        """The events [N] in the order of their times."""
        return np.argsort(self.time, kind="stable")

    def within(self, since: int, until: int) -> NDArray[np.int64]:
        """The pairs with an event in [since, until), as user · I + item, ascending."""
        times = self.time[self.by_time]
        start, end = np.searchsorted(times, [since, until])
        events = self.by_time[start:end]
        return np.unique(self.user[events].astype(np.int64) * self.shape[1] + self.item[events])

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """Where the events of each pair begin."""
        changed = (np.diff(self.user, prepend=-1) != 0) | (np.diff(self.item, prepend=-1) != 0)
        return np.flatnonzero(changed)

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        return np.append(self._starts[1:], len(self.user))

    def _pairs(self, events: NDArray[np.int64]) -> sparse.csr_array:
        users = self.user[self._starts]
        ends = np.concatenate([[0], np.cumsum(np.bincount(users, minlength=self.shape[0]))])
        # Explicit zeros, which are unknown times, stay: nothing here adds or sorts.
        return sparse.csr_array((self.time[events], self.item[self._starts], ends), self.shape)


def _rows(matrix: sparse.csr_array) -> NDArray[np.int32]:
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))
