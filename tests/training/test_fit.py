"""From a split to compared models: no leak, no chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.evaluation import evaluator as evaluate
from graphrec.evaluation.early_stopping import Chosen
from graphrec.evaluation.results import Evaluation, chosen_text
from graphrec.evaluation.splits.split import Split, carve_validation, temporal
from graphrec.models import MODELS, EpochModel, create
from graphrec.training import fit as pipeline
from graphrec.training.fit import FUSION
from tests.support.fitted import needs
from tests.support.small_data import Rating, graph_of, ratings
from tests.support.small_training import QUICK, K, compared, compared_and_chosen, planted, unmet

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def split() -> Split:
    return temporal(graph_of(ratings()), 0.2)


# No leak


Scores = dict[str, NDArray[np.float32]]


def learnt(rows: list[Rating], names: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Scores:
    """What each model of a comparison would tell every user of every item."""
    split = temporal(graph_of(rows), 0.2)
    everyone = np.arange(len(split.train.users), dtype=np.int32)
    scores: list[NDArray[np.float32]] = []
    original = evaluate.evaluate

    def spy(scorer: Any, tested: Split, **options: Any) -> Evaluation:
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


def test_epochs_are_chosen_on_validation_which_is_carved_from_train_alone(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen_on: list[Split] = []

    def choose(model: EpochModel, on: Split, *_: Any, **__: Any) -> Chosen:
        chosen_on.append(on)
        return Chosen(model)

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
    monkeypatch.setattr(graphsage, "numbered", lambda edges, numbers: None)
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


def test_what_a_model_leaves_open_is_chosen_and_said(split: Split) -> None:
    names = ["popularity", "graph-filter", FUSION]
    comparison, served = compared_and_chosen(names, split, embeddings=())
    popular, alone, fused = comparison.results
    assert popular.chosen == {}
    assert set(alone.chosen["graph-filter"]) == {
        "history_exponent",
        "target_exponent",
        "saturation",
        "low_pass",
    }
    # A fusion takes over what the model before it has chosen.
    assert fused.chosen == alone.chosen
    assert set(served) == {"graph-filter"}
    shown = chosen_text(alone.chosen)
    assert shown.startswith("graph-filter: history_exponent 0.")
    rows = comparison.as_json()["models"]
    assert [each["chosen"] for each in rows] == [{}, alone.chosen, alone.chosen]


def test_progress_is_told_under_the_name_of_the_model(split: Split) -> None:
    needs("mf")
    reported: list[tuple[str, int, int | None]] = []
    compared(
        ["popularity", "mf", FUSION], split, embeddings=["mf"],
        progress=lambda stage, done, total: reported.append((stage, done, total)),
    )  # fmt: skip
    stages = {stage for stage, _, _ in reported}
    hyper_parameters = f"{FUSION}: choosing hyper-parameters"
    assert stages == {"mf: choosing epochs", hyper_parameters, f"{FUSION}: training"}
    assert all(total is not None and 1 <= done <= total for _, done, total in reported)
