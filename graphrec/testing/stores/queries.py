"""Queries around a node answer as the sparse matrices do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Attribute, Graph, Vocabulary
from graphrec.data.weighting import weigh
from graphrec.errors import UnknownNode
from graphrec.retrieval import neighbours
from graphrec.retrieval.neighbours import Likes
from graphrec.store import GraphStore, Neighbour, Path, Popular
from graphrec.testing.logs import IDS, Event, log_of, logs
from graphrec.testing.stores.comparing import (
    POLICY,
    FreshStore,
    assert_same_rows,
    property_settings,
)

SOME = 3
"""Of the users and items of an example, of which a store is asked: it may be a server, and slow."""


class QueryContract:
    """Queries around a node answer as the sparse matrices do."""

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

    def test_one_user_counts_once_however_many_and_large_the_events(
        self, store: GraphStore
    ) -> None:
        many = [Event("bot", "spam", 3e38, n, "view") for n in range(50)]
        few = [Event(user, item, 1, 0, "view") for user in ("ann", "bob") for item in ("a", "b")]
        store.write_events(log_of([*many, *few, Event("bot", "a", 1e30, 0, "view")]))
        assert store.popular_items() == [("a", 3), ("b", 2), ("spam", 1)]
        found = {row.id: row.support for row in store.related_items("a")}
        assert found == {"b": 2, "spam": 1}

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
            for item in graph.items.ids[:SOME]:
                expected = neighbours.related_items(likes, item, **options)
                assert_same_rows(store.related_items(item, **options), expected)
            for user in graph.users.ids[-SOME:]:
                expected = neighbours.similar_users(likes, user, **options)
                assert_same_rows(store.similar_users(user, **options), expected)
        for user in graph.users.ids[:SOME]:
            for k, nearest in ((20, 50), (2, 2)):
                expected = neighbours.neighbour_recommendations(likes, user, k, nearest)
                assert_same_rows(store.neighbour_recommendations(user, k, nearest), expected)
        for user in graph.users.ids[:2]:
            for item in graph.items.ids[-SOME:]:
                reasons = neighbours.paths(likes, user, item, 4)
                assert_same_rows(store.paths(user, item, 4), reasons)
        for window in ((None, None), (1, None), (None, 2), (1, 3)):
            assert store.popular_items(4, *window) == neighbours.popular_items(graph, 4, *window)
        store.close()
