"""Items near the mean of the vectors of what someone likes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphrec.data import Attribute, Graph, Vector, Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.errors import SettingsError
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.source import Histories
from graphrec.retrieval.vectors import NearestVectors, VectorsNow
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.update import update
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta, ItemDelta
from graphrec.testing.logs import Event, log_of
from graphrec.training.fusion import Fusion

VALUES = (Vector.of([1, 0]), Vector.of([2, 0.2]), Vector.of([0, 3]), None, Vector.of([-1, 0]))
ALL = np.ones(5, bool)


def source() -> NearestVectors:
    found = NearestVectors.of("v", Attribute("vector", VALUES))
    assert found is not None
    return found


def likes(*rows: int) -> UserProfile:
    return UserProfile(np.array(rows, np.int32), np.ones(len(rows), np.float32))


def test_the_nearest_by_cosine() -> None:
    one = source()
    assert one.name == "vector:v"
    found = one.retrieve(likes(0), np.array([False, True, True, True, True]), 3)
    assert found is not None
    assert found.rows.tolist() == [1]
    assert found.z_scores(np.array([3, 4], np.int32)).tolist() == [0, 0]
    assert one.retrieve(likes(3), ALL, 3) is None
    assert one.retrieve(likes(), ALL, 3) is None
    assert NearestVectors.of("v", Attribute("vector", (None,))) is None


def test_vectors_that_changed_and_new_items() -> None:
    now = VectorsNow(source(), {2: np.array([1, 0], np.float32), 5: np.array([1, 0], np.float32)})
    found = now.retrieve(likes(0), ALL, 5)
    assert found is not None
    assert 2 in found.rows
    new = now.retrieve_new(likes(0), np.ones(6, bool), 5)
    assert new is not None
    assert new.rows.tolist() == [5]
    assert now.retrieve_new(likes(0), np.zeros(6, bool), 5).rows.tolist() == []  # type: ignore[union-attr]
    liked = replace(likes(), new_likes={5: 2.0})
    found = now.retrieve(liked, ALL, 1)
    assert found is not None
    assert found.rows.tolist() == [0]


def test_it_is_kept_up_to_date() -> None:
    histories = Histories(None, None, {}, None, {3: {"v": Vector.of([0, 9])}, 4: {}})  # type: ignore[arg-type]
    vectors = source().updated(histories).vectors
    assert vectors[3].tolist() == [0, 1]
    assert vectors[4].tolist() == [0, 0]
    assert vectors[0].tolist() == [1, 0]


def shop() -> Graph:
    """Two tastes, whose items have vectors around one of two directions."""
    rng = np.random.default_rng(0)
    events, vectors = [], {}
    for item in range(30):
        way = np.array([1.0, 0]) if item % 2 else np.array([0, 1.0])
        vectors[f"i{item:02}"] = Vector.of(way + 0.1 * rng.standard_normal(2))
    for user in range(60):
        events += [
            Event(f"u{user:02}", f"i{item:02}", 1.0, int(rng.integers(1, 999)))
            for item in rng.choice(np.arange(user % 2, 30, 2), 5, replace=False)
        ]
    log = log_of(events)
    items = Vocabulary(tuple(sorted(vectors)))
    log = log.recode(log.users, items)
    values = Attribute("vector", tuple(vectors[item] for item in items.ids))
    return Graph(log, {"item": {"style": values}})


def fusion(**retrieval: object) -> Fusion:
    return Fusion(embeddings={}, retrieval=RetrievalSettings(**retrieval))  # type: ignore[arg-type]


def test_vectors_of_items_are_a_source_that_serves(tmp_path: Path) -> None:
    data = Dataset.of_weights(shop())
    recommender = fusion().fit(data, 0).scorer
    assert [each.name for each in recommender.snapshot.sources] == ["neighbours", "vector:style"]
    assert "style" not in recommender.snapshot.item_attributes
    weights = recommender.snapshot.manifest.weights[-1].weights
    assert set(weights) == {"neighbours", "vector:style", "popularity", "embedding"}
    version = publish(recommender.snapshot, tmp_path)
    again = load(tmp_path, version)
    first, second = (s.sources[1] for s in (recommender.snapshot, again))
    np.testing.assert_array_equal(first.vectors, second.vectors)  # type: ignore[attr-defined]
    delta = Delta(items={"new": ItemDelta({"style": Vector.of([0, 1])}, ())})
    after = update(View.of(again, delta))
    assert after.sources[1].vectors[-1].tolist() == [0, 1]  # type: ignore[attr-defined]


def test_the_settings_name_them() -> None:
    data = Dataset.of_weights(shop())
    recommender = fusion(vectors=()).fit(data, 0).scorer
    assert [each.name for each in recommender.snapshot.sources] == ["neighbours"]
    with pytest.raises(SettingsError, match="no vectors called 'stile': expected one of style"):
        fusion(vectors=("stile",)).fit(data, 0)
