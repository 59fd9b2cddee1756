from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Attribute
from graphrec.ranking.fusion import alike
from graphrec.recommend.query import Query
from graphrec.recommend.reasons import sentence
from graphrec.recommend.recommender import Recommender
from graphrec.recommend.results import Because, reason_of_paths, reason_of_popular
from graphrec.retrieval import neighbours
from graphrec.retrieval.neighbours import BLOCK, vias
from graphrec.settings import RetrievalSettings
from tests.support.snapshots import recommenders, small_snapshot


def liked(likes):
    """By user id, the set of item ids they like."""
    rows = likes.by_user.astype(bool).toarray()
    return {
        user: {likes.items.ids[item] for item in np.flatnonzero(row)}
        for user, row in zip(likes.users.ids, rows, strict=True)
    }


def check_paths(likes, history, item, because, k, me=None):
    """Count every path again, by sets."""
    likes_of = liked(likes)
    fans = {via: {u for u, items in likes_of.items() if via in items} for via in likes.items.ids}
    expected = {via: len((fans[via] & fans[item]) - {me}) for via in set(history) - {item}}
    expected = {via: people for via, people in expected.items() if people}
    assert len(because) == min(k, len(expected))
    for path in because:
        assert path.people == expected[path.item]
        both = len(fans[path.item] & fans[item])
        cosine = both / np.sqrt(len(fans[path.item]) * len(fans[item]))
        assert path.score == pytest.approx(cosine, abs=1e-9)
    assert list(because) == sorted(because, key=lambda path: (-path.score, path.item))
    assert len({path.item for path in because}) == len(because)


@given(recommenders(), st.integers(0, 4))
def test_every_path_of_a_user_can_be_counted_again(recommender, k):
    likes = recommender.snapshot.likes
    for user, history in liked(likes).items():
        for item in likes.items.ids:
            because = recommender.explain(Query(user), item, k).because
            check_paths(likes, history, item, because, k, me=user)
            stored = neighbours.paths(likes, user, item, k)
            assert [(b.item, b.people, b.score) for b in because] == [tuple(p) for p in stored]


@given(recommenders(), st.data())
def test_every_path_of_a_session_can_be_counted_again(recommender, data):
    likes = recommender.snapshot.likes
    session = data.draw(st.lists(st.sampled_from(likes.items.ids)))
    for item in likes.items.ids:
        why = recommender.explain(Query(items=tuple(session)), item)
        assert why.seen == (item in session)
        check_paths(likes, session, item, why.because, 3)


@given(recommenders())
def test_a_recommendation_comes_with_the_three_best_paths(recommender):
    for user in recommender.snapshot.users.ids:
        for found in recommender.recommend(Query(user, k=10)):
            assert found.because == recommender.explain(Query(user), found.item, 3).because


def test_paths_to_many_items_are_those_to_each():
    likes = small_snapshot(items=3 * BLOCK).likes
    history = likes.by_user[[0]].indices
    items = np.arange(3 * BLOCK)
    for block in (items, items[: BLOCK + 1], items[:0]):
        one_by_one = [vias(likes, history, np.array([item]), 3, 0)[0] for item in block]
        assert vias(likes, history, block, 3, 0) == one_by_one


def test_paths_carry_titles_where_items_have_one():
    snapshot = small_snapshot()
    titled = Recommender.of(snapshot, RetrievalSettings())
    bare = Recommender.of(replace(snapshot, item_attributes={}), RetrievalSettings())
    numbered = Attribute("number", (1.0,) * 9)
    wrong = Recommender.of(
        replace(snapshot, item_attributes={"title": numbered}), RetrievalSettings()
    )
    rows = snapshot.items.rows
    for user in snapshot.users.ids:
        for found in titled.recommend(Query(user, k=9)):
            assert found.title == (f"The {rows[found.item]}th" if rows[found.item] else None)
            for via in found.because:
                assert via.title == (f"The {rows[via.item]}th" if rows[via.item] else None)
        for recommender in (bare, wrong):
            assert {found.title for found in recommender.recommend(Query(user, k=9))} == {None}


def test_a_reason_says_what_the_sources_and_paths_say():
    toy_story = Because("1", "Toy Story", 87, 0.5)
    assert sentence(reason_of_paths("Aladdin", [toy_story])) == (
        "Because you liked Toy Story: 87 people who liked it also liked Aladdin"
    )
    untitled = Because("1", None, 1, 0.5)
    assert sentence(reason_of_paths("Aladdin", [untitled])) == (
        "Because you liked 1: 1 person who liked it also liked Aladdin"
    )
    assert sentence(reason_of_paths("Aladdin", [])) == "Similar to what you like"
    assert sentence(reason_of_popular(214)) == "Popular: 214 people liked it"
    assert sentence(reason_of_popular(1)) == "Popular: 1 person liked it"
    assert sentence(reason_of_popular(0)) == "New: nobody has liked it yet"
    france = sentence(reason_of_popular(2, "France"))
    assert france == "Popular in France: 2 people there liked it"


def test_the_reason_is_that_of_the_source_that_adds_most():
    """Whatever else is true of an item: what is popular is not recommended because of a path."""
    snapshot = small_snapshot()
    neighbours, popularity = "neighbours", snapshot.popularity.name
    led = set()
    for weights in ({neighbours: 1.0, popularity: 0.3}, {neighbours: 0.3, popularity: 1.0}):
        manifest = replace(snapshot.manifest, weights=alike(weights))
        recommender = Recommender.of(replace(snapshot, manifest=manifest), RetrievalSettings())
        for user in snapshot.users.ids:
            for found in recommender.recommend(Query(user, k=9, explain=True)):
                most = max(found.contributions, key=lambda each: each.score, default=None)
                source = None if most is None or not most.score else most.source
                begins = ("Because",) if source == neighbours else ("Popular:", "New:")
                assert found.reason.startswith(begins), found
                assert recommender.explain(Query(user), found.item).reason == found.reason
                led.add((source, popularity in found.sources, neighbours in found.sources))
    assert {(neighbours, True, True), (popularity, True, True)} <= led


def test_what_was_seen_is_said_to_be_seen():
    snapshot = small_snapshot()
    likes = snapshot.likes
    recommender = Recommender.of(snapshot, RetrievalSettings())
    for row, user in enumerate(likes.users.ids):
        for item in likes.seen[[row]].indices.tolist():
            why = recommender.explain(Query(user), likes.items.ids[item])
            assert why.seen
            assert why.reason == f"You have already seen {why.title or why.item}"
            assert likes.users.ids[row] == user
