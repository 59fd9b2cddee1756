from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.errors import SnapshotError, UnknownNode
from graphrec.evaluation.evaluator import evaluate_ranking
from graphrec.evaluation.splits.split import leave_last_out
from graphrec.models.encoder import Encoder
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.ranking.fusion import Group
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.embedding import Nearest
from graphrec.settings import RetrievalSettings
from graphrec.store.delta import Delta, Event, UserDelta
from tests.support.snapshots import build_snapshot, recommenders, small_snapshot

SETTINGS = RetrievalSettings()


def with_vectors(snapshot, **changes):
    """The same snapshot, with other vectors or another encoder."""
    [neighbours, nearest] = snapshot.sources
    changed = Nearest.of(replace(nearest.vectors, **changes))
    return replace(snapshot, sources=(neighbours, changed))


def seen_by(recommender, user):
    likes = recommender.snapshot.likes
    row = likes.seen[[likes.users.rows[user]]].indices
    return {likes.items.ids[item] for item in row}


@given(recommenders(), st.integers(0, 10))
def test_everyone_gets_k_new_items_where_there_are_k(recommender, k):
    likes = recommender.snapshot.likes
    for user in likes.users.ids:
        found = [r.item for r in recommender.recommend(Query(user, k=k))]
        eligible = set(likes.items.ids) - seen_by(recommender, user)
        assert len(found) == min(k, len(eligible))
        assert len(set(found)) == len(found)
        assert set(found) <= eligible


@given(recommenders(), st.integers(0, 10), st.data())
def test_every_session_gets_k_new_items_where_there_are_k(recommender, k, data):
    items = recommender.snapshot.items.ids
    session = data.draw(st.lists(st.sampled_from(items)))
    found = [r.item for r in recommender.recommend(Query(items=tuple(session), k=k))]
    assert len(found) == min(k, len(items) - len(set(session)))
    assert len(set(found)) == len(found)
    assert set(found) <= set(items) - set(session)


@given(recommenders(), st.integers(0, 10))
def test_lists_are_evaluated_as_they_are_served(recommender, k):
    likes = recommender.snapshot.likes
    ranked = recommender.rank(np.arange(len(likes.users)), k)
    for user, rows in zip(likes.users.ids, ranked, strict=True):
        served = [likes.items.rows[r.item] for r in recommender.recommend(Query(user, k=k))]
        assert rows.tolist() == served + [-1] * (k - len(served))


@given(recommenders())
def test_something_speaks_for_every_item(recommender):
    """What stands out to no source is not recalled: it fills up, if anything."""
    for user in (*recommender.snapshot.users.ids, "nobody"):
        for each in recommender.recommend(Query(user, k=99)):
            assert each.sources
            assert "fallback" not in each.sources or each.score == 0


@given(recommenders())
def test_scores_of_all_items_order_what_is_recalled_as_the_list_does(recommender):
    items = recommender.snapshot.items
    for row, user in enumerate(recommender.snapshot.users.ids):
        scores = recommender.score(np.array([row]))[0]
        for found in recommender.recommend(Query(user, k=len(items))):
            if found.sources != ("fallback",):
                assert scores[items.rows[found.item]] == pytest.approx(found.score, rel=1e-5)


@given(recommenders())
def test_a_short_list_is_the_start_of_a_long_one_and_asking_again_changes_nothing(recommender):
    for user in (*recommender.snapshot.users.ids, "nobody"):
        whole = recommender.recommend(Query(user, k=10))
        assert replace(recommender).recommend(Query(user, k=10)) == whole
        start = recommender.recommend(Query(user, k=3))
        assert start.recommendations == whole.recommendations[:3]


@given(recommenders())
def test_scores_descend_with_ties_by_row_and_the_fallback_last(recommender):
    rows = recommender.snapshot.items.rows
    for user in recommender.snapshot.users.ids:
        found = recommender.recommend(Query(user, k=10))
        filled = [r.sources == ("fallback",) for r in found]
        assert filled == sorted(filled)
        recalled = [(-r.score, rows[r.item]) for r in found if r.sources != ("fallback",)]
        assert recalled == sorted(recalled)
        popularity = recommender.snapshot.popularity.popularity
        rest = [rows[r.item] for r in found if r.sources == ("fallback",)]
        assert rest == sorted(rest, key=lambda row: (-popularity[row], row))


@given(recommenders())
def test_explanations_agree_with_the_list_and_add_up(recommender):
    likes = recommender.snapshot.likes
    for user in likes.users.ids:
        found = recommender.recommend(Query(user, k=len(likes.items)))
        for rank, recommendation in enumerate(found, start=1):
            why = recommender.explain(Query(user), recommendation.item)
            assert why.rank == rank
            assert not why.seen
            assert why.score == recommendation.score
            assert why.score == pytest.approx(sum(c.score for c in why.contributions))
            assert tuple(c.source for c in why.contributions) == recommendation.sources
            assert (why.reason, why.because) == (recommendation.reason, recommendation.because)
            for part in why.contributions:
                assert part.score == part.weight * part.z_score
                assert (part.score > 0) == (part.source != "fallback")
        for item in seen_by(recommender, user):
            why = recommender.explain(Query(user), item)
            assert why.seen
            assert (why.rank, why.score, why.contributions) == (None, 0, ())


@given(recommenders())
def test_someone_unknown_or_without_likes_gets_what_is_popular(recommender):
    snapshot = recommender.snapshot
    popularity = snapshot.popularity.popularity
    order = sorted(range(len(snapshot.items)), key=lambda row: (-popularity[row], row))
    popular = [snapshot.items.ids[row] for row in order]
    assert [r.item for r in recommender.recommend(Query("nobody", k=10))] == popular
    assert [r.item for r in recommender.recommend(Query(k=10))] == popular
    for row, user in enumerate(snapshot.users.ids):
        if snapshot.likes.by_user[[row]].nnz == 0:
            seen = seen_by(recommender, user)
            found = [r.item for r in recommender.recommend(Query(user, k=10))]
            assert found == [item for item in popular if item not in seen]


def test_each_source_recalls_its_best():
    """The candidates of each source alone, by the definition of each."""
    snapshot = small_snapshot()
    likes, ids = snapshot.likes, snapshot.items.ids
    off = {"embedding": 0.0, "neighbours": 0.0, "popularity": 0.0}
    everyone = np.arange(len(likes.users))
    scores = {
        "embedding": snapshot.embeddings.score(everyone),
        "neighbours": snapshot.sources[0].scores.score_histories(snapshot.history),
        "popularity": np.tile(np.log1p(snapshot.popularity.popularity), (len(everyone), 1)),
    }
    for source, score in scores.items():
        recommender = Recommender.of(
            snapshot, RetrievalSettings(weights={**off, source: 0.5}, candidates=3)
        )
        for row, user in enumerate(likes.users.ids):
            if likes.by_user[[row]].nnz == 0:
                continue  # gets what is popular, whatever the sources
            strength = np.round((score[row] - score[row].mean()) / score[row].std(), 4)
            seen = likes.seen[[row]].indices
            eligible = [i for i in range(len(ids)) if i not in seen and strength[i] > 0]
            best = sorted(eligible, key=lambda i: (-strength[i], i))[:3]
            found = recommender.recommend(Query(user, k=9)).recommendations
            recalled = [r for r in found if r.sources == (source,)]
            assert [r.item for r in recalled] == [ids[i] for i in best]
            assert [r.score for r in recalled] == pytest.approx(0.5 * strength[best], abs=1e-3)
            assert {r.sources for r in found[len(recalled) :]} <= {("fallback",)}


def test_a_session_is_embedded_from_its_items():
    snapshot = small_snapshot()
    alone = RetrievalSettings(weights={"neighbours": 0, "popularity": 0})
    recommender = Recommender.of(snapshot, alone)
    vector = snapshot.encoder.base + snapshot.encoder.messages[[1, 4]].mean(axis=0)
    score = snapshot.embeddings.item @ vector
    best = [i for i in np.argsort(-score).tolist() if i not in (1, 4) and score[i] > score.mean()]
    ids = snapshot.items.ids
    found = recommender.recommend(Query(items=(ids[4], ids[1], ids[4]), k=20))
    assert [r.item for r in found if r.sources == ("embedding",)] == [ids[i] for i in best]


def test_a_session_without_an_encoder_is_served_from_the_other_sources():
    snapshot = with_vectors(small_snapshot(), encoder=None)
    recommender = Recommender.of(snapshot, RetrievalSettings(weights={"popularity": 0}))
    found = recommender.recommend(Query(items=(snapshot.items.ids[1],), k=20))
    assert {r.sources for r in found} == {("neighbours",), ("fallback",)}


def test_an_encoder_tells_no_items_apart_from_none():
    encoder = Encoder(np.ones((3, 2), np.float32), np.array([0, 1], np.float32))
    assert encoder.embed(np.empty(0, np.int32)).tolist() == [0, 1]


def test_a_session_as_long_as_a_history_is_ranked_like_it_by_neighbours():
    snapshot = small_snapshot(learnt=False)
    recommender = Recommender.of(snapshot, RetrievalSettings(weights={"popularity": 0}))
    likes = snapshot.likes
    for row, user in enumerate(likes.users.ids):
        history, worth = likes.by_user[[row]].indices, likes.by_user[[row]].data
        if len(history) == likes.seen[[row]].nnz > 0 and (worth == worth[0]).all():
            session = tuple(likes.items.ids[item] for item in history)
            by_user = [(r.item, r.score) for r in recommender.recommend(Query(user, k=9))]
            found = recommender.recommend(Query(items=session, k=9))
            assert [(r.item, r.score) for r in found] == by_user


def test_related_in_the_graph_share_two_people():
    snapshot = small_snapshot()
    likes = snapshot.likes
    fans = likes.by_item.astype(bool).astype(int).toarray()
    shared = fans @ fans.T
    for row, item in enumerate(likes.items.ids):
        found = Recommender.of(snapshot, SETTINGS).related(item, 20)
        expected = [i for i in range(len(fans)) if i != row and shared[row, i] >= 2]
        cosine = {i: shared[row, i] / np.sqrt(shared[row, row] * shared[i, i]) for i in expected}
        assert {r.item for r in found} == {likes.items.ids[i] for i in expected}
        for related in found:
            near = likes.items.rows[related.item]
            assert related.people == shared[row, near]
            assert related.score == pytest.approx(cosine[near], abs=1e-9)
            assert related.title == snapshot.title(near)
        assert [r.score for r in found] == sorted((r.score for r in found), reverse=True)


def test_related_by_embedding_does_not_favour_the_long_vectors_of_popular_items():
    snapshot = small_snapshot(items=9)
    item = np.eye(9, 4, dtype=np.float32)
    item[0], item[1], item[2] = [1, 0, 0, 0], [9, 9, 9, 9], [0.1, 0.01, 0, 0]
    snapshot = with_vectors(snapshot, item=item)
    ids = snapshot.items.ids
    found = Recommender.of(snapshot, SETTINGS).related(ids[0], 20, "embedding")
    assert [r.item for r in found[:3]] == [ids[2], ids[1], ids[3]]
    assert found[1].score == pytest.approx(0.5)
    assert len(found) == 8
    assert {r.people for r in found} == {None}


def test_what_is_unknown_is_named():
    recommender = Recommender.of(small_snapshot(), SETTINGS)
    known = recommender.snapshot.items.ids[0]
    for ask in (
        lambda: recommender.related("i99", 3),
        lambda: recommender.related("i99", 3, "embedding"),
        lambda: recommender.explain(Query("u00"), "i99"),
        lambda: recommender.explain(Query(items=(known,)), "i99"),
    ):
        with pytest.raises(UnknownNode, match="item 'i99'"):
            ask()
    with pytest.raises(UnknownNode, match="user 'nobody'"):
        recommender.explain(Query("nobody"), known)


def test_without_embeddings_there_are_none_to_compare():
    recommender = Recommender.of(small_snapshot(learnt=False), SETTINGS)
    with pytest.raises(SnapshotError, match="no embeddings"):
        recommender.related(recommender.snapshot.items.ids[0], 3, "embedding")


def test_the_recommender_that_serves_can_be_evaluated():
    """Four groups of users and items: what is left out of the own group is found."""
    rng = np.random.default_rng(0)
    pairs = [(u, i) for u in range(80) for i in range(40) if u % 4 == i % 4 and rng.random() < 0.7]
    users, items = zip(*pairs, strict=True)
    times = rng.permutation(len(pairs))
    log = Interactions.of([f"{u:02}" for u in users], [f"{i:02}" for i in items], time=times)
    split = leave_last_out(Graph(log.sorted()))
    snapshot = build_snapshot(
        split.train,
        graph_filter=GraphFilter().fit(Dataset.of_weights(split.train), rng).scorer,
        embeddings=None,
        encoder=None,
        seed=0,
        cutoff=None,
        models={},
        metrics={},
    )
    rank = Recommender.of(snapshot, SETTINGS).rank
    result = evaluate_ranking(rank, split, k=10, resamples=0, rng=rng)
    assert result.metrics["recall@10"].value == 1


def test_someone_with_one_click_is_ranked_by_the_weights_of_those_with_few():
    snapshot = small_snapshot()
    few = {"neighbours": 0.2, "embedding": 0.35, "popularity": 1.0}
    many = {"neighbours": 1.0, "embedding": 0.6, "popularity": 0.01}
    groups = (Group(0, many), Group(1, few, 99), Group(3, many))
    reported = replace(snapshot, manifest=replace(snapshot.manifest, weights=groups))
    ids = snapshot.items.ids

    def weights_of(recommender, count):
        found = recommender.recommend(Query(items=ids[:count], k=20))
        parts = [part for each in found for part in each.contributions]
        return {part.source: part.weight for part in parts if part.source != "fallback"}

    for count, expected in [(1, few), (2, few), (3, many)]:
        assert weights_of(Recommender.of(reported, SETTINGS), count).items() <= expected.items()
        by_hand = weights_of(
            Recommender.of(reported, RetrievalSettings(weights={"popularity": 0.5})), count
        )
        assert by_hand["popularity"] == 0.5
        assert {**by_hand, "popularity": 0}.items() <= {**expected, "popularity": 0}.items()
    clicked = Delta({"new": UserDelta((Event(ids[0], "view", 1, 1.0),))})
    recommender = Recommender.of(reported, SETTINGS)
    found = recommender.advanced(clicked).recommend(Query("new", k=5))
    session = recommender.recommend(Query(items=ids[:1], k=5))
    assert found.recommendations == session.recommendations
