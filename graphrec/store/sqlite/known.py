"""The rows of the ids that a load has met: a hash table in arrays, some 30 bytes an id."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows, Vocabulary
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.rows import Positions, add_nodes, rows_of, used_ids

FIRST_SIZE = 1 << 16
"""Places for ids at first, a power of 2."""

_LARGEST_SHARE = 0.6
"""Of the places that may be taken, before there are twice as many."""


class KnownRows:
    """Rows of nodes of one type by id, for as long as no other writer may change them.

    An id is kept as 96 bits of Python's hash of strings, whose key is new in every process: among
    10^8 ids, two are taken for one with a probability below 10^-12. A dictionary of them would take
    six times the memory.
    """

    def __init__(self, connection: sqlite3.Connection, node_type: str) -> None:
        self._connection = connection
        self._node_type = node_type
        self._count = 0
        self._none_before = not connection.execute(sql.HAS_NODES, (node_type,)).fetchone()
        self._row, self._key, self._check = _empty(FIRST_SIZE)

    def of(self, positions: Positions, vocabulary: Vocabulary, column: Rows) -> NDArray[np.int32]:
        """`column`, in the store's rows instead of the vocabulary's; new nodes are added."""
        ids, used = used_ids(vocabulary, column)
        key, check = _digests(ids)
        rows = self._find(key, check)
        unknown = np.flatnonzero(rows == 0)
        if len(unknown):
            names = {ids[at]: at for at in unknown.tolist()}
            find = add_nodes if self._none_before else rows_of
            found = find(self._connection, positions, self._node_type, sorted(names))
            rows[unknown] = [found[name] for name in names]
            self._add(key[unknown], check[unknown], rows[unknown])
        table = np.zeros(len(vocabulary), np.int32)
        table[used] = rows
        return table[column]

    def _find(self, key: NDArray[np.uint64], check: NDArray[np.uint32]) -> NDArray[np.int32]:
        """The row of each id, 0 where it is not known. Its place is the first from its key on."""
        mask = np.uint64(len(self._row) - 1)
        rows = np.zeros(len(key), np.int32)
        place = key & mask
        left = np.arange(len(key))
        while len(left):
            at = place[left]
            row = self._row[at]
            same = (self._key[at] == key[left]) & (self._check[at] == check[left])
            rows[left[same]] = row[same]
            left = left[~same & (row > 0)]
            place[left] = place[left] + np.uint64(1) & mask
        return rows

    def _add(
        self, key: NDArray[np.uint64], check: NDArray[np.uint32], rows: NDArray[np.int32]
    ) -> None:
        """Ids that are not known and differ."""
        self._count += len(rows)
        if self._count > _LARGEST_SHARE * len(self._row):
            taken = self._row > 0
            key = np.concatenate((self._key[taken], key))
            check = np.concatenate((self._check[taken], check))
            rows = np.concatenate((self._row[taken], rows))
            size = len(self._row)
            while self._count > _LARGEST_SHARE * size:
                size *= 2
            self._row, self._key, self._check = _empty(size)
        mask = np.uint64(len(self._row) - 1)
        place = key & mask
        left = np.arange(len(key))
        while len(left):
            free = left[self._row[place[left]] == 0]
            self._row[place[free]] = rows[free]  # of several for one place, the last has it
            placed = np.zeros(len(key), bool)
            placed[free] = self._row[place[free]] == rows[free]
            put = np.flatnonzero(placed)
            self._key[place[put]] = key[put]
            self._check[place[put]] = check[put]
            left = left[~placed[left]]
            place[left] = place[left] + np.uint64(1) & mask


def _empty(size: int) -> tuple[NDArray[np.int32], NDArray[np.uint64], NDArray[np.uint32]]:
    return np.zeros(size, np.int32), np.zeros(size, np.uint64), np.zeros(size, np.uint32)


def _digests(ids: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    one = np.fromiter(map(hash, ids), np.int64, len(ids)).view(np.uint64)
    other = np.fromiter(map(hash, [node_id + "\n" for node_id in ids]), np.int64, len(ids))
    return one, (other.view(np.uint64) >> np.uint64(32)).astype(np.uint32)
