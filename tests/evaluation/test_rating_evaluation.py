"""Folds, and models of ratings compared on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.errors import DataError, SettingsError
from graphrec.evaluation.rating_evaluation import (
    by_time,
    compare_ratings,
    given,
    random_folds,
)
from graphrec.ratings import Biases, FittedRatings, GlobalMean, ratings_of
from graphrec.ratings.biases import fit_baseline, predictor_of
from graphrec.ratings.fitted import fitted, prepare
from graphrec.testing.ratings import rated, two_tastes


def pairs_of(ratings) -> set[tuple[int, int]]:
    return set(zip(ratings.user.tolist(), ratings.item.tolist(), strict=True))


def test_each_rating_is_predicted_once_by_those_that_are_not() -> None:
    whole = ratings_of(two_tastes())
    splits = random_folds(whole, 5, seed=1)
    tested = [pairs_of(split.test) for split in splits]
    assert set.union(*tested) == pairs_of(whole)
    assert sum(map(len, tested)) == len(whole)
    for split in splits:
        assert pairs_of(split.train) == pairs_of(whole) - pairs_of(split.test)
        assert abs(len(split.test) - len(whole) / 5) <= 1


def test_folds_depend_on_the_seed_alone() -> None:
    whole = ratings_of(two_tastes())
    one, other, third = (random_folds(whole, 3, seed)[0].test for seed in (1, 1, 2))
    assert pairs_of(one) == pairs_of(other) != pairs_of(third)


def test_fewer_ratings_than_folds_are_an_error() -> None:
    with pytest.raises(DataError, match="2 ratings cannot be cut into 5 folds"):
        random_folds(ratings_of(rated([("a", "x", 1), ("a", "y", 2)])), 5, 0)
    with pytest.raises(SettingsError, match="folds are 1: expected 2 or more"):
        random_folds(ratings_of(two_tastes()), 1, 0)


def test_by_time_the_newest_are_predicted() -> None:
    log = Interactions.of(list("abcde"), ["x"] * 5, [1, 2, 3, 4, 5], [10, 30, 20, 50, 40],
                          ["rating"] * 5)  # fmt: skip
    [split] = by_time(ratings_of(Dataset(Graph(log.sorted()))), 0.4)
    assert sorted(split.test.value.tolist()) == [4, 5]
    assert sorted(split.train.value.tolist()) == [1, 2, 3]
    with pytest.raises(DataError, match="have one time"):
        by_time(ratings_of(two_tastes()), 0.4)


def test_a_split_of_files_may_have_new_users_and_no_pair_twice() -> None:
    train, test = rated([("a", "x", 1), ("b", "y", 2)]), rated([("a", "y", 3), ("c", "z", 4)])
    [split] = given(ratings_of(train), ratings_of(test))
    assert split.train.users.ids == split.test.users.ids == ("a", "b", "c")
    assert split.test.value.tolist() == [3, 4]
    with pytest.raises(DataError, match=r"1 of 1 pairs .* user 'a' and item 'x'"):
        given(ratings_of(train), ratings_of(rated([("a", "x", 5)])))


@dataclass(frozen=True)
class Oracle:
    """Knows what two groups of users like."""

    def fit(self, data: Dataset, seed: object = 0) -> FittedRatings:
        ratings, _ = prepare(self, data, 0)

        class Known:
            def residual(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
                number = [np.array(nodes.ids, int) for nodes in (ratings.users, ratings.items)]
                same = number[0][users] % 2 == number[1][items] % 2
                return np.where(same, 4.0, 2.0) - base.of(users, items)

        base = fit_baseline(ratings)
        return fitted(ratings, predictor_of("oracle", ratings, base, Known()))


def test_a_model_that_knows_has_no_error() -> None:
    found = compare_ratings({"oracle": Oracle(), "mean": GlobalMean()}, two_tastes(), folds=4)
    oracle, mean = (result.metrics for result in found.results)
    assert (oracle["rmse"].value, oracle["mae"].value) == (pytest.approx(0, abs=1e-6),) * 2
    assert oracle["fcp"].value == oracle["ndcg@10"].value == pytest.approx(1)
    assert mean["rmse"].value == pytest.approx(1, abs=0.05)
    assert mean["fcp"].value == pytest.approx(0.5)
    assert mean["rmse"].low <= mean["rmse"].value <= mean["rmse"].high
    assert [len(result.folds) for result in found.results] == [4, 4]
    assert (found.low, found.high, found.protocol) == (2, 4, "4-fold")
    assert found.as_json()["models"][0]["model"] == "oracle"
    assert "oracle" in repr(found)
    assert "<table>" in found._repr_html_()


def test_of_a_test_of_its_own() -> None:
    data = two_tastes()
    part = ratings_of(data)
    late = np.arange(len(part)) % 7 == 0
    found = compare_ratings(
        [Biases(), Biases(user_l2=1.0)],
        part.take(~late).as_dataset(),
        part.take(late).as_dataset(),
        resamples=0,
    )
    assert found.protocol == "given"
    assert found.ratings == late.sum()
    assert [r.metrics["rmse"].low for r in found.results] == [None, None]
    assert found.results[0].model.startswith("Biases(user_l2=3.0")


def test_what_only_biases_could_predict_is_counted() -> None:
    train, test = two_tastes(), rated([("nobody", "00", 4), ("00", "nothing", 2)])
    assert compare_ratings({"b": Biases()}, train, test).results[0].fallbacks == 2
