"""What every model of ratings does, as tests: inherit `RatingModelContract` and give it a model.

In a test module of your own, for a model `MyModel` that follows `graphrec.ratings.RatingModel`:

    from graphrec.testing.ratings import RatingModelContract

    class TestMyModel(RatingModelContract):
        @pytest.fixture
        def model(self) -> RatingModel:
            return MyModel(dim=4)

        def plain_model(self) -> RatingModel:
            return MyModel(dim=2, epochs=2)

`plain_model` has to be quick to fit. A model that is not personal, such as the mean, sets
`personal` to False.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.ratings import FittedRatings, RatingModel

SIZE = 24

QUICK = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
)


def rated(rows: Sequence[tuple[str, str, float]]) -> Dataset:
    """A data set of ratings: user, item and value of each."""
    users, items, values = zip(*rows, strict=True)
    log = Interactions.of(users, items, values, kind=["rating"] * len(rows))
    return Dataset(Graph(log.sorted()))


def two_tastes(low: float = 2.0, high: float = 4.0) -> Dataset:
    """Even users give even items `high` and odd ones `low`, odd users the other way round.

    All but the item of their own number, and every fifth.
    """
    return rated(
        [
            (f"{u:02}", f"{i:02}", high if u % 2 == i % 2 else low)
            for u in range(SIZE)
            for i in range(SIZE)
            if i != u and (u + i) % 5
        ]
    )


def own_items(fitted: FittedRatings) -> np.ndarray:
    """What each user would give the item of their own number, which they did not rate."""
    return np.array([fitted.predict(f"{n:02}", f"{n:02}").rating for n in range(SIZE)])


class RatingModelContract:
    """Tests of a fixture `model`, and of the model that `plain_model` gives."""

    personal = True

    @pytest.fixture
    def model(self) -> RatingModel:
        """The model, in a configuration that can learn two groups of 24 users and items."""
        raise NotImplementedError

    def plain_model(self) -> RatingModel:
        """The model in a configuration that is quick to fit, for property tests."""
        raise NotImplementedError

    def test_learns_two_tastes(self, model: RatingModel) -> None:
        found = own_items(model.fit(two_tastes()))
        assert np.isfinite(found).all()
        if self.personal:
            assert (found > 3.4).mean() > 0.9

    def test_one_seed_gives_one_model(self, model: RatingModel) -> None:
        one, other = (own_items(model.fit(two_tastes(), 7)) for _ in range(2))
        np.testing.assert_array_equal(one, other)

    def test_a_constant_added_to_all_ratings_is_added_to_all_predictions(
        self, model: RatingModel
    ) -> None:
        one, other = (
            own_items(model.fit(two_tastes(2 + more, 4 + more), 3)) for more in (0.0, 10.0)
        )
        np.testing.assert_allclose(other, one + 10, atol=0.05)

    def test_of_a_batch_as_one_by_one(self, model: RatingModel) -> None:
        fitted = model.fit(two_tastes())
        users, items = ["05", "00", "05", "nobody", "23"], ["05", "01", "nothing", "03", "23"]
        single = [
            fitted.predict(user, item).rating for user, item in zip(users, items, strict=True)
        ]
        np.testing.assert_allclose(fitted.predict_all(users, items), single, rtol=1e-6)

    def test_says_what_it_does_not_know(self, model: RatingModel) -> None:
        fitted = model.fit(two_tastes())
        found = {
            (user, item): fitted.predict(user, item)
            for user in ("00", "nobody")
            for item in ("00", "nothing")
        }
        assert [each.basis for each in found.values()] == ["model", "user", "item", "mean"]
        assert [each.note is None for each in found.values()] == [True, False, False, False]
        assert all(2 <= each.rating <= 4 for each in found.values())

    def test_fitting_changes_neither_model_nor_data(self, model: RatingModel) -> None:
        data, before = two_tastes(), hash(model)
        weights = data.recorded.interactions.weight.copy()
        model.fit(data)
        assert hash(model) == before
        np.testing.assert_array_equal(data.recorded.interactions.weight, weights)

    @settings(
        max_examples=8, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
    )
    @given(
        pairs=st.lists(
            st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30, unique=True
        ),
        value=st.sampled_from([-3.0, 0.0, 0.5, 4.0, 10.0]),
    )
    def test_a_constant_log_predicts_the_constant(
        self, pairs: list[tuple[int, int]], value: float
    ) -> None:
        fitted = self.plain_model().fit(rated([(str(u), str(i), value) for u, i in pairs]))
        for user in ("0", "5", "nobody"):
            for item in ("0", "5", "nothing"):
                assert fitted.predict(user, item).rating == pytest.approx(value)

    @settings(
        max_examples=8, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
    )
    @given(
        ratings=st.dictionaries(
            st.tuples(st.integers(0, 5), st.integers(0, 5)),
            st.sampled_from([1.0, 2.0, 3.5, 5.0]),
            min_size=1,
            max_size=30,
        ),
        seed=st.integers(0, 3),
    )
    def test_predictions_of_any_log_are_within_its_scale(
        self, ratings: dict[tuple[int, int], float], seed: int
    ) -> None:
        rows = [(str(user), str(item), value) for (user, item), value in ratings.items()]
        fitted = self.plain_model().fit(rated(rows), seed)
        low, high = min(ratings.values()), max(ratings.values())
        for user in ("0", "3", "nobody"):
            for item in ("0", "3", "nothing"):
                assert low <= fitted.predict(user, item).rating <= high
