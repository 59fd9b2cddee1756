"""Trees as arrays: the same as LightGBM's, and as what they are by definition."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.ranking.learned.trees import Bounds, Trees
from graphrec.training.lambdamart import trees_of

STUMP = Trees.of(
    [({0: Bounds().left(0.5, True, 0.25)}, -1.0), ({0: Bounds().right(0.5, False, 0.75)}, 3.0)]
)


def booster_of(leaves: int, unknown: float) -> tuple[Any, np.ndarray]:
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(leaves)
    features = rng.normal(size=(1000, 8)).astype(np.float32)
    features[:, 3] = rng.integers(0, 3, len(features))
    wanted = features[:, 0] + features[:, 1] * features[:, 2] + features[:, 3] > 1
    features[rng.random(features.shape) < unknown] = np.nan
    parameters = {
        "objective": "lambdarank", "num_leaves": leaves, "min_data_in_leaf": 20,
        "verbose": -1, "num_threads": 1,
    }  # fmt: skip
    data = lightgbm.Dataset(features, wanted.astype(int), group=[50] * 20)
    return lightgbm.train(parameters, data, 10), features[:60]


@pytest.mark.parametrize("leaves", [2, 4, 8])
@pytest.mark.parametrize("unknown", [0.0, 0.2])
def test_scores_and_contributions_are_those_of_lightgbm(leaves: int, unknown: float) -> None:
    booster, features = booster_of(leaves, unknown)
    features[0, :4] = np.nan  # unknown where it never was in training, too
    trees = trees_of(booster.dump_model())
    np.testing.assert_allclose(trees.sum(features), booster.predict(features), atol=1e-12)
    expected = booster.predict(features, pred_contrib=True)
    np.testing.assert_allclose(trees.contributions(features), expected[:, :-1], atol=1e-12)
    np.testing.assert_allclose(trees.mean, expected[0, -1], atol=1e-12)


def test_a_stump_by_hand() -> None:
    features = np.array([[0.5], [0.6], [np.nan]], np.float32)
    np.testing.assert_allclose(STUMP.sum(features), [-1, 3, -1])
    assert STUMP.mean == 0.25 * -1 + 0.75 * 3
    np.testing.assert_allclose(STUMP.contributions(features)[:, 0], [-3, 1, -3])


def test_no_trees_add_nothing() -> None:
    none = Trees.of([])
    features = np.zeros((3, 2), np.float32)
    assert none.mean == 0
    np.testing.assert_array_equal(none.sum(features), np.zeros(3))
    np.testing.assert_array_equal(none.contributions(features), np.zeros((3, 2)))


Node = Any
"""A number, or feature, threshold, whether unknown goes left, share to the left, left, right."""


def nodes(features: int) -> st.SearchStrategy[Node]:
    split = st.tuples(
        st.integers(0, features - 1),
        st.sampled_from([-1.0, 0.0, 1.0]),
        st.booleans(),
        st.sampled_from([0.1, 0.5, 0.8]),
    )
    leaf = st.integers(-5, 5).map(float)
    return st.recursive(leaf, lambda child: st.tuples(split, child, child), max_leaves=7)


def leaves(node: Node, bounds: dict[int, Bounds]) -> list[tuple[dict[int, Bounds], float]]:
    if isinstance(node, float):
        return [(bounds, node)]
    (feature, threshold, unknown, share), left, right = node
    before = bounds.get(feature, Bounds())
    return [
        *leaves(left, {**bounds, feature: before.left(threshold, unknown, share)}),
        *leaves(right, {**bounds, feature: before.right(threshold, not unknown, 1 - share)}),
    ]


def value(node: Node, row: np.ndarray, known: frozenset[int]) -> float:
    """What a tree says of a row of which only some features are known."""
    if isinstance(node, float):
        return node
    (feature, threshold, unknown, share), left, right = node
    if feature not in known:
        return share * value(left, row, known) + (1 - share) * value(right, row, known)
    goes_left = unknown if np.isnan(row[feature]) else row[feature] <= threshold
    return value(left if goes_left else right, row, known)


@given(
    nodes(3), st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 2.0, np.nan]), min_size=3, max_size=3)
)
def test_contributions_are_shapley_values(node: Node, values: list[float]) -> None:
    trees, row = Trees.of(leaves(node, {})), np.array(values)
    everything = frozenset(range(3))
    [found] = trees.contributions(row[None])
    assert trees.sum(row[None])[0] == pytest.approx(value(node, row, everything))
    assert trees.mean == pytest.approx(value(node, row, frozenset()))
    assert found.sum() == pytest.approx(trees.sum(row[None])[0] - trees.mean, abs=1e-9)
    for feature in range(3):
        others = everything - {feature}
        shapley = sum(
            factorial(size) * factorial(2 - size) / factorial(3)
            * (value(node, row, frozenset({*some, feature})) - value(node, row, frozenset(some)))
            for size in range(3)
            for some in combinations(sorted(others), size)
        )  # fmt: skip
        assert found[feature] == pytest.approx(shapley, abs=1e-9)
