"""Structural features against a dense singular value decomposition."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from graphrec.models.spectral import item_spectrum


def normalised(dense: np.ndarray) -> np.ndarray:
    users, items = (np.maximum(dense.sum(axis), 1) for axis in (1, 0))
    return dense / np.sqrt(users[:, None] * items)


def test_the_directions_are_those_of_a_dense_decomposition() -> None:
    rng = np.random.default_rng(0)
    dense = (rng.random((40, 25)) < 0.3).astype(np.float32)
    vectors, values = item_spectrum(sparse.csr_array(5 * dense), 4, rng)  # weights do not count
    _, expected, rotation = np.linalg.svd(normalised(dense))
    np.testing.assert_allclose(values, expected[:4], rtol=1e-3)
    np.testing.assert_allclose(np.abs(np.diag(vectors.T @ rotation[:4].T)), 1, atol=1e-2)


def test_columns_beyond_the_rank_and_items_without_edges_are_zeros() -> None:
    dense = np.array([[1, 1, 0], [1, 1, 0]], np.float32)
    vectors, values = item_spectrum(sparse.csr_array(dense), 5, np.random.default_rng(0))
    assert vectors.shape == (3, 5)
    assert np.count_nonzero(values) == 1
    assert not vectors[:, 1:].any()
    np.testing.assert_allclose(vectors[2], 0, atol=1e-6)


def test_a_graph_without_edges_has_no_structure() -> None:
    vectors, values = item_spectrum(sparse.csr_array((3, 4), dtype=np.float32), 2,
                                    np.random.default_rng(0))  # fmt: skip
    assert not vectors.any()
    assert not values.any()
