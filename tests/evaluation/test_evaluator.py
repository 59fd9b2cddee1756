from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec.data import Graph, Interactions, Rows
from graphrec.data.dataset import Dataset
from graphrec.errors import DataError, TrainingError
from graphrec.evaluation import evaluator as evaluation
from graphrec.evaluation.evaluator import (
    evaluate,
    evaluate_ranking,
    fit_and_evaluate,
    model_rng,
    popularity,
    rank_by,
)
from graphrec.evaluation.results import Comparison, Evaluation, ModelResult
from graphrec.evaluation.splits.split import Split, carve_validation, given, temporal
from graphrec.models.protocol import FittedModel, Scorer, Seed
from graphrec.ranking.all_lists import ALL_LISTS


@dataclass(frozen=True)
class Fixed:
    """A scorer with known scores."""

    scores: NDArray[np.float32]  # [U, I]

    def score(self, users: Rows) -> NDArray[np.float32]:
        return self.scores[users]


@dataclass(frozen=True)
class Memory:
    """A model that memorises all it is given, and keeps the graph to be looked at."""

    kept: list[Graph]

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Fixed]:
        self.kept.append(data.weighted)
        return FittedModel.of(data.weighted, Fixed(data.weighted.matrix.toarray()))


@dataclass(frozen=True)
class Noise:
    """Random scores, so that results depend on the generator; "learns" in epochs."""

    epochs: int = 7

    def train(self, data: Dataset, seed: Seed) -> Iterator[Scorer]:
        rng = np.random.default_rng(seed)
        for _ in range(self.epochs):
            yield self.fit(data, rng)

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Fixed]:
        shape = (len(data.users), len(data.items))
        scores = np.random.default_rng(seed).random(shape, np.float32)
        return FittedModel.of(data.weighted, Fixed(scores))


def log(*pairs: str) -> Interactions:
    """From "user item" strings."""
    users, items = zip(*(pair.split() for pair in pairs), strict=True)
    return Interactions.of(users, items)


def random_split(users: int = 60, items: int = 40, seed: int = 0) -> Split:
    rng = np.random.default_rng(seed)
    events = users * 8
    graph = Graph(
        Interactions.of(
            [f"u{u}" for u in rng.integers(0, users, events)],
            [f"i{i}" for i in (items * rng.random(events) ** 2).astype(int)],
            time=range(events),
        )
    )
    return temporal(graph, 0.3)


def oracle(split: Split) -> Fixed:
    """Knows the test."""
    return Fixed(Graph(split.test).matrix.toarray())


def run(scorer: Scorer, split: Split, k: int = 40, resamples: int = 0, seed: int = 0) -> Evaluation:
    return evaluate(scorer, split, k=k, resamples=resamples, rng=np.random.default_rng(seed))


def test_an_oracle_is_perfect() -> None:
    split = given(log("a x", "b y", "c z"), log("a y", "a z", "b x", "c y"))
    result = run(oracle(split), split, k=2)
    for name in ("recall@2", "ndcg@2", "hit@2", "mrr@2", "map@2"):
        assert result.metrics[name].value == 1
    assert result.metrics["precision@2"].value == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert result.metrics["coverage@2"].value == 1


def test_what_was_met_in_train_is_never_listed() -> None:
    split = random_split()
    everything = rank_by(Fixed(split.train.seen.toarray().astype(np.float32)), split.train)
    users = np.arange(len(split.train.users), dtype=np.int32)
    ranked = everything(users, 40)
    seen = split.train.seen.toarray()
    for user in users:
        listed = ranked[user][ranked[user] >= 0]
        assert not seen[user, listed].any()
        assert len(listed) == 40 - seen[user].sum()


def test_a_planted_test_edge_is_out_of_reach() -> None:
    """An item met in the test only must not show in anything that models are fitted on."""
    base = [f"u{n} x" for n in range(9)] + ["u0 y", "u1 z"]
    planted = [f"u{n} zzz" for n in range(9)]
    split = given(log(*base), log(*planted))
    planted_item = split.train.items.row("zzz")
    assert popularity(split.train)[planted_item] == 0
    assert split.train.matrix[:, [planted_item]].nnz == 0
    assert split.train.seen[:, [planted_item]].nnz == 0

    model = Memory([])
    result = fit_and_evaluate("memory", model, split, seed=0, k=1, resamples=0).evaluation
    (fitted_on,) = model.kept
    assert fitted_on is split.train
    assert result.metrics["recall@1"].value == 0
    without = given(log(*base), log("u0 z", "u1 y"))
    others = np.delete(popularity(split.train), planted_item)
    assert popularity(without.train).tolist() == others.tolist()


def test_cold_users_are_served_the_popular_list() -> None:
    split = given(log("a x", "b x", "b y", "c z", "c y", "c x"), log("new y", "a z"))
    cold = split.train.users.row("new")
    scores = np.zeros((len(split.train.users), len(split.train.items)), np.float32)
    scores[cold] = np.nan  # what the model says of this user is not asked
    ranked = rank_by(Fixed(scores), split.train)(np.array([cold], np.int32), 3)
    assert [split.train.items.ids[i] for i in ranked[0]] == ["x", "y", "z"]

    result = run(Fixed(scores), split, k=2)
    assert result.slices["cold_users"].users == 1
    assert result.slices["cold_users"].metrics["recall@2"].value == 1
    assert result.slices["warm_users"].users == 1
    assert result.slices["warm_users"].metrics["ndcg@2"].value == pytest.approx(1 / np.log2(3))


def test_a_user_who_only_disliked_is_cold_and_not_shown_it_again() -> None:
    train = log("a x", "b x", "b y", "u x")
    train = replace(train, weight=np.array([1, 1, 1, 0], np.float32))
    split = given(train, log("u y"))
    result = run(Fixed(np.zeros((3, 2), np.float32)), split, k=1)
    assert result.slices["cold_users"].metrics["recall@1"].value == 1


def test_head_and_tail_count_relevant_items_apart() -> None:
    head = [f"u{n} i0" for n in range(5)]
    catalogue = [f"u5 i{n}" for n in range(1, 5)]
    split = given(log(*head, *catalogue), log("u5 i0", "u0 i1", "u0 i2", "u1 i3"))
    scores = np.zeros((6, 5), np.float32)
    scores[0, 2] = 1
    slices = run(Fixed(scores), split, k=1).slices
    assert (slices["head_items"].users, slices["tail_items"].users) == (1, 2)
    assert slices["head_items"].metrics["recall@1"].value == 1  # the only item u5 has not met
    assert slices["tail_items"].metrics["recall@1"].value == pytest.approx((0.5 + 0) / 2)
    assert slices["tail_items"].metrics["ndcg@1"].value == pytest.approx((1 + 0) / 2)


def test_blocks_of_users_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    split = random_split()
    scorer = Noise().fit(Dataset.of_weights(split.train), 1).scorer
    whole = run(scorer, split, k=5, resamples=50)
    monkeypatch.setattr(evaluation, "BLOCK_BYTES", 4 * 40 * 7)
    asked: list[int] = []
    rank = rank_by(scorer, split.train)

    def spy(users: Rows, k: int) -> Rows:
        asked.append(len(users))
        return rank(users, k)

    blocks = evaluate_ranking(spy, split, k=5, resamples=50, rng=np.random.default_rng(0))
    assert blocks.metrics == whole.metrics
    assert blocks.slices == whole.slices
    assert max(asked) == 7
    assert sum(asked) == len(whole.users)


def test_per_user_values_are_those_that_are_averaged() -> None:
    split = random_split()
    result = run(Noise().fit(Dataset.of_weights(split.train), 1).scorer, split, k=5, resamples=200)
    assert result.users.tolist() == np.unique(split.test.user).tolist()
    for name, metric in result.metrics.items():
        if name.partition("@")[0] in ALL_LISTS:
            continue
        values = result.per_user[name]
        assert values.shape == result.users.shape
        assert values.mean() == pytest.approx(metric.value)
        assert metric.low is not None
        assert metric.high is not None
        assert metric.low < metric.value < metric.high


def test_scores_that_are_not_finite_are_refused() -> None:
    split = random_split()
    scores = np.full((len(split.train.users), len(split.train.items)), np.nan, np.float32)
    with pytest.raises(TrainingError, match="expected finite scores"):
        run(Fixed(scores), split)


def test_an_empty_test_set_is_refused() -> None:
    split = given(log("a x"), log("a x"))
    with pytest.raises(DataError, match=r"0 events \(and 1 left out"):
        run(Fixed(np.zeros((1, 1), np.float32)), split)


def quality(result: ModelResult) -> tuple[Any, ...]:
    """All of a result but seconds and MiB."""
    return result.model, result.epochs, result.evaluation.metrics, result.evaluation.slices


def test_a_run_repeats_and_models_do_not_disturb_each_other() -> None:
    split = random_split()
    options = {"seed": 3, "k": 5, "resamples": 20}
    first = fit_and_evaluate("noise", Noise(), split, **options)
    fit_and_evaluate("other", Noise(), split, **options)
    assert quality(fit_and_evaluate("noise", Noise(), split, **options)) == quality(first)
    other = fit_and_evaluate("other", Noise(), split, **options)
    assert other.evaluation.metrics != first.evaluation.metrics
    assert model_rng(3, "noise").random() != model_rng(4, "noise").random()


def test_epochs_are_chosen_on_train_alone_and_do_not_change_the_draws_of_the_fit() -> None:
    split = random_split()
    validation = carve_validation(split.train, 0.1, np.random.default_rng(0))

    def choose(model: Any, rng: np.random.Generator) -> Any:
        assert not set(pairs(validation.train)) & set(pairs(Graph(split.test)))
        rng.random(100)
        return replace(model, epochs=2)

    options = {"seed": 3, "k": 5, "resamples": 0}
    chosen = fit_and_evaluate("noise", Noise(), split, choose=choose, **options)
    fixed = fit_and_evaluate("noise", Noise(), split, **options)
    assert (chosen.epochs, fixed.epochs) == (2, 7)
    assert chosen.evaluation.metrics == fixed.evaluation.metrics
    memory = fit_and_evaluate("memory", Memory([]), split, choose=choose, **options)
    assert memory.epochs is None


def pairs(graph: Graph) -> Iterator[tuple[int, int]]:
    return zip(*graph.matrix.nonzero(), strict=True)


def test_peak_memory_sees_what_a_fit_held() -> None:
    @dataclass(frozen=True)
    class Big:
        def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Fixed]:
            np.ones(256 * 2**17).sum()  # 256 MiB
            return Noise().fit(data, seed)

    options = {"seed": 0, "k": 5, "resamples": 0}
    small = fit_and_evaluate("small", Noise(), random_split(), **options).peak_mib
    big = fit_and_evaluate("big", Big(), random_split(), **options).peak_mib
    if small is None or big is None:
        pytest.skip("this system does not tell")
    assert big > small + 200


def test_json_shape() -> None:
    split = random_split()
    validation = carve_validation(split.train, 0.1, np.random.default_rng(0))
    options = {"seed": 0, "k": 20, "resamples": 10}
    results = [
        fit_and_evaluate("noise", Noise(), split, **options),
        fit_and_evaluate("memory", Memory([]), split, **options),
    ]
    found = Comparison(tuple(results), split, 20, 0, validation, "temporal")
    read = json.loads(json.dumps(found.as_json(), allow_nan=False))
    models = read.pop("models")
    assert read == {
        "protocol": "temporal",
        "cutoff": split.cutoff,
        "k": 20,
        "seed": 0,
        "users": len(split.train.users),
        "items": len(split.train.items),
        "train": len(split.train.interactions),
        "valid": len(validation.test),
        "test": len(split.test),
        "test_users": len(set(split.test.user.tolist())),
        "repeats": split.repeats,
        "curves": {},
    }
    assert [model["model"] for model in models] == ["noise", "memory"]
    noise = models[0]
    assert list(noise) == [
        "model",
        "metrics",
        "epochs",
        "chosen",
        "note",
        "fit_seconds",
        "score_seconds",
        "peak_mib",
        "slices",
    ]
    names = ["recall", "ndcg", "hit", "mrr", "map", "precision", "long_tail", "novelty", "lift"]
    names += ["serendipity", "coverage", "overlap", "concentration"]
    assert list(noise["metrics"]) == [f"{name}@20" for name in names]
    assert set(noise["metrics"]["recall@20"]) == {"value", "low", "high"}
    assert noise["metrics"]["coverage@20"]["low"] is None
    assert list(noise["slices"]) == [
        *("warm_users", "cold_users", "users_1_to_2", "users_3_to_5"),
        *("users_6_to_20", "users_21_up"),
        *("head_items", "tail_items", "cold_items"),
    ]
    assert set(noise["slices"]["warm_users"]) == {"users", "metrics"}
    assert list(noise["slices"]["warm_users"]["metrics"]) == ["recall@20", "ndcg@20"]
    assert [model["epochs"] for model in models] == [7, None]
