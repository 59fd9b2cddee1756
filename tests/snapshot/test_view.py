"""Everything as of now: what a view says, and that the update of a snapshot says the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import UnknownNode
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.embedding import Nearest
from graphrec.snapshot.difference import difference
from graphrec.snapshot.snapshot import history_rows
from graphrec.snapshot.update import likes_after, update
from graphrec.snapshot.view import View
from graphrec.store.delta import NOTHING, Delta, Event, ItemDelta, UserDelta
from tests.support.snapshots import small_snapshot

SNAPSHOT = small_snapshot()
USERS, ITEMS = SNAPSHOT.users.ids, SNAPSHOT.items.ids
NEW_ITEMS = ("x1", "x2")


def liked(*events: Event, user: str = "new") -> Delta:
    return Delta({user: UserDelta(events)})


def view(item: str, time: int = 1) -> Event:
    return Event(item, "view", time, 1.0)


def rating(item: str, value: float) -> Event:
    return Event(item, "rating", 1, value)


class TestEvents:
    def test_someone_new_is_known_by_what_they_did(self):
        found = View.of(SNAPSHOT, liked(view(ITEMS[3]), rating(ITEMS[1], 1.0))).user("new")
        assert found.history.tolist() == [3]
        assert found.weights.tolist() == [1.0]
        assert found.seen.tolist() == [1, 3]
        assert found.vector == pytest.approx(SNAPSHOT.encoder.embed(np.array([3], np.int32)))

    def test_the_weight_of_a_pair_is_the_sum_of_its_events(self):
        found = View.of(SNAPSHOT, liked(view(ITEMS[3]), view(ITEMS[3], 2))).user("new")
        assert found.weights.tolist() == [2.0]

    def test_a_new_rating_takes_the_place_of_what_a_pair_weighed(self):
        user = next(row for row in range(len(USERS)) if SNAPSHOT.history[[row]].nnz > 1)
        known = View.of(SNAPSHOT).user(USERS[user])
        item = int(known.history[np.argmax(known.weights)])
        lower = known.weights.max() / 2
        event = Event(ITEMS[item], "view", 1, float(lower))
        found = View.of(SNAPSHOT, liked(event, user=USERS[user])).user(USERS[user])
        assert found.weights[found.history == item] == pytest.approx(lower)
        disliked = liked(rating(ITEMS[item], 1.0), user=USERS[user])
        found = View.of(SNAPSHOT, disliked).user(USERS[user])
        assert item not in found.history
        assert item in found.seen
        others = known.history != item
        np.testing.assert_array_equal(found.history, known.history[others])
        np.testing.assert_array_equal(found.weights, known.weights[others])

    def test_a_learned_vector_moves_by_what_the_encoder_makes_of_the_change(self):
        user = next(row for row in range(len(USERS)) if 0 < SNAPSHOT.history[[row]].nnz < 5)
        before = history_rows(SNAPSHOT.history, user)
        item = next(row for row in range(len(ITEMS)) if row not in before)
        found = View.of(SNAPSHOT, liked(view(ITEMS[item]), user=USERS[user])).user(USERS[user])
        embed = SNAPSHOT.encoder.embed
        moved = embed(found.history) - embed(before)
        expected = SNAPSHOT.embeddings.user[user] + moved
        np.testing.assert_allclose(found.vector, expected, atol=1e-6)

    def test_what_was_taken_back_is_neither_liked_nor_seen(self):
        user = next(row for row in range(len(USERS)) if SNAPSHOT.history[[row]].nnz > 1)
        known = View.of(SNAPSHOT).user(USERS[user])
        item = int(known.history[0])
        gone = Delta({USERS[user]: UserDelta(taken_back=frozenset({ITEMS[item], "never"}))})
        found = View.of(SNAPSHOT, gone).user(USERS[user])
        assert item not in found.history
        assert item not in found.seen
        assert found.history.tolist() == known.history[1:].tolist()
        assert set(found.seen.tolist()) == set(known.seen.tolist()) - {item}
        assert not np.array_equal(found.vector, known.vector)
        recommender = Recommender(View.of(SNAPSHOT, gone), Recommender.of(SNAPSHOT).settings)
        assert ITEMS[item] in {
            each.item for each in recommender.recommend(Query(USERS[user], k=99))
        }

    def test_who_took_everything_back_is_someone_of_whom_nothing_is_known(self):
        row = next(row for row in range(len(USERS)) if SNAPSHOT.history[[row]].nnz)
        gone = Delta({USERS[row]: UserDelta(taken_back=frozenset(ITEMS))})
        for found in (View.of(SNAPSHOT, gone), View.of(update(View.of(SNAPSHOT, gone)))):
            profile = found.user(USERS[row])
            assert (len(profile.history), len(profile.seen), profile.vector) == (0, 0, None)

    def test_the_events_of_an_item_that_was_deleted_went_with_it_also_if_it_came_back(self):
        item = int(np.argmax(np.diff(SNAPSHOT.history.tocsc().indptr)))
        back = Delta(items={ITEMS[item]: ItemDelta({})}, renewed=frozenset({ITEMS[item]}))
        for delta in (Delta(deleted=frozenset({ITEMS[item]})), back):
            view_ = View.of(SNAPSHOT, delta)
            assert not any(item in view_.user(user).seen for user in USERS)
            assert not any(item in view_.user(user).history for user in USERS)
        again = replace(back, users={USERS[0]: UserDelta((view(ITEMS[item]),))})
        assert item in View.of(SNAPSHOT, again).user(USERS[0]).history

    def test_an_event_on_an_item_that_nobody_knows_counts_nothing(self):
        assert not len(View.of(SNAPSHOT, liked(view("nothing"))).user("new").seen)


class TestNodes:
    def test_a_user_who_was_put_is_known_and_one_who_was_forgotten_is_not(self):
        put = View.of(SNAPSHOT, Delta({"zoe": UserDelta(attributes={"town": "x"})}))
        assert put.knows("zoe")
        assert put.user("zoe").attributes == {"town": "x"}
        gone = View.of(SNAPSHOT, Delta(forgotten=frozenset({USERS[0]})))
        assert not gone.knows(USERS[0])
        assert not len(gone.user(USERS[0]).seen)
        with pytest.raises(UnknownNode):
            gone.known_user(USERS[0])

    def test_new_items_are_rows_after_the_others_and_changed_ones_are_as_they_are_now(self):
        items = {"x1": ItemDelta({"title": "X"}), ITEMS[2]: ItemDelta({"title": "Renamed"})}
        current = View.of(SNAPSHOT, Delta(items=items)).items
        assert current.ids.ids == (*ITEMS, "x1")
        assert current.titles[2] == "Renamed"
        assert current.titles[-1] == "X"
        assert current.titles[3] == SNAPSHOT.titles[3]
        assert current.attributes(2) == {"title": "Renamed"}
        assert current.attributes(3)["year"] == 1993.0

    def test_what_was_deleted_is_in_no_list(self):
        delta = Delta(deleted=frozenset({ITEMS[0], ITEMS[4], "never there"}))
        recommender = Recommender(View.of(SNAPSHOT, delta), Recommender.of(SNAPSHOT).settings)
        for user in (*USERS, "nobody"):
            listed = {each.item for each in recommender.recommend(Query(user, k=99))}
            assert not listed & delta.deleted
        with pytest.raises(UnknownNode):
            recommender.directory.item(ITEMS[0])


def test_without_an_encoder_a_learned_vector_stays_in_the_view_and_in_the_update():
    (source,) = (each for each in SNAPSHOT.sources if isinstance(each, Nearest))
    bare = replace(source, vectors=replace(source.vectors, encoder=None))
    sources = tuple(bare if each is source else each for each in SNAPSHOT.sources)
    without = replace(SNAPSHOT, sources=sources)
    user = next(user for row, user in enumerate(USERS) if SNAPSHOT.history[[row]].nnz)
    now = View.of(
        without, Delta({user: UserDelta((view(ITEMS[1]),)), **liked(view(ITEMS[0])).users})
    )
    written = View.of(update(now))
    stored = without.embeddings.user[USERS.index(user)]
    for each in (now, written):
        assert each.user(user).vector.tolist() == stored.tolist()
        assert each.user("new").vector is None


def test_a_later_delta_of_users_alone_keeps_what_is_derived_of_items():
    before = View.of(SNAPSHOT, Delta(items={"x1": ItemDelta({})}, edition=1))
    after = before.advanced(replace(before.delta, users={"new": UserDelta((view("x1"),), None, 2)}))
    assert after.items is before.items
    assert after.user("new").new_likes == {len(ITEMS): 1.0}
    assert before.advanced(Delta(edition=3)).items.new == ()


events = st.builds(
    Event,
    st.sampled_from((*ITEMS, *NEW_ITEMS)),
    st.sampled_from(("view", "rating")),
    st.integers(1, 10**12),
    st.sampled_from((1.0, 2.0, 4.0)),
)
taken_back = st.frozensets(st.sampled_from((*ITEMS, *NEW_ITEMS, "never there")), max_size=3)
deltas = st.builds(
    lambda users, new, deleted: Delta(
        {
            user: UserDelta(
                tuple(events),
                taken_back=gone - {event.item for event in events},
            )
            for user, (events, gone) in users.items()
        },
        {item: ItemDelta({"title": item.upper()}) for item in new},
        deleted=frozenset(deleted[:1]),
        renewed=frozenset(deleted[1:]),
        edition=1,
    ),
    st.dictionaries(
        st.sampled_from((*USERS, "zoe", "ann")),
        st.tuples(st.lists(events, max_size=4), taken_back),
        max_size=4,
    ),
    st.sets(st.sampled_from(NEW_ITEMS)),
    st.lists(st.sampled_from(ITEMS), max_size=2, unique=True),
)


@settings(max_examples=40)
@given(deltas, st.booleans())
@pytest.mark.slow
def test_the_update_says_what_the_view_says(delta, learnt):
    before = View.of(SNAPSHOT if learnt else small_snapshot(learnt=False), delta)
    after = View.of(update(before))
    assert after.items.ids == before.items.ids
    assert after.items.titles == before.items.titles
    for user in (*delta.users, *USERS):
        one, other = before.user(user), after.user(user)
        history = dict(zip(one.history.tolist(), one.weights.tolist(), strict=True))
        history |= one.new_likes
        assert dict(zip(other.history.tolist(), other.weights.tolist(), strict=True)) == history
        times = dict(zip(one.history.tolist(), one.liked_at.tolist(), strict=True))
        times |= one.new_liked_at
        assert dict(zip(other.history.tolist(), other.liked_at.tolist(), strict=True)) == times
        assert other.seen.tolist() == one.seen.tolist()
        assert (other.vector is None) == (one.vector is None)
        if one.vector is not None:
            np.testing.assert_allclose(other.vector, one.vector, atol=1e-5)
    np.testing.assert_array_equal(likes_after(before).toarray(), after.snapshot.history.toarray())


@settings(max_examples=40)
@given(deltas)
@pytest.mark.slow
def test_a_delta_that_is_applied_twice_is_applied_once(delta):
    once = update(View.of(SNAPSHOT, delta))
    assert difference(update(View.of(once, delta)), once) < 1e-5
    assert difference(update(View.of(once)), once) < 1e-6


def test_nothing_changes_nothing():
    assert View.of(SNAPSHOT).advanced(NOTHING).delta is NOTHING
    for row, user in enumerate(USERS):
        found, stored = View.of(SNAPSHOT).user(user), View.of(SNAPSHOT).stored(row)
        np.testing.assert_array_equal(found.history, stored.history)
        assert (found.vector is None) == (stored.vector is None)
    assert difference(update(View.of(SNAPSHOT)), SNAPSHOT) < 1e-6
