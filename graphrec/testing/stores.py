"""What every graph store does, as tests: inherit `StoreContract` and give it a fixture `fresh`.

In a test module of your own, for a store `MyStore` that follows `graphrec.store.GraphStore`:

    from graphrec.testing.stores import POLICY, FreshStore, StoreContract

    class TestMyStore(StoreContract):
        @pytest.fixture
        def fresh(self, tmp_path) -> FreshStore:
            numbers = itertools.count()
            return lambda: MyStore(tmp_path / str(next(numbers)), POLICY)

pytest collects about 50 tests. Each call of `fresh` has to open another empty store, under POLICY.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.data import MAX_KINDS, Attribute, AttributeKind, AttributeValue, Graph, Vocabulary
from graphrec.data.weighting import KindPolicy, weigh
from graphrec.errors import DataError, UnknownNode
from graphrec.retrieval import neighbours
from graphrec.retrieval.neighbours import Likes
from graphrec.store import ChangedNode, GraphStore, Neighbour, Path, Popular
from graphrec.store.protocol import ItemLink
from graphrec.testing.logs import IDS, SMALL, Event, listed, log_of, logs

FreshStore = Callable[[], GraphStore]

POLICY: Mapping[str, KindPolicy] = {
    "rating": KindPolicy(threshold=3.5),
    "score": KindPolicy(threshold=0.7),  # which no float32 is
    "vote": KindPolicy(threshold=0),  # 0 is a vote for, -1 against
    "purchase": KindPolicy(weight=3),
    "skip": KindPolicy(weight=0),
}
"""The policy of the store that `fresh` opens. "view" is not named: it counts as it comes."""


names = st.text(min_size=1, max_size=4)
attributes_by_kind: Mapping[AttributeKind, st.SearchStrategy[AttributeValue]] = {
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "category": st.text(max_size=5),
    "tags": st.lists(st.text(max_size=3), max_size=3).map(tuple),
    "text": st.text(max_size=9),
}


@st.composite
def _attribute_tables(draw: st.DrawFn, rows: int) -> dict[str, Attribute]:
    table = {}
    for name in draw(st.lists(names, max_size=3, unique=True)):
        kind = draw(st.sampled_from(sorted(attributes_by_kind)))
        value = st.none() | attributes_by_kind[kind]
        table[name] = Attribute(kind, tuple(draw(value) for _ in range(rows)))
    return table


def write_graph(store: GraphStore, graph: Graph) -> None:
    """Write all of a graph into a store."""
    for node_type in ("user", "item", *graph.others):
        attributes = graph.attributes.get(node_type, {})
        store.write_nodes(node_type, graph.vocabulary(node_type), attributes)
    store.write_events(graph.interactions)
    for edge_type, links in graph.links.items():
        source, target = (graph.vocabulary(edge_type[end]).ids for end in (0, 2))
        rows = zip(links.source, links.target, links.weight, strict=True)
        store.write_links(edge_type, [(source[s], target[t], w) for s, t, w in rows])


def assert_same_graph(one: Graph, other: Graph) -> None:
    """Two graphs hold the same, in the same order and to the last bit."""
    assert one.users.ids == other.users.ids
    assert one.items.ids == other.items.ids
    assert one.interactions.kinds == other.interactions.kinds
    for column in ("user", "item", "weight", "time", "kind"):
        mine, theirs = (getattr(graph.interactions, column) for graph in (one, other))
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)
    assert one.attributes == other.attributes
    assert {t: v.ids for t, v in one.others.items()} == {t: v.ids for t, v in other.others.items()}
    assert one.links.keys() == other.links.keys()
    for edge_type, links in one.links.items():
        for column in ("source", "target", "weight"):
            mine, theirs = (getattr(each, column) for each in (links, other.links[edge_type]))
            np.testing.assert_array_equal(mine, theirs)


def assert_same_rows(
    rows: Sequence[Neighbour] | Sequence[Path], expected: Sequence[Neighbour] | Sequence[Path]
) -> None:
    """The same rows in the same order, with scores that differ by 1e-6 at most."""

    def unscored(all_rows: Sequence[Neighbour] | Sequence[Path]) -> list[Sequence[object]]:
        return [row._replace(score=0) for row in all_rows]

    assert unscored(rows) == unscored(expected)
    np.testing.assert_allclose(
        [row.score for row in rows], [row.score for row in expected], rtol=0, atol=1e-6
    )


# `fresh` is the same for all examples; each of them opens a store of its own.
property_settings = settings(
    max_examples=30,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
        HealthCheck.too_slow,
    ],
)


def position_of(store: GraphStore) -> int:
    """How far a store that has a position has been written."""
    position = store.position()
    assert position is not None
    return position


def events_after(store: GraphStore, position: int, page: int = 4) -> list[Event]:
    """All events written since a position, page by page, each with all others of its pair."""
    found: list[Event] = []
    while position != position_of(store):
        log, changed, reached = store.events_since(position, page)
        assert position < reached <= position_of(store)
        assert changed.dtype == bool
        assert changed.shape == (len(log),)
        assert changed.sum() <= page
        written = listed(log.take(changed))
        pairs = {event[:2] for event in written}
        held = listed(store.read_graph().interactions)
        assert sorted(listed(log)) == sorted(event for event in held if event[:2] in pairs)
        found += written
        position = reached
    return found


def nodes_after(store: GraphStore, position: int, page: int = 2) -> list[ChangedNode]:
    """All users and items that changed since a position, page by page."""
    found: list[ChangedNode] = []
    while position != position_of(store):
        nodes, reached = store.nodes_since(position, page)
        assert position < reached <= position_of(store)
        assert len(nodes) <= page
        found += nodes
        position = reached
    return found


class StoreContract:
    """Tests of a fixture `fresh`: what is written is read, queries, deletions, positions."""

    @pytest.fixture
    def fresh(self) -> FreshStore:
        """A function that opens an empty store under POLICY; called again, another empty one."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, fresh: FreshStore) -> GraphStore:
        return fresh()

    @pytest.fixture
    def small(self, store: GraphStore) -> GraphStore:
        store.write_events(log_of(SMALL))
        return store

    # Writing and reading

    def test_an_empty_store_is_an_empty_graph(self, store: GraphStore) -> None:
        assert store.counts() == {"user": 0, "item": 0, "events": 0, "links": 0}
        graph = store.read_graph()
        assert len(graph.users) == len(graph.items) == len(graph.interactions) == 0
        assert store.popular_items() == []

    def test_writing_nothing_changes_nothing(self, store: GraphStore) -> None:
        assert store.write_events(log_of([])) == 0
        assert store.write_links(("user", "follows", "user"), []) == 0
        store.write_nodes("item", Vocabulary(), {})
        assert store.counts() == {"user": 0, "item": 0, "events": 0, "links": 0}

    def test_counts_new_events(self, store: GraphStore) -> None:
        assert store.write_events(log_of(SMALL)) == len(SMALL)
        assert store.counts() == {"user": 3, "item": 4, "events": len(SMALL), "links": 0}

    def test_writing_again_changes_nothing(self, small: GraphStore) -> None:
        before = small.read_graph()
        assert small.write_events(log_of(SMALL)) == 0
        assert_same_graph(small.read_graph(), before)

    def test_an_upsert_changes_the_weight_and_is_not_new(self, small: GraphStore) -> None:
        changed = SMALL[0]._replace(weight=1)
        added = SMALL[0]._replace(time=11)
        assert small.write_events(log_of([changed, added])) == 1
        assert small.counts()["events"] == len(SMALL) + 1
        weights = small.read_graph().interactions.weight
        assert sorted(weights)[:3] == [1, 1, 1]

    def test_of_events_identified_alike_the_last_one_counts(self, store: GraphStore) -> None:
        events = [Event("ann", "heat", weight) for weight in (1, 2, 3, 2.5)]
        assert store.write_events(log_of(events)) == 1
        assert store.read_graph().interactions.weight.tolist() == [2.5]

    def test_only_users_and_items_that_occur_are_added(self, store: GraphStore) -> None:
        store.write_events(log_of(SMALL).take(np.array([0])))
        assert store.counts() == {"user": 1, "item": 1, "events": 1, "links": 0}

    def test_a_weight_that_is_not_finite_is_refused(self, store: GraphStore) -> None:
        for weight in (np.nan, np.inf):
            with pytest.raises(DataError, match="finite"):
                store.write_events(log_of([Event("ann", "heat"), Event("ann", "fargo", weight)]))
            with pytest.raises(DataError, match="finite"):
                store.write_links(("user", "follows", "user"), [("ann", "bob", weight)])
        assert store.counts() == {"user": 0, "item": 0, "events": 0, "links": 0}

    def test_more_kinds_than_bytes_are_refused(self, small: GraphStore) -> None:
        """SMALL has two; one byte holds the code of a kind."""
        before = small.counts()
        events = [Event("dan", f"i{n}", 1, 0, f"kind {n}") for n in range(MAX_KINDS - 1)]
        with pytest.raises(DataError, match="to 256 kinds: expected at most 255; see that"):
            small.write_events(log_of(events))
        assert small.counts() == before
        assert small.write_events(log_of(events[1:])) == MAX_KINDS - 2
        assert len(small.read_graph().interactions.kinds) == MAX_KINDS

    def test_times_and_weights_are_exact(self, store: GraphStore) -> None:
        extremes = (-(2**62), -1, 0, 1_700_000_000_123, 2**62)
        weight = float(np.float32(0.1))
        store.write_events(log_of([Event("ann", "heat", weight, time) for time in extremes]))
        log = store.read_graph().interactions
        assert log.time.tolist() == list(extremes)
        assert (log.weight == weight).all()

    def test_reads_only_what_was_before(self, small: GraphStore) -> None:
        graph, until = small.read_graph(), small.read_graph(until=60)
        assert until.interactions.kinds == ("rating",)
        assert until.interactions.time.max() == 50
        assert until.users.ids == graph.users.ids
        assert until.items.ids == graph.items.ids

    def test_some_events_of_a_time(self, small: GraphStore) -> None:
        log = small.read_graph().interactions
        found = small.events_between(20, 51, 100)
        assert found.time.tolist() == log.time[(log.time >= 20) & (log.time < 51)].tolist()
        assert len(small.events_between(-(2**62), 2**62, 2)) == 2
        assert not len(small.events_between(2**61, 2**62, 2))

    def test_vocabularies_are_in_code_point_order(self, store: GraphStore) -> None:
        store.write_events(log_of([Event(node_id, node_id) for node_id in IDS]))
        graph = store.read_graph()
        assert graph.users.ids == graph.items.ids == tuple(sorted(IDS))

    def test_events_are_in_canonical_order(self, store: GraphStore) -> None:
        keys = [
            ("a", "x", 1, "view"),
            ("a", "x", 2, "purchase"),
            ("a", "x", 2, "view"),
            ("a", "y", 0, "view"),
            ("b", "x", 0, "view"),
        ]
        for user, item, time, kind in reversed(keys):
            store.write_events(log_of([Event(user, item, 1, time, kind)]))
        log = store.read_graph().interactions
        rows = zip(log.user, log.item, log.time, log.kind, strict=True)
        read = [(log.users.ids[u], log.items.ids[i], t, log.kinds[k]) for u, i, t, k in rows]
        assert read == keys

    def test_attributes_are_set_one_by_one(self, store: GraphStore) -> None:
        two = Vocabulary(("alien", "heat"))
        store.write_nodes(
            "item",
            two,
            {
                "title": Attribute("text", ("Alien", "Heat")),
                "year": Attribute("number", (1979, 1994)),
                "genres": Attribute("tags", (("horror", "sci-fi"), ())),
            },
        )
        store.write_nodes("item", Vocabulary(("heat",)), {"year": Attribute("number", (1995,))})
        store.write_nodes("item", Vocabulary(("alien",)), {"title": Attribute("text", (None,))})
        assert store.read_graph().attributes == {
            "item": {
                "title": Attribute("text", (None, "Heat")),
                "year": Attribute("number", (1979.0, 1995.0)),
                "genres": Attribute("tags", (("horror", "sci-fi"), ())),
            }
        }

    def test_a_node_is_read_with_the_attributes_it_has(self, store: GraphStore) -> None:
        store.write_nodes(
            "item",
            Vocabulary(("a", "b")),
            {
                "title": Attribute("text", ("Heat", None)),
                "genres": Attribute("tags", (("Crime", "Drama"), ())),
                "year": Attribute("number", (1995.0, None)),
            },
        )
        assert store.read_node("item", "a") == {
            "title": "Heat",
            "genres": ("Crime", "Drama"),
            "year": 1995.0,
        }
        assert store.read_node("item", "b") == {"genres": ()}
        with pytest.raises(UnknownNode, match="item 'c' is unknown"):
            store.read_node("item", "c")

    def test_attributes_have_kinds(self, store: GraphStore) -> None:
        store.write_nodes("item", Vocabulary(("a",)), {"title": Attribute("text", ("Heat",))})
        store.write_nodes("item", Vocabulary(), {"genres": Attribute("tags", ())})
        assert store.attribute_kinds("item") == {"title": "text", "genres": "tags"}
        assert store.attribute_kinds("user") == {}

    def test_the_events_of_a_user(self, small: GraphStore) -> None:
        small.write_events(log_of([Event("ann", "heat", 1, 5, "purchase")]))
        log = small.user_events("ann")
        items = [(log.items.ids[i], log.kinds[k]) for i, k in zip(log.item, log.kind, strict=True)]
        assert items == [
            ("fargo", "rating"), ("heat", "purchase"), ("heat", "rating"), ("speed", "rating")
        ]  # fmt: skip
        assert log.time.tolist() == [20, 5, 10, 30]
        assert log.weight.tolist() == [4, 1, 5, 2]
        assert len(small.user_events("nobody")) == 0

    def test_events_leave_attributes_alone(self, store: GraphStore) -> None:
        title = {"title": Attribute("text", ("Heat",))}
        store.write_nodes("item", Vocabulary(("heat",)), title)
        store.write_events(log_of([Event("ann", "heat"), Event("ann", "fargo")]))
        assert store.read_graph().attributes["item"]["title"].values == (None, "Heat")

    def test_an_attribute_keeps_its_kind(self, store: GraphStore) -> None:
        heat = Vocabulary(("heat",))
        store.write_nodes("item", heat, {"year": Attribute("number", (1995,))})
        with pytest.raises(DataError, match="'year' of item is given as text: expected number"):
            store.write_nodes("item", heat, {"year": Attribute("text", ("MCMXCV",))})
        store.write_nodes("user", heat, {"year": Attribute("text", ("MCMXCV",))})

    def test_a_number_that_is_not_finite_is_refused(self, store: GraphStore) -> None:
        with pytest.raises(DataError, match="finite"):
            store.write_nodes("item", Vocabulary(("a",)), {"x": Attribute("number", (np.nan,))})
        assert store.counts()["item"] == 0

    def test_links_are_upserts_between_nodes_of_any_type(self, small: GraphStore) -> None:
        genre = ("item", "has_genre", "genre")
        assert small.write_links(genre, [("heat", "crime", 1), ("fargo", "crime", 1)]) == 2
        assert small.write_links(genre, [("heat", "crime", 2), ("heat", "drama", 1)]) == 1
        assert small.write_links(("user", "follows", "user"), [("ann", "dan", 1)]) == 1
        counts = small.counts()
        assert (counts["genre"], counts["user"], counts["links"]) == (2, 4, 4)
        graph = small.read_graph()
        assert graph.others["genre"].ids == ("crime", "drama")
        links = graph.links[genre]
        ends = zip(links.source, links.target, strict=True)
        ids = [(graph.items.ids[s], graph.others["genre"].ids[t]) for s, t in ends]
        assert ids == [("fargo", "crime"), ("heat", "crime"), ("heat", "drama")]
        assert links.weight.tolist() == [1, 2, 1]

    @given(data=st.data(), log=logs)
    @property_settings
    def test_what_was_read_can_be_written_into_another_store(
        self, fresh: FreshStore, data: st.DataObject, log: list[Event]
    ) -> None:
        store = fresh()
        store.write_events(log_of(log))
        for node_type in ("item", "user", "genre"):
            ids = tuple(data.draw(st.lists(names, max_size=3, unique=True)))
            table = data.draw(_attribute_tables(len(ids)))
            store.write_nodes(node_type, Vocabulary(ids), table)
        for edge_type in (("item", "has_genre", "genre"), ("user", "follows", "user")):
            link = st.tuples(
                names, names, st.floats(width=32, allow_nan=False, max_value=1e9, min_value=0)
            )
            store.write_links(edge_type, data.draw(st.lists(link, max_size=4)))
        graph = store.read_graph()
        store.close()
        copy = fresh()
        write_graph(copy, graph)
        assert_same_graph(copy.read_graph(), graph)
        copy.close()

    # Queries

    def test_related_items(self, small: GraphStore) -> None:
        # heat is liked by 3, fargo and alien by 2 each, and each of those likes heat
        expected = [("alien", 2 / 6**0.5, 2), ("fargo", 2 / 6**0.5, 2)]
        assert_same_rows(small.related_items("heat"), [Neighbour(*row) for row in expected])
        expected = [("alien", 2 / 3, 2), ("fargo", 2 / 3, 2)]
        rows = small.related_items("heat", similarity="jaccard")
        assert_same_rows(rows, [Neighbour(*row) for row in expected])
        assert [row.id for row in small.related_items("heat", k=1)] == ["alien"]
        assert [row.id for row in small.related_items("fargo", min_support=2)] == ["heat"]
        assert small.related_items("speed") == []

    def test_similar_users(self, small: GraphStore) -> None:
        expected = [("cat", 2 / 6**0.5, 2), ("bob", 1 / 2, 1)]
        assert_same_rows(small.similar_users("ann"), [Neighbour(*row) for row in expected])
        assert [row.id for row in small.similar_users("ann", min_support=2)] == ["cat"]

    def test_of_a_supernode_the_latest_neighbours_are_asked(self, store: GraphStore) -> None:
        events = [Event("ann", "heat", 1, 10), Event("bob", "heat", 1, 5), Event("cat", "heat")]
        events += [Event("bob", "heat", 1, 20), Event("ann", "fargo"), Event("cat", "alien")]
        store.write_events(log_of([*events, Event("bob", "speed"), Event("dan", "heat")]))
        everyone = store.related_items("heat")
        assert (len(everyone), everyone.degree, everyone.counted) == (3, 4, 4)
        # bob came back last, and ann before him; the others as early as each other, so by id.
        for cap, items in (
            (1, ["speed"]),
            (2, ["fargo", "speed"]),
            (3, ["alien", "fargo", "speed"]),
        ):
            rows = store.related_items("heat", cap=cap)
            expected = [Neighbour(item, 1 / cap**0.5, 1) for item in items]
            assert_same_rows(rows, expected)
            assert (rows.degree, rows.counted) == (4, cap)
        assert [row.id for row in store.similar_users("ann", cap=1)] == ["dan", "bob", "cat"]

    def test_neighbour_recommendations_leave_out_what_was_met(self, small: GraphStore) -> None:
        expected = [Neighbour("alien", 2 / 6**0.5 + 1 / 2, 2)]
        assert_same_rows(small.neighbour_recommendations("ann"), expected)
        expected = [Neighbour("alien", 2 / 6**0.5, 1)]
        assert_same_rows(small.neighbour_recommendations("ann", neighbours=1), expected)
        assert small.neighbour_recommendations("bob") == []  # bob met fargo, and did not like it

    def test_a_value_equal_to_the_threshold_is_positive(self, store: GraphStore) -> None:
        """Values are kept in float32, where .7 is a little less than .7."""
        below = float(np.nextafter(np.float32(0.7), np.float32(0)))
        store.write_events(log_of([Event("ann", "heat", 0.7, 0, "score")]))
        store.write_events(log_of([Event("bob", "heat", below, 0, "score")]))
        assert store.popular_items() == [Popular("heat", 1)]

    def test_popular_items(self, small: GraphStore) -> None:
        assert small.popular_items() == [("heat", 3), ("alien", 2), ("fargo", 2)]
        assert small.popular_items(k=1) == [("heat", 3)]
        assert small.popular_items(since=60, until=90) == [
            ("alien", 1),
            ("fargo", 1),
            ("heat", 1),
        ]

    def test_paths(self, small: GraphStore) -> None:
        # cat likes heat, fargo and alien; bob likes heat and alien
        expected = [Path("heat", 2, 2 / 6**0.5), Path("fargo", 1, 1 / 2)]
        assert_same_rows(small.paths("ann", "alien"), expected)
        # an item that the user likes: others who like both, a score over all people
        assert_same_rows(small.paths("ann", "fargo"), [Path("heat", 1, 2 / 6**0.5)])
        assert small.paths("ann", "speed") == []
        assert len(small.paths("ann", "alien", k=1)) == 1

    def test_half_a_unit_is_rounded_up(self, store: GraphStore) -> None:
        # 1 / 1024 has ten decimals, the last of them a 5
        log = [Event("ann", "a"), Event("ann", "b")]
        log += [Event(f"u{n}", "ab"[n % 2]) for n in range(1023)]
        store.write_events(log_of(log))
        expected = [Neighbour("b", 0.000976563, 1)]
        assert store.related_items("a", similarity="jaccard") == expected
        likes = Likes.of(Graph(log_of(log)))
        assert neighbours.related_items(likes, "a", similarity="jaccard") == expected

    def test_unknown_nodes_are_named(self, small: GraphStore) -> None:
        for query, node_type in (
            (small.related_items, "item"),
            (small.similar_users, "user"),
            (small.neighbour_recommendations, "user"),
            (lambda node_id: small.paths(node_id, "heat"), "user"),
            (lambda node_id: small.paths("ann", node_id), "item"),
        ):
            with pytest.raises(UnknownNode, match=f"{node_type} 'nobody' is unknown") as error:
                query("nobody")
            assert (error.value.node_type, error.value.node_id) == (node_type, "nobody")

    def test_a_user_is_not_an_item(self, store: GraphStore) -> None:
        store.write_events(log_of([Event("1", "2"), Event("2", "1"), Event("1", "1")]))
        assert store.related_items("1") == [Neighbour("2", 0.707106781, 1)]
        with pytest.raises(UnknownNode):
            store.paths("1", "3")

    def test_ids_are_values_and_nothing_else(self, store: GraphStore) -> None:
        hostile = "x' OR 1=1; DROP TABLE nodes; -- {} $id \\"
        store.write_events(log_of([Event(hostile, hostile, kind=hostile), Event("a", hostile)]))
        store.write_nodes(hostile, Vocabulary((hostile,)), {hostile: Attribute("text", (hostile,))})
        assert store.similar_users("a") == [Neighbour(hostile, 1.0, 1)]
        assert store.read_graph().attributes[hostile][hostile].values == (hostile,)

    @given(log=logs, lonely=st.sampled_from(IDS))
    @property_settings
    def test_answers_as_the_sparse_matrices_do(
        self, fresh: FreshStore, log: list[Event], lonely: str
    ) -> None:
        store = fresh()
        store.write_nodes("user", Vocabulary((lonely,)), {})
        store.write_nodes("item", Vocabulary((lonely,)), {})
        store.write_events(log_of(log))
        graph = weigh(store.read_graph(), POLICY)
        likes = Likes.of(graph)
        for k, similarity, min_support in ((20, "cosine", 1), (3, "cosine", 2), (3, "jaccard", 1)):
            options: dict[str, Any] = {"k": k, "similarity": similarity, "min_support": min_support}
            for item in graph.items.ids:
                expected = neighbours.related_items(likes, item, **options)
                assert_same_rows(store.related_items(item, **options), expected)
            for user in graph.users.ids:
                expected = neighbours.similar_users(likes, user, **options)
                assert_same_rows(store.similar_users(user, **options), expected)
        for user in graph.users.ids:
            for k, nearest in ((20, 50), (2, 2)):
                expected = neighbours.neighbour_recommendations(likes, user, k, nearest)
                assert_same_rows(store.neighbour_recommendations(user, k, nearest), expected)
        for user in graph.users.ids[:3]:
            for item in graph.items.ids:
                reasons = neighbours.paths(likes, user, item, 4)
                assert_same_rows(store.paths(user, item, 4), reasons)
        for window in ((None, None), (1, None), (None, 2), (1, 3)):
            assert store.popular_items(4, *window) == neighbours.popular_items(graph, 4, *window)
        store.close()

    # Forgetting

    def test_a_forgotten_user_is_gone_and_the_others_stay(self, small: GraphStore) -> None:
        follows = ("user", "follows", "user")
        small.write_links(follows, [("ann", "bob", 1), ("bob", "cat", 1), ("cat", "bob", 1)])
        assert small.forget_user("bob")
        assert small.counts() == {"user": 2, "item": 4, "events": 6, "links": 0}
        assert small.read_graph().users.ids == ("ann", "cat")
        assert small.popular_items() == [("fargo", 2), ("heat", 2), ("alien", 1)]
        with pytest.raises(UnknownNode):
            small.similar_users("bob")
        assert not small.forget_user("bob")
        assert not small.forget_user("heat")

    def test_a_search_finds_a_user_until_they_are_forgotten(self, fresh: FreshStore) -> None:
        store = fresh()
        # One id within the other, an item by the same name, an id too short to search bytes for.
        users = ("person-1", "person-12", "7")
        store.write_events(log_of([Event(user, "person-1") for user in users]))
        store.write_links(("user", "follows", "user"), [(users[0], users[1], 1)])
        for n, user in enumerate(users):
            assert store.traces(user)
            assert store.forget_user(user)
            assert store.traces(user) == () or user == "person-1"
            assert all(store.traces(other) for other in users[n + 1 :])
        assert store.traces("nobody at all") == ()

    def test_a_forgotten_user_may_come_back(self, small: GraphStore) -> None:
        small.forget_user("cat")
        small.write_events(log_of([Event("dan", "alien"), Event("cat", "speed")]))
        assert small.neighbour_recommendations("cat") == []
        assert small.popular_items(k=1, since=0, until=1) == [Popular("alien", 1)]

    def test_a_deleted_item_is_gone_and_the_others_stay(self, small: GraphStore) -> None:
        small.write_links(("item", "has_genre", "genre"), [("heat", "crime", 1)])
        assert small.delete_item("heat")
        assert small.counts() == {"user": 3, "item": 3, "genre": 1, "events": 6, "links": 0}
        assert small.popular_items() == [("alien", 2), ("fargo", 2)]
        assert not small.delete_item("heat")
        assert not small.delete_item("ann")

    # What was written since

    def test_a_store_that_was_never_written_is_at_position_0(self, store: GraphStore) -> None:
        assert position_of(store) == 0
        assert events_after(store, 0) == []
        assert store.nodes_since(0) == ((), 0)

    def test_what_was_written_since_comes_in_the_order_in_which_it_was(
        self, store: GraphStore
    ) -> None:
        store.write_events(log_of(SMALL[:3]))
        before = position_of(store)
        store.write_events(log_of(SMALL[5:]))
        store.write_events(log_of(SMALL[3:5]))
        found = events_after(store, before)
        assert sorted(found[:4]) == sorted(SMALL[5:])
        assert sorted(found[4:]) == sorted(SMALL[3:5])
        log, changed, position = store.events_since(position_of(store))
        assert (len(log), len(changed), position) == (0, 0, position_of(store))
        names = [(node.type, node.id) for node in nodes_after(store, before)]
        assert sorted(names) == [("item", "alien"), ("user", "bob"), ("user", "cat")]

    def test_what_was_written_comes_with_all_events_of_its_pairs(self, store: GraphStore) -> None:
        old = [Event("ann", "heat", 1, 1), Event("ann", "fargo"), Event("bob", "heat")]
        store.write_events(log_of(old))
        before = position_of(store)
        first = Event("ann", "heat", 4, 2, "rating")
        store.write_events(log_of([first]))
        second, other = Event("ann", "heat", 1, 3), Event("bob", "fargo")
        store.write_events(log_of([second]))
        store.write_events(log_of([other]))
        log, changed, reached = store.events_since(before, 1)
        assert changed.tolist() == [True, False, False]
        assert listed(log)[0] == first
        assert sorted(listed(log)[1:]) == [old[0], second]
        log, changed, reached = store.events_since(reached, 1)
        assert listed(log.take(changed)) == [second]
        assert sorted(listed(log.take(~changed))) == sorted([old[0], first])
        log, changed, reached = store.events_since(reached)
        assert (listed(log), changed.tolist(), reached) == ([other], [True], position_of(store))
        changed_weight = old[1]._replace(weight=2)
        store.write_events(log_of([changed_weight, old[2]]))
        log, changed, _ = store.events_since(reached)
        assert (listed(log), changed.tolist()) == ([changed_weight], [True])

    def test_writing_again_is_nothing_new(self, small: GraphStore) -> None:
        attributes = {"year": Attribute("number", (1995,)), "genres": Attribute("tags", (("a",),))}
        link = ("user", "follows", "user"), [("ann", "bob", 1.5)]
        small.write_nodes("item", Vocabulary(("heat",)), attributes)
        small.write_links(*link)
        position = position_of(small)
        small.write_events(log_of(SMALL))
        small.write_nodes("item", Vocabulary(("heat",)), attributes)
        small.write_links(*link)
        small.forget_user("nobody")
        small.delete_item("nothing")
        assert position_of(small) == position

    def test_another_weight_is_something_new(self, small: GraphStore) -> None:
        position = position_of(small)
        changed = [SMALL[0]._replace(weight=1), SMALL[1]]
        small.write_events(log_of(changed))
        assert events_after(small, position) == changed[:1]
        assert nodes_after(small, position) == []

    def test_changed_attributes_are_something_new(self, small: GraphStore) -> None:
        position = position_of(small)
        year = {"year": Attribute("number", (1979.0, None))}
        small.write_nodes("item", Vocabulary(("alien", "heat")), year)
        assert nodes_after(small, position) == [ChangedNode("item", "alien", {"year": 1979.0})]
        position = position_of(small)
        small.write_nodes("item", Vocabulary(("alien",)), {"year": Attribute("number", (None,))})
        small.write_nodes("user", Vocabulary(("ann", "dan")), {})
        assert nodes_after(small, position) == [
            ChangedNode("item", "alien", {}),
            ChangedNode("user", "dan", {}),
        ]

    def test_links_and_other_nodes_move_the_position(self, small: GraphStore) -> None:
        for weight in (1, 2):
            position = position_of(small)
            small.write_links(("user", "from", "country"), [("ann", "DE", weight)])
            assert position_of(small) > position
            assert nodes_after(small, position) == []

    def test_an_item_with_new_links_is_told_with_all_it_has(self, small: GraphStore) -> None:
        genre, also = ("item", "has_genre", "genre"), ("item", "also_viewed", "item")
        small.write_links(genre, [("heat", "crime", 1)])
        small.write_links(("brand", "makes", "item"), [("acme", "heat", 1)])
        small.write_links(("user", "wants", "item"), [("ann", "heat", 1)])
        position = position_of(small)
        small.write_links(genre, [("heat", "drama", 1)])
        linked = [
            ItemLink("has_genre", "genre", "crime"),
            ItemLink("has_genre", "genre", "drama"),
            ItemLink("makes", "brand", "acme"),
        ]
        assert nodes_after(small, position) == [ChangedNode("item", "heat", {}, tuple(linked))]
        position = position_of(small)
        small.write_links(genre, [("heat", "drama", 1)])
        assert nodes_after(small, position) == []
        small.write_links(also, [("alien", "heat", 1)])  # as seen from alien alone
        assert nodes_after(small, position) == [
            ChangedNode("item", "alien", {}, (ItemLink("also_viewed", "item", "heat"),))
        ]

    def test_what_went_is_told_and_a_forgotten_user_is_not_named(self, small: GraphStore) -> None:
        position = position_of(small)
        small.forget_user("ann")
        small.delete_item("heat")
        assert position_of(small) > position
        assert nodes_after(small, position) == [
            ChangedNode("user", None, None),
            ChangedNode("item", "heat", None),
        ]
        assert events_after(small, position) == []
        assert {event.user for event in events_after(small, 0)} == {"bob", "cat"}
        small.write_events(log_of([SMALL[0]]))
        assert events_after(small, position) == [SMALL[0]]
        assert [node.attributes for node in nodes_after(small, position)] == [None, None, {}, {}]

    @given(batches=st.lists(logs, max_size=5), page=st.integers(1, 4), data=st.data())
    @property_settings
    def test_pages_from_any_position_on_give_what_has_changed(
        self, fresh: FreshStore, batches: list[list[Event]], page: int, data: st.DataObject
    ) -> None:
        store = fresh()
        states: list[tuple[int, dict[tuple[str, str, int, str], float]]] = [
            (position_of(store), {})
        ]
        for batch in batches:
            store.write_events(log_of(batch))
            state = {
                (event.user, event.item, event.time, event.kind): event.weight
                for event in listed(store.read_graph().interactions)
            }
            states.append((position_of(store), state))
        position, before = data.draw(st.sampled_from(states))
        found = events_after(store, position, page)
        news = {(event.user, event.item, event.time, event.kind): event.weight for event in found}
        assert len(news) == len(found)
        assert {**before, **news} == states[-1][1]
        came = {user for user, *_ in states[-1][1]} - {user for user, *_ in before}
        nodes = nodes_after(store, position, page)
        assert sorted(str(node.id) for node in nodes if node.type == "user") == sorted(came)
        store.close()

    def test_closing_ends_a_context(self, fresh: FreshStore) -> None:
        with fresh() as store:
            store.write_events(log_of(SMALL))
