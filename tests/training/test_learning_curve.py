"""How good lists are by how many interactions a new user has given."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from graphrec.cli.learning_curve import draw

from graphrec.errors import SettingsError
from graphrec.evaluation.splits.cold import cold_users, truncated_histories
from graphrec.settings import Settings
from graphrec.training.learning_curve import LearningCurves, learning_curves
from tests.support.small_data import graph_of, ratings

SETTINGS = Settings().model_copy(update={"seed": 1})


def curves(*names: str, settings: Settings = SETTINGS) -> LearningCurves:
    graph, rng = graph_of(ratings()), np.random.default_rng(1)
    cold = cold_users(graph, 0.25, rng, given=(0, 2, 5))
    validation = truncated_histories(cold.train, 0.2, rng, given=(0, 2, 5))
    return learning_curves(names, cold, validation, settings, k=5)


def test_what_strangers_give_makes_their_lists_better_than_the_popular_one() -> None:
    found = {curve.model: curve for curve in curves("popularity", "item-knn").curves}
    ndcg = {
        name: [curve.by_given[n].metrics["ndcg@5"].value for n in (0, 2, 5)]
        for name, curve in found.items()
    }
    assert ndcg["item-knn"][0] == ndcg["popularity"][0]  # with nothing given, the popular list
    assert ndcg["item-knn"][2] > 1.2 * ndcg["popularity"][2]


@pytest.mark.slow
def test_a_model_of_sequences_encodes_strangers_as_anyone() -> None:
    pytest.importorskip("torch")
    values = {"dim": 16, "epochs": 5, "negatives": 20, "learning_rate": 0.01}
    settings = SETTINGS.model_copy(update={"models": {"sasrec": values}})
    popular, ordered = curves("popularity", "sasrec", settings=settings).curves
    nothing, some = ([curve.by_given[n].metrics["ndcg@5"].value for curve in (popular, ordered)]
                     for n in (0, 5))  # fmt: skip
    assert nothing[0] == nothing[1]
    assert some[0] != some[1]


def test_a_model_that_knows_its_users_alone_is_refused() -> None:
    with pytest.raises(SettingsError, match="expected one that folds in"):
        curves("user-knn")


def test_the_chart_is_a_drawing_with_a_line_for_each_model() -> None:
    found = curves("popularity", "item-knn")
    drawing = ET.fromstring(draw(found))  # noqa: S314 - our own
    assert len(drawing.findall("{http://www.w3.org/2000/svg}polyline")) == 2
    assert {"popularity", "item-knn"} <= {text.text for text in drawing.iter()}
    figures = found.as_json()
    assert figures["test_users"] == 10
    assert set(figures["models"][0]["given"]) == {"0", "2", "5"}
