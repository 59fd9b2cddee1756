"""The learned ranker: it must earn its place on cuts that it has not learned from."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from graphrec.errors import MissingExtra
from graphrec.evaluation.splits.split import Split, carve_validation, temporal
from graphrec.ranking.learned.features import Feature
from graphrec.ranking.learned.ranker import LearnedRanker
from graphrec.ranking.learned.trial import Trial
from graphrec.settings import FusionSettings
from graphrec.training import fusion as pipeline
from graphrec.training.lambdamart import LabelledList, LambdaMART
from graphrec.training.learned_ranker import PastList, further_cuts, learn_ranker
from graphrec.training.learning import learn, snapshot_of
from tests.support.small_data import graph_of, ratings
from tests.support.small_training import SETTINGS

ITEMS = 60
COLUMNS = (Feature("z-score", "neighbours"), Feature("age", "popularity"))


def past(signal: float, seed: int, lists: int = 40, cuts: int = 4) -> list[list[PastList]]:
    """Lists where an item is relevant by its second feature, as far as `signal` says."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(lists * cuts):
        items = rng.permutation(ITEMS)[:30].astype(np.int32)
        features = rng.normal(size=(30, 2)).astype(np.float32)
        fused = np.sort(features[:, 0])[::-1].astype(np.float64)
        features[:, 0] = fused
        score = fused + signal * features[:, 1] + rng.normal(size=30)
        relevant = score > np.sort(score)[-4]
        found.append(PastList(LabelledList(features, fused, relevant), items, 3))
    return [found[at::cuts] for at in range(cuts)]


def learned(
    cuts: Sequence[Sequence[PastList]], seed: int = 0
) -> tuple[LearnedRanker | None, Trial | None]:
    pytest.importorskip("lightgbm")
    model = LambdaMART(trees=30, least=20)
    return learn_ranker(model, cuts, 2, ("neighbours",), COLUMNS, ITEMS, 5, seed)


def test_what_the_weights_cannot_say_is_learned_and_serves() -> None:
    ranker, trial = learned(past(signal=2.0, seed=0))
    assert ranker is not None
    assert trial is not None
    assert trial.lists == 80
    assert trial.low > 0
    assert trial.earned
    assert "it serves" in str(trial)
    features = np.array([[0, -2], [0, 2]], np.float32)
    low, high = ranker.added(features)
    assert low < 0 < high
    parts = ranker.contributions(features)
    assert parts["popularity"][1] > abs(parts["neighbours"][1])
    np.testing.assert_allclose(sum(parts.values()), ranker.added(features))


def test_where_there_is_nothing_to_learn_the_fusion_serves() -> None:
    ranker, trial = learned(past(signal=0.0, seed=1))
    assert ranker is None
    assert trial is not None
    assert not trial.earned
    assert "fusion serves" in str(trial)


def test_one_seed_gives_one_ranker() -> None:
    cuts = past(signal=2.0, seed=0)
    (one, first), (other, second), (third, _) = learned(cuts), learned(cuts), learned(cuts, seed=1)
    assert one is not None
    assert other is not None
    assert third is not None
    assert first == second
    np.testing.assert_array_equal(one.trees.value, other.trees.value)
    np.testing.assert_array_equal(one.trees.low, other.trees.low)
    assert not np.array_equal(one.trees.value, third.trees.value)


@pytest.mark.parametrize(("lists", "cuts"), [(10, 4), (200, 1)])
def test_too_few_lists_or_one_cut_alone_teach_nothing(lists: int, cuts: int) -> None:
    ranker, trial = learned(past(2.0, seed=0, lists=lists, cuts=cuts))
    assert ranker is None
    assert trial is not None
    assert "too few" in str(trial)


def test_lists_that_lose_coverage_have_not_earned_it() -> None:
    good = Trial(100, gain=0.1, low=0.05, high=0.15, coverage=0.5, coverage_before=0.5)
    assert good.earned
    assert not replace(good, coverage=0.4).earned
    assert not replace(good, low=-0.001).earned


def test_without_lightgbm_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtra, match="ranker"):
        LambdaMART.require()


@pytest.fixture(scope="module")
def split() -> Split:
    return temporal(graph_of(ratings()), 0.2)


def test_further_cuts_are_older_each_than_the_one_before(split: Split) -> None:
    cuts = carve_validation(split.train, 0.1, np.random.default_rng(0), 2).cuts
    older = further_cuts(cuts, 0.1, np.random.default_rng(0))
    assert older
    assert len(older) + len(cuts) <= 12
    cutoffs = [cut.cutoff for cut in (*cuts, *older)]
    assert cutoffs == sorted(cutoffs, reverse=True)
    for before, after in zip((*cuts, *older), older, strict=False):
        assert after.test.time.max() < before.cutoff
        assert after.train.interactions.time.max() < after.cutoff


@pytest.mark.slow
def test_the_settings_ask_for_it_and_the_manifest_says_how_it_did(split: Split) -> None:
    pytest.importorskip("lightgbm")
    settings = SETTINGS.model_copy(update={"fusion": FusionSettings(ranker="lambdamart")})
    spec = pipeline.fusion_of(settings, ())
    choice = pipeline.choose(spec, split.train, 0)
    assert choice.trial is not None
    snapshot = snapshot_of(spec, split.train, learn(spec, split.train, 0, choice), 0)
    assert snapshot.manifest.ranker == choice.trial
    assert (snapshot.ranker is None) != choice.trial.earned
    assert pipeline.choose(pipeline.fusion_of(SETTINGS, ()), split.train, 0).trial is None
