"""What a store was told since: it is added, let go of, and read again."""

from __future__ import annotations

from graphrec.snapshot.overlay import Event, Overlay

from graphrec.data import Interactions
from graphrec.data.weighting import KindPolicy
from graphrec.store.protocol import ChangedNode, ItemLink

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
    assert (overlay.events_read, overlay.nodes_read) == (3, 3)
    overlay.add_nodes([ChangedNode("user", None, None)], 6)
    assert (overlay.events_read, overlay.nodes_read) == (3, 6)


def test_users_who_were_put_are_known_by_their_attributes_until_someone_is_forgotten():
    """A store does not say who: all users are read again, and then the loss is no news."""
    nodes = [
        (1, ChangedNode("user", "ann", {"town": "x"})),
        (2, ChangedNode("item", "a", {}, (ItemLink("made_by", "brand", "b"),))),
        (3, ChangedNode("user", "bob", {"town": "y"})),
        (5, ChangedNode("user", None, None)),
    ]
    overlay = Overlay({})

    def read(store: list[tuple[int, ChangedNode]], last: int) -> None:
        for _ in range(9):
            if overlay.nodes_read == last:
                return
            page = [(at, node) for at, node in store if at > overlay.nodes_read][:2]
            overlay.add_nodes([node for _, node in page], page[-1][0] if page else last)
        raise AssertionError("expected an end")

    read(nodes[:3], 4)
    assert overlay.attributes_of("ann") == {"town": "x"}
    assert overlay.attributes_of("cat") is None
    assert overlay.knows("bob")
    assert overlay.links_of("a") == (ItemLink("made_by", "brand", "b"),)
    left = nodes[1:]  # ann is gone, and bob is not
    read(left, 6)
    assert overlay.attributes_of("ann") is None
    assert overlay.attributes_of("bob") == {"town": "y"}
    assert not overlay.knows("ann")
    read([*left, (8, ChangedNode("user", None, None))], 9)
    assert overlay.attributes_of("bob") == {"town": "y"}
    overlay.prune(9)
    assert overlay.attributes_of("bob") is None


def test_an_edition_is_another_one_whenever_the_list_of_a_user_may_be():
    overlay = Overlay({})
    editions = [overlay.edition_of("ann")]

    def moved() -> bool:
        editions.append(overlay.edition_of("ann"))
        return editions[-1] != editions[-2]

    overlay.add_events(log(("bob", "a", 1, 1, "view")), 1)
    overlay.add_nodes([ChangedNode("user", "bob", {"town": "x"})], 2)
    assert not moved()
    overlay.add_events(log(("ann", "a", 1, 1, "view")), 3)
    assert moved()
    overlay.add_nodes([ChangedNode("user", "ann", {"town": "x"})], 4)
    assert moved()
    overlay.add_nodes([ChangedNode("item", "a", {})], 5)
    assert moved()
    overlay.add_nodes([ChangedNode("user", None, None)], 6)
    assert moved()
    overlay.forget("ann")
    assert moved()
    overlay.prune(7)
    assert moved()
    assert len(set(editions)) == len(editions) - 1


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
