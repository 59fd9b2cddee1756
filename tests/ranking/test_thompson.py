"""Thompson sampling: what is logged is what was drawn by, and that is how good items may be."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.ranking.exploration import Explored, explore
from graphrec.ranking.thompson import Posteriors, ThompsonPool
from graphrec.recommend.query import Context, Query
from tests.support.attributed import ITEMS, RECOMMENDER, SNAPSHOT, USERS

counted = st.tuples(st.integers(0, 60), st.integers(0, 60))


def pool_of(likes: list[int], dislikes: list[int]) -> ThompsonPool:
    of = Posteriors(np.array(likes), np.array(likes) + np.array(dislikes))
    return ThompsonPool([f"i{at}" for at in range(len(likes))], of, np.arange(len(likes)))


def chances_of(likes: list[int], dislikes: list[int]) -> list[float]:
    """How likely each item is to be drawn."""
    groups = Posteriors(np.array(likes), np.array(likes) + np.array(dislikes)).groups.tolist()
    sizes, pool = Counter(groups), pool_of(likes, dislikes)
    return [pool.chance(group) / sizes[group] for group in groups]


@given(st.lists(counted, min_size=1, max_size=30))
def test_an_item_is_as_likely_as_it_is_the_best_of_shares_drawn_from_the_posteriors(counts):
    likes, dislikes = (list(each) for each in zip(*counts, strict=True))
    chances = chances_of(likes, dislikes)
    assert sum(chances) == pytest.approx(1)
    rounds = 4000
    shares = np.random.default_rng(0).beta(
        1 + np.array(likes), 1 + np.array(dislikes), size=(rounds, len(counts))
    )
    best = np.bincount(shares.argmax(axis=1), minlength=len(counts)) / rounds
    # Four standard errors of the frequency, and what the integral may be off by.
    assert np.all(np.abs(best - chances) <= 4 * np.sqrt(0.25 / rounds) + 0.002)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_items_come_as_often_as_their_propensities_say(share):
    rng, rounds = np.random.default_rng(1), 4000
    likes, dislikes = [8, 3, 3, 0, 40], [2, 3, 3, 0, 60]
    came: Counter[str] = Counter()
    weighed: Counter[str] = Counter()
    for _ in range(rounds):
        found = explore(["a", "b"], pool_of(likes, dislikes), share, 2, rng)
        if isinstance(found[0], Explored):
            came[found[0].item] += 1
            weighed[found[0].item] += 1 / found[0].propensity
        drawn = [each.item for each in found if isinstance(each, Explored)]
        assert len(set(drawn)) == len(drawn)
    for at, chance in enumerate(chances_of(likes, dislikes)):
        item = f"i{at}"
        band = 4 * np.sqrt(share * chance / rounds) + 1e-3
        assert came[item] / rounds == pytest.approx(share * chance, abs=band)
        if chance > 0.05:  # weighed by the inverse, each item comes once a round
            assert weighed[item] / rounds == pytest.approx(1, abs=0.25)


@given(st.lists(counted, min_size=2, max_size=12), st.data())
def test_after_a_draw_the_others_are_as_likely_as_in_a_pool_of_their_own(counts, data):
    """Also where few of many are in the pool, and what is not is taken off the sums of all."""
    of = Posteriors(*np.array([(a, a + b) for a, b in counts]).T)
    rows = data.draw(st.lists(st.integers(0, len(counts) - 1), min_size=2, unique=True))
    ids = [str(row) for row in range(len(counts))]
    pool = ThompsonPool(ids, of, np.array(rows))
    drawn, chance = pool.draw(np.random.default_rng(data.draw(st.integers(0, 9))))
    own = ThompsonPool(ids, of, np.array([int(drawn), *(r for r in rows if r != int(drawn))]))
    group = of.groups[int(drawn)]
    assert chance == pytest.approx(own.chance(group) / (of.groups[rows] == group).sum())
    left = [row for row in rows if row != int(drawn)]
    alone = ThompsonPool(ids, of, np.array(left))
    for group in set(of.groups[left].tolist()):
        assert pool.chance(group) == pytest.approx(alone.chance(group), rel=1e-6, abs=1e-9)


def test_what_nobody_has_met_is_tried_and_what_many_disliked_is_not():
    unmet, loved, disliked = chances_of([0, 50, 5], [0, 50, 500])
    assert unmet > 0.4
    assert loved > 0.3
    assert disliked < 1e-6


def test_a_pool_is_drawn_empty_each_item_once():
    pool = pool_of([5, 5, 0, 9], [1, 1, 0, 0])
    drawn = [pool.draw(np.random.default_rng(0)) for _ in range(4)]
    assert sorted(item for item, _ in drawn) == ["i0", "i1", "i2", "i3"]
    assert drawn[-1][1] == pytest.approx(1)
    assert not len(pool)


def test_a_list_explores_by_what_its_snapshot_counts():
    deny = frozenset(ITEMS[:3])
    query = Query("stranger", k=2, exploration=1, exploration_by="thompson", deny=deny)
    came: Counter[str] = Counter()
    rng = np.random.default_rng(0)
    for _ in range(300):
        found = RECOMMENDER.recommend(query, Context(rng=rng)).recommendations
        assert {each.sources for each in found} == {("exploration",)}
        assert all(0 < (each.propensity or 0) <= 1 for each in found)
        came[found[0].item] += 1
    met, liked = (
        np.bincount(matrix.indices, minlength=len(ITEMS))
        for matrix in (SNAPSHOT.likes.seen, SNAPSHOT.likes.by_user)
    )
    there = RECOMMENDER.recommend(Query("stranger", k=2, deny=deny))  # takes no part
    rows = [
        row
        for row, item in enumerate(ITEMS)
        if item not in deny and item not in {each.item for each in there}
    ]
    chances = chances_of(liked[rows].tolist(), (met - liked)[rows].tolist())
    for row, chance in zip(rows, chances, strict=True):
        assert came[ITEMS[row]] / 300 == pytest.approx(chance, abs=0.1)


def test_draws_are_those_of_the_generator():
    query = Query(USERS[0], k=5, exploration=0.5, exploration_by="thompson")
    one, other = (
        RECOMMENDER.recommend(query, Context(rng=np.random.default_rng(3))) for _ in range(2)
    )
    assert one == other
