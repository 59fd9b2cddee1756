"""What a store was told since: it is added, let go of, and read again."""

from __future__ import annotations

from graphrec.data import Interactions
from graphrec.overlay import Event, Overlay
from graphrec.store.protocol import ChangedNode
from graphrec.weighting import KindPolicy

POLICY = {"rating": KindPolicy(weight=2, threshold=3.5)}


def log(*events: tuple[str, str, float, int, str]) -> Interactions:
    return Interactions.of(*zip(*events, strict=True))


def test_events_are_worth_what_the_policy_says_and_known_again():
    overlay = Overlay(POLICY)
    overlay.add_events(
        log(("ann", "a", 5, 1, "rating"), ("ann", "b", 1, 2, "rating"), ("bob", "a", 3, 3, "view")),
        7,
    )
    assert overlay.events_of("ann") == (Event("a", "rating", 1, 2.0), Event("b", "rating", 2, 0.0))
    assert overlay.events_of("bob") == (Event("a", "view", 3, 3.0),)
    assert overlay.events_of("cat") == ()
    overlay.add_events(log(("ann", "a", 1, 1, "rating")), 8)
    assert overlay.events_of("ann")[0].worth == 0
    assert overlay.events_read == 8


def test_what_a_newer_snapshot_holds_is_let_go_of():
    overlay = Overlay({})
    overlay.add_events(log(("ann", "a", 1, 1, "view")), 5)
    overlay.add_events(log(("ann", "b", 1, 2, "view")), 9)
    overlay.add_nodes([ChangedNode("item", "old", {}), ChangedNode("item", "gone", None)], 5)
    overlay.add_nodes([ChangedNode("item", "new", {}), ChangedNode("item", "left", None)], 9)
    before = overlay.edition
    overlay.prune(6)
    assert [event.item for event in overlay.events_of("ann")] == ["b"]
    assert set(overlay.items) == {"new"}
    assert set(overlay.deleted) == {"left"}
    assert overlay.edition > before
    assert (overlay.since, overlay.events_read, overlay.nodes_read) == (6, 9, 9)


def test_where_someone_was_forgotten_all_events_are_read_again():
    overlay = Overlay({})
    overlay.rewind(3)
    overlay.add_events(log(("ann", "a", 1, 1, "view")), 5)
    overlay.add_nodes([ChangedNode("user", None, None)], 6)
    assert overlay.events_of("ann") == ()
    assert (overlay.events_read, overlay.nodes_read) == (3, 6)


def test_a_forgotten_user_is_one_until_a_snapshot_comes_that_was_made_later():
    overlay = Overlay({})
    overlay.add_nodes([], 4)
    overlay.forget("ann")
    overlay.prune(4)
    assert overlay.has_forgotten("ann")
    overlay.prune(5)
    assert not overlay.has_forgotten("ann")


def test_an_item_that_is_put_again_is_back():
    overlay = Overlay({})
    overlay.add_nodes([ChangedNode("item", "a", None)], 1)
    assert set(overlay.deleted) == {"a"}
    overlay.add_nodes([ChangedNode("item", "a", {"title": "A"})], 2)
    assert (set(overlay.deleted), overlay.items) == (set(), {"a": {"title": "A"}})
