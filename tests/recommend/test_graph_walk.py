"""A hop of the graph, held against plain counting."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions, Links, Vocabulary
from graphrec.errors import UnknownName, UnknownNode
from graphrec.recommend import graph_walk
from graphrec.recommend.graph_walk import (
    Reached,
    Window,
    from_item,
    from_linked,
    from_people,
    from_user,
    from_value,
)
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta, ItemDelta
from graphrec.store.protocol import ItemLink
from tests.support.placed import DAY, EVENTS, ITEMS, NOW, engine, later, shop
from tests.support.snapshots import build_snapshot

ALL = Window()
KINDS = ("purchase", "view", "return")

windows = st.builds(
    lambda kinds, since, until: Window(
        tuple(kinds),
        None if since is None else NOW - since * DAY,
        None if until is None else NOW - until * DAY,
    ),
    st.lists(st.sampled_from(KINDS), unique=True),
    st.one_of(st.none(), st.integers(0, 100)),
    st.one_of(st.none(), st.integers(0, 100)),
)


def counting(window: Window) -> list[tuple[str, str, str]]:
    """User, item and kind of the events in a window."""
    return [
        (user, item, kind)
        for user, item, kind, ago in EVENTS
        if kind in (window.kinds or KINDS)
        and (window.since is None or NOW - ago * DAY >= window.since)
        and (window.until is None or NOW - ago * DAY < window.until)
    ]


@settings(max_examples=40)
@given(st.sampled_from([*ITEMS]), windows)
def test_people_of_an_item_are_counted_by_kind(item: str, window: Window) -> None:
    found = from_item(engine().view, item, window, 50)
    users = defaultdict(set)
    for user, other, kind in counting(window):
        if other == item:
            users[kind].add(user)
    people = {each.id: each.count for each in found.reached if each.type == "people"}
    assert people == {kind: len(each) for kind, each in users.items()}
    assert found.people == len({user for each in users.values() for user in each})
    values = {(each.name, each.id): each.count for each in found.reached if each.type == "value"}
    category, brand, *_ = ITEMS[item]
    assert values == {
        ("category", category): sum(each[0] == category for each in ITEMS.values()),
        ("brand", brand): sum(each[1] == brand for each in ITEMS.values()),
    }
    assert found.total == len(found.reached) == len(people) + len(values)


@settings(max_examples=40)
@given(st.sampled_from([*ITEMS]), windows, st.integers(1, 8))
def test_other_items_of_the_same_people(item: str, window: Window, k: int) -> None:
    found = from_people(engine().view, item, window, k)
    events = counting(window)
    around = {user for user, other, _ in events if other == item}
    pairs = {(user, other) for user, other, _ in events if user in around and other != item}
    counts = Counter(other for _, other in pairs)
    assert (found.total, found.people) == (len(counts), len(around))
    assert [each.count for each in found.reached] == sorted(counts.values(), reverse=True)[:k]
    assert all(counts[each.id] == each.count for each in found.reached)


@settings(max_examples=40)
@given(st.sampled_from(["ann", "dan", "eve", "gus"]), windows)
def test_items_of_a_user(user: str, window: Window) -> None:
    found = from_user(engine().view, user, window, 50)
    counts = Counter(item for who, item, _ in counting(window) if who == user)
    assert {each.id: each.count for each in found.reached} == counts
    assert (found.total, found.people) == (len(counts), None)


@settings(max_examples=40)
@given(st.sampled_from(["phones", "power", "home", "none such"]), windows)
def test_items_of_a_value(value: str, window: Window) -> None:
    found = from_value(engine().view, "category", value, window, 50)
    users = defaultdict(set)
    for user, item, _ in counting(window):
        users[item].add(user)
    inside = [item for item, each in ITEMS.items() if each[0] == value]
    expected = {item: len(users[item]) for item in inside if window.open or users[item]}
    assert {each.id: each.count for each in found.reached} == expected
    counts = [each.count for each in found.reached]
    assert counts == sorted(counts, reverse=True)
    numbers = from_value(engine().view, "price", "15", ALL, 5)
    assert [each.id for each in numbers.reached] == ["case"]


def test_what_was_written_since_counts() -> None:
    view = later(engine(), ("new", "soap", "view", 2), ("new", "rug", "view", 1)).view
    people = {each.id: each.count for each in from_item(view, "soap", ALL, 9).reached[:2]}
    assert people == {"purchase": 3, "view": 1}
    assert [e.id for e in from_people(view, "soap", Window(("view",)), 9).reached] == ["rug"]
    assert {each.id for each in from_user(view, "new", ALL, 9).reached} == {"soap", "rug"}


def test_what_is_forgotten_or_deleted_is_gone() -> None:
    gone = View.of(shop(), Delta(forgotten=frozenset({"gus"}), deleted=frozenset({"phone"})))
    assert from_item(gone, "soap", ALL, 9).people == 2
    assert "phone" not in {e.id for e in from_people(gone, "charger", ALL, 9).reached}
    assert from_value(gone, "category", "phones", ALL, 9).total == 0
    brand = [each for each in from_item(gone, "charger", ALL, 9).reached if each.name == "brand"]
    assert [each.count for each in brand] == [2]
    with pytest.raises(UnknownNode, match="'phone'"):
        from_item(gone, "phone", ALL, 9)
    with pytest.raises(UnknownNode, match="'gus'"):
        from_user(gone, "gus", ALL, 9)


def test_the_latest_people_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_walk, "MOST_PEOPLE", 1)
    found = from_people(engine().view, "phone", Window(("view",)), 9)
    assert (found.people, [each.id for each in found.reached]) == (1, ["lamp"])  # cat's


@pytest.fixture(scope="module")
def linked() -> View:
    """Three items: a and b of one brand, and b an accessory of c."""
    log = Interactions.of(["u", "u", "v"], ["a", "b", "c"])
    one = np.array([0, 1], np.int32)
    links = {
        ("item", "by", "brand"): Links(one, np.zeros(2, np.int32), np.ones(2, np.float32)),
        ("item", "fits", "item"): Links(one[1:], one[1:] + 1, np.ones(1, np.float32)),
    }
    graph = Graph(log, {}, {"brand": Vocabulary(("acme",))}, links)
    return View.of(build_snapshot(graph))


def test_links_are_followed_from_both_ends(linked: View) -> None:
    found = [each for each in from_item(linked, "b", ALL, 9).reached if each.type == "linked"]
    assert found == [
        Reached("linked", "acme", "by", 2, "brand"),
        Reached("linked", "c", "fits", 1, "item"),
    ]
    items = from_linked(linked, ItemLink("by", "brand", "acme"), ALL, 9).reached
    assert [(each.id, each.count) for each in items] == [("a", 1), ("b", 1)]
    assert from_linked(linked, ItemLink("by", "brand", "nobody"), ALL, 9).total == 0
    with pytest.raises(UnknownName, match="no item has a relation 'bye': did you mean 'by'"):
        from_linked(linked, ItemLink("bye", "brand", "acme"), ALL, 9)


def test_links_of_items_that_came_or_changed_since(linked: View) -> None:
    acme = ItemLink("by", "brand", "acme")
    delta = Delta(items={"a": ItemDelta({}), "new": ItemDelta({}, (acme,))})
    now = View.of(linked.snapshot, delta)
    assert [each.id for each in from_linked(now, acme, ALL, 9).reached] == ["b", "new"]
    assert [each.id for each in from_item(now, "new", ALL, 9).reached] == ["acme"]
    assert not [e for e in from_item(now, "a", ALL, 9).reached if e.type == "linked"]


def test_names_that_there_are_not_are_refused() -> None:
    view = engine().view
    with pytest.raises(UnknownName, match="no event is of kind 'purchse'"):
        from_item(view, "soap", Window(("purchse",)), 9)
    with pytest.raises(UnknownName, match="no item has an attribute 'brnd'"):
        from_value(view, "brnd", "acme", ALL, 9)
    assert from_item(view, "soap", Window(("like",)), 9).people == 0  # a usual one, without events
