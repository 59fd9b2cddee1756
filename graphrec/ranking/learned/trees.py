"""Regression trees as arrays: their sum, and what each feature contributes to it, in NumPy.

A tree is kept as its leaves: a row is in a leaf where each feature on the way to it is within
bounds. So the sum of all trees is one comparison of arrays, which takes tenths of a millisecond for
hundreds of rows.

Contributions are the Shapley values of trees that split a row with an unknown feature, in
proportion to the rows of training that went either way (TreeSHAP, path-dependent: Lundberg et al.
2020, "From local explanations to global understanding with explainable AI for trees"). The share
of a row that reaches a leaf is a product over the features on the way, so that the Shapley value of
one of them is an integral over the product of the others, as they all become known together (Owen
1972, "Multilinear extensions of games"). It is a polynomial: Gauss's quadrature is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LARGEST = float(np.finfo(np.float64).max)
"""Of a bound that is none."""


@dataclass(frozen=True)
class Bounds:
    """What a leaf demands of one feature."""

    low: float = -LARGEST
    """Values above this,"""
    high: float = LARGEST
    """and up to this, are in the leaf;"""
    unknown: bool = True
    """and whether one that is unknown is."""
    share: float = 1.0
    """Of the rows that come to the splits on this feature, on average, which stay on the way."""

    def left(self, threshold: float, unknown: bool, share: float) -> Bounds:
        """After a split too, where values up to the threshold stay."""
        high = min(self.high, threshold)
        return Bounds(self.low, high, self.unknown and unknown, self.share * share)

    def right(self, threshold: float, unknown: bool, share: float) -> Bounds:
        """After a split too, where values above the threshold stay."""
        low = max(self.low, threshold)
        return Bounds(low, self.high, self.unknown and unknown, self.share * share)


@dataclass(frozen=True)
class Trees:
    """The K leaves of all trees, each with bounds for up to D features."""

    feature: NDArray[np.int32]  # [K, D]
    low: NDArray[np.float64]  # [K, D]
    high: NDArray[np.float64]  # [K, D]
    unknown: NDArray[np.bool_]  # [K, D]
    share: NDArray[np.float64]  # [K, D]
    value: NDArray[np.float64]  # [K]

    @classmethod
    def of(cls, leaves: Sequence[tuple[Mapping[int, Bounds], float]]) -> Trees:
        """Trees of the bounds by feature, and the value, of each of their leaves."""
        depth = max((len(bounds) for bounds, _ in leaves), default=0) or 1
        none = [(0, Bounds())] * depth
        padded = [[*bounds.items(), *none][:depth] for bounds, _ in leaves]

        def column(name: str, dtype: type[np.generic]) -> NDArray:
            found = [[getattr(bounds, name) for _, bounds in row] for row in padded]
            return np.array(found, dtype).reshape(len(leaves), depth)

        return cls(
            np.array([[at for at, _ in row] for row in padded], np.int32).reshape(-1, depth),
            column("low", np.float64),
            column("high", np.float64),
            column("unknown", np.bool_),
            column("share", np.float64),
            np.array([value for _, value in leaves], np.float64),
        )

    @property
    def mean(self) -> float:
        """The sum for a row of which nothing is known: the mean over the rows of training."""
        return float(self.value @ self.share.prod(axis=1))

    def sum(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """The sum of the trees [N] for rows of features [N, F]; NaN: unknown."""
        found: NDArray[np.float64] = self.value @ self._within(features).all(axis=1)
        return found

    def contributions(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """What each feature adds to the sum beside the `mean`: [N, F] for features [N, F]."""
        within, share = self._within(features), self.share[:, :, None]  # [K, D, N]
        depth = within.shape[1]
        points, weights = np.polynomial.legendre.leggauss(depth // 2 + 1)
        others = np.zeros(within.shape)
        for known, weight in zip((points + 1) / 2, weights / 2, strict=True):
            factor = (1 - known) * share + known * within
            for at in range(depth):
                others[:, at] += weight * np.delete(factor, at, axis=1).prod(axis=1)
        added = others * (within - share) * self.value[:, None, None]
        found = np.zeros((features.shape[1], len(features)))
        np.add.at(found, self.feature, added)
        return found.T

    def _within(self, features: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Whether N rows are within each of the bounds: [K, D, N]."""
        columns = np.ascontiguousarray(features.T, np.float64)
        values = columns[self.feature]
        within = (values > self.low[:, :, None]) & (values <= self.high[:, :, None])
        unknown = np.isnan(columns)
        if unknown.any():
            within |= unknown[self.feature] & self.unknown[:, :, None]
        return within
