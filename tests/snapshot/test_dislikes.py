"""What users like and dislike: the same after training, live, and after an update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.data import Graph, Vocabulary
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy
from graphrec.data.weighting import DAY, weigh
from graphrec.models.history import ItemWeights
from graphrec.recommend.query import Context, Query
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.neighbourhood import Neighbourhood
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.snapshot import Snapshot, build_snapshot
from graphrec.snapshot.update import update
from graphrec.snapshot.user_events import user_events
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta, UserDelta
from graphrec.store.delta_log import read_delta
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import Event, log_of
from graphrec.testing.stores import POLICY
from tests.support.clipping import unclipped as unclipped
from tests.support.meaning import Pair, counted

ITEMS = ("x", "y", "z", "new")

EVENTS = st.lists(
    st.builds(
        Event,
        user=st.sampled_from(("ann", "bob")),
        item=st.sampled_from(ITEMS),
        weight=st.sampled_from((-1.0, 0.0, 1.0, 3.5, 5.0)),
        time=st.integers(0, 3),
        kind=st.sampled_from(
            ("rating", "purchase", "view", "stars", "plays", "undo", "thumbs_down", "return")
        ),
    ),
    max_size=8,
)

PAIRED = POLICY | {"stars": KindPolicy(zero="missing"), "plays": KindPolicy(negative="seen")}
"""Without thresholds of users' own: a delta of pairs is enough."""


def snapshot_of(
    graph: Graph, dislike_weight: float = 1.0, kinds: Mapping[str, KindPolicy] = DEFAULT_POLICY
) -> Snapshot:
    scores = ItemWeights(np.ones((len(graph.items), len(graph.items)), np.float32))
    sources = (Neighbourhood(scores, dislike_weight),)
    return build_snapshot(graph, sources=sources, seed=0, kinds=kinds)


def said(view: View) -> dict[Pair, float]:
    """By pair of a user and an item: how much it is liked, or, below 0, disliked."""
    found: dict[Pair, float] = {}
    for user in ("ann", "bob"):
        profile, ids = view.user(user), view.items.ids.ids
        weights = dict(zip(profile.history.tolist(), profile.weights.tolist(), strict=True))
        weights |= profile.new_likes
        disliked = zip(profile.disliked.tolist(), profile.dislike_weights.tolist(), strict=True)
        weights |= {row: -much for row, much in disliked}
        found |= {(user, ids[row]): weights.get(row, 0.0) for row in profile.seen.tolist()}
    return found


def done(view: View) -> dict[tuple[str, str, str], list[tuple[int, bool]]]:
    """By user, item and kind: when, and whether it counts."""
    found: dict[tuple[str, str, str], list[tuple[int, bool]]] = {}
    for user in ("ann", "bob"):
        for kind, acts in user_events(view, user).items():
            for item, time, counts in zip(*map(np.ndarray.tolist, acts), strict=True):
                key = (user, view.items.ids.ids[item], kind)
                found.setdefault(key, []).append((time, counts))
    return {key: sorted(times) for key, times in found.items()}


@given(before=EVENTS, after=st.lists(EVENTS, max_size=3), policy=st.sampled_from((POLICY, PAIRED)))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.slow
def test_live_and_updated_say_what_a_training_would(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[Event],
    after: list[list[Event]],
    policy: Mapping[str, KindPolicy],
) -> None:
    with SQLiteStore(tmp_path_factory.mktemp("store") / "graph.db", policy) as store:
        store.write_nodes("item", Vocabulary(ITEMS[:3]), {})
        store.write_events(log_of([event for event in before if event.item != "new"]))
        graph = weigh(store.read_graph(), policy)
        snapshot, position = snapshot_of(graph, kinds=policy), store.position()
        for batch in after:
            store.write_events(log_of(batch))
        delta = read_delta(store, position, policy)
        whole = store.read_graph()
    kept = [
        Event(whole.users.ids[u], whole.items.ids[i], float(w), int(t), whole.interactions.kinds[k])
        for u, i, w, t, k in zip(
            *(getattr(whole.interactions, c) for c in ("user", "item", "weight", "time", "kind")),
            strict=True,
        )
    ]
    expected = pytest.approx(counted(kept, policy))
    view = View.of(snapshot, delta, policy)
    assert said(view) == expected
    updated = update(view)
    assert said(View.of(updated, kinds=policy)) == expected
    anew = View.of(snapshot_of(weigh(whole, policy), kinds=policy), kinds=policy)
    assert done(view) == done(View.of(updated, kinds=policy)) == done(anew)
    disliked = updated.disliked_at
    np.testing.assert_array_equal(disliked.indices, updated.disliked.indices)
    np.testing.assert_array_equal(disliked.indptr, updated.disliked.indptr)


NOW = 1000 * DAY


def disliking() -> Recommender:
    """ann likes a, and disliked b and c: b 10 days ago, c 100 days ago; d is popular."""
    log = [
        *(Event(user, item, 1, NOW - 200 * DAY, "like") for user in "uvw" for item in "abcd"),
        Event("ann", "a", 1, NOW - 20 * DAY, "like"),
        Event("ann", "b", 1, NOW - 10 * DAY, "dislike"),
        Event("ann", "c", 1, NOW - 100 * DAY, "dislike"),
    ]
    snapshot = snapshot_of(weigh(Graph(log_of(log)), {}))
    return Recommender.of(snapshot, RetrievalSettings(disliked_days=30))


class TestRecommendations:
    def test_what_is_disliked_is_not_recommended_again_for_a_while(self) -> None:
        rec = disliking()
        again = Query(user="ann", exclude_seen=False)
        assert {e.item for e in rec.recommend(again, Context(NOW))} == {"a", "c", "d"}
        assert {e.item for e in rec.recommend(again, Context(NOW + 25 * DAY))} == set("abcd")
        assert [e.item for e in rec.recommend(replace(again, exclude_seen=True))] == ["d"]
        assert {e.item for e in rec.recommend(again)} == {"a", "d"}  # at no known time

    def test_why_not_says_that_it_was_disliked(self) -> None:
        rec = disliking()
        assert rec.why_not("ann", "b", Context(NOW)).verdict == "disliked"
        assert rec.why_not("ann", "c", Context(NOW)).verdict == "seen"

    def test_a_dislike_that_was_taken_back_is_none(self) -> None:
        rec = disliking()
        delta = Delta({"ann": UserDelta(taken_back=frozenset({"b"}))})
        profile = rec.advanced(delta).view.user("ann")
        ids = rec.snapshot.items.ids
        assert [ids[row] for row in profile.disliked] == ["c"]
        assert len(profile.dislike_weights) == len(profile.disliked_at) == 1
        assert [ids[row] for row in profile.seen] == ["a", "c"]

    def test_it_is_in_no_reason(self) -> None:
        [listed] = disliking().recommend("ann", Context(NOW))
        assert [because.item for because in listed.because] == ["a"]

    def test_its_neighbours_are_held_back(self) -> None:
        likes = [Event(user, item, 1, 0, "like") for user in "uvw" for item in "abcd"]
        log = [*likes, Event("ann", "a", 1, 0, "like"), Event("ann", "b", 1, 0, "dislike")]
        graph = weigh(Graph(log_of(log)), {})
        pairs = np.zeros((4, 4), np.float32)
        pairs[0, 2:] = 1  # c and d are near a, and d is near b
        pairs[1, 3] = 1
        found = [
            Neighbourhood(ItemWeights(pairs), weight).retrieve(
                View.of(snapshot_of(graph)).user("ann"), np.ones(4, bool), 4
            )
            for weight in (0.0, 1.0)
        ]
        assert [each.rows.tolist() for each in found if each is not None] == [[2, 3], [2]]
