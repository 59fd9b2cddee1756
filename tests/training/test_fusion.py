"""Fusion as a model: no leak, no chance, chosen on validation, and served as evaluated."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec.data import Graph, Interactions, Rows
from graphrec.errors import SettingsError
from graphrec.evaluation.early_stopping import Chosen
from graphrec.evaluation.splits.split import Split, temporal
from graphrec.models import create
from graphrec.models.embeddings import Embeddings
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.models.graph_filter.scorer import FittedFilter
from graphrec.ranking.fusion import weights_for
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.embedding import Nearest
from graphrec.retrieval.neighbourhood import Neighbourhood
from graphrec.retrieval.sequence import SequenceSource
from graphrec.settings import FusionSettings, RetrievalSettings
from graphrec.snapshot.snapshot import Snapshot
from graphrec.training import fusion as pipeline
from graphrec.training import learning
from graphrec.training.fit import FUSION
from graphrec.training.sources import sources_before
from graphrec.training.weights import choose_weights, truncated_histories
from tests.support.fitted import needs
from tests.support.small_data import Rating, graph_of, ratings
from tests.support.small_training import (
    QUICK,
    SETTINGS,
    K,
    compared_and_chosen,
    fit_snapshot,
    named,
    planted,
    unmet,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def split() -> Split:
    return temporal(graph_of(ratings()), 0.2)


def test_what_dislikes_weigh_is_chosen_where_there_are_any(split: Split) -> None:
    log = split.train.interactions
    assert fit_snapshot(split.train, SETTINGS, embeddings=()).manifest.dislike_weight == 0
    disliked = replace(log, weight=np.where(log.weight > 0, log.weight, np.float32(-1)))
    graph = split.train.with_interactions(disliked)
    spec = pipeline.fusion_of(SETTINGS, ())
    chosen = pipeline.choose(spec, graph, 0)
    assert chosen.dislike_weight in pipeline.DISLIKE_WEIGHTS
    learned = learning.learn(spec, graph, 0, replace(chosen, dislike_weight=0.5))
    snapshot = learning.snapshot_of(spec, graph, learned, 0)
    assert snapshot.manifest.dislike_weight == 0.5
    assert snapshot.disliked.nnz == graph.disliked.nnz > 0


def graph_filter(snapshot: Snapshot) -> FittedFilter:
    """The item-item scores of the neighbourhood."""
    [source] = [each for each in snapshot.sources if isinstance(each, Neighbourhood)]
    assert isinstance(source.scores, FittedFilter)
    return source.scores


def served(rows: list[Rating], embedding: str | None) -> tuple[Rows, Snapshot]:
    """The lists that the recommender of a comparison would give everyone, and its snapshot."""
    split = temporal(graph_of(rows), 0.2)
    snapshot = fit_snapshot(split.train, SETTINGS, embeddings=named(embedding))
    everyone = np.arange(len(split.train.users), dtype=np.int32)
    return Recommender.of(snapshot, SETTINGS.retrieval).rank(everyone, 10), snapshot


@pytest.mark.parametrize("embedding", [None, "mf", "graphsage"])
def test_a_test_edge_changes_nothing_of_what_is_served(embedding: str | None) -> None:
    if embedding is not None:
        needs(embedding)
    first, second = unmet()
    (one, fitted), (other, again) = (served(planted(item), embedding) for item in (first, second))
    np.testing.assert_array_equal(one, other)
    assert fitted.manifest.weights == again.manifest.weights
    np.testing.assert_array_equal(fitted.popularity.popularity, again.popularity.popularity)
    assert fitted.manifest.counts == again.manifest.counts


@pytest.mark.parametrize("embedding", ["mf", "graphsage"])
def test_one_seed_gives_one_snapshot(embedding: str, split: Split) -> None:
    needs(embedding)

    def fitted(seed: int) -> tuple[Embeddings, Snapshot]:
        settings = SETTINGS.model_copy(update={"seed": seed})
        snapshot = fit_snapshot(split.train, settings, embeddings=[embedding])
        assert snapshot.embeddings is not None
        return snapshot.embeddings, snapshot

    (first, one), (second, other), (third, _) = fitted(3), fitted(3), fitted(4)
    np.testing.assert_array_equal(first.user, second.user)
    np.testing.assert_array_equal(first.item, second.item)
    np.testing.assert_array_equal(
        graph_filter(one).score_histories(one.history),
        graph_filter(other).score_histories(other.history),
    )
    assert one.manifest == other.manifest
    assert not np.array_equal(first.item, third.item)


def test_hyper_parameters_of_the_settings_reach_the_models(split: Split) -> None:
    narrow = SETTINGS.model_copy(update={"models": {"graph-filter": {"dim": 1}}})
    wide, narrow_snapshot = (
        fit_snapshot(split.train, settings, embeddings=[]) for settings in (SETTINGS, narrow)
    )
    assert narrow_snapshot.manifest.models["graph-filter"]["dim"] == 1
    assert graph_filter(narrow_snapshot).factors.directions.shape[1] == 1
    assert graph_filter(wide).factors.directions.shape[1] > 1


def test_what_a_neighbourhood_leaves_open_is_chosen_and_is_in_the_manifest(split: Split) -> None:
    given = {"dim": 4, "history_exponent": 0.3}
    settings = SETTINGS.model_copy(update={"models": {"graph-filter": given}})
    spec = pipeline.fusion_of(settings, ())
    choice = pipeline.choose(spec, split.train, 0)
    model = choice.neighbourhood_model
    assert isinstance(model, GraphFilter)
    assert model in spec.neighbourhoods["graph-filter"].variants()  # type: ignore[attr-defined]
    snapshot = fit_snapshot(split.train, settings, embeddings=[])
    assert snapshot.manifest.models["graph-filter"] == asdict(model)
    exponents = graph_filter(snapshot).exponents
    assert (exponents.history, exponents.target) == (0.3, model.target_exponent)
    # What is known already is not chosen again.
    known = replace(model, target_exponent=0.7)
    again = pipeline.choose(spec, split.train, 0, chosen={"graph-filter": Chosen(known)})
    assert again.neighbourhood_model == known


def naive(lists: Mapping[str, Sequence[str]], relevant: Mapping[str, set[str]]) -> dict[str, float]:
    """Recall and NDCG at K, spelt out."""
    recalls, ndcgs = [], []
    for user, wanted in relevant.items():
        hits = [item in wanted for item in lists[user]]
        recalls.append(sum(hits) / len(wanted))
        gain = sum(hit / math.log2(place + 2) for place, hit in enumerate(hits))
        ideal = sum(1 / math.log2(place + 2) for place in range(min(K, len(wanted))))
        ndcgs.append(gain / ideal)
    return {f"recall@{K}": float(np.mean(recalls)), f"ndcg@{K}": float(np.mean(ndcgs))}


@pytest.mark.parametrize("embedding", [None, "mf"])
def test_the_row_of_fusion_is_of_the_lists_it_serves(embedding: str | None, split: Split) -> None:
    names = ["popularity"] if embedding is None else [needs(embedding)]
    comparison, served = compared_and_chosen([*names, FUSION], split, embeddings=named(embedding))
    *_, row = comparison.results
    assert (row.model, row.epochs) == (FUSION, None)
    snapshot = fit_snapshot(
        split.train,
        SETTINGS,
        embeddings=[name for name in served if name in named(embedding)],
        validation=comparison.validation,
        chosen=served,
    )
    recommender = Recommender.of(snapshot, SETTINGS.retrieval)
    relevant: dict[str, set[str]] = {}
    for user, item in zip(split.test.user, split.test.item, strict=True):
        relevant.setdefault(split.test.users.ids[user], set()).add(split.test.items.ids[item])
    lists = {user: [r.item for r in recommender.recommend(Query(user, k=K))] for user in relevant}
    for metric, value in naive(lists, relevant).items():
        assert row.evaluation.metrics[metric].value == pytest.approx(value)
    assert row.evaluation.metrics[f"ndcg@{K}"].value > 0


def test_without_an_embedding_there_are_neighbours_and_popularity_alone(split: Split) -> None:
    snapshot = fit_snapshot(split.train, SETTINGS, embeddings=[])
    assert (snapshot.embeddings, snapshot.encoder, snapshot.nearest) == (None, None, None)
    assert all(group.weights["embedding"] == 0 for group in snapshot.manifest.weights)
    assert set(snapshot.manifest.models) == {"graph-filter", "recent-popularity"}
    sources = {
        source
        for user in split.train.users.ids
        for found in Recommender.of(snapshot, SETTINGS.retrieval).recommend(Query(user, k=10))
        for source in found.sources
    }
    assert {"neighbours", "popularity"} <= sources <= {"neighbours", "popularity", "fallback"}


def test_epochs_that_are_known_are_not_chosen_again(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("mf")

    def choose(*_: Any, **__: Any) -> None:
        raise AssertionError("expected the known number of epochs")

    monkeypatch.setattr(pipeline, "choose_epochs", choose)
    known = {"mf": Chosen(create("mf", {**QUICK["mf"], "epochs": 2}))}
    snapshot = fit_snapshot(split.train, SETTINGS, embeddings=["mf"], chosen=known)
    assert snapshot.manifest.models["mf"]["epochs"] == 2
    with pytest.raises(AssertionError, match="known number"):
        fit_snapshot(split.train, SETTINGS, embeddings=["mf"], chosen={"graphsage": known["mf"]})


RNG = np.random.default_rng(0)


def knowing(
    split: Split, vectors: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> Snapshot:
    """A snapshot of the train side whose embeddings score items as `vectors` of the truth."""
    truth = np.zeros((len(split.train.users), len(split.train.items)), np.float32)
    truth[split.test.user, split.test.item] = 1
    items = np.eye(truth.shape[1], dtype=np.float32)
    snapshot = fit_snapshot(split.train, SETTINGS, embeddings=[])
    embeddings = Embeddings(vectors(truth), items)
    return replace(snapshot, sources=(*snapshot.sources, Nearest.of(embeddings)))


def served_by(snapshot: Snapshot) -> Recommender:
    return Recommender.of(snapshot, SETTINGS.retrieval)


def test_the_source_that_knows_what_was_held_back_gets_the_weight(split: Split) -> None:
    oracle = knowing(split, lambda truth: truth)
    groups, choice = choose_weights([served_by(oracle)], [split], K, RNG)
    assert choice.shown.mean == pytest.approx(1)
    assert weights_for(groups, 30)["embedding"] == 1
    liar = knowing(split, lambda truth: -truth)
    weights = weights_for(choose_weights([served_by(liar)], [split], K, RNG)[0], 30)
    assert weights["embedding"] < weights["neighbours"]


def test_histories_are_cut_short_to_the_newest_likes() -> None:
    liked = {"few": 2, "some": 9, "many": 30}
    log = Interactions.of(
        *zip(*((u, f"i{n:02}", 1.0, 100 - n) for u, count in liked.items() for n in range(count)),
             strict=True)
    )  # fmt: skip
    train = Graph(log)
    users = np.array([train.users.rows[user] for user in ("few", "many", "some")], np.int32)
    rows, shown = truncated_histories(train, np.sort(users), np.random.default_rng(0))
    found = [
        (train.users.ids[np.sort(users)[row]], [train.items.ids[item] for item in few])
        for row, few in zip(rows, shown, strict=True)
    ]
    newest = [f"i{n:02}" for n in range(30)]
    assert all(items == newest[: len(items)] for _, items in found)
    least_and_most = [(0, 0)] * 3 + [(1, 2)] * 2 + [(3, 5)] * 2 + [(6, 20)]
    assert [user for user, _ in found] == ["few", "some", "many", *["some", "many"] * 2, "many"]
    for (_, items), (least, most) in zip(found, least_and_most, strict=True):
        assert least <= len(items) <= most


def test_weights_that_the_settings_fix_win_over_those_that_were_chosen(split: Split) -> None:
    oracle = knowing(split, lambda truth: truth)
    chosen = replace(
        oracle,
        manifest=replace(
            oracle.manifest, weights=choose_weights([served_by(oracle)], [split], K, RNG)[0]
        ),
    )
    everyone = np.arange(len(split.train.users), dtype=np.int32)
    fixed = RetrievalSettings(weights={"embedding": 0, "neighbours": 1, "popularity": 0.01})
    plain = fit_snapshot(split.train, SETTINGS, embeddings=[])
    np.testing.assert_array_equal(
        Recommender.of(chosen, fixed).rank(everyone, K),
        Recommender.of(plain, fixed).rank(everyone, K),
    )
    assert not np.array_equal(
        Recommender.of(chosen, SETTINGS.retrieval).rank(everyone, K),
        Recommender.of(plain, SETTINGS.retrieval).rank(everyone, K),
    )


def test_a_model_of_sequences_is_a_source_whose_epochs_are_chosen(
    split: Split, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    values = {"dim": 8, "epochs": 3, "negatives": 20, "batch_size": 64, "learning_rate": 0.01}
    fusion = FusionSettings(sources={"order": "sasrec"})
    settings = SETTINGS.model_copy(update={"fusion": fusion, "models": {"sasrec": values}})
    spec = pipeline.fusion_of(settings, ())
    graph = split.train
    choice = pipeline.choose(spec, graph, 0)
    assert 1 <= choice.sources["order"].epochs <= 3  # type: ignore[attr-defined]
    learned = learning.learn(spec, graph, 0, choice)
    assert learned.models["order"] == asdict(choice.sources["order"])  # type: ignore[call-overload]
    snapshot = learning.snapshot_of(spec, graph, learned, 0)
    [source] = [each for each in snapshot.sources if isinstance(each, SequenceSource)]
    assert source.name == "order"
    assert all("order" in group.weights for group in snapshot.manifest.weights)
    recommender = learning.recommender_of(spec, snapshot)
    lists = recommender.rank(np.arange(5, dtype=np.int32), K)
    read = Recommender.load(tmp_path, recommender.save(tmp_path), settings.retrieval)
    np.testing.assert_array_equal(read.rank(np.arange(5, dtype=np.int32), K), lists)
    assert sources_before(spec.sources, snapshot.manifest.models) == choice.sources


def test_a_model_that_retrieves_nothing_is_no_source(split: Split) -> None:
    spec = replace(pipeline.fusion_of(SETTINGS, ()), sources={"pop": create("popularity")})
    with pytest.raises(SettingsError, match="retrieves nothing: expected a source of candidates"):
        pipeline.choose(spec, split.train, 0)
