"""`compare` and `evaluate`: models side by side on one split, and the baselines always."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import graphrec as gr
from graphrec.data import Rows, Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.errors import DataError
from graphrec.evaluation import metrics
from graphrec.evaluation.evaluator import evaluate_ranking, fit_and_evaluate, rank_by
from graphrec.evaluation.metrics import RankedLists
from tests.support.random_data import data_of


@dataclass(frozen=True)
class Oracle:
    """A fitted model that knows the test."""

    scores: NDArray[np.float32]

    def score(self, users: Rows) -> NDArray[np.float32]:
        return self.scores[users]


def oracle(test: gr.TestSet) -> Oracle:
    graph = replace(test.split.train, interactions=test.split.test)
    return Oracle(graph.matrix.toarray())


@pytest.fixture(scope="module")
def sides() -> tuple[Dataset, gr.TestSet]:
    return gr.split.temporal(data_of(), 0.2)


def test_baselines_are_always_shown(sides: tuple[Dataset, gr.TestSet]) -> None:
    found = gr.compare([gr.EASE(), gr.ItemKNN()], *sides)
    assert [result.model for result in found.results] == ["ease", "item-knn", "popularity"]


def test_figures_are_those_of_the_evaluator(sides: tuple[Dataset, gr.TestSet]) -> None:
    found = gr.compare([gr.EASE()], *sides, k=5, seed=3)
    expected = fit_and_evaluate(
        "ease", gr.EASE(), found.split, seed=3, k=5, resamples=1000
    ).evaluation
    assert found.results[0].evaluation.metrics == expected.metrics


def test_a_model_of_each_setting(sides: tuple[Dataset, gr.TestSet]) -> None:
    models = [gr.ItemKNN(), gr.ItemKNN(neighbours=7), gr.ItemKNN(), gr.Popularity()]
    found = gr.compare(models, *sides, resamples=0)
    assert [result.model for result in found.results] == [
        "item-knn", "item-knn(neighbours=7)", "item-knn #2", "popularity",
    ]  # fmt: skip


def test_models_that_were_fitted_already(sides: tuple[Dataset, gr.TestSet]) -> None:
    train, test = sides
    found = gr.compare([oracle(test)], train, test, k=60)
    assert found.results[0].model == "fitted Oracle"
    assert found.results[0].evaluation.metrics["recall@60"].value == 1
    assert gr.evaluate(oracle(test), test, k=60).metrics["recall@60"].value == 1


def test_a_frame_of_metrics_with_intervals(sides: tuple[Dataset, gr.TestSet]) -> None:
    frame = gr.compare([gr.EASE()], *sides, k=5).to_frame()
    assert list(frame.index) == ["ease", "popularity", "item-knn"]
    for name in set(metrics.METRICS) - {"diversity"}:  # items have no attributes here
        values = frame[[f"{name}@5_low", f"{name}@5", f"{name}@5_high"]].to_numpy()
        assert (np.diff(values, axis=1) >= 0).all()
    assert "coverage@5" in frame
    assert (frame["fit_seconds"] > 0).all()
    bare = gr.compare([], *sides, k=5, resamples=0).to_frame()
    assert not [name for name in bare if name.endswith(("_low", "_high"))]


def test_a_table_to_look_at(sides: tuple[Dataset, gr.TestSet]) -> None:
    found = gr.compare([gr.EASE()], *sides, k=5)
    head, first, *_, note = repr(found).splitlines()
    assert head.split() == [
        "model",
        "ndcg@5",
        "recall@5",
        "hit@5",
        "mrr@5",
        "coverage@5",
        "overlap@5",
        "long_tail@5",
        "lift@5",
        "seconds",
    ]
    assert first.startswith("ease")
    assert note == f"{len(sides[1].users)} test users; in brackets: 95 % bootstrap over users"
    assert found._repr_html_().count("<tr>") == 4
    assert found.as_json()["models"][0]["model"] == "ease"


def test_two_sides_of_different_splits(sides: tuple[Dataset, gr.TestSet]) -> None:
    train, test = sides
    with pytest.raises(DataError, match="expected two sides of one split"):
        gr.compare([], data_of(users=30), test)
    with pytest.raises(DataError, match=r"train holds .* pairs of user and item that the test"):
        gr.compare([], data_of(), test)
    strangers: Any = oracle(test)
    object.__setattr__(strangers, "users", Vocabulary(("x",)))
    with pytest.raises(DataError, match="fitted to 1 users, others than the 40 of the test"):
        gr.compare([strangers], train, test)


def test_a_metric_is_a_function_and_a_line(
    sides: tuple[Dataset, gr.TestSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    def filled(lists: RankedLists) -> NDArray[np.float64]:
        return (lists.ranked >= 0).mean(axis=1)

    monkeypatch.setattr(metrics, "METRICS", {**metrics.METRICS, "filled": filled})
    split = sides[1].split
    found = evaluate_ranking(
        rank_by(oracle(sides[1]), split.train), split, k=3, resamples=10,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert found.metrics["filled@3"].value == 1
    assert found.metrics["filled@3"].low == 1


def test_progress_names_the_models(sides: tuple[Dataset, gr.TestSet]) -> None:
    reported: list[str] = []
    gr.compare([], *sides, resamples=0, progress=lambda stage, *_: reported.append(stage))
    assert reported == ["comparing popularity", "comparing item-knn"]
