"""Which model of ratings is fitted for what serves."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.data.weighting import KindPolicy
from graphrec.errors import DataError
from graphrec.ratings import RATING_MODELS, create_rating_model
from graphrec.recommend.recommender import Recommender
from graphrec.settings import RatingSettings
from graphrec.testing.ratings import two_tastes
from graphrec.training.ratings import fit_ratings
from tests.support.paths import ROOT

KINDS = {"score": KindPolicy(threshold=50)}


def several() -> Dataset:
    """Ratings of two kinds."""
    log = Interactions.of(
        list("abab"), list("xxyy"), [4, 5, 80, 20], kind=["rating", "rating", "score", "score"]
    )
    return Dataset(Graph(log.sorted()), KINDS)


def test_is_the_one_of_the_settings_with_its_hyper_parameters() -> None:
    spec = RatingSettings(model="svd", models={"svd": {"dim": 3}})
    found = fit_ratings(two_tastes(), spec, 0)
    assert found is not None
    assert (found.model, found.kind, found.low, found.high) == ("svd", "rating", 2, 4)
    assert found.residual.user.shape == (24, 3 + 2)


def test_there_is_none_where_none_shall_be_or_there_are_no_ratings() -> None:
    assert fit_ratings(two_tastes(), RatingSettings(model="none"), 0) is None
    views = Dataset(Graph(Interactions.of(["a", "b"], ["x", "y"], kind=["view", "view"])))
    assert fit_ratings(views, RatingSettings(), 0) is None


def test_of_several_kinds_the_named_one() -> None:
    with pytest.warns(UserWarning, match=r"kinds rating, score are all ratings; name one"):
        assert fit_ratings(several(), RatingSettings(model="mean"), 0) is None
    found = fit_ratings(several(), RatingSettings(model="mean", kind="score"), 0)
    assert found is not None
    assert (found.kind, found.baseline.mean) == ("score", 50)
    with pytest.raises(DataError, match="kind is 'stars'"):
        fit_ratings(several(), RatingSettings(kind="stars"), 0)


def test_a_recommender_is_fitted_with_one() -> None:
    recommender = Recommender.fit(
        two_tastes(), ratings=RatingSettings(model="biases"), embeddings={}
    )
    assert recommender.predict("00", "00").model == "biases"


def test_the_table_of_hyper_parameters_is_whole() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    table = text.partition("## `[ratings.models.NAME]`\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `([\w+-]+)` \| (.*?) \|$", table, re.M))
    assert list(rows) == list(RATING_MODELS)
    for name, row in rows.items():
        pytest.importorskip("torch") if name in ("mlp", "graphsage") else None
        model = create_rating_model(name)
        values = {each.name: str(getattr(model, each.name)).lower() for each in fields(model)}
        assert dict(re.findall(r"`(\w+) = (.*?)`", row)) == values
