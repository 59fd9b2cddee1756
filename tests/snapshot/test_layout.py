"""Vectors as points: near ones stay near, and everything is on the map."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec.snapshot import layout as module
from graphrec.snapshot.layout import layout


def kept(vectors: NDArray[np.float32], points: NDArray[np.float32], k: int = 5) -> float:
    """The share of the nearest neighbours that are nearest ones of the points, too."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    far = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    near = [np.argsort(each, kind="stable")[:, 1 : k + 1] for each in (-unit @ unit.T, far)]
    return float(np.mean([len({*a} & {*b}) / k for a, b in zip(*near, strict=True)]))


@pytest.fixture(scope="module")
def clustered() -> NDArray[np.float32]:
    """[300, 32] in thirty groups."""
    rng = np.random.default_rng(0)
    middle = rng.normal(size=(30, 32))
    return (np.repeat(middle, 10, axis=0) + rng.normal(0, 0.3, (300, 32))).astype(np.float32)


def test_neighbours_are_kept_better_than_by_principal_components(
    clustered: NDArray[np.float32],
) -> None:
    points = layout(clustered)
    unit = clustered / np.linalg.norm(clustered, axis=1, keepdims=True)
    assert kept(clustered, points) > kept(clustered, module._principal(unit)) + 0.1
    group = np.repeat(np.arange(30), 10)
    far = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    nearest = np.argsort(far, axis=1)[:, 1:6]
    assert (group[nearest] == group[:, None]).mean() > 0.9
    assert len(np.unique(points.round(3), axis=0)) > 290  # what is alike is not one point


def test_it_is_always_the_same_and_within_its_bounds(clustered: NDArray[np.float32]) -> None:
    points = layout(clustered)
    assert (points == layout(clustered)).all()
    assert np.abs(points).max() == pytest.approx(1, abs=1e-5)
    assert points.shape == (300, 2)


def test_those_beyond_the_first_are_put_among_their_neighbours(
    clustered: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LAID_OUT", 150)
    order = np.random.default_rng(1).permutation(300)
    points = layout(clustered[order])
    group = np.repeat(np.arange(30), 10)[order]
    far = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    assert (group[np.argsort(far, axis=1)[150:, 1:6]] == group[150:, None]).mean() > 0.9


@pytest.mark.parametrize("count", [0, 1, 2, 13, 14, 40])
@pytest.mark.parametrize("dim", [1, 2, 8])
def test_few_vectors_of_few_dimensions(count: int, dim: int) -> None:
    rng = np.random.default_rng(count)
    for vectors in (rng.normal(size=(count, dim)), np.ones((count, dim)), np.zeros((count, dim))):
        points = layout(vectors.astype(np.float32))
        assert points.shape == (count, 2)
        assert np.isfinite(points).all()
        assert not count or np.abs(points).max() <= 1 + 1e-5
