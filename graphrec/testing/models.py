"""What every model does, as tests: inherit `ModelContract` and give it a model.

In a test module of your own, for a model `MyModel` that follows `graphrec.models.Model`:

    from graphrec.testing.models import ModelContract

    class TestMyModel(ModelContract):
        @pytest.fixture
        def model(self) -> Model:
            return MyModel(dim=8)

        def plain_model(self) -> Model:
            return MyModel(dim=4, epochs=2)

`model` has to learn a checkerboard of 24 users and items; `plain_model` has to be quick to fit.
"""

from __future__ import annotations

from dataclasses import is_dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.models import Model
from graphrec.models.top_k import top_k


def checkerboard(size: int = 24) -> Graph:
    """Even users like even items and odd users odd ones, except the item of their own number."""
    pairs = [(f"{u:02}", f"{i:02}") for u in range(size) for i in range(u % 2, size, 2) if i != u]
    users, items = zip(*pairs, strict=True)
    return Graph(Interactions.of(users, items).sorted())


def shortened(model: Model) -> Model:
    """The model with two epochs, where it has any: enough for all that it need not learn for."""
    if not is_dataclass(model) or getattr(model, "epochs", 0) <= 2:
        return model
    short: Model = replace(model, epochs=2)
    return short


class ModelContract:
    """Tests of a fixture `model`, and of the model that `plain_model` gives."""

    @pytest.fixture
    def model(self) -> Model:
        """The model, in a configuration that can learn a checkerboard."""
        raise NotImplementedError

    def plain_model(self) -> Model:
        """The model in a configuration that is quick to fit, for property tests."""
        raise NotImplementedError

    def test_recommends_the_missing_square_of_a_checkerboard(self, model: Model) -> None:
        graph = checkerboard()
        rows = np.arange(len(graph.users), dtype=np.int32)
        scores = model.fit(Dataset.of_weights(graph)).score(rows)
        assert top_k(scores, 1, graph.seen)[:, 0].tolist() == rows.tolist()

    def test_one_seed_gives_one_model(self, model: Model) -> None:
        rows, model = np.arange(24, dtype=np.int32), shortened(model)
        first, second = (
            model.fit(Dataset.of_weights(checkerboard()), 7).score(rows) for _ in range(2)
        )
        np.testing.assert_array_equal(first, second)

    def test_a_batch_scores_as_its_users_one_by_one(self, model: Model) -> None:
        scorer = shortened(model).fit(Dataset.of_weights(checkerboard())).scorer
        rows = np.array([5, 0, 5, 23], np.int32)
        batch = scorer.score(rows)
        single = np.concatenate([scorer.score(rows[n : n + 1]) for n in range(len(rows))])
        assert batch.shape == (4, 24)
        np.testing.assert_allclose(batch, single, rtol=1e-5, atol=1e-6)

    def test_users_and_items_without_interactions_get_finite_scores(self, model: Model) -> None:
        full = checkerboard()
        log = full.interactions
        graph = full.with_interactions(log.take((log.user != 3) & (log.item != 4)))
        data, rows = Dataset.of_weights(graph), np.arange(24, dtype=np.int32)
        assert np.isfinite(shortened(model).fit(data).score(rows)).all()

    def test_events_of_weight_zero_teach_nothing(self, model: Model) -> None:
        """Such an item was seen, but it is not among what the user likes."""
        graph = checkerboard()
        log = graph.interactions
        odd = Interactions.of(
            [*(log.users.ids[u] for u in log.user), "00"],
            [*(log.items.ids[i] for i in log.item), "01"],
            [*log.weight, 0.0],
        ).sorted()
        row = np.zeros(1, np.int32)
        scores = model.fit(Dataset.of_weights(Graph(odd))).score(row)[0]
        assert scores[0] > scores[1]

    def test_fitting_changes_neither_model_nor_graph(self, model: Model) -> None:
        model = shortened(model)
        graph, before = checkerboard(), hash(model)
        weights = graph.interactions.weight.copy()
        model.fit(Dataset.of_weights(graph))
        assert hash(model) == before
        np.testing.assert_array_equal(graph.interactions.weight, weights)

    @settings(max_examples=8, suppress_health_check=[HealthCheck.differing_executors])
    @given(
        pairs=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30),
        seed=st.integers(0, 3),
    )
    def test_scores_of_any_log_are_finite(self, pairs: list[tuple[int, int]], seed: int) -> None:
        model = self.plain_model()
        users, items = zip(*[(str(u), str(i)) for u, i in pairs], strict=True)
        graph = Graph(Interactions.of(users, items).sorted())
        rows = np.arange(len(graph.users), dtype=np.int32)
        scores = model.fit(Dataset.of_weights(graph), seed).score(rows)
        assert scores.shape == graph.matrix.shape
        assert np.isfinite(scores).all()
