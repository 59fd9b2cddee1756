"""What was written to a store since: it is read, let go of, and read again."""

from __future__ import annotations

import numpy as np

from graphrec.data import Interactions
from graphrec.data.weighting import KindPolicy
from graphrec.snapshot.view import View
from graphrec.store.delta import NOTHING, Event, ItemDelta
from graphrec.store.delta_log import DeltaLog
from graphrec.store.protocol import ChangedNode, ItemLink, NewEvents
from tests.support.snapshots import small_snapshot

POLICY = {"rating": KindPolicy(weight=2, threshold=3.5)}


def page(position: int, *events: tuple[str, str, float, int, str]) -> NewEvents:
    """A page of events that are all new."""
    log = Interactions.of(*zip(*events, strict=True))
    return NewEvents(log, np.ones(len(log), bool), position)


def events_of(log: DeltaLog, user: str) -> tuple[Event, ...]:
    found = log.delta.users.get(user)
    return () if found is None else found.events


def attributes_of(log: DeltaLog, user: str) -> object:
    found = log.delta.users.get(user)
    return None if found is None else found.attributes


def test_events_are_kept_as_recorded_and_weigh_what_the_policy_says():
    log = DeltaLog()
    log.add_events(
        page(
            7,
            ("ann", "a", 5, 1, "rating"), ("ann", "b", 1, 2, "rating"), ("bob", "a", 3, 3, "view"),
        )
    )  # fmt: skip
    view = View.of(small_snapshot(), kinds=POLICY)
    assert events_of(log, "ann") == (Event("a", "rating", 1, 5.0), Event("b", "rating", 2, 1.0))
    assert view.weights(events_of(log, "ann")) == [2.0, 0.0]
    assert events_of(log, "bob") == (Event("a", "view", 3, 3.0),)
    assert view.weights(events_of(log, "bob")) == [3.0]
    assert events_of(log, "cat") == ()
    log.add_events(page(8, ("ann", "a", 1, 1, "rating")))
    again = {event.item: event for event in events_of(log, "ann")}
    assert len(events_of(log, "ann")) == 2
    assert view.weights([again["a"]]) == [0]
    assert log.events_read == 8


def test_what_a_newer_snapshot_holds_is_let_go_of():
    log = DeltaLog()
    log.add_events(page(5, ("ann", "a", 1, 1, "view")))
    log.add_events(page(9, ("ann", "b", 1, 2, "view")))
    log.add_nodes([ChangedNode("item", "old", {}), ChangedNode("item", "gone", None)], 5)
    log.add_nodes([ChangedNode("item", "new", {}), ChangedNode("item", "left", None)], 9)
    before = log.delta.edition
    log.prune(6)
    assert [event.item for event in events_of(log, "ann")] == ["b"]
    assert set(log.delta.items) == {"new"}
    assert set(log.delta.deleted) == {"left"}
    assert log.delta.edition > before
    assert (log.since, log.events_read, log.nodes_read) == (6, 9, 9)


def gone(position: int) -> ChangedNode:
    """Somebody who was forgotten: a store does not say who."""
    return ChangedNode("user", None, None, position=position)


def test_where_nobody_knows_who_was_forgotten_all_is_to_be_read_into_another_log():
    log = DeltaLog(3, began=5)
    log.add_events(page(6, ("ann", "a", 1, 1, "view")))
    log.add_nodes([gone(5)], 5)  # before anything was read
    assert not log.lost
    log.add_nodes([gone(7)], 7)
    assert log.lost
    assert events_of(log, "ann")  # meanwhile they stay: lists of the others need theirs
    again = DeltaLog(3, began=7, before=log)
    again.add_nodes([gone(5), gone(7)], 7)
    assert not again.lost
    assert again.delta.edition > log.delta.edition


def test_of_someone_who_is_known_to_be_forgotten_what_was_read_before_goes():
    log = DeltaLog()
    log.add_events(page(2, ("ann", "a", 1, 1, "view"), ("bob", "a", 1, 1, "view")))
    log.forget("ann")
    # Another process writes an event before the store deletes her, and one after she is back.
    log.add_events(page(4, ("ann", "b", 1, 2, "view")))
    log.add_nodes([ChangedNode("user", "ann", {"town": "x"}, position=4)], 4)
    log.add_events(page(8, ("ann", "c", 1, 3, "view")))
    log.add_nodes([gone(6)], 8)
    assert [event.item for event in events_of(log, "ann")] == ["c"]
    assert attributes_of(log, "ann") is None
    assert [event.item for event in events_of(log, "bob")] == ["a"]
    assert not log.lost
    log.add_nodes([gone(9)], 9)
    assert log.lost


def test_someone_whom_the_store_did_not_delete_is_waited_for_no_longer():
    log = DeltaLog()
    log.forget("ann")
    log.stays("ann")
    assert not log.lost
    log.add_nodes([gone(1)], 1)
    assert log.lost
    log = DeltaLog()
    log.forget("ann")
    log.add_nodes([gone(1)], 1)  # of someone else
    assert not log.lost
    log.stays("ann")
    assert log.lost


def test_users_who_were_put_are_known_by_their_attributes():
    log, snapshot = DeltaLog(), small_snapshot()
    link = ItemLink("made_by", "brand", "b")
    log.add_nodes(
        [
            ChangedNode("user", "ann", {"town": "x"}, position=1),
            ChangedNode("item", "a", {}, (link,), 2),
            ChangedNode("user", "bob", {"town": "y"}, position=3),
        ],
        4,
    )
    assert attributes_of(log, "ann") == {"town": "x"}
    assert attributes_of(log, "cat") is None
    assert View.of(snapshot, log.delta).knows("bob")
    assert log.delta.items["a"].links == (link,)
    log.prune(9)
    assert attributes_of(log, "bob") is None


def test_an_edition_is_another_one_whenever_the_list_of_a_user_may_be():
    log = DeltaLog()
    editions = [log.delta.edition_of("ann")]

    def moved() -> bool:
        editions.append(log.delta.edition_of("ann"))
        return editions[-1] != editions[-2]

    log.add_events(page(1, ("bob", "a", 1, 1, "view")))
    log.add_nodes([ChangedNode("user", "bob", {"town": "x"})], 2)
    assert not moved()
    log.add_events(page(3, ("ann", "a", 1, 1, "view")))
    assert moved()
    log.add_nodes([ChangedNode("user", "ann", {"town": "x"})], 4)
    assert moved()
    log.add_nodes([ChangedNode("item", "a", {})], 5)
    assert moved()
    log.forget("ann")
    assert moved()
    log.prune(7)
    assert moved()
    assert len(set(editions)) == len(editions) - 1


def test_a_forgotten_user_is_one_until_a_snapshot_comes_that_was_made_later():
    log = DeltaLog()
    log.add_nodes([], 4)
    log.forget("ann")
    log.prune(4)
    assert "ann" in log.delta.forgotten
    log.prune(5)
    assert "ann" not in log.delta.forgotten


def test_an_item_that_is_put_again_is_back():
    log = DeltaLog()
    log.add_nodes([ChangedNode("item", "a", None)], 1)
    assert set(log.delta.deleted) == {"a"}
    log.add_nodes([ChangedNode("item", "a", {"title": "A"})], 2)
    assert (set(log.delta.deleted), log.delta.items) == (set(), {"a": ItemDelta({"title": "A"})})


def test_what_was_given_out_stays_as_it_was():
    log = DeltaLog()
    before = log.delta
    log.add_events(page(1, ("ann", "a", 1, 1, "view")))
    log.add_nodes([ChangedNode("item", "b", None)], 2)
    assert before == NOTHING
    assert log.delta.written == 1
    assert log.delta.deletions == 1


def test_what_was_taken_back_is_known_until_a_snapshot_that_has_it():
    log = DeltaLog()
    log.add_events(page(5, ("ann", "a", 1, 1, "view"), ("ann", "a", 1, 2, "view")))
    editions = [log.delta.edition_of("ann")]
    left = page(6, ("ann", "a", 1, 2, "view"))._replace(changed=np.zeros(1, bool))
    log.add_events(left._replace(taken_back=(("ann", "a"),)))
    editions.append(log.delta.edition_of("ann"))
    assert events_of(log, "ann") == (Event("a", "view", 2, 1.0),)
    assert log.delta.users["ann"].taken_back == frozenset()
    nothing = Interactions.of([], [])
    log.add_events(NewEvents(nothing, np.zeros(0, bool), 7, (("ann", "a"), ("bob", "b"))))
    editions.append(log.delta.edition_of("ann"))
    assert events_of(log, "ann") == ()
    assert log.delta.users["ann"].taken_back == {"a"}
    assert log.delta.users["bob"].taken_back == {"b"}
    assert log.delta.written == 5
    assert len(set(editions)) == 3
    log.add_events(page(8, ("bob", "b", 1, 3, "view")))
    assert log.delta.users["bob"].taken_back == frozenset()
    log.prune(7)
    assert set(log.delta.users) == {"bob"}


def test_events_on_an_item_that_was_deleted_went_with_it_and_later_ones_are_read_again():
    log = DeltaLog()
    log.add_events(page(2, ("ann", "a", 1, 1, "view"), ("ann", "b", 1, 1, "view")))
    log.add_nodes([ChangedNode("item", "a", {})], 3)
    # Deleted at 4, put at 5, an event at 6 that the reader met before it met the deletion.
    log.add_events(page(6, ("ann", "a", 1, 9, "view")))
    log.add_nodes([ChangedNode("item", "a", None), ChangedNode("item", "a", {"x": 1.0})], 7)
    assert [event.item for event in events_of(log, "ann")] == ["b"]
    assert log.events_read == 3
    assert (log.delta.deleted, log.delta.renewed) == (frozenset(), {"a"})
    log.add_events(page(6, ("ann", "a", 1, 9, "view")))
    assert {event.item: event.time for event in events_of(log, "ann")} == {"b": 1, "a": 9}
    log.add_nodes([ChangedNode("item", "a", {"x": 2.0})], 9)
    log.prune(8)
    assert (set(log.delta.items), log.delta.renewed) == ({"a"}, frozenset())
