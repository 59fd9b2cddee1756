from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import TrainingError
from graphrec.models.top_k import top_k


def by_sorting(scores: NDArray, k: int, excluded: NDArray) -> NDArray:
    """The definition: sort every row by score descending, then item row ascending."""
    ranked = np.full((len(scores), k), -1)
    for b, row in enumerate(scores):
        order = [i for i in np.lexsort((np.arange(len(row)), -row)) if not excluded[b, i]][:k]
        ranked[b, : len(order)] = order
    return ranked


@given(st.data(), array_shapes(min_dims=2, max_dims=2, max_side=12), st.integers(1, 15))
def test_equals_a_full_sort(data: st.DataObject, shape: tuple[int, int], k: int) -> None:
    few_values = st.sampled_from([-1.5, -0.0, 0.0, 0.25, 3.0])  # so that there are many ties
    scores = data.draw(arrays(np.float32, shape, elements=few_values))
    excluded = data.draw(arrays(np.bool_, shape))
    ranked = top_k(scores, k, sparse.csr_array(excluded))
    assert ranked.dtype == np.int32
    assert ranked.tolist() == by_sorting(scores, k, excluded).tolist()
    assert top_k(scores, k).tolist() == by_sorting(scores, k, np.zeros(shape, bool)).tolist()


@pytest.mark.parametrize("values", [1, 2, 30, 10_000])
@pytest.mark.parametrize("density", [0, 0.01, 0.9, 0.999])
def test_equals_a_full_sort_of_long_rows(values: int, density: float) -> None:
    rng = np.random.default_rng(values)
    scores = rng.integers(0, values, (8, 5_003)).astype(np.float32)
    excluded = rng.random(scores.shape) < density
    for k in (1, 20, 300):
        ranked = top_k(scores, k, sparse.csr_array(excluded))
        np.testing.assert_array_equal(ranked, by_sorting(scores, k, excluded))


def test_ties_at_the_end_of_the_list_go_to_the_lowest_row() -> None:
    assert top_k(np.array([[1.0, 2, 1, 2, 1]]), 3).tolist() == [[1, 3, 0]]


def test_a_short_list_ends_in_minus_one() -> None:
    exclude = sparse.csr_array(np.array([[True, False], [True, True]]))
    assert top_k(np.zeros((2, 2)), 3, exclude).tolist() == [[1, -1, -1], [-1, -1, -1]]


def test_scores_are_left_as_they_were() -> None:
    scores = np.arange(6.0).reshape(2, 3)
    top_k(scores, 2, sparse.csr_array(np.ones((2, 3), bool)))
    assert scores.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_must_be_finite(bad: float) -> None:
    scores = np.zeros((2, 4), np.float32)
    scores[1, 2] = bad
    with pytest.raises(TrainingError, match=r"item row 2 for user 1 .* expected finite scores"):
        top_k(scores, 2)
