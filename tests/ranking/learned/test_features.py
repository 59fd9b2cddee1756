"""Features of candidates: one row each, whatever the order, and unknown where nothing is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data.times import DAY
from graphrec.ranking.fusion import Fused, fuse
from graphrec.ranking.learned.features import ATTRIBUTES, HISTORY, TIME, columns_of, features
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.profile import UserProfile
from graphrec.settings import RetrievalSettings
from tests.support.snapshots import small_snapshot

SNAPSHOT = small_snapshot()
SOURCES = [source.name for source in SNAPSHOT.all_sources]
FACTS = SNAPSHOT.item_facts
COLUMNS = columns_of(SOURCES, FACTS)
NOON = 20_000 * DAY + DAY // 2


def fused_for(user: int) -> tuple[Fused, list[str], UserProfile]:
    recommender = Recommender.of(SNAPSHOT, RetrievalSettings())
    profile = recommender.view.stored(user)
    found = recommender.candidates(profile)
    return fuse(found, dict.fromkeys(SOURCES, 1.0)), [each.source for each in found], profile


def column(table: np.ndarray, name: str) -> np.ndarray:
    [at] = [at for at, each in enumerate(COLUMNS) if each.name == name]
    return table[:, at]


@given(
    st.integers(0, len(SNAPSHOT.users) - 1),
    st.randoms(use_true_random=False),
    st.sampled_from([None, NOON]),
)
def test_the_order_of_the_candidates_does_not_matter(user, random, now):  # type: ignore[no-untyped-def]
    fused, found, profile = fused_for(user)
    order = list(range(len(fused.items)))
    random.shuffle(order)
    z_scores = fused.z_scores[:, order]
    shuffled = Fused(fused.items[order], fused.scores[order], z_scores)
    one = features(SOURCES, fused, found, profile, FACTS, now)
    other = features(SOURCES, shuffled, found, profile, FACTS, now)
    ranks = [at for at, each in enumerate(COLUMNS) if each.name == "rank"]
    kept = [at for at in range(len(COLUMNS)) if at not in ranks]
    np.testing.assert_array_equal(one[order][:, kept], other[:, kept])
    assert one.shape == (len(order), len(COLUMNS))
    for source, at in zip(SOURCES, ranks, strict=True):  # ranks go by z-score, ties by place
        z_score = other[:, SOURCES.index(source)]
        assert (np.diff(z_score[np.argsort(other[:, at])]) <= 0).all()


def test_of_someone_without_a_history_only_what_all_share_is_known() -> None:
    fused, found, _ = fused_for(0)
    table = features(SOURCES, fused, found, UserProfile(), FACTS, None)
    unknown = np.isnan(table).all(axis=0)
    groups = np.array([each.group for each in COLUMNS])
    assert unknown[(groups == ATTRIBUTES) | (groups == TIME)].all()
    assert not unknown[np.isin(groups, SOURCES)][: 2 * len(SOURCES)].any()
    np.testing.assert_array_equal(column(table, "items liked"), 0)


def test_the_clock_and_the_time_since_the_last_like() -> None:
    fused, found, profile = fused_for(0)
    profile = replace(profile, liked_at=np.full(len(profile.history), NOON - 3 * DAY))
    table = features(SOURCES, fused, found, profile, FACTS, NOON)
    assert set(column(table, "hour")) == {12}
    assert set(column(table, "day of the week")) == {(20_000 + 4) % 7}
    assert column(table, "days since the last like")[0] == pytest.approx(np.log1p(3))
    assert column(table, "days from the first")[0] == 0
    # Places in a session are no times.
    session = replace(profile, liked_at=np.arange(len(profile.history)))
    table = features(SOURCES, fused, found, session, FACTS, NOON)
    assert np.isnan(column(table, "days since the last like")).all()


def test_labels_and_numbers_beside_those_of_what_is_liked() -> None:
    fused, found, profile = fused_for(0)
    profile = replace(profile, history=np.array([1, 3], np.int32), liked_at=np.array([1, 2]))
    table = features(SOURCES, fused, found, profile, FACTS, None)
    odd = fused.items % 2 == 1  # which have the labels a and b
    common = column(table, "labels in common with what is liked")
    np.testing.assert_allclose(common, np.where(odd, 1, 0), atol=1e-6)
    years = column(table, "year beside that of what is liked")
    spread = np.std(1990.0 + np.arange(9))
    np.testing.assert_allclose(years, (fused.items - 2) / spread, atol=1e-5)


def test_every_feature_has_a_group_that_is_shown() -> None:
    groups = {each.group for each in COLUMNS}
    assert groups == {*SOURCES, ATTRIBUTES, HISTORY, TIME}
