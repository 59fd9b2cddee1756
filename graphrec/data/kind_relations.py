"""The kinds of interactions as relations of their own, each in a learned weight.

A user who has viewed, carted and bought an item has three edges to it. What they aggregate is

    Σ_kind weight(kind) · Σ messages of the items of that kind  /  Σ_kind weight(kind) · |items|

(Jin et al., "Multi-behavior Recommendation with Graph Convolutional Networks", SIGIR 2020, eq. 2).
So the weight of an item is the sum of the weights of its kinds, however often each happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Graph, elements_of
from graphrec.errors import DataError

MAX_KINDS = 64
"""Kinds that the bits of a number can tell apart."""

Bits = NDArray[np.unsignedinteger]
"""Sets of kinds: bit n of a number is the nth kind."""


@dataclass(frozen=True)
class Relations:
    """The learned weights of the kinds."""

    weights: Mapping[str, float]
    """By kind, in units of the mean weight of a positive pair in training."""

    def of(self, graph: Graph) -> sparse.csr_array:
        """The kinds of the positive pairs, as bits in the places of `graph.matrix` [U, I]."""
        return bits_of(graph, tuple(self.weights))

    def bit(self, kind: str) -> int:
        """The set of this kind alone; the empty one where it was not in training."""
        return self._bits.get(kind, 0)

    def weights_of(self, bits: Bits) -> NDArray[np.float32]:
        """The weights of H items by their sets of kinds [H].

        1, which is the mean, for one without any kind that was in training.
        """
        held = (bits[:, None] >> self._places & 1).astype(np.float32) @ self._weights
        return np.where(bits == 0, np.float32(1), held)

    @cached_property
    def _bits(self) -> Mapping[str, int]:
        return {kind: 1 << place for place, kind in enumerate(self.weights)}

    @cached_property
    def _places(self) -> Bits:
        return np.arange(len(self.weights), dtype=np.uint64)

    @cached_property
    def _weights(self) -> NDArray[np.float32]:
        return np.array([*self.weights.values()], np.float32)


def kinds_of_likes(graph: Graph) -> tuple[str, ...]:
    """The kinds of positive events; raises DataError for more than there may be."""
    log = graph.interactions
    kinds = tuple(log.kinds[code] for code in np.unique(log.kind[log.weight > 0]).tolist())
    if len(kinds) > MAX_KINDS:
        raise DataError(
            f"positive events have {len(kinds)} kinds, such as {kinds[0]!r}: expected at most "
            f"{MAX_KINDS}, each of which is a relation; give the least useful weight 0 in [kinds]"
        )
    return kinds


def bits_of(graph: Graph, kinds: tuple[str, ...]) -> sparse.csr_array:
    """The `kinds` of the positive pairs, as bits in the places of `graph.matrix` [U, I]."""
    matrix, log = graph.matrix, graph.interactions
    bits = np.zeros(matrix.nnz, np.min_scalar_type((1 << len(kinds)) - 1))
    for place, kind in enumerate(kinds):
        if kind in log.kinds:
            of_kind = log.take((log.kind == log.kinds.index(kind)) & (log.weight > 0))
            bits[elements_of(matrix, of_kind.user, of_kind.item)] |= bits.dtype.type(1 << place)
    return sparse.csr_array((bits, matrix.indices, matrix.indptr), matrix.shape)
