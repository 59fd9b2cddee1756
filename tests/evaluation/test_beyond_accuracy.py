"""What lists are like beside being right, by hand and by properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute
from graphrec.evaluation import beyond_accuracy as beyond


def lists(rows: list[list[int]]) -> NDArray[np.int32]:
    return np.array(rows, np.int32)


def matrix(rows: list[list[int]]) -> sparse.csr_array:
    return sparse.csr_array(np.array(rows, float))


def test_how_popular_a_list_is_by_hand() -> None:
    ranked = lists([[0, 1], [0, 3], [0, -1], [-1, -1]])
    popularity = np.array([8, 2, 4, 0, 1])
    head = beyond.head_items(popularity)
    assert head.tolist() == [True, False, False, False, False]
    np.testing.assert_array_equal(beyond.long_tail_share(ranked, head), [0.5, 0.5, 0, np.nan])
    np.testing.assert_allclose(beyond.novelty(ranked, popularity, 8), [1, 1.5, 0, np.nan])
    liked = matrix([[0, 0, 2, 0, 1], [1, 0, 0, 0, 0], [0] * 5, [1, 0, 0, 0, 0]])
    lift = beyond.popularity_lift(ranked, liked, popularity)
    np.testing.assert_allclose(lift, [5 / 2.5 - 1, 4 / 8 - 1, np.nan, np.nan])


def test_the_weights_of_a_history_do_not_count_in_its_popularity() -> None:
    ranked, popularity = lists([[0]]), np.array([3, 6])
    for weight in (1, 100):
        lift = beyond.popularity_lift(ranked, matrix([[0, weight]]), popularity)
        np.testing.assert_allclose(lift, [-0.5])


def test_head_ties_go_to_the_lowest_row() -> None:
    assert np.flatnonzero(beyond.head_items(np.full(10, 3))).tolist() == [0, 1]


def test_popular_lists_leave_out_what_was_seen() -> None:
    popularity = np.array([1, 5, 3, 5])
    seen = matrix([[0, 0, 0, 0], [0, 1, 0, 0], [1, 1, 1, 0]])
    expected = [[1, 3, 2], [3, 2, 0], [3, -1, -1]]
    assert beyond.popular_lists(popularity, seen, 3).tolist() == expected


def test_serendipity_is_what_is_right_and_not_popular() -> None:
    ranked, common = lists([[0, 1], [0, 1], [2, -1]]), lists([[0, 3], [1, 0], [-1, -1]])
    relevant = sparse.csr_array(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]], bool))
    assert beyond.serendipity(ranked, relevant, common).tolist() == [0.5, 0, 0.5]


def test_diversity_of_categories_and_tags() -> None:
    attributes = {
        "genre": Attribute("tags", (("a", "b"), ("a",), ("c",), ())),
        "year": Attribute("number", (1.0, 1.0, 1.0, 1.0)),
    }
    features = beyond.named_features(attributes, 4)
    assert features is not None
    found = beyond.diversity(lists([[0, 1], [1, 2], [0, 3], [0, -1]]), features)
    np.testing.assert_allclose(found, [1 - 2**-0.5, 1, 1, np.nan])
    assert beyond.named_features({"year": attributes["year"]}, 4) is None


@given(st.integers(0, 2**32 - 1))
def test_diversity_is_what_comparing_every_pair_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = tuple(
        tuple(str(x) for x in rng.choice(6, rng.integers(0, 4), False)) for _ in range(8)
    )
    features = beyond.named_features({"tags": Attribute("tags", (*values, ("0",)))}, 9)
    assert features is not None
    ranked = rng.permuted(np.tile(np.arange(9, dtype=np.int32), (3, 1)), axis=1)[:, :4]
    dense = features.toarray()
    for own, found in zip(ranked, beyond.diversity(ranked, features), strict=True):
        alike = [dense[a] @ dense[b] for a in own for b in own if a != b]
        assert found == pytest.approx(1 - np.mean(alike))
