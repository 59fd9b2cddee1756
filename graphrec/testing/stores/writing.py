"""What is written is read, as it was written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import MAX_KINDS, Attribute, Vector, Vocabulary
from graphrec.errors import DataError, UnknownNode
from graphrec.store import GraphStore
from graphrec.testing.logs import IDS, SMALL, Event, log_of, logs
from graphrec.testing.stores.comparing import (
    FreshStore,
    assert_same_graph,
    attribute_tables,
    names,
    property_settings,
    write_graph,
)


class WritingContract:
    """What is written is read, as it was written."""

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

    def test_vectors_come_back_and_keep_their_length(self, store: GraphStore) -> None:
        two = Vocabulary(("a", "b"))
        values = (Vector.of([0.1, -2, 3e10]), None)
        store.write_nodes("item", two, {"v": Attribute("vector", values)})
        assert store.attribute_kinds("item") == {"v": "vector"}
        assert store.read_graph().attributes["item"]["v"] == Attribute("vector", values)
        assert store.read_node("item", "a") == {"v": values[0]}
        other = {"v": Attribute("vector", (None, Vector.of([1, 2])))}
        with pytest.raises(DataError, match="vectors of 2 numbers: expected 3"):
            store.write_nodes("item", two, other)
        same = {"v": Attribute("vector", (None, values[0]))}
        store.write_nodes("item", two, same)
        assert store.read_graph().attributes["item"]["v"].values == (None, values[0])

    def test_an_attribute_can_become_another_kind(self, store: GraphStore) -> None:
        three = Vocabulary(("a", "b", "c"))
        sizes = Attribute("category", ("7", "large", None))
        store.write_nodes("item", three, {"size": sizes, "year": Attribute("number", (1, 2, 3))})
        assert store.change_kind("item", "size", "number") == 1
        assert store.change_kind("item", "year", "category") == 0
        assert store.change_kind("item", "nothing", "tags") == 0
        assert store.read_graph().attributes["item"] == {
            "size": Attribute("number", (7.0, None, None)),
            "year": Attribute("category", ("1", "2", "3")),
        }

    def test_kinds_of_events_and_types_of_links_are_named(self, store: GraphStore) -> None:
        assert not store.event_kinds()
        assert not store.link_types()
        store.write_events(log_of([Event("ann", "heat", 1, 5, "purchase")]))
        store.write_links(("item", "made_by", "brand"), [("heat", "acme", 1.0)])
        assert set(store.event_kinds()) == {"purchase"}
        assert set(store.link_types()) == {("item", "made_by", "brand")}

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
            table = data.draw(attribute_tables(len(ids)))
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
