"""From a split to compared models and a snapshot: no leak, no chance, and served as evaluated."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec.data import Graph, Interactions, Rows
from graphrec.data.dataset import Dataset
from graphrec.evaluation import evaluator as evaluate
from graphrec.evaluation.early_stopping import Chosen
from graphrec.evaluation.splits.split import Split, carve_validation, temporal
from graphrec.models import MODELS, EpochModel, create
from graphrec.models.embeddings import Embeddings
from graphrec.ranking.fusion import weights_for
from graphrec.recommend.recommender import Recommender
from graphrec.settings import EvaluationSettings, RetrievalSettings, Settings
from graphrec.snapshot.snapshot import Snapshot
from graphrec.training import fit as pipeline
from graphrec.training.fit import (
    FUSION,
    Comparison,
    choose_weights,
    compare,
    fit_snapshot,
    stand_ins,
)
from tests.support.fitted import needs
from tests.support.small_data import Rating, graph_of, ratings

QUICK: Mapping[str, Mapping[str, bool | int | float | str]] = {
    "mf": {"dim": 8, "epochs": 3, "learning_rate": 0.05},
    "graphsage": {"dim": 8, "epochs": 3, "negatives": 20, "learning_rate": 0.05},
}
SETTINGS = Settings(models=QUICK, evaluation=EvaluationSettings(resamples=0))
K = 5


def named(embedding: str | None) -> tuple[str, ...]:
    """As the embeddings to choose from."""
    return () if embedding is None else (embedding,)


@pytest.fixture(scope="module")
def split() -> Split:
    return temporal(graph_of(ratings()), 0.2)


def compared(names: Sequence[str], split: Split, **options: Any) -> Comparison:
    return compare(names, split, SETTINGS, protocol="temporal", k=K, **options)


# No leak


def planted(item: str, time: int | None = None) -> list[Rating]:
    """The ratings, and one more of the newest: u00 rates an item that they have not met."""
    rows = ratings()
    assert not any((user, other) == ("u00", item) for user, other, _, _ in rows)
    newest = max(when for _, _, _, when in rows)
    return [*rows, ("u00", item, 5.0, newest if time is None else time)]


def unmet() -> tuple[str, str]:
    """Two items that u00 has not met."""
    met = {item for user, item, _, _ in ratings() if user == "u00"}
    first, second, *_ = sorted({item for _, item, _, _ in ratings()} - met)
    return first, second


Scores = dict[str, NDArray[np.float32]]


def learnt(rows: list[Rating], names: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Scores:
    """What each model of a comparison would tell every user of every item."""
    split = temporal(graph_of(rows), 0.2)
    everyone = np.arange(len(split.train.users), dtype=np.int32)
    scores: list[NDArray[np.float32]] = []
    original = evaluate.evaluate

    def spy(scorer: Any, tested: Split, **options: Any) -> evaluate.Evaluation:
        scores.append(scorer.score(everyone).copy())
        return original(scorer, tested, **options)

    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "evaluate", spy)
        compared(names, split)
    assert len(scores) == len(names)
    return dict(zip(names, scores, strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_a_test_edge_changes_no_score_of_any_model(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in fitting nor in choosing epochs, not in the last bit.

    One test edge is planted, then another one in its place. The same edge before the cutoff does
    change the scores, so the test would see it.
    """
    needs(name)
    first, second = unmet()
    one, other = (learnt(planted(item), [name], monkeypatch)[name] for item in (first, second))
    np.testing.assert_array_equal(one, other)
    oldest = min(when for _, _, _, when in ratings())
    inside = learnt(planted(first, time=oldest - 1), [name], monkeypatch)[name]
    if name not in ("random", "content-knn"):  # chance hears nothing, nor do features that are none
        assert not np.array_equal(one, inside)


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
    np.testing.assert_array_equal(fitted.popularity, again.popularity)
    assert fitted.manifest.counts == again.manifest.counts


def test_epochs_are_chosen_on_validation_which_is_carved_from_train_alone(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen_on: list[Split] = []

    def choose(model: EpochModel, on: Split, *_: Any, **__: Any) -> Chosen:
        chosen_on.append(on)
        return Chosen(model, None)

    monkeypatch.setattr(pipeline, "choose_epochs", choose)
    validation = compared(["popularity", needs("mf")], split).validation
    assert [on is validation for on in chosen_on] == [True]
    assert split.cutoff is not None
    assert validation.cutoff is not None
    assert validation.cutoff < split.cutoff
    assert (validation.test.time < split.cutoff).all()
    assert (validation.train.interactions.time < validation.cutoff).all()


def matching(pairs: int = 12) -> Graph:
    """Each user likes one item, each item one user: no edge says anything about another one."""
    names = [f"{n:02}" for n in range(pairs)]
    return Graph(Interactions.of(names, names).sorted())


@pytest.mark.parametrize(
    ("rounds", "changes"),
    [
        (1, {"loss": "softmax"}),
        (2, {"loss": "softmax"}),
        (1, {"loss": "bpr"}),
        (2, {"loss": "bpr"}),
        (2, {"fanout": 3}),
    ],
)
def test_an_edge_does_not_help_to_predict_itself(
    rounds: int, changes: dict[str, str | int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where edges say nothing of each other, item vectors get no gradient: only biases learn.

    With the asked edges left in message passing, each item would learn to recognise itself.
    """
    needs("graphsage")
    from graphrec.models.graphsage import batches as graphsage

    model = create(
        "graphsage",
        {
            "dim": 4,
            "epochs": 4,
            "negatives": 6,
            "rounds": rounds,
            **changes,
            "dropout": 0.0,
            "weight_decay": 0.0,
            "learning_rate": 0.05,
        },
    )
    assert isinstance(model, EpochModel)

    def vectors() -> list[NDArray[np.float32]]:
        found = list(model.train(Dataset.of_weights(matching()), 0))
        return [s.encoder.messages.copy() for s in found]  # type: ignore[attr-defined]

    hidden = vectors()
    np.testing.assert_array_equal(hidden[0], hidden[-1])
    split = graphsage.message_and_supervision_edges

    def leak(user: NDArray, item: NDArray, hidden: NDArray, shape: tuple[int, int]) -> Any:
        everything = graphsage.liked_by_graph(user, item, shape)
        return everything, split(user, item, hidden, shape)[1]

    monkeypatch.setattr(graphsage, "message_and_supervision_edges", leak)
    monkeypatch.setattr(graphsage, "without_edges", lambda likes, edges: likes)
    shown = vectors()
    assert np.abs(shown[0] - shown[-1]).max() > 0.01


def test_the_edges_asked_about_are_hidden_and_all_others_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A batch is the edges of some users; each user is in one batch an epoch."""
    needs("graphsage")
    from graphrec.models.graphsage import batches as graphsage

    graph = graph_of(ratings())
    parts: list[tuple[set[tuple[int, int]], int]] = []
    make = graphsage.liked_by_graph

    def spy(user: NDArray, item: NDArray, shape: tuple[int, int]) -> Any:
        parts.append((set(zip(user.tolist(), item.tolist(), strict=True)), shape[0]))
        return make(user, item, shape)

    monkeypatch.setattr(graphsage, "liked_by_graph", spy)
    create("graphsage", {**QUICK["graphsage"], "epochs": 1, "batches": 7}).fit(
        Dataset.of_weights(graph)
    )
    shown, asked = parts[0::2], parts[1::2]
    assert sum(users for _, users in shown) == len(graph.users)
    for (rest, _), (pairs, _) in zip(shown, asked, strict=True):
        assert not rest & pairs
    assert sum(len(pairs) for pairs, _ in parts) == graph.matrix.nnz


# No chance


@pytest.mark.parametrize("name", MODELS)
def test_what_is_compared_beside_a_model_changes_nothing_of_it(name: str, split: Split) -> None:
    needs(name)
    [alone] = compared([name], split).results
    others = [other for other in ("popularity", "item-knn") if other != name]
    beside = compared([*others, name], split).results[-1]
    assert (alone.model, alone.epochs) == (beside.model, beside.epochs)
    for metric, values in alone.evaluation.per_user.items():
        np.testing.assert_array_equal(values, beside.evaluation.per_user[metric])


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
    everyone = np.arange(len(split.train.users))
    np.testing.assert_array_equal(
        one.graph_filter.score(everyone), other.graph_filter.score(everyone)
    )
    assert one.manifest == other.manifest
    assert not np.array_equal(first.item, third.item)


# What comes out


def test_results_are_in_the_order_of_the_names_and_only_learners_have_epochs(
    split: Split,
) -> None:
    names = ["item-knn", needs("mf"), "popularity"]
    comparison = compared(names, split)
    assert [result.model for result in comparison.results] == names
    epochs = [result.epochs for result in comparison.results]
    assert epochs[0] is epochs[2] is None
    assert 1 <= epochs[1] <= QUICK["mf"]["epochs"]  # type: ignore[operator]
    found = comparison.as_json()
    assert [entry["model"] for entry in found["models"]] == names
    assert (found["protocol"], found["k"], found["cutoff"]) == ("temporal", K, split.cutoff)


def test_a_validation_that_is_given_is_used(split: Split) -> None:
    rng = np.random.default_rng(0)
    mine = carve_validation(split.train, 0.3, rng)
    assert compared(["popularity"], split, validation=mine).validation is mine
    assert compared(["popularity"], split).validation.cutoff != mine.cutoff


def test_hyper_parameters_of_the_settings_reach_the_models(split: Split) -> None:
    narrow = SETTINGS.model_copy(update={"models": {"graph-filter": {"dim": 1}}})
    wide, narrow_snapshot = (
        fit_snapshot(split.train, settings, embeddings=[]) for settings in (SETTINGS, narrow)
    )
    assert narrow_snapshot.manifest.models["graph-filter"]["dim"] == 1
    assert narrow_snapshot.graph_filter.factors.excess.shape[1] <= 1
    assert wide.graph_filter.factors.excess.shape[1] > 1


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
    comparison = compared([*names, FUSION], split, embeddings=named(embedding))
    *_, row = comparison.results
    assert (row.model, row.epochs) == (FUSION, None)
    snapshot = fit_snapshot(
        split.train,
        SETTINGS,
        embeddings=tuple(comparison.served),
        validation=comparison.validation,
        chosen=comparison.served,
    )
    recommender = Recommender.of(snapshot, SETTINGS.retrieval)
    relevant: dict[str, set[str]] = {}
    for user, item in zip(split.test.user, split.test.item, strict=True):
        relevant.setdefault(split.test.users.ids[user], set()).add(split.test.items.ids[item])
    lists = {user: [r.item for r in recommender.recommend(user, K)] for user in relevant}
    for metric, value in naive(lists, relevant).items():
        assert row.evaluation.metrics[metric].value == pytest.approx(value)
    assert row.evaluation.metrics[f"ndcg@{K}"].value > 0


def test_without_an_embedding_there_are_neighbours_and_popularity_alone(split: Split) -> None:
    snapshot = fit_snapshot(split.train, SETTINGS, embeddings=[])
    assert (snapshot.embeddings, snapshot.encoder, snapshot.index) == (None, None, None)
    assert all(group.weights["embedding"] == 0 for group in snapshot.manifest.weights)
    assert set(snapshot.manifest.models) == {"graph-filter", "recent-popularity"}
    sources = {
        source
        for user in split.train.users.ids
        for found in Recommender.of(snapshot, SETTINGS.retrieval).recommend(user, 10)
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
    known = {"mf": Chosen(create("mf", {**QUICK["mf"], "epochs": 2}), None)}
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
    from graphrec.retrieval.index import Index

    items = np.eye(truth.shape[1], dtype=np.float32)
    snapshot = fit_snapshot(split.train, SETTINGS, embeddings=[])
    embeddings = Embeddings(vectors(truth), items)
    return replace(snapshot, embeddings=embeddings, index=Index.build(items))


def test_the_source_that_knows_what_was_held_back_gets_the_weight(split: Split) -> None:
    oracle = knowing(split, lambda truth: truth)
    groups, value = choose_weights(oracle, split, K, RNG)
    assert value == pytest.approx(1)
    assert weights_for(groups, 30)["embedding"] == 1
    liar = knowing(split, lambda truth: -truth)
    weights = weights_for(choose_weights(liar, split, K, RNG)[0], 30)
    assert weights["embedding"] < weights["neighbours"]


def test_who_stands_in_for_beginners_shows_the_newest_of_what_they_like() -> None:
    liked = {"few": 2, "some": 9, "many": 30}
    log = Interactions.of(
        *zip(*((u, f"i{n:02}", 1.0, 100 - n) for u, count in liked.items() for n in range(count)),
             strict=True)
    )  # fmt: skip
    train = Graph(log)
    users = np.array([train.users.rows[user] for user in ("few", "many", "some")], np.int32)
    rows, shown = stand_ins(train, np.sort(users), np.random.default_rng(0))
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
        manifest=replace(oracle.manifest, weights=choose_weights(oracle, split, K, RNG)[0]),
    )
    everyone = np.arange(len(split.train.users), dtype=np.int32)
    fixed = RetrievalSettings(embedding=0, neighbours=1, popularity=0.01)
    plain = fit_snapshot(split.train, SETTINGS, embeddings=[])
    np.testing.assert_array_equal(
        Recommender(chosen, fixed).rank(everyone, K), Recommender(plain, fixed).rank(everyone, K)
    )
    assert not np.array_equal(
        Recommender.of(chosen, SETTINGS.retrieval).rank(everyone, K),
        Recommender.of(plain, SETTINGS.retrieval).rank(everyone, K),
    )


def test_progress_is_told_under_the_name_of_the_model(split: Split) -> None:
    needs("mf")
    told: list[tuple[str, int, int | None]] = []
    compared(
        ["popularity", "mf", FUSION], split, embeddings=["mf"],
        progress=lambda stage, done, total: told.append((stage, done, total)),
    )  # fmt: skip
    stages = {stage for stage, _, _ in told}
    assert stages == {"mf: choosing epochs", f"{FUSION}: training"}
    assert all(total is not None and 1 <= done <= total for _, done, total in told)
