"""Queries about events of some kinds, about what came after, and by lift."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Vocabulary
from graphrec.data.in_force import counts, meanings_of, only_kinds
from graphrec.errors import UnknownNode
from graphrec.store import GraphStore, Neighbour, Popular
from graphrec.testing.logs import Event, listed, log_of, logs
from graphrec.testing.stores.comparing import (
    POLICY,
    FreshStore,
    assert_same_rows,
    property_settings,
)

ASKED: tuple[Sequence[str] | None, ...] = (
    None,
    ("purchase",),
    ("skip",),
    ("view", "skip", "undo"),
    ("stars", "rating", "purchase"),
)
"""Kinds that are asked for: a positive one, neutral ones by weight and by polarity, several."""


class KindsContract:
    """`kinds`, `after` and lift, compared with sets of plain Python."""

    def test_related_by_the_events_of_some_kinds(self, store: GraphStore) -> None:
        bought = [Event(user, item, 1, 0, "purchase") for user in "ab" for item in ("pot", "lid")]
        viewed = [Event(user, item) for user in "abc" for item in ("pot", "pan")]
        store.write_events(log_of([*bought, *viewed]))
        assert store.related_items("pot", kinds=["purchase"]) == [Neighbour("lid", 1.0, 2)]
        assert store.related_items("pot", kinds=["view"]) == [Neighbour("pan", 1.0, 3)]
        both = store.related_items("pot", kinds=["view", "purchase"])
        assert both == store.related_items("pot")
        assert [row.id for row in both] == ["pan", "lid"]
        assert store.related_items("pot", kinds=[]) == []
        assert store.related_items("pot", kinds=["purchases"]) == []  # there are none
        with pytest.raises(UnknownNode, match="item 'nobody' is unknown"):
            store.related_items("nobody", kinds=["purchase"])

    def test_neutral_kinds_can_be_asked_for(self, store: GraphStore) -> None:
        seen = [Event(user, item, 1, 0, "skip") for user in "ab" for item in ("pot", "pan")]
        store.write_events(log_of([*seen, Event("a", "pan", 1, 5, "thumbs_down")]))
        assert store.related_items("pot") == []
        assert store.popular_items() == []
        assert store.related_items("pot", kinds=["skip"]) == [Neighbour("pan", 1.0, 2)]
        assert store.popular_items(kinds=["skip"]) == [Popular("pan", 2), Popular("pot", 2)]
        assert store.popular_items(kinds=["thumbs_down"]) == []  # what one dislikes is no tie

    def test_what_was_taken_back_is_not_counted_of_its_kind(self, store: GraphStore) -> None:
        log = [Event(user, item, 1, 1, "purchase") for user in "ab" for item in ("pot", "lid")]
        store.write_events(log_of([*log, *(e._replace(kind="view", time=0) for e in log)]))
        store.write_events(log_of([Event("a", "lid", 1, 2, "return")]))
        assert store.popular_items(kinds=["purchase"]) == [("pot", 2), ("lid", 1)]
        assert store.popular_items(kinds=["view"]) == [("pot", 2), ("lid", 1)]  # is disliked
        found = store.related_items("pot", kinds=["purchase"])
        assert_same_rows(found, [Neighbour("lid", 1 / 2**0.5, 1)])

    def test_what_came_after(self, store: GraphStore) -> None:
        log = [Event("a", "phone", 1, 1), Event("a", "case", 1, 2), Event("a", "case", 1, 0)]
        log += [Event("b", "phone", 1, 1), Event("b", "case", 1, 2)]
        log += [Event("c", "phone", 1, 1), Event("c", "cable", 1, 1)]  # at once is not after
        log += [Event("d", "phone", 1, 1), Event("d", "phone", 1, 9), Event("d", "cable", 1, 5)]
        store.write_events(log_of(log))
        found = store.related_items("phone", after=True)
        expected = [Neighbour("cable", 1 / 8**0.5, 1), Neighbour("case", 1 / 8**0.5, 1)]
        assert_same_rows(found, expected)
        assert (found.degree, found.counted) == (4, 4)
        assert store.related_items("case", after=True) == [Neighbour("phone", 0.353553391, 1)]
        assert store.related_items("phone", after=True, min_support=2) == []

    def test_the_first_event_of_the_kinds_asked_for_says_what_came_after(
        self, store: GraphStore
    ) -> None:
        log = [Event("a", "case", 1, 0), Event("a", "phone", 1, 1, "purchase")]
        store.write_events(log_of([*log, Event("a", "case", 1, 2, "purchase")]))
        assert store.related_items("phone", after=True) == []
        found = store.related_items("phone", kinds=["purchase"], after=True)
        assert found == [Neighbour("case", 1.0, 1)]

    def test_lift_is_over_those_who_like_anything(self, store: GraphStore) -> None:
        log = [Event(user, "best") for user in "abcdefgh"]
        log += [Event(user, item) for user in "ab" for item in ("pot", "lid")]
        log += [Event("z", "best", 1, 0, "skip"), Event("y", "rest", 1, 0, "purchase")]
        store.write_events(log_of(log))
        found = store.related_items("pot", similarity="lift")
        assert found == [Neighbour("lid", 2 * 9 / 4, 2), Neighbour("best", 2 * 9 / 16, 2)]
        found = store.related_items("pot", similarity="lift", kinds=["view"])
        assert found == [Neighbour("lid", 2 * 8 / 4, 2), Neighbour("best", 1.0, 2)]
        store.write_events(log_of([Event("x", "rest")]))  # one more, and it is known at once
        assert store.related_items("pot", similarity="lift", kinds=["view"])[0].score == 4.5
        found = store.similar_users("a", similarity="lift", k=1)
        assert_same_rows(found, [Neighbour("b", 3 * 4 / 9, 3)])

    def test_of_a_supernode_the_latest_count_in_the_lift(self, store: GraphStore) -> None:
        log = [Event(f"u{n}", "best", 1, n) for n in range(4)]
        store.write_events(log_of([*log, Event("u3", "lid"), Event("u0", "lid")]))
        (row,) = store.related_items("best", similarity="lift", cap=2)
        assert row == Neighbour("lid", 1 * 4 / (2 * 2), 1)  # of 2 who count, and 2 and 4 of all

    def test_popular_items_of_a_kind_in_a_window(self, store: GraphStore) -> None:
        store.write_events(log_of([Event("a", "pot", 1, 5, "purchase"), Event("b", "pot", 1, 9)]))
        assert store.popular_items(kinds=["purchase"], since=5, until=6) == [("pot", 1)]
        assert store.popular_items(kinds=["purchase"], since=6) == []
        assert store.popular_items(since=6) == [("pot", 1)]

    @given(log=logs, at=st.integers(0, 4))
    @property_settings
    def test_answers_about_kinds_as_sets_do(
        self, fresh: FreshStore, log: list[Event], at: int
    ) -> None:
        store = fresh()
        store.write_nodes("item", Vocabulary(("pot",)), {})
        store.write_events(log_of(log))
        held = store.read_graph()
        kinds = ASKED[at]
        ties = first_of_kinds(listed(held.interactions), kinds)
        for similarity, after, min_support in (
            ("cosine", True, 1),
            ("jaccard", False, 1),
            ("lift", False, 2),
            ("lift", True, 1),
        ):
            options: dict[str, Any] = {"similarity": similarity, "min_support": min_support}
            for item in held.items.ids[:2]:
                found = store.related_items(item, 4, **options, kinds=kinds, after=after)
                assert found == related_by_hand(ties, item, 4, **options, after=after)
        users = by_item(ties)
        expected = sorted((-len(each), item) for item, each in users.items())
        found_popular = store.popular_items(99, kinds=kinds)
        assert found_popular == [(item, -people) for people, item in expected]
        store.close()


Ties = dict[tuple[str, str], int]
"""By user and item, the time of the first event that counts."""


def first_of_kinds(events: Sequence[Event], kinds: Collection[str] | None) -> Ties:
    """When each pair was first tied, by the events of some kinds that count."""
    log = log_of(events)
    meanings = only_kinds(meanings_of(log.kinds, POLICY), kinds)
    found: Ties = {}
    for event, count in zip(events, counts(log, meanings, log.weight), strict=True):
        if count > 0:
            pair = (event.user, event.item)
            found[pair] = min(found.get(pair, event.time), event.time)
    return found


def by_item(ties: Ties) -> dict[str, dict[str, int]]:
    """The users of each item, and when each came first."""
    found: dict[str, dict[str, int]] = {}
    for (user, item), time in ties.items():
        found.setdefault(item, {})[user] = time
    return found


def related_by_hand(
    ties: Ties, item: str, k: int, similarity: str, min_support: int, after: bool
) -> list[Neighbour]:
    """What a store should find, by sets of users."""
    items = by_item(ties)
    everyone = len({user for user, _ in ties})
    mine = items.get(item, {})
    found = []
    for other, theirs in items.items():
        both = mine.keys() & theirs.keys()
        support = sum(not after or theirs[user] > mine[user] for user in both)
        if other == item or support < min_support:
            continue
        a, b = len(mine), len(theirs)
        score = {
            "cosine": support / np.sqrt(a * b),
            "jaccard": support / (a + b - support),
            "lift": support * everyone / (a * b),
        }[similarity]
        found.append((-int(np.floor(score * 1e9 + 0.5)), other, support))
    return [Neighbour(other, -score / 1e9, support) for score, other, support in sorted(found)[:k]]
