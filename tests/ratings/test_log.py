"""Which events are ratings, and which of them count."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.data.weighting import KindPolicy
from graphrec.errors import DataError
from graphrec.ratings.log import rating_kinds, ratings_of

Row = tuple[str, str, float, int, str]


def data(rows: list[Row], kinds: Mapping[str, KindPolicy] | None = None) -> Dataset:
    user, item, value, time, kind = zip(*rows, strict=True)
    log = Interactions.of(user, item, value, time, kind).sorted()
    return Dataset(Graph(log), {} if kinds is None else kinds)


def found(dataset: Dataset, kind: str | None = None) -> dict[tuple[str, str], float]:
    ratings = ratings_of(dataset, kind)
    return {
        (ratings.users.ids[u], ratings.items.ids[i]): v
        for u, i, v in zip(
            ratings.user.tolist(), ratings.item.tolist(), ratings.value.tolist(), strict=True
        )
    }


def test_the_latest_rating_of_a_pair_counts() -> None:
    rows = [("a", "x", 5, 2, "rating"), ("a", "x", 1, 1, "rating"), ("b", "x", 3, 1, "rating")]
    assert found(data(rows)) == {("a", "x"): 5, ("b", "x"): 3}


def test_ratings_below_the_threshold_are_ratings_too() -> None:
    assert found(data([("a", "x", 0.5, 1, "rating")])) == {("a", "x"): 0.5}


def test_events_without_a_threshold_are_none() -> None:
    rows = [("a", "x", 4, 1, "rating"), ("a", "y", 7, 1, "purchase"), ("a", "z", 1, 1, "view")]
    assert found(data(rows)) == {("a", "x"): 4}


def test_what_was_cancelled_is_none() -> None:
    rows = [("a", "x", 4, 1, "rating"), ("a", "x", 1, 2, "unrate"), ("a", "y", 2, 1, "rating")]
    assert found(data(rows)) == {("a", "y"): 2}


def test_a_zero_that_stands_for_missing_is_none_and_does_not_replace_one() -> None:
    rows = [("a", "x", 4, 1, "rating"), ("a", "x", 0, 2, "rating"), ("b", "x", 0, 1, "rating")]
    assert found(data(rows, {"rating": KindPolicy(zero="missing")})) == {("a", "x"): 4}
    assert found(data(rows)) == {("a", "x"): 0, ("b", "x"): 0}


def test_negative_ratings_are_ratings_where_they_are_said_to_be() -> None:
    rows = [("a", "x", -7.5, 1, "rating"), ("a", "y", 9, 1, "rating")]
    kinds = {"rating": KindPolicy(threshold=0, negative="rating")}
    assert found(data(rows, kinds)) == {("a", "x"): -7.5, ("a", "y"): 9}


def test_any_kind_with_a_threshold_is_one() -> None:
    rows = [("a", "x", 80, 1, "score")]
    assert rating_kinds(data(rows)) == ()
    assert found(data(rows, {"score": KindPolicy(threshold=50)})) == {("a", "x"): 80}
    assert found(data(rows, {"score": KindPolicy(like_from="user-mean")})) == {("a", "x"): 80}


def test_of_several_kinds_one_has_to_be_named() -> None:
    rows = [("a", "x", 4, 1, "rating"), ("a", "x", 80, 1, "score"), ("b", "y", 60, 1, "score")]
    several = data(rows, {"score": KindPolicy(threshold=50)})
    with pytest.raises(DataError, match=r"kinds rating, score are all ratings.*\[ratings\] kind"):
        ratings_of(several)
    assert found(several, "score") == {("a", "x"): 80, ("b", "y"): 60}
    with pytest.raises(DataError, match=r"kind is 'scor': expected .* rating or score"):
        ratings_of(several, "scor")


def test_data_without_ratings_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"kind view have no ratings: .*\[kinds\.NAME\] threshold"):
        ratings_of(data([("a", "x", 1, 1, "view")]))


def test_weights_are_no_ratings_but_weighted_values_are() -> None:
    recorded = data([("a", "x", 2, 1, "rating"), ("a", "y", 5, 1, "rating")])
    assert found(Dataset.of_weights(recorded.weighted)) == {("a", "x"): 2, ("a", "y"): 5}
    with pytest.raises(DataError, match="has weights and no ratings"):
        ratings_of(Dataset.of_weights(recorded.recorded))


def test_taking_some_keeps_the_nodes() -> None:
    ratings = ratings_of(data([("a", "x", 2, 1, "rating"), ("b", "y", 5, 1, "rating")]))
    part = ratings.take(ratings.value > 3)
    assert (len(part), part.users, part.items) == (1, ratings.users, ratings.items)
    assert found(part.as_dataset()) == {("b", "y"): 5}
    assert part.matrix.toarray().tolist() == [[0, 0], [0, 5]]
