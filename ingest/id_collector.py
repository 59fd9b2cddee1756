"""The ids of one type of node, gathered from all rows of a source in bounded memory.

Rows are distinguished by a number for each id (`graphrec.ingest.hashing`), which costs much less
than a table of the ids would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pyarrow as pa
from graphrec.ingest.hashing import Numbers, numbers_of
from numpy.typing import NDArray

from graphrec.data.odd_ids import EMPTY, PLACEHOLDERS, spellings
from graphrec.data.profile import IdProfile

IDS = 1 << 15
"""How many ids are kept; of more, about half of that or more."""
_CACHE = 1 << 18
_BINS = 1 << 12
_OFTEN = 0.1
"""Share of rows from which on an id may be the busiest."""


def _cache() -> Numbers:
    return np.zeros(_CACHE, np.uint64)


@dataclass
class IdCollector:
    """The ids of one type of node."""

    limit: int = 1 << 64
    """Ids are kept whose number, however they are spelled, is below it."""
    drawn: dict[str, int] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    placeholders: Counter[str] = field(default_factory=Counter)
    busy: Counter[str] = field(default_factory=Counter)
    known: Numbers = field(default_factory=_cache)
    """Numbers of ids that were looked at, each in the place that its last bits tell."""

    def add(self, ids: pa.Array) -> Numbers:
        """Add the ids of rows [N]; a number for each of them."""
        numbers = numbers_of(ids)
        place = numbers & np.uint64(_CACHE - 1)
        new = np.flatnonzero(self.known[place] != numbers)
        if len(new):
            self.known[place[new]] = numbers[new]
            self._draw(ids.take(pa.array(new)))
        self._count_odd(ids, numbers)
        self._count_busy(ids, numbers)
        return numbers

    def profile(self, refused: Mapping[str, int]) -> IdProfile:
        """What was found; `refused` are ids that look like nothing, of rows set aside."""
        sampled = self.limit / (1 << 64)
        return IdProfile(
            distinct=round(len(self.drawn) / sampled),
            sampled=sampled,
            ids=self.drawn,
            nothing=dict((Counter(refused) + self.taken).most_common()),
            taken=dict(self.taken.most_common()),
            placeholders=dict(self.placeholders.most_common()),
            busiest=self.busy.most_common(1)[0] if self.busy else None,
            spellings=spellings(self._alike()),
        )

    def _draw(self, ids: pa.Array) -> None:
        numbers = numbers_of(ids, spelled=False)
        if self.limit < 1 << 64:
            small = numbers < np.uint64(self.limit)
            ids, numbers = ids.filter(pa.array(small)), numbers[small]
        self.drawn.update(zip(ids.to_pylist(), numbers.tolist(), strict=True))
        while len(self.drawn) > IDS:
            self.limit //= 2
            self.drawn = {i: number for i, number in self.drawn.items() if number < self.limit}

    def _count_odd(self, ids: pa.Array, numbers: Numbers) -> None:
        for at in np.flatnonzero(_may_be_odd()[numbers & np.uint64(0xFFFF)]).tolist():
            node_id = ids[at].as_py()
            if node_id.lower() in EMPTY:
                self.taken[node_id] += 1
            elif node_id.lower() in PLACEHOLDERS:
                self.placeholders[node_id] += 1

    def _count_busy(self, ids: pa.Array, numbers: Numbers) -> None:
        bins = np.bincount((numbers & np.uint64(_BINS - 1)).astype(np.intp), minlength=1)
        most = int(bins.argmax())
        if bins[most] > _OFTEN * len(numbers):
            rows = np.flatnonzero((numbers & np.uint64(_BINS - 1)) == most)
            _, first, count = np.unique(numbers[rows], return_index=True, return_counts=True)
            best = int(count.argmax())
            self.busy[ids[int(rows[first[best]])].as_py()] += int(count[best])

    def _alike(self) -> list[str]:
        """The ids that may be others in another spelling, and these others."""
        together = "".join(self.drawn)
        if not together.isascii() or " " in together:
            return list(self.drawn)
        times = Counter(self.drawn.values())
        return [node_id for node_id, number in self.drawn.items() if times[number] > 1]


@cache
def _may_be_odd() -> NDArray[np.bool_]:
    """By the last 16 bits of a number, whether that of an odd id ends with them."""
    words = {spell(w) for w in EMPTY | PLACEHOLDERS for spell in (str, str.upper, str.title)}
    words |= {"NaN", "NaT"}
    table = np.zeros(1 << 16, bool)
    table[numbers_of(pa.array(sorted(words))) & np.uint64(0xFFFF)] = True
    return table
