"""Items out of features and links: what a stranger is in training is what serving makes of it."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.models import create
from graphrec.models.embeddings import Embeddings
from graphrec.snapshot.registry import load, publish
from tests.support.fitted import ALSO, ITEMS, MADE_BY, catalogue
from tests.support.small_data import graph_of, ratings
from tests.support.snapshots import build_snapshot

pytestmark = pytest.mark.slow


def fit(graph: Graph, **changes: object) -> Embeddings:
    pytest.importorskip("dgl")
    options = {"dim": 8, "epochs": 12, "negatives": 20, "batches": 2, "learning_rate": 0.02}
    fitted = create("graphsage", {**options, **changes}).fit(Dataset.of_weights(graph)).scorer
    assert isinstance(fitted, Embeddings)
    return fitted


def test_a_stranger_goes_to_those_who_like_its_kind() -> None:
    graph = catalogue()
    scores = fit(graph).score(np.arange(len(graph.users), dtype=np.int32))
    ahead = scores[:, ITEMS] > scores[:, ITEMS + 1]  # the even one before the odd one
    assert ahead.tolist() == [user % 2 == 0 for user in range(len(graph.users))]


@pytest.mark.parametrize("rounds", [1, 2])
def test_serving_embeds_a_stranger_as_offline_inference_does(rounds: int) -> None:
    graph = catalogue()
    fitted = fit(graph, rounds=rounds)
    assert fitted.item_encoder is not None
    for row in (ITEMS, ITEMS + 1):
        attributes = {
            name: attribute.values[row] for name, attribute in graph.attributes["item"].items()
        }
        links = {
            MADE_BY: np.array([row % 2], np.int32),
            ALSO: np.array([(row + 2) % ITEMS], np.int32),
        }
        vectors, _ = fitted.item_encoder.embed([attributes], [links])
        np.testing.assert_allclose(vectors[0], fitted.item[row], atol=1e-5)


def test_a_snapshot_keeps_what_embeds_new_items(tmp_path: Path) -> None:
    graph = catalogue()
    fitted = fit(graph, epochs=1, short_history_share=0.5)
    filtered = create("graph-filter").fit(Dataset.of_weights(graph)).scorer
    snapshot = build_snapshot(
        graph,
        graph_filter=filtered,  # type: ignore[arg-type]
        embeddings=fitted,
        encoder=fitted.encoder,
        seed=0,
        cutoff=None,
        models={},
        metrics={},
    )
    publish(snapshot, tmp_path)
    read = load(tmp_path)
    assert read.embeddings is not None
    assert read.embeddings.item_encoder is not None
    assert fitted.item_encoder is not None
    assert read.embeddings.item_encoder.others["brand"].ids == ("a", "b")
    new = [{"colour": "red", "price": 3.0}, {"price": 1.0}, {}]
    links = [{MADE_BY: np.array([1], np.int32), ALSO: np.array([4, 6], np.int32)}, {}, {}]
    found, expected = (
        e.embed(new, links) for e in (read.embeddings.item_encoder, fitted.item_encoder)
    )
    np.testing.assert_array_equal(found, expected)
    alone = [read.embeddings.item_encoder.embed(new[at:][:1], links[at:][:1]) for at in range(3)]
    np.testing.assert_allclose(np.concatenate(alone, axis=1), found, rtol=1e-5, atol=1e-6)
    assert read.encoder is not None
    some = np.array([1, 2], np.int32)
    np.testing.assert_array_equal(
        read.encoder.embed(some),
        fitted.encoder.embed(some),  # type: ignore[union-attr]
    )


def test_of_an_item_of_which_nothing_is_known_nothing_is_said() -> None:
    fitted = fit(catalogue())
    assert fitted.item_encoder is not None
    vectors, messages = fitted.item_encoder.embed([{"colour": "green"}], [{}])
    assert not vectors.any()
    assert not messages.any()


def test_a_relation_can_be_left_out() -> None:
    fitted = fit(catalogue(), without_relations="made_by", epochs=1)
    assert fitted.item_encoder is not None
    assert set(fitted.item_encoder.nodes) == {ALSO}


def test_without_features_and_links_there_is_nothing_to_embed_items_from() -> None:
    assert fit(graph_of(ratings()), epochs=1).item_encoder is None


@pytest.mark.parametrize("short_history_share", [0.0, 0.5])
def test_serving_embeds_a_user_as_offline_inference_does(short_history_share: float) -> None:
    graph = catalogue()
    fitted = fit(graph, short_history_share=short_history_share)
    assert fitted.encoder is not None
    for user in range(5):
        vector = fitted.encoder.embed(graph.matrix[[user]].indices)
        np.testing.assert_allclose(vector, fitted.user[user], atol=1e-5)


def test_a_few_items_count_less_than_many_where_short_histories_are_trained_on() -> None:
    encoder = fit(catalogue(), short_history_share=0.5).encoder
    assert encoder is not None
    one, more = (
        np.linalg.norm(encoder.embed(np.arange(0, 2 * count, 2, dtype=np.int32))[:-1])
        for count in (1, 10)
    )
    assert one < more


@pytest.mark.parametrize("weight", [1e6, 1e30, 3e38])
def test_a_link_of_any_weight_leaves_the_vectors_of_others_as_they_are(weight: float) -> None:
    graph = catalogue()
    one = graph.links[MADE_BY]
    weights = one.weight.copy()
    weights[0] = weight
    huge = replace(graph, links={**graph.links, MADE_BY: replace(one, weight=weights)})
    found, usual = fit(huge).item, fit(graph).item
    assert np.isfinite(found).all()
    alike = np.sum(found * usual, axis=1) / np.linalg.norm(found, axis=1)
    assert np.median(alike / np.linalg.norm(usual, axis=1)) > 0.5


def test_ordinary_weights_of_links_are_as_they_were() -> None:
    pytest.importorskip("dgl")
    bounded = import_module("graphrec.models.graphsage.item_side").bounded_weights
    for weights in ([1.0] * 30, [1, 2, 3, 4, 5] * 10, [0.1, 0.5, 1.0], [0.0, 0.0], []):
        given = np.array(weights, np.float32)
        np.testing.assert_array_equal(bounded(given), given)
    assert bounded(np.array([1, 1, 3e38], np.float32)).tolist() == [1, 1, 10]
    assert bounded(np.array([3e38], np.float32)).tolist() == [1e6]
