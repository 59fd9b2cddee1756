"""Similarities and neighbours against definitions, pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from graphrec.ratings.knn import ItemNeighbours, UserNeighbours
from graphrec.ratings.similarity import Similarity, similar_rows


def by_hand(x: np.ndarray, y: np.ndarray, similarity: Similarity, shrinkage: float) -> float:
    """Of two rows with NaN where there is nothing."""
    both = ~np.isnan(x) & ~np.isnan(y)
    n = both.sum()
    if not n:
        return 0.0
    x, y = x[both], y[both]
    if similarity == "pearson":
        x, y = x - x.mean(), y - y.mean()
    if similarity == "euclidean":
        found = 1 / (1 + ((x - y) ** 2).mean())
    else:
        size = np.sqrt((x**2).sum() * (y**2).sum())
        found = (x * y).sum() / size if size > 1e-9 else 0.0
    return max(found * n / (n + shrinkage), 0)


def stored(dense: np.ndarray) -> sparse.csr_array:
    row, column = np.nonzero(~np.isnan(dense))
    return sparse.csr_array((dense[row, column], (row, column)), dense.shape)


@pytest.mark.parametrize("similarity", ["cosine", "pearson", "euclidean"])
@given(data=st.data())
def test_as_by_hand(similarity: Similarity, data: st.DataObject) -> None:
    value = st.sampled_from([np.nan, -1.5, -0.25, 0.0, 0.5, 2.0])
    rows = data.draw(st.lists(st.lists(value, min_size=5, max_size=5), min_size=1, max_size=5))
    dense = np.array(rows)
    found = similar_rows(stored(dense), similarity, 2.0, 10).toarray()
    for i in range(len(dense)):
        for j in range(len(dense)):
            expected = 0 if i == j else by_hand(dense[i], dense[j], similarity, 2.0)
            assert found[i, j] == pytest.approx(expected, abs=1e-5)


def test_only_the_strongest_are_kept() -> None:
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(8, 30))
    all_of_them = similar_rows(stored(dense), "euclidean", 0.0, 99).toarray()
    kept = similar_rows(stored(dense), "euclidean", 0.0, 2).toarray()
    assert ((kept > 0).sum(1) == 2).all()
    np.testing.assert_allclose(np.sort(kept, 1)[:, -2:], np.sort(all_of_them, 1)[:, -2:])


def test_a_residual_is_the_weighted_mean_of_the_nearest() -> None:
    """Item 0 is like 1 (.8), 2 (.5) and 3 (.1); the user rated 1, 2 and 3; 2 neighbours."""
    similar = sparse.csr_array(np.array([[0, 0.8, 0.5, 0.1]] + [[0.0] * 4] * 3))
    away = sparse.csr_array(np.array([[0, 1.0, -0.5, 3.0], [0, 0, 0, 0]]))
    residual = ItemNeighbours(similar, away, 2, 0.2)
    expected = (0.8 * 1.0 + 0.5 * -0.5) / (0.8 + 0.5 + 0.2)
    rows = np.array([0, 1], np.int32)
    np.testing.assert_allclose(residual.residual(rows, np.zeros(2, np.int32)), [expected, 0])
    assert residual.folded(np.array([1, 2, 3]), np.array([1.0, -0.5, 3.0]), 0) == pytest.approx(
        expected
    )
    users = UserNeighbours(similar, sparse.csr_array(away.T), 2, 0.2)
    assert users.residual(np.zeros(1, np.int32), np.zeros(1, np.int32)) == pytest.approx(expected)
