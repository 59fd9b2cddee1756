"""What is deleted is gone, and the rest stays."""

from __future__ import annotations

import pytest

from graphrec.data import Vocabulary
from graphrec.errors import UnknownNode
from graphrec.store import GraphStore, Popular
from graphrec.testing.logs import Event, log_of
from graphrec.testing.stores.comparing import (
    FreshStore,
)


class ForgettingContract:
    """What is deleted is gone, and the rest stays."""

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
        small.write_nodes("user", Vocabulary(("cat",)), {})
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
