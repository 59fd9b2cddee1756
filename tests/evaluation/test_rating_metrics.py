"""Metrics of ratings against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.evaluation import rating_metrics as metrics

PREDICTED = np.array([3.0, 4.0, 2.0, 5.0])
ACTUAL = np.array([4.0, 4.0, 4.0, 1.0])
USER = np.array([0, 0, 2, 2], np.int32)


def test_errors_by_hand() -> None:
    """Errors -1, 0, -2, 4: squares 21 / 4, absolute 7 / 4."""
    sums = metrics.error_sums(PREDICTED, ACTUAL, USER, 3)
    assert sums.tolist() == [[1, 1, 2], [0, 0, 0], [20, 6, 2]]
    found = metrics.error_metrics(sums, np.random.default_rng(0), 0)
    assert {name: each.value for name, each in found.items()} == {
        "rmse": pytest.approx(np.sqrt(21 / 4)), "mae": 7 / 4, "mse": 21 / 4,
    }  # fmt: skip
    assert all(each.low is None for each in found.values())


def test_intervals_hold_the_value_and_draw_whole_users() -> None:
    rng = np.random.default_rng(0)
    sums = metrics.error_sums(PREDICTED, ACTUAL, USER, 3)
    drawn = metrics.resampled(sums, rng, 200)
    assert set(map(tuple, drawn.tolist())) == {(2, 2, 4), (21, 7, 4), (40, 12, 4)}
    found = metrics.error_metrics(sums, rng, 200)["rmse"]
    assert (found.low, found.high) == (np.sqrt(0.5), np.sqrt(10))


def test_the_difference_of_a_model_to_itself_is_none() -> None:
    sums = metrics.error_sums(PREDICTED, ACTUAL, USER, 3)
    rng = np.random.default_rng(0)
    assert metrics.rmse_difference(sums, sums, rng, 50) == (0, 0, 0)
    better = sums * np.array([0.25, 0.5, 1])
    difference, low, high = metrics.rmse_difference(better, sums, rng, 50)
    assert low <= difference <= high < 0


def test_concordant_pairs_by_hand() -> None:
    """Group 0: 3 > 2 > 1 predicted as 1.0, 1.0, 0.5: one tie of three; group 1: no pair."""
    predicted, actual = np.array([1.0, 1.0, 0.5, 9.0]), np.array([3.0, 2.0, 1.0, 1.0])
    found = metrics.concordant_pairs(predicted, actual, np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(found, [2.5 / 3, np.nan])


def test_ndcg_by_hand() -> None:
    """Gains 4, 0, 2 in the order 2, 4, 0 of the predictions."""
    actual, predicted, group = np.array([5.0, 1, 3]), np.array([3.0, 1, 4]), np.zeros(3, np.int64)
    discount = 1 / np.log2([2, 3, 4])
    ideal = 4 * discount[0] + 2 * discount[1]
    expected = (2 * discount[0] + 4 * discount[1]) / ideal
    np.testing.assert_allclose(metrics.ndcg(predicted, actual, group, 10), [expected])
    np.testing.assert_allclose(metrics.ndcg(predicted, actual, group, 1), [2 / 4])


def test_equal_predictions_are_worth_the_mean_of_all_orders() -> None:
    actual, group = np.array([5.0, 1, 1]), np.zeros(3, np.int64)
    expected = np.mean(1 / np.log2([2, 3, 4]))
    np.testing.assert_allclose(metrics.ndcg(np.ones(3), actual, group, 3), [expected])
    assert metrics.concordant_pairs(np.ones(3), actual, group).tolist() == [0.5]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=40))
def test_the_right_order_is_the_best(rated: list[tuple[int, int]]) -> None:
    group, actual = np.array(rated, np.int64).T
    values = actual.astype(float)
    for found in (
        metrics.concordant_pairs(values, values, group),
        metrics.ndcg(values, values, group, 5),
    ):
        assert len(found) == len(set(group.tolist()))
        np.testing.assert_allclose(found[~np.isnan(found)], 1)
