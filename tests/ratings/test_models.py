"""Models of ratings against their contract, and against figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graphrec.errors import DataError, SettingsError
from graphrec.ratings import (
    RATING_MODELS,
    SVD,
    BayesianSVD,
    Biases,
    Blend,
    GlobalMean,
    ItemKNN,
    RatingModel,
    SVDpp,
    UserKNN,
    create_rating_model,
)
from graphrec.ratings.factorisation import halves_of, solve_half
from graphrec.ratings.log import ratings_of
from graphrec.testing.ratings import RatingModelContract, rated, two_tastes


class TestGlobalMean(RatingModelContract):
    personal = False

    @pytest.fixture
    def model(self) -> RatingModel:
        return GlobalMean()

    def plain_model(self) -> RatingModel:
        return GlobalMean()

    def test_is_the_mean(self) -> None:
        fitted = GlobalMean().fit(rated([("a", "x", 1), ("a", "y", 2), ("b", "x", 5)]))
        assert fitted.predict("b", "y").rating == pytest.approx(8 / 3)


class TestBiases(RatingModelContract):
    personal = False

    @pytest.fixture
    def model(self) -> RatingModel:
        return Biases()

    def plain_model(self) -> RatingModel:
        return Biases()

    def test_one_sweep_by_hand(self) -> None:
        """Mean 3; x: (1 + 3 - 6) / (2 + 1) = -2/3, y: 2 / (1 + 1) = 1; then a and b."""
        data = rated([("a", "x", 1), ("b", "x", 3), ("a", "y", 5)])
        fitted = Biases(user_l2=2, item_l2=1, sweeps=1).fit(data)
        base = fitted.predictor.baseline
        np.testing.assert_allclose(base.item, [-2 / 3, 1], rtol=1e-6)
        # a: (1 - 3 + 2/3) + (5 - 3 - 1) = -1/3, of 2 ratings; b: 2/3, of one
        np.testing.assert_allclose(base.user, [-1 / 3 / 4, 2 / 3 / 3], rtol=1e-6)
        assert fitted.predict("b", "y").rating == pytest.approx(3 + 2 / 9 + 1)

    def test_without_l2_it_fits_what_is_additive(self) -> None:
        users, items = {"a": 0.0, "b": 1.0, "c": -1.0}, {"x": 1.0, "y": 2.0, "z": 4.0}
        rows = [(u, i, own + its) for u, own in users.items() for i, its in items.items()]
        fitted = Biases(user_l2=0, item_l2=0, sweeps=50).fit(rated(rows[:-1]))
        for user, item, value in rows[:-1]:
            assert fitted.predict(user, item).rating == pytest.approx(value, abs=1e-4)


class TestItemKNN(RatingModelContract):
    @pytest.fixture(params=["cosine", "pearson", "euclidean"])
    def model(self, request: pytest.FixtureRequest) -> RatingModel:
        return ItemKNN(similarity=request.param, shrinkage=1, neighbours=5, confidence=0.01)

    def plain_model(self) -> RatingModel:
        return ItemKNN()


class TestUserKNN(RatingModelContract):
    @pytest.fixture(params=["cosine", "pearson", "euclidean"])
    def model(self, request: pytest.FixtureRequest) -> RatingModel:
        return UserKNN(similarity=request.param, shrinkage=1, neighbours=5, confidence=0.01)

    def plain_model(self) -> RatingModel:
        return UserKNN()


class TestSVD(RatingModelContract):
    @pytest.fixture
    def model(self) -> RatingModel:
        return SVD(dim=2, l2=1)

    def plain_model(self) -> RatingModel:
        return SVD(dim=2, sweeps=3)


class TestSVDpp(RatingModelContract):
    @pytest.fixture
    def model(self) -> RatingModel:
        return SVDpp(dim=2, l2=1)

    def plain_model(self) -> RatingModel:
        return SVDpp(dim=2, sweeps=3)


class TestBayesianSVD(RatingModelContract):
    @pytest.fixture(params=[True, False])
    def model(self, request: pytest.FixtureRequest) -> RatingModel:
        return BayesianSVD(dim=2, votes=request.param, burn_in=10, draws=20)

    def plain_model(self) -> RatingModel:
        return BayesianSVD(dim=2, burn_in=2, draws=3)


@pytest.mark.slow
class TestMLP(RatingModelContract):
    @pytest.fixture
    def model(self) -> RatingModel:
        pytest.importorskip("torch")
        return create_rating_model("mlp", {"dim": 4, "epochs": 40, "batch_size": 64, "l2": 0.01})

    def plain_model(self) -> RatingModel:
        pytest.importorskip("torch")
        return create_rating_model("mlp", {"dim": 2, "epochs": 1})


@pytest.mark.slow
class TestGraphSAGE(RatingModelContract):
    @pytest.fixture
    def model(self) -> RatingModel:
        pytest.importorskip("torch")
        return create_rating_model("graphsage", {"dim": 4, "epochs": 40, "confidence": 1.0})

    def plain_model(self) -> RatingModel:
        pytest.importorskip("torch")
        return create_rating_model("graphsage", {"dim": 2, "epochs": 1})


class TestBlend(RatingModelContract):
    @pytest.fixture
    def model(self) -> RatingModel:
        return Blend("svd++, item-knn")

    def plain_model(self) -> RatingModel:
        return Blend("svd, user-knn")

    @pytest.mark.parametrize("members", ["", "blend, svd", "svd, biases"])
    def test_of_nothing_is_an_error(self, members: str) -> None:
        with pytest.raises(SettingsError, match=r"of a blend .*: expected"):
            Blend(members).fit(two_tastes())


def test_svd_minimises_what_it_says() -> None:
    """No step away from where it ends makes errors and squares smaller."""
    data = two_tastes()
    model = SVD(dim=2, l2=1.5, bias_l2=0.7, sweeps=200)
    ratings = ratings_of(data)
    deviation = ratings.value - ratings.value.mean()
    user, item = halves_of(ratings, 2, False, np.random.default_rng(0))
    precision = np.diag([model.l2, model.l2, model.bias_l2])
    for _ in range(model.sweeps):
        solve_half(user, item, deviation, precision, 1.0)
        solve_half(item, user, deviation, precision, 1.0)

    def loss(own: np.ndarray, other: np.ndarray) -> float:
        one, two = own[ratings.user], other[ratings.item]
        guess = (one[:, :2] * two[:, :2]).sum(1) + one[:, 2] + two[:, 2]
        squares = sum((side**2 @ np.diag(precision)).sum() for side in (own, other))
        return float(((deviation - guess) ** 2).sum() + squares)

    best, rng = loss(user.rows, item.rows), np.random.default_rng(1)
    for _ in range(50):
        steps = [rng.normal(0, 1e-3, half.rows.shape) for half in (user, item)]
        assert loss(user.rows + steps[0], item.rows + steps[1]) > best - 1e-9


@pytest.mark.parametrize("name", RATING_MODELS)
def test_every_model_has_a_name_and_defaults(name: str) -> None:
    assert create_rating_model(name) == type(create_rating_model(name))()


def test_an_unknown_model_is_an_error_that_names_the_others() -> None:
    with pytest.raises(SettingsError, match=r"'svdpp' is unknown: expected one of mean, biases"):
        create_rating_model("svdpp")


def test_a_hyper_parameter_out_of_range_is_an_error() -> None:
    with pytest.raises(SettingsError, match=r"ratings\.models\.svd\.dim = 0"):
        create_rating_model("svd", {"dim": 0})
    with pytest.raises(SettingsError, match=r"ratings\.models\.mean\.dim is unknown"):
        create_rating_model("mean", {"dim": 1})
    with pytest.raises(SettingsError, match="dim"):
        replace(SVD(), dim=0).fit(two_tastes())


def test_columns_of_different_lengths_are_an_error() -> None:
    with pytest.raises(DataError, match="1 users and 2 items: expected as many"):
        GlobalMean().fit(two_tastes()).predict_all(["00"], ["00", "01"])
