"""The Q-network that serves, in NumPy: what it adds to the fused scores of candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data.axes import axes
from graphrec.data.times import DAY
from graphrec.ranking.q_network.state import Floats, Shown, Vectors, inputs, mean_vector
from graphrec.ranking.q_network.trial import QTrial
from graphrec.retrieval.profile import UserProfile

AnyRows: TypeAlias = NDArray[np.integer]


@dataclass(frozen=True)
class QNetwork:
    """What a place of a list is worth with each item, by a network of L layers."""

    vectors: Annotated[Vectors, axes("item")]
    """[I, D]: of items, by who likes them; 0 where nothing is known of one."""
    popularity: Annotated[Vectors, axes("item")]
    """[I]"""
    weights: tuple[Vectors, ...]
    """Of each layer [in, out]; the last has one output."""
    biases: tuple[Vectors, ...]
    """[out]"""
    wide: Vectors
    """[X]: of the linear layer beside these."""
    middle: Vectors
    """[X]: the mean of each input, which is subtracted,"""
    spread: Vectors
    """[X]: and its standard deviation, which it is divided by."""
    scale: float
    """Standard deviation of values among the candidates of a list, on average."""
    strength: float
    """What a value weighs beside the fused scores, in units of the scale."""
    session_hours: float
    half_life_hours: float
    """After which a time that an item was shown counts half."""
    trial: QTrial
    """How it did."""

    def added(
        self,
        items: AnyRows,
        fused: Floats,
        profile: UserProfile,
        shown: Shown,
        now: int,
    ) -> Floats:
        """What is added to the scores [N] of N candidates: `strength` times their `relative` value.

        `now` is in milliseconds since 1970.
        """
        return self.strength * self.relative(self.inputs(items, fused, profile, shown, now))

    def inputs(
        self,
        items: AnyRows,
        fused: Floats,
        profile: UserProfile,
        shown: Shown,
        now: int,
    ) -> Vectors:
        """The inputs [N, X] of candidates for a profile."""
        liked, times = profile.in_order
        recent = liked[times > now - self.session_hours * DAY / 24] if now else liked[:0]
        return inputs(
            mean_vector(self.vectors, profile.history, profile.weights),
            mean_vector(self.vectors, recent),
            len(recent),
            shown,
            items,
            self.vectors[items],
            self.popularity[items],
            fused,
        )

    def relative(self, table: Vectors) -> Floats:
        """How much better each of N items is than the mean of them, in units of the scale."""
        if not len(table):
            return np.zeros(0)
        found = self.values(table)
        return (found - found.mean()) / self.scale

    def values(self, table: Vectors) -> Floats:
        """The values [N] of inputs [N, X]."""
        return forward((table - self.middle) / self.spread, self.weights, self.biases, self.wide)


def forward(
    table: NDArray[np.floating],
    weights: Sequence[Vectors],
    biases: Sequence[Vectors],
    wide: Vectors,
) -> Floats:
    """The output [N] of layers with rectified linear units between them, and of a linear one."""
    found: NDArray[np.floating] = table
    for at, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        found = found @ weight + bias
        if at < len(weights) - 1:
            np.maximum(found, 0, out=found)
    return (found[:, 0] + table @ wide).astype(np.float64)
