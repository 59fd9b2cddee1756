"""Sums of sparse rows against dense ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from graphrec.models.sparse_rows import added, distinct, places, sums_of_rows


@pytest.mark.parametrize("at_once", [1, 7, 2**19])
def test_sums_of_rows_are_those_of_a_dense_matrix(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphrec.models.sparse_rows.AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    for columns in (30, 5, 60):  # a smaller matrix after a larger one, and the other way round
        matrix = sparse.csr_array(
            sparse.random_array((20, columns), density=0.2, rng=rng, dtype=np.float32)
        )
        for size in (0, 1, 3, 20):
            rows = rng.permutation(20)[:size].astype(np.int32)
            weights = rng.random(size).astype(np.float32)
            found, sums = sums_of_rows(matrix, rows, weights)
            dense = weights.astype(np.float64) @ matrix.toarray()[rows]
            assert (np.diff(found) > 0).all()
            assert set(found.tolist()) == set(matrix[rows].indices.tolist())
            np.testing.assert_allclose(sums, dense[found], rtol=1e-6)


def test_numbers_are_found_among_those_that_are_known_whatever_was_asked_before() -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        count = int(rng.integers(1, 50))
        numbers = rng.integers(0, count, int(rng.integers(0, 80)))
        first, place = distinct(numbers, count)
        assert sorted(first.tolist()) == sorted(set(numbers.tolist()))
        np.testing.assert_array_equal(first[place], numbers)
        asked = rng.integers(0, count, 20)
        known = places(asked, first, count)
        for each, at in zip(asked.tolist(), known.tolist(), strict=True):
            assert at == len(first) if each not in first else first[at] == each


def test_columns_are_added_up_in_their_order() -> None:
    columns, sums = added(np.array([4, 1, 4, 0]), np.array([1.0, 2.0, 3.0, 0.5]), 5)
    assert columns.tolist() == [0, 1, 4]
    assert sums.tolist() == [0.5, 2.0, 4.0]
