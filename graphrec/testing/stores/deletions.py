"""What every graph store does where something is deleted: a part of `StoreContract`."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Attribute, Vocabulary
from graphrec.store import EventKey, GraphStore
from graphrec.testing.logs import SMALL, Event, listed, log_of, logs
from graphrec.testing.stores.comparing import property_settings


def key_of(event: Event) -> EventKey:
    """What identifies an event."""
    return EventKey(event.user, event.item, event.kind, event.time)


def state_of(store: GraphStore) -> dict[EventKey, float]:
    """The weight of every event of a store."""
    return {key_of(event): event.weight for event in listed(store.read_graph().interactions)}


def followed(
    store: GraphStore, position: int, before: dict[EventKey, float], page: int
) -> dict[EventKey, float]:
    """The events of a store, as a reader has them who knew them at a position, page by page."""
    held = dict(before)
    while position != store.position():
        log, changed, reached, taken_back = store.events_since(position, page)
        assert reached > position
        assert changed.sum() + len(taken_back) <= page
        found = listed(log)
        pairs = {event[:2] for event in found} | set(taken_back)
        held = {key: weight for key, weight in held.items() if key[:2] not in pairs}
        held |= {key_of(event): event.weight for event in found}
        position = reached
    return held


class DeletionContract:
    """Tests of events that are taken back, and of what was deleted and stays so."""

    # Events that are taken back

    def test_one_event_is_taken_back_and_the_others_stay(self, small: GraphStore) -> None:
        position = small.position()
        assert position is not None
        assert small.delete_events([key_of(SMALL[0])]) == 1
        assert small.counts() == {"user": 3, "item": 4, "events": len(SMALL) - 1, "links": 0}
        assert listed(small.user_events("ann")) == list(SMALL[1:3])
        page = small.events_since(position)
        assert (len(page.events), page.taken_back) == (0, (("ann", "heat"),))
        assert page.position == small.position()
        assert small.nodes_since(position).nodes == ()
        assert small.delete_events([key_of(SMALL[0])]) == 0
        assert small.position() == page.position

    def test_without_a_kind_or_a_time_all_that_have_any_are_taken_back(
        self, store: GraphStore
    ) -> None:
        events = [
            Event("ann", "heat", 1, time, kind)
            for time in (0, 1, 2)
            for kind in ("view", "purchase")
        ]
        store.write_events(log_of([*events, Event("ann", "fargo"), Event("bob", "heat")]))
        assert store.delete_events([EventKey("ann", "heat", "view", 1)]) == 1
        assert store.delete_events([EventKey("ann", "heat", "purchase")]) == 3
        assert store.delete_events([EventKey("ann", "heat", time=2)]) == 1
        assert listed(store.user_events("ann")) == [Event("ann", "fargo"), events[0]]
        assert store.delete_events([EventKey("ann", "heat"), EventKey("bob", "heat")]) == 2
        assert listed(store.read_graph().interactions) == [Event("ann", "fargo")]

    def test_what_never_was_is_not_taken_back(self, small: GraphStore) -> None:
        position = small.position()
        nothing = (
            ("nobody", "heat", "rating", 10), ("ann", "nothing", "rating", 10),
            ("ann", "heat", "no kind", 10), ("ann", "heat", "rating", 11),
            ("heat", "ann", None, None), ("ann", "alien", None, None),
        )  # fmt: skip
        assert small.delete_events([EventKey(*key) for key in nothing]) == 0
        assert small.delete_events([]) == 0
        assert small.position() == position

    def test_an_event_that_was_taken_back_may_be_sent_again(self, small: GraphStore) -> None:
        position = small.position()
        assert position is not None
        small.delete_events([key_of(SMALL[0])])
        assert small.write_events(log_of(SMALL[:1])) == 1
        page = small.events_since(position)
        assert listed(page.events) == list(SMALL[:1])
        assert small.counts()["events"] == len(SMALL)

    def test_who_took_something_back_is_forgotten_without_a_trace(self, store: GraphStore) -> None:
        person = "person-1234567"
        store.write_events(log_of([Event(person, "heat"), Event(person, "fargo")]))
        store.delete_events([EventKey(person, "heat")])
        assert store.forget_user(person)
        assert store.traces(person) == ()
        page = store.events_since(0)
        assert (len(page.events), page.taken_back) == (0, ())

    @given(
        steps=st.lists(st.tuples(logs, st.lists(st.integers(0, 59), max_size=9)), max_size=4),
        page=st.integers(1, 4),
        data=st.data(),
    )
    @property_settings
    def test_who_follows_a_store_holds_what_it_holds(
        self,
        fresh: Callable[[], GraphStore],
        steps: list[tuple[list[Event], list[int]]],
        page: int,
        data: st.DataObject,
    ) -> None:
        store = fresh()
        states: list[tuple[int, dict[EventKey, float]]] = [(0, {})]
        for log, gone in steps:
            store.write_events(log_of(log))
            held = sorted(state_of(store))
            keys = [held[at] for at in dict.fromkeys(gone) if at < len(held)]
            assert store.delete_events(keys) == len(keys)
            position = store.position()
            assert position is not None
            states.append((position, state_of(store)))
        position, before = data.draw(st.sampled_from(states))
        assert followed(store, position, before, page) == states[-1][1] == state_of(store)
        store.close()

    # What was deleted stays deleted

    def test_what_was_deleted_does_not_come_back_with_an_event(self, small: GraphStore) -> None:
        assert small.delete_item("heat")
        assert small.forget_user("ann")
        before, position = small.counts(), small.position()
        late = [Event("cat", "heat", 1, 99), Event("ann", "fargo"), Event("new", "heat")]
        assert small.write_events(log_of(late)) == 0
        assert small.counts() == before
        assert small.position() == position
        assert small.write_events(log_of([*late, Event("new", "alien")])) == 1
        assert small.read_graph().items.ids == ("alien", "fargo", "speed")
        assert small.read_graph().users.ids == ("bob", "cat", "new")
        assert small.deleted("item", ["heat", "fargo", "ann"]) == {"heat"}
        assert small.deleted("user", ["heat", "bob", "ann", "nobody"]) == {"ann"}
        assert small.deleted("genre", ["heat", "ann"]) == small.deleted("item", []) == frozenset()

    def test_nor_with_a_link(self, small: GraphStore) -> None:
        small.delete_item("heat")
        small.forget_user("ann")
        also, follows = ("item", "also_viewed", "item"), ("user", "follows", "user")
        links = [("heat", "alien", 1.0), ("alien", "heat", 1.0), ("alien", "fargo", 1.0)]
        assert small.write_links(also, links) == 1
        assert small.write_links(follows, [("ann", "bob", 1), ("bob", "ann", 1)]) == 0
        assert small.write_links(("heat", "is", "ann"), [("heat", "ann", 1)]) == 1
        assert "heat" not in small.read_graph().items
        assert "ann" not in small.read_graph().users

    def test_what_is_put_comes_back(self, small: GraphStore) -> None:
        title = {"title": Attribute("text", ("Heat",))}
        small.write_nodes("item", Vocabulary(("heat",)), title)
        small.delete_item("heat")
        small.forget_user("ann")
        small.write_nodes("user", Vocabulary(("heat",)), {})  # is another node
        assert small.deleted("item", ["heat"]) == {"heat"}
        small.write_nodes("item", Vocabulary(("heat",)), {})
        small.write_nodes("user", Vocabulary(("ann",)), {})
        assert small.deleted("item", ["heat"]) == small.deleted("user", ["ann"]) == frozenset()
        assert small.read_node("item", "heat") == {}
        assert small.write_events(log_of([Event("ann", "heat", 1, 5)])) == 1

    def test_what_was_deleted_before_it_came_does_not_come(self, store: GraphStore) -> None:
        assert not store.delete_item("heat")
        assert not store.forget_user("ann")
        assert store.write_events(log_of([Event("bob", "heat"), Event("ann", "fargo")])) == 0
        assert store.counts() == {"user": 0, "item": 0, "events": 0, "links": 0}

    def test_who_is_not_remembered_may_come_back_with_an_event(self, small: GraphStore) -> None:
        assert small.forget_user("ann", remember=False)
        assert small.deleted("user", ["ann"]) == frozenset()
        assert small.write_events(log_of([Event("ann", "alien")])) == 1

    def test_of_a_user_who_is_remembered_no_trace_is_left(self, store: GraphStore) -> None:
        person = "person-1234567"
        store.write_events(log_of([Event(person, "heat")]))
        store.forget_user(person)
        store.write_events(log_of([Event(person, "heat", 1, 5)]))
        assert store.traces(person) == ()

    def test_items_are_deleted_together(self, small: GraphStore) -> None:
        position = small.position()
        assert position is not None
        assert small.delete_items(["heat", "nothing", "alien", "heat"]) == 2
        assert small.ids("item") == ("fargo", "speed")
        assert small.deleted("item", ["alien", "heat", "fargo", "nothing"]) == {
            "alien", "heat", "nothing",
        }  # fmt: skip
        gone = [(node.id, node.attributes) for node in small.nodes_since(position).nodes]
        assert sorted(gone) == [("alien", None), ("heat", None)]
        assert small.delete_items([]) == 0

    def test_ids_are_those_of_a_type(self, small: GraphStore) -> None:
        assert small.ids("item") == ("alien", "fargo", "heat", "speed")
        assert small.ids("user") == ("ann", "bob", "cat")
        assert small.ids("genre") == ()
