"""What a setting is worth on validation, and that nothing else is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.errors import DataError, MissingExtra
from graphrec.evaluation.evaluator import fit_and_evaluate
from graphrec.evaluation.splits.split import sample_users, temporal
from graphrec.models import create
from graphrec.models.hyper_parameters import Point, search_space
from graphrec.models.knn import ItemKNN
from graphrec.settings import Settings
from graphrec.training import fit as pipeline
from graphrec.training import objective
from graphrec.training.objective import (
    kept_values,
    known_settings,
    validation_objective,
    validation_of,
)
from graphrec.training.tune import Budget, tune
from tests.support.small_data import graph_of, ratings

K = 5


def settings(**changes: Any) -> Settings:
    return Settings().model_copy(update=changes)


def installed(name: str) -> str:
    try:
        create(name)
    except MissingExtra as error:
        pytest.skip(str(error))
    return name


def quiet(step: int, score: float) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("timed", [True, False])
def test_the_validation_part_is_the_one_that_models_are_compared_with(timed: bool) -> None:
    rows = [(user, item, stars, time if timed else 0) for user, item, stars, time in ratings()]
    split = pipeline.split_log(Dataset(graph_of(rows)), settings())[1]
    compared = pipeline.compare(["popularity"], split, settings(), protocol="", k=K)
    ours = validation_of(split.train, settings())
    assert len(ours.test)
    for mine, theirs in (
        (ours.test, compared.validation.test),
        (ours.train.interactions, compared.validation.train.interactions),
    ):
        np.testing.assert_array_equal(mine.user, theirs.user)
        np.testing.assert_array_equal(mine.item, theirs.item)


def test_a_log_too_small_for_validation_is_an_error() -> None:
    graph = Graph(Interactions.of(["a", "b"], ["x", "y"]))
    with pytest.raises(DataError, match="validation set has 0 of 2 events"):
        validation_of(graph, settings())


def test_a_setting_is_worth_what_evaluation_says() -> None:
    validation = validation_of(temporal(graph_of(ratings()), 0.1).train, settings())
    judge = validation_objective("item-knn", {"neighbours": 3}, validation, seed=0, k=K)
    model = create("item-knn", {"neighbours": 3, "target_exponent": 0.0})
    expected = fit_and_evaluate("item-knn", model, validation, seed=0, k=K, resamples=0)
    value = expected.evaluation.metrics[f"ndcg@{K}"].value
    assert judge({"target_exponent": 0.0}, quiet) == value


def test_a_model_of_epochs_reports_them_and_is_worth_its_best() -> None:
    installed("mf")
    validation = validation_of(graph_of(ratings()), settings())
    kept: Point = {"dim": 4, "epochs": 4}

    def judged(rate: float) -> tuple[float, list[tuple[int, float]]]:
        reported: list[tuple[int, float]] = []
        judge = validation_objective("mf", kept, validation, seed=0, k=K)
        return judge({"learning_rate": rate}, lambda *step: reported.append(step)), reported

    value, reported = judged(0.05)
    assert [epoch for epoch, _ in reported] == [1, 2, 3, 4]
    assert value == max(score for _, score in reported)
    assert judged(0.05) == (value, reported)
    assert judged(0.3)[1] != reported


def test_of_many_users_the_same_sample_judges_every_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(objective, "MAX_USERS", 4)
    drawn: list[list[int]] = []

    def noted(*arguments: Any) -> Any:
        split = sample_users(*arguments)
        drawn.append(np.unique(split.test.user).tolist())
        return split

    monkeypatch.setattr(objective, "sample_users", noted)
    validation = validation_of(graph_of(ratings()), settings())
    judge = validation_objective("popularity", {}, validation, seed=0, k=K)
    judge({}, quiet)
    judge({"half_life_share": 0.1}, quiet)
    [users] = drawn
    assert len(users) == 4


def test_a_search_starts_from_the_defaults_and_from_what_is_set() -> None:
    default = known_settings("item-knn", {})
    assert known_settings("item-knn", {"neighbours": 400}) == default  # the same
    [first] = default
    assert set(first) == set(search_space(ItemKNN))
    second = known_settings("item-knn", {"neighbours": 9, "similarity": "jaccard"})
    assert second == (first, {**first, "neighbours": 9})


def test_what_is_not_searched_stays_as_it_is_set() -> None:
    chosen: Point = {"neighbours": 9, "similarity": "jaccard"}
    assert kept_values("item-knn", chosen) == {"similarity": "jaccard"}


def test_a_default_of_none_is_left_out() -> None:
    """No settings file could say it."""
    assert known_settings("popularity", {}) == ({},)


def test_on_a_small_graph_a_better_setting_than_a_bad_one_is_found() -> None:
    pytest.importorskip("optuna")
    validation = validation_of(graph_of(ratings()), settings())
    bad: Point = {"neighbours": 1, "shrinkage": 50.0, "weighting": "tfidf", "user_exponent": 1.5,
                  "history_exponent": 0.0, "target_exponent": 1.0}  # fmt: skip
    found = tune(
        "item-knn",
        search_space(ItemKNN),
        validation_objective("item-knn", {}, validation, seed=0, k=K),
        starts=[bad],
        budget=Budget(trials=12),
        rng=np.random.default_rng(0),
    )
    [default, *others] = found.trials
    assert default.point == bad
    assert default.score is not None
    assert found.best in others
    assert found.best.score is not None
    assert found.best.score > default.score
