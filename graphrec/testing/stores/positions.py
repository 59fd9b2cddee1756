"""What was written since a position comes, once and whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Attribute, Vocabulary
from graphrec.store import ChangedNode, EventKey, GraphStore
from graphrec.store.protocol import ItemLink
from graphrec.testing.logs import SMALL, Event, listed, log_of, logs
from graphrec.testing.stores.comparing import (
    FreshStore,
    events_after,
    nodes_after,
    position_of,
    property_settings,
)


class PositionContract:
    """What was written since a position comes, once and whole."""

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
        log, changed, position, _ = store.events_since(position_of(store))
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
        log, changed, reached, _ = store.events_since(before, 1)
        assert changed.tolist() == [True, False, False]
        assert listed(log)[0] == first
        assert sorted(listed(log)[1:]) == [old[0], second]
        log, changed, reached, _ = store.events_since(reached, 1)
        assert listed(log.take(changed)) == [second]
        assert sorted(listed(log.take(~changed))) == sorted([old[0], first])
        log, changed, reached, _ = store.events_since(reached)
        assert (listed(log), changed.tolist(), reached) == ([other], [True], position_of(store))
        changed_weight = old[1]._replace(weight=2)
        store.write_events(log_of([changed_weight, old[2]]))
        log, changed, _, _ = store.events_since(reached)
        assert (listed(log), changed.tolist()) == ([changed_weight], [True])

    def test_or_with_all_events_of_its_users(self, store: GraphStore) -> None:
        old = [Event("ann", "heat", 1, 1), Event("ann", "fargo"), Event("bob", "heat")]
        store.write_events(log_of([*old, Event("cat", "heat"), Event("cat", "alien")]))
        before = position_of(store)
        new = Event("ann", "alien", 4, 2, "rating")
        store.write_events(log_of([new]))
        store.delete_events([EventKey("cat", "heat")])
        log, changed, reached, taken_back = store.events_since(before, whole_users=True)
        assert (changed.sum(), listed(log)[0]) == (1, new)
        assert sorted(listed(log)[1:]) == sorted([*old[:2], Event("cat", "alien")])
        assert (reached, taken_back) == (position_of(store), (("cat", "heat"),))

    def test_writing_again_is_nothing_new(self, small: GraphStore) -> None:
        attributes = {"year": Attribute("number", (1995,)), "genres": Attribute("tags", (("a",),))}
        link = ("user", "follows", "user"), [("ann", "bob", 1.5)]
        small.write_nodes("item", Vocabulary(("heat",)), attributes)
        small.write_links(*link)
        small.forget_user("nobody")
        small.delete_item("nothing")
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
        small.write_nodes("user", Vocabulary(("ann",)), {})
        small.write_nodes("item", Vocabulary(("heat",)), {})
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
