"""The items with the largest inner product with a vector, by Faiss.

Up to `EXACT_UP_TO` items every one of them is compared; above, a graph is walked instead (HNSW:
Malkov & Yashunin, TPAMI 2020), which is faster and misses a few. Each vector is searched in the
thread that asks, without the interpreter lock: threads may share an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.models.top_k import best

faiss: Any = import_module("faiss")  # its type stubs miss what the search parameters need

EXACT_UP_TO = 100_000
"""Items; comparing so many vectors of 64 dimensions takes about 2 ms."""

LINKS = 32
"""Of each item in the graph, Faiss's M: about 2 · LINKS · 4 bytes an item beside its vector."""

EF_CONSTRUCTION = 200
"""Candidates looked at to link an item: recall against the time to build."""

EF_SEARCH = 128
"""Candidates looked at in a search, at least: recall against time. It is raised to twice the items
asked for and excluded, because what is excluded is mostly what lies nearest."""

ITEMS_PER_CANDIDATE = 128
"""Items that can be compared, one after the other, in the time that a walk takes for a candidate:
where all of them take no longer, as for someone who has seen a lot, they are compared."""


@dataclass(frozen=True)
class Index:
    """Nearest items by inner product."""

    faiss_index: Any  # an IndexFlat, or an IndexHNSWFlat, of N vectors

    @classmethod
    def build(cls, items: NDArray[np.float32], exact_up_to: int = EXACT_UP_TO) -> Index:
        """An index of item vectors [N, dim]; approximate where N is above `exact_up_to`."""
        count, dim = items.shape
        if count <= exact_up_to:
            index = faiss.IndexFlatIP(dim)
        else:
            index = faiss.IndexHNSWFlat(dim, LINKS, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = EF_CONSTRUCTION
        index.add(np.ascontiguousarray(items, np.float32))
        return cls(index)

    @classmethod
    def of_graph(cls, content: NDArray[np.uint8]) -> Index:
        """An index from what `as_graph` gave; raises RuntimeError where it is not one."""
        return cls(faiss.deserialize_index(np.array(content)))

    def as_graph(self) -> NDArray[np.uint8] | None:
        """The index in Faiss's own format; None of an exact one, which holds the vectors alone."""
        return None if self.exact else faiss.serialize_index(self.faiss_index)

    def extended(self, items: NDArray[np.float32]) -> Index:
        """An index of the same vectors and N further ones [N, dim], in rows after theirs."""
        index = faiss.clone_index(self.faiss_index)
        index.add(np.ascontiguousarray(items, np.float32))
        return Index(index)

    def __len__(self) -> int:
        return int(self.faiss_index.ntotal)

    @property
    def exact(self) -> bool:
        """Whether every item is compared in every search."""
        return isinstance(self.faiss_index, faiss.IndexFlat)

    def scores(self, vector: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """The inner products of a vector with all items [N]; None where not all are compared."""
        return _vectors(self.faiss_index) @ vector if self.exact else None

    def search(
        self, vectors: NDArray[np.float32], k: int, exclude: Sequence[Rows] | None = None
    ) -> tuple[Rows, NDArray[np.float32]]:
        """The `k` nearest items of B vectors [B, dim], best first: rows and scores, both [B, k].

        Ties go to the lowest row (of an exact index, at the end of the list too). `exclude` has one
        array of rows for each vector, which are left out. There are `k` items wherever so many are
        not excluded; a shorter list ends in row -1 and score -inf.
        """
        rows = np.full((len(vectors), k), -1, np.int32)
        scores = np.full((len(vectors), k), -np.inf, np.float32)
        for b, vector in enumerate(np.ascontiguousarray(vectors, np.float32)):
            excluded = np.unique(exclude[b]) if exclude is not None else np.empty(0)
            near, score = self._nearest(vector[None], k, excluded.astype(np.int64))
            rows[b, : len(near)], scores[b, : len(near)] = near, score
        return rows, scores

    def _nearest(
        self, vector: NDArray[np.float32], k: int, excluded: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        eligible = self.faiss_index.ntotal - len(excluded)
        count = min(k, eligible)
        if count <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if self.exact:
            return _exact(self.faiss_index, vector, count, excluded)
        width = max(EF_SEARCH, 2 * (k + len(excluded)))
        if width * ITEMS_PER_CANDIDATE < self.faiss_index.ntotal:
            # Faiss keeps only a pointer to the inner selector.
            batch = faiss.IDSelectorBatch(excluded)
            selector = faiss.IDSelectorNot(batch)
            parameters = faiss.SearchParametersHNSW(sel=selector, efSearch=width)
            scores, rows = self.faiss_index.search(vector, count, params=parameters)
            if rows[0, -1] >= 0:  # else the walk ended early: a graph need not be connected
                return _ordered(rows[0], scores[0])
        flat = faiss.downcast_index(self.faiss_index.storage)
        return _exact(flat, vector, count, excluded)


def _exact(
    flat: Any, vector: NDArray[np.float32], count: int, excluded: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `count` best items: one product with all, where Faiss would ask of each if it may be."""
    scores = _vectors(flat) @ vector[0]
    scores[excluded] = -np.inf
    rows = best(scores, count)
    return rows, scores[rows]


def _vectors(flat: Any) -> NDArray[np.float32]:
    """Those [N, dim] that an IndexFlat holds."""
    held: NDArray[np.float32] = faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d)
    return held.reshape(flat.ntotal, flat.d)


def _ordered(
    rows: NDArray[np.int64], scores: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    order = np.lexsort((rows, -scores))
    return rows[order], scores[order]
