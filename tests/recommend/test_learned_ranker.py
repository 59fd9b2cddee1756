"""A learned ranker in what serves: it adds to the fused scores, says what, and travels along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.forget import without
from graphrec.ranking.fusion import alike
from graphrec.ranking.learned.features import columns_of
from graphrec.ranking.learned.ranker import LearnedRanker
from graphrec.ranking.learned.trees import Bounds, Trees
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.rules.rule import BoostRule
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.update import update
from graphrec.store.delta import Delta, Event, UserDelta
from tests.support.snapshots import recommenders, small_snapshot


def with_ranker(snapshot: Snapshot, seed: int = 0, trees: int = 20) -> Snapshot:
    """The same snapshot with stumps over random features."""
    sources = [source.name for source in snapshot.all_sources]
    columns = columns_of(sources, snapshot.item_facts)
    rng = np.random.default_rng(seed)
    leaves = []
    for feature, threshold, value in zip(
        rng.integers(0, len(columns), trees).tolist(),
        rng.normal(size=trees).tolist(),
        rng.normal(size=trees).tolist(),
        strict=True,
    ):
        leaves.append(({feature: Bounds().left(threshold, True, 0.5)}, value))
        leaves.append(({feature: Bounds().right(threshold, False, 0.5)}, -value))
    names, groups = zip(*((each.name, each.group) for each in columns), strict=True)
    return replace(snapshot, ranker=LearnedRanker(Trees.of(leaves), tuple(sources), names, groups))


def with_weights(recommender: Recommender) -> Snapshot:
    """The snapshot of a recommender, with the weights of its settings as those of training."""
    manifest = replace(recommender.snapshot.manifest, weights=alike(recommender.settings.weights))
    return replace(recommender.snapshot, manifest=manifest)


@st.composite
def learned(draw: Any) -> Recommender:
    """Any small recommender with a learned ranker."""
    recommender = draw(recommenders())
    snapshot = with_ranker(with_weights(recommender), draw(st.integers(0, 9)))
    settings = RetrievalSettings(candidates=recommender.settings.candidates)
    return Recommender.of(snapshot, settings)


@given(learned(), st.integers(1, 9))
def test_lists_descend_and_are_explained_by_what_adds_up_to_their_scores(recommender, k):  # type: ignore[no-untyped-def]
    for user in (*recommender.snapshot.users.ids, "nobody"):
        found = recommender.recommend(Query(user, k=k))
        ranked = [each.score for each in found if each.sources != ("fallback",)]
        assert ranked == sorted(ranked, reverse=True)
        for each in found:
            assert sum(part.score for part in each.contributions) == pytest.approx(each.score)
            assert each.sources
            for part in each.contributions:
                assert part.score == pytest.approx(part.weight * part.z_score + part.learned)
        again = recommender.recommend(Query(user, k=k, explain=False))
        assert [each.item for each in again] == [each.item for each in found]
        assert [each.reason for each in again] == [each.reason for each in found]


@given(learned())
def test_an_explanation_agrees_with_the_list(recommender):  # type: ignore[no-untyped-def]
    for user in recommender.snapshot.users.ids:
        found = recommender.recommend(Query(user, k=9))
        for place, each in enumerate(found, start=1):
            why = recommender.explain(Query(user), each.item)
            assert (why.rank, why.reason) == (place, each.reason)
            assert why.score == pytest.approx(each.score)
            assert sum(part.score for part in why.contributions) == pytest.approx(each.score)
            assert recommender.why_not(Query(user), each.item).rank == place


@given(learned(), st.integers(1, 9))
def test_lists_are_evaluated_as_they_are_served(recommender, k):  # type: ignore[no-untyped-def]
    likes = recommender.snapshot.likes
    ranked = recommender.rank(np.arange(len(likes.users)), k)
    for user, rows in zip(likes.users.ids, ranked, strict=True):
        served = [likes.items.rows[each.item] for each in recommender.recommend(Query(user, k=k))]
        assert rows.tolist() == served + [-1] * (k - len(served))


@given(recommenders(), st.integers(0, 9))
def test_weights_of_the_settings_serve_alone(recommender, seed):  # type: ignore[no-untyped-def]
    """What was learned beside other weights says nothing about these."""
    other = replace(recommender, view=Recommender.of(
        with_ranker(recommender.snapshot, seed), recommender.settings).view)  # fmt: skip
    for user in (*recommender.snapshot.users.ids, "nobody"):
        assert other.recommend(Query(user)) == recommender.recommend(Query(user))


@given(learned())
def test_without_a_history_what_is_popular_comes_first(recommender):  # type: ignore[no-untyped-def]
    alone = Recommender.of(replace(recommender.snapshot, ranker=None), recommender.settings)
    assert recommender.recommend(Query("nobody")) == alone.recommend(Query("nobody"))


SNAPSHOT = with_ranker(small_snapshot())
SERVED = Recommender.of(SNAPSHOT, RetrievalSettings())


def lists(recommender: Recommender) -> list[list[str]]:
    users = recommender.snapshot.users.ids
    return [[each.item for each in recommender.recommend(Query(user, k=5))] for user in users]


def test_it_changes_lists() -> None:
    alone = Recommender.of(replace(SNAPSHOT, ranker=None), RetrievalSettings())
    assert lists(SERVED) != lists(alone)


def test_a_published_snapshot_serves_the_same(tmp_path: Path) -> None:
    publish(SNAPSHOT, tmp_path)
    again = load(tmp_path)
    assert again.ranker is not None
    assert SNAPSHOT.ranker is not None
    assert again.ranker.columns == SNAPSHOT.ranker.columns
    assert lists(Recommender.of(again, RetrievalSettings())) == lists(SERVED)


def test_someone_forgotten_leaves_no_trace_in_what_is_known_of_items() -> None:
    left = without(SNAPSHOT, {"u00", "u03"})
    assert left.ranker is SNAPSHOT.ranker
    others = np.array([row for row, u in enumerate(SNAPSHOT.users.ids) if u not in ("u00", "u03")])
    likes = np.bincount(SNAPSHOT.history[others].indices, minlength=len(SNAPSHOT.items))
    np.testing.assert_allclose(left.item_facts.likes, np.log1p(likes), rtol=1e-6)
    assert all(lists(Recommender.of(left, RetrievalSettings())))


def test_an_incremental_update_keeps_it_and_knows_new_likes_and_items() -> None:
    event = Event("i00", "interaction", 10**12, 1.0)
    delta = Delta(users={"new": UserDelta((event,))}, events=len(SNAPSHOT.history.data) + 1)
    after = update(SERVED.advanced(delta).view)
    assert after.ranker is SNAPSHOT.ranker
    row = SNAPSHOT.items.rows["i00"]
    assert after.item_facts.likes[row] > SNAPSHOT.item_facts.likes[row]
    assert Recommender.of(after, RetrievalSettings()).recommend("new").recommendations


def test_rules_and_diversity_hold_beside_it() -> None:
    rules = (BoostRule(name="new", action="boost", attribute="year", least=1995, add=3.0),)
    for user in SNAPSHOT.users.ids:
        boosted = SERVED.recommend(Query(user, k=5, rules=rules))
        diverse = SERVED.recommend(Query(user, k=5, diversity=0.5))
        for each in (*boosted, *diverse):
            assert sum(part.score for part in each.contributions) == pytest.approx(each.score)
