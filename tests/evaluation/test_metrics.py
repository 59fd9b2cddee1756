from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from graphrec.evaluation import metrics

ACCURACY = [
    metrics.recall,
    metrics.precision,
    metrics.hit_rate,
    metrics.mrr,
    metrics.ndcg,
    metrics.average_precision,
]


def lists(rows: list[list[int]]) -> NDArray[np.int32]:
    return np.array(rows, np.int32)


def liked(items: int, *users: list[int]) -> sparse.csr_array:
    matrix = np.zeros((len(users), items), bool)
    for row, rows in enumerate(users):
        matrix[row, rows] = True
    return sparse.csr_array(matrix)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_equals_ranx(monkeypatch: pytest.MonkeyPatch) -> None:
    """An independent implementation, on lists with more, fewer and no hits."""
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # compiling takes a minute, running a second
    from ranx import Qrels, Run, evaluate

    rng = np.random.default_rng(0)
    users, items, k = 300, 60, 20
    ranked = rng.permuted(np.tile(np.arange(items, dtype=np.int32), (users, 1)), axis=1)[:, :k]
    relevant = rng.random((users, items)) < rng.random((users, 1)) ** 3
    relevant[np.arange(users), rng.integers(0, items, users)] = True
    assert (relevant.sum(axis=1) > k).any()

    qrels = Qrels(
        {f"u{u}": {f"i{i}": 1 for i in np.flatnonzero(relevant[u])} for u in range(users)}
    )
    run = Run(
        {f"u{u}": {f"i{i}": float(k - n) for n, i in enumerate(ranked[u])} for u in range(users)}
    )
    names = [f"{name}@{k}" for name in ("recall", "precision", "hit_rate", "mrr", "ndcg", "map")]
    evaluate(qrels, run, names)
    for name, metric in zip(names, ACCURACY, strict=True):
        theirs = np.array([run.scores[name][f"u{u}"] for u in range(users)])
        if metric is metrics.average_precision:  # they divide by |relevant|
            count = relevant.sum(axis=1)
            theirs = theirs * count / np.minimum(count, k)
        ours = metric(ranked, sparse.csr_array(relevant))
        np.testing.assert_allclose(ours, theirs, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (metrics.recall, [2 / 3, 0, 1]),
        (metrics.precision, [2 / 4, 0, 1 / 4]),
        (metrics.hit_rate, [1, 0, 1]),
        (metrics.mrr, [1 / 2, 0, 1]),
        (
            metrics.ndcg,
            [(1 / np.log2(3) + 1 / np.log2(5)) / (1 + 1 / np.log2(3) + 1 / np.log2(4)), 0, 1],
        ),
        (metrics.average_precision, [(1 / 2 + 2 / 4) / 3, 0, 1]),
    ],
)
def test_by_hand(metric: Callable, expected: list[float]) -> None:
    ranked = lists([[5, 0, 3, 1], [0, 1, 2, 3], [5, -1, -1, -1]])
    relevant = liked(6, [0, 1, 2], [5], [5])
    np.testing.assert_allclose(metric(ranked, relevant), expected)


def test_more_relevant_items_than_places() -> None:
    ranked, relevant = lists([[0, 1]]), liked(4, [0, 1, 2, 3])
    assert metrics.recall(ranked, relevant) == [0.5]
    assert metrics.ndcg(ranked, relevant) == [1]
    assert metrics.average_precision(ranked, relevant) == [1]


def test_nothing_relevant_is_nan_where_it_is_divided_by() -> None:
    ranked, relevant = lists([[0, 1]]), liked(4, [])
    for metric in (metrics.recall, metrics.ndcg, metrics.average_precision):
        assert np.isnan(metric(ranked, relevant)).all()
    for metric in (metrics.precision, metrics.hit_rate, metrics.mrr):
        assert metric(ranked, relevant) == [0]


def test_an_empty_place_is_never_a_hit() -> None:
    ranked, relevant = lists([[-1, -1], [-1, -1]]), liked(3, [0, 1, 2], [0, 1, 2])
    for metric in ACCURACY:
        assert metric(ranked, relevant).tolist() == [0, 0]


@given(st.data(), st.integers(1, 9), st.integers(1, 12))
def test_bounds_and_the_ideal_list(data: st.DataObject, users: int, items: int) -> None:
    seed = data.draw(st.integers(0, 2**32 - 1))
    k = data.draw(st.integers(1, items))
    rng = np.random.default_rng(seed)
    ranked = rng.permuted(np.tile(np.arange(items, dtype=np.int32), (users, 1)), axis=1)[:, :k]
    dense = rng.random((users, items)) < 0.3
    dense[:, 0] = True
    relevant = sparse.csr_array(dense)
    ideal = np.argsort(~dense, axis=1, kind="stable")[:, :k].astype(np.int32)
    for metric in ACCURACY:
        values = metric(ranked, relevant)
        best = metric(ideal, relevant)
        assert values.shape == (users,)
        assert ((values >= 0) & (values <= best + 1e-12) & (best <= 1 + 1e-12)).all()
    for metric in (metrics.ndcg, metrics.average_precision, metrics.mrr, metrics.hit_rate):
        np.testing.assert_allclose(metric(ideal, relevant), 1)


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        low, high = metrics.bootstrap_interval(rng.random(100), rng, 200)
        covered += low <= 0.5 <= high
    assert covered / 200 == pytest.approx(0.95, abs=0.05)


def test_intervals_are_those_of_each_column() -> None:
    values = np.random.default_rng(1).random((50, 2))
    together = metrics.bootstrap_intervals(values, np.random.default_rng(2), 100)
    for column in (0, 1):
        alone = metrics.bootstrap_interval(values[:, column], np.random.default_rng(2), 100)
        np.testing.assert_allclose(together[column], alone)


def test_users_without_a_value_do_not_count() -> None:
    values = np.array([[3.0], [3.0], [np.nan], [np.nan]])
    interval = metrics.bootstrap_intervals(values, np.random.default_rng(0), 500)
    assert interval.tolist() == [[3, 3]]


def test_resamples_are_drawn_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).random(70)
    whole = metrics.bootstrap_interval(values, np.random.default_rng(2), 33)
    monkeypatch.setattr(metrics, "RESAMPLE_ENTRIES", 500)
    np.testing.assert_allclose(
        metrics.bootstrap_interval(values, np.random.default_rng(2), 33), whole
    )


def test_a_pair_is_compared_user_by_user() -> None:
    rng = np.random.default_rng(0)
    b = rng.random(400)
    mean, low, high = metrics.paired_difference(b + 0.01, b, rng, 200)
    assert (mean, low, high) == pytest.approx((0.01, 0.01, 0.01))
    mean, low, high = metrics.paired_difference(rng.permutation(b), b, rng, 200)
    assert low < 0 < high


@given(st.integers(0, 6), st.integers(0, 6), st.integers(1, 8))
def test_expectations_are_means_over_the_order_of_ties(better: int, tied: int, k: int) -> None:
    places = range(better + 1, better + tied + 2)
    above, equal = np.array([better]), np.array([tied])
    hits = [place <= k for place in places]
    gains = [hit / np.log2(place + 1) for place, hit in zip(places, hits, strict=True)]
    assert metrics.expected_hit_rate(above, equal, k)[0] == pytest.approx(np.mean(hits))
    assert metrics.expected_ndcg(above, equal, k)[0] == pytest.approx(np.mean(gains))
