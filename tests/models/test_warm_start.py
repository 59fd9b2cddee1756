"""Training that goes on from what was learnt before: matched by id, and sooner where it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from graphrec.data import Attribute, Graph, Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.data.features import FeatureSpace
from graphrec.evaluation.evaluator import evaluate
from graphrec.evaluation.splits.split import Split, carve_validation
from graphrec.forget import forget_in_snapshots
from graphrec.models import create
from graphrec.models.embeddings import Embeddings
from graphrec.models.training.warm_start import in_rows_of, with_columns_of
from graphrec.refresh.outcome import Outcome
from graphrec.settings import RefreshSettings
from graphrec.snapshot.registry import load
from tests.support.fitted import needs
from tests.support.shop import QUICK, log, part, refreshed, settings_of, store_of

pytestmark = pytest.mark.slow

GENRES = ("Comedy", "Crime", "Drama", "War")


def shop(share: float = 1.0) -> Graph:
    """The first part of a log, whose items have a genre, and users a town."""
    events = part(log(), 0, share)
    genre = Attribute("category", tuple(GENRES[int(i[1:]) % 4] for i in events.items.ids))
    town = Attribute("category", tuple(f"t{int(u[1:]) % 4}" for u in events.users.ids))
    return Graph(events, {"item": {"genre": genre}, "user": {"town": town}})


def shuffled(graph: Graph) -> Graph:
    """The same graph in rows of another order, with someone and something that it has not met."""
    rng = np.random.default_rng(5)
    users, items = (
        Vocabulary(
            (*(vocabulary.ids[row] for row in rng.permutation(len(vocabulary))), "brand new")
        )
        for vocabulary in (graph.users, graph.items)
    )
    attributes = {
        node_type: {
            name: Attribute(
                attribute.kind,
                tuple(
                    attribute.values[old.rows[each]] if each in old else None for each in new.ids
                ),
            )
            for name, attribute in graph.attributes[node_type].items()
        }
        for node_type, old, new in (("user", graph.users, users), ("item", graph.items, items))
    }
    return Graph(graph.interactions.recode(users, items), attributes)


def model_of(name: str, **changes: Any) -> Any:
    return create(name, {**QUICK[name], **changes})


def trained(model: Any, graph: Graph, start: Embeddings | None = None) -> Iterator[Embeddings]:
    return cast("Iterator[Embeddings]", model.train(Dataset.of_weights(graph), 0, start))


def last(vectors: Iterator[Embeddings]) -> Embeddings:
    *_, found = vectors
    return found


@pytest.mark.parametrize("name", ["mf", "graphsage"])
def test_what_is_resumed_is_what_was_learnt_whatever_the_order_of_rows(name: str) -> None:
    """With a step that changes nothing, everyone is scored as before."""
    needs(name)
    before, now = shop(), shuffled(shop())
    learnt = last(trained(model_of(name), before))
    start = in_rows_of(now, learnt, before.users, before.items)
    still = model_of(name, epochs=1, learning_rate=1e-9)
    assert still.can_resume(start, Dataset.of_weights(now))
    resumed = last(trained(still, now, start))
    users, items = (
        [getattr(now, nodes).rows[each] for each in getattr(before, nodes).ids]
        for nodes in ("users", "items")
    )
    expected = learnt.score(np.arange(len(before.users), dtype=np.int32))
    found = resumed.score(np.array(users, np.int32))[:, items]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    assert np.isfinite(resumed.item).all()
    assert np.isfinite(resumed.user).all()


@pytest.mark.parametrize(
    ("name", "changes"),
    [("mf", {"learning_rate": 0.02, "l2": 0.1}), ("graphsage", {"learning_rate": 0.005})],
)
def test_fewer_epochs_lead_to_the_same_validation(name: str, changes: dict[str, float]) -> None:
    """After nine tenths of the log were learnt, all of it is learnt in a third of the epochs."""
    needs(name)
    split = carve_validation(shop(), 0.1, np.random.default_rng(1))
    before = split.train.before(int(np.quantile(split.train.interactions.time, 0.9)))
    model = model_of(name, epochs=20, **changes)
    learnt = last(trained(model, before))
    start = in_rows_of(split.train, learnt, before.users, before.items)
    cold = [quality(each, split) for each in trained(model, split.train)]
    warm = [quality(each, split) for each in trained(model, split.train, start)]
    goal = 0.97 * max(cold)
    assert reached(warm, goal) <= reached(cold, goal) / 3, (cold, warm)


def quality(vectors: Embeddings, split: Split) -> float:
    found = evaluate(vectors, split, k=10, resamples=0, rng=np.random.default_rng(0))
    return found.metrics["ndcg@10"].value


def reached(curve: list[float], goal: float) -> int:
    """The first epoch, from 1, that is as good."""
    return next((at for at, value in enumerate(curve, start=1) if value >= goal), len(curve) + 1)


def test_an_item_that_is_new_begins_as_its_features_and_else_as_its_users() -> None:
    needs("graphsage")
    whole = shop()
    ids = set(whole.items.ids[:4])
    kept = ~np.isin(whole.interactions.item, [whole.items.rows[each] for each in ids])
    before = whole.with_interactions(whole.interactions.take(kept))
    learnt = last(trained(model_of("graphsage", epochs=20, learning_rate=0.02), before))
    learnt.item[[before.items.rows[each] for each in ids]] = 0  # unknown, as a newcomer is
    for graph in (whole, Graph(whole.interactions)):
        start = in_rows_of(graph, learnt, before.users, before.items)
        still = model_of("graphsage", epochs=1, learning_rate=1e-9)
        taste = last(trained(still, graph, start)).item_without_bias
        taste = taste / np.linalg.norm(taste, axis=1, keepdims=True)
        group = np.array([int(each[1:]) % 4 for each in graph.items.ids])
        for each in ids:
            near = taste @ taste[graph.items.rows[each]]
            near[graph.items.rows[each]] = np.nan
            own = group == int(each[1:]) % 4
            assert np.nanmean(near[own]) > np.nanmean(near[~own]) + 0.1


def test_ids_are_matched_and_what_is_new_or_has_no_direction_is_unknown() -> None:
    learnt = Embeddings(
        np.array([[1, 2, 1], [3, 4, 1]], np.float32),
        np.array([[5, 6, 7], [0, 0, 8], [9, 9, 9]], np.float32),
    )
    graph = shop()
    graph = Graph(replace(graph.interactions, users=Vocabulary(("c", "b", "a")),
                          items=Vocabulary(("z", "y", "x"))).take(np.empty(0, int)))  # fmt: skip
    found = in_rows_of(graph, learnt, Vocabulary(("a", "b")), Vocabulary(("x", "y", "old")))
    np.testing.assert_array_equal(found.user, [[np.nan] * 3, [3, 4, 1], [1, 2, 1]])
    np.testing.assert_array_equal(found.item, [[np.nan] * 3, [np.nan] * 3, [5, 6, 7]])
    np.testing.assert_array_equal(learnt.item[1], [0, 0, 8])  # which is left as it was


def test_features_are_matched_by_what_they_mean() -> None:
    old = FeatureSpace.of({"genre": Attribute("tags", (("b",), ("a", "c")))})
    new = FeatureSpace.of({
        "genre": Attribute("tags", (("c", "d"), ("b",))), "town": Attribute("category", ("a", "b")),
    })  # fmt: skip
    said = {"a": 1.0, "b": 2.0, "c": 3.0}

    def words(space: FeatureSpace) -> tuple[str, ...]:
        return cast("Any", space.columns["genre"]).words.ids  # type: ignore[no-any-return]

    learnt = np.array([[said[word]] for word in words(old)], np.float32)
    found = with_columns_of(np.zeros((5, 1), np.float32), new, learnt, old)
    assert found[:, 0].tolist() == [*(said.get(word, 0.0) for word in words(new)), 0.0, 0.0]


# The job


GATE = RefreshSettings(min_test_users=20)
SETTINGS = settings_of(refresh=GATE)


def facts(outcome: Outcome) -> dict[str, Any]:
    return next(dict(stage.facts) for stage in outcome.stages if stage.name == "train")


@pytest.mark.parametrize("name", ["mf", "graphsage"])
def test_a_refresh_goes_on_from_what_serves_where_that_is_fair(tmp_path: Any, name: str) -> None:
    needs(name)
    folder = tmp_path / "snapshots"
    with store_of(tmp_path / "shop.db", part(log(), 0, 0.9)) as store:
        first = refreshed(store, folder, SETTINGS, name, warm=True)
        assert first.version
        assert facts(first)["from"] is None
        again = refreshed(store, folder, SETTINGS, name, warm=True)
        assert facts(again)["from"] is None  # what it would be judged by, it has seen
        store.write_events(part(log(), 0.9, 1))
        went_on = refreshed(store, folder, SETTINGS, name, warm=True)
        assert facts(went_on)["from"] == again.version
        assert went_on.version
        assert facts(went_on)["epochs"] < max(facts(first)["epochs"], 2)
        before, now = load(folder, again.version).manifest, load(folder).manifest
        assert (now.models[name], now.weights) == (before.models[name], before.weights)


def test_nothing_that_was_learnt_of_who_is_forgotten_goes_on(tmp_path: Any) -> None:
    needs("mf")
    folder = tmp_path / "snapshots"
    with store_of(tmp_path / "shop.db", part(log(), 0, 0.9)) as store:
        refreshed(store, folder, SETTINGS, "mf")
        forget_in_snapshots(folder, ["u001"])
        store.forget_user("u001")
        store.write_events(part(log(), 0.9, 1))
        assert facts(refreshed(store, folder, SETTINGS, "mf", warm=True))["from"] is None
