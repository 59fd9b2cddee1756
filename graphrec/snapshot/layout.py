"""Vectors as points in a plane, so that near vectors are near points: a layout of neighbours.

The graph of the nearest neighbours is pulled together and everything else pushed apart, from where
the two principal components put it, with the forces of UMAP (McInnes, Healy & Melville, "UMAP:
Uniform Manifold Approximation and Projection for Dimension Reduction", 2018), in NumPy alone. Of
many vectors, the first are laid out so and each of the others is put among its nearest ones. The
same vectors always give the same points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Points = NDArray[np.float32]

MOST_PLACED = 10_000
"""Items that are on a map: more points than that nobody tells apart."""

LAID_OUT = 3_000
"""Vectors that are laid out with forces: it takes time for each pair of neighbours."""

NEIGHBOURS = 12
ROUNDS = 200
PUSHES = 16
"""Random others that push each point away, a round."""
STEEPNESS, POWER = 1.58, 0.9
"""Of the curve 1 / (1 + a d^2b) by which forces go, for points that may be 0.1 apart."""
BESIDE = 0.1
"""How far apart neighbours come to lie, so that what is much the same is not one point."""
FARTHEST = 4.0
"""How far a force may move a point in the first round."""
STRONGER = 5.0
"""What each of these stands for: there are more of them than are drawn."""
TOGETHER = 1.0
"""How much everything is drawn to the middle, so that islands do not drift off."""
BLOCK = 1_000
"""Rows whose similarities are computed at a time."""


def layout(vectors: Vectors) -> Points:
    """The points [N, 2] of vectors [N, dim], from -1 to 1, near where their cosine is large.

    Earlier vectors decide on the layout: put the important ones first.
    """
    if not len(vectors):
        return np.zeros((0, 2), np.float32)
    unit = _unit(vectors)
    first = unit[:LAID_OUT]
    placed = _laid_out(first) if len(first) > NEIGHBOURS + 1 else _principal(first)
    if len(unit) > len(first):
        near, cosine = _nearest(unit[LAID_OUT:], first, 3)
        weight = np.maximum(cosine, 1e-3)[:, :, None] ** 4
        others = (placed[near] * weight).sum(axis=1) / weight.sum(axis=1)
        placed = np.concatenate([placed, others])
    return _within(placed)


def _laid_out(unit: Vectors) -> Points:
    rng, count = np.random.default_rng(0), len(unit)
    near, _ = _nearest(unit, unit, NEIGHBOURS, itself=False)
    start = np.repeat(np.arange(count), near.shape[1])
    one, other = np.concatenate([start, near.ravel()]), np.concatenate([near.ravel(), start])
    # Normal noise parts what lies on one point.
    points = 10 * _principal(unit) + rng.normal(0, 1e-2, (count, 2)).astype(np.float32)
    everyone = np.repeat(np.arange(count), PUSHES)
    for step in range(ROUNDS):
        apart = points[one] - points[other]
        square = (apart**2).sum(axis=1)
        pull = -2 * STEEPNESS * POWER * square ** (POWER - 1) / (1 + STEEPNESS * square**POWER)
        far = np.sqrt(np.maximum(square, 1e-6))
        pull = np.where(square > 0, pull * np.maximum(1 - BESIDE / far, -1), 0)
        moved = _summed(one, pull[:, None] * apart, count)
        away = points[everyone] - points[rng.integers(0, count, len(everyone))]
        square = (away**2).sum(axis=1)
        push = 2 * POWER / ((0.1 + square) * (1 + STEEPNESS * square**POWER))
        moved += STRONGER * _summed(everyone, push[:, None] * away, count)
        moved -= TOGETHER * points
        rate = 1 - step / ROUNDS
        points += rate * 0.1 * np.clip(moved, -FARTHEST / 0.1, FARTHEST / 0.1)
    return points


def _summed(row: NDArray[np.int64], forces: Points, count: int) -> Points:
    """The sum of the forces on each point [N, 2]."""
    columns = (np.bincount(row, forces[:, axis], count) for axis in (0, 1))
    return np.stack([*columns], axis=1).astype(np.float32)


def _principal(unit: Vectors) -> Points:
    """The two principal components [N, 2], within 1; their signs are fixed."""
    centred = unit - unit.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :2]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    found = np.zeros((len(unit), 2), np.float32)
    found[:, : axes.shape[1]] = centred @ (axes * np.where(largest < 0, -1, 1))
    return _within(found)


def _nearest(
    of: Vectors, among: Vectors, k: int, itself: bool = True
) -> tuple[NDArray[np.int64], Vectors]:
    """The rows [N, k] of the nearest unit vectors, and their cosines; without a row's own."""
    rows, cosines = [], []
    for start in range(0, len(of), BLOCK):
        cosine = of[start : start + BLOCK] @ among.T
        if not itself:
            cosine[np.arange(len(cosine)), np.arange(start, start + len(cosine))] = -np.inf
        found = np.argpartition(-cosine, k - 1, axis=1)[:, :k]
        rows.append(found)
        cosines.append(np.take_along_axis(cosine, found, axis=1))
    return np.concatenate(rows), np.concatenate(cosines)


def _unit(vectors: Vectors) -> Vectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(length > 0, length, 1)).astype(np.float32)


def _within(points: Points) -> Points:
    """In the middle, and within 1."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) / 2 or 1
    return ((points - (low + high) / 2) / half).astype(np.float32)
