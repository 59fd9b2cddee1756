"""What events mean: which of them are likes, in the queries of a store."""

from __future__ import annotations

from graphrec.store import GraphStore
from graphrec.testing.logs import Event, log_of
from graphrec.testing.stores.comparing import FreshStore


class MeaningContract:
    """The latest rating counts, kinds cancel others, and users have thresholds of their own."""

    def test_the_latest_rating_counts(self, store: GraphStore) -> None:
        first, then = Event("ann", "heat", 5, 1, "rating"), Event("ann", "heat", 1, 2, "rating")
        store.write_events(log_of([then]))
        store.write_events(log_of([first, Event("bob", "heat", 1, 1, "rating")]))
        assert store.popular_items() == []
        store.write_events(log_of([Event("bob", "heat", 4, 2, "rating"), Event("ann", "heat")]))
        assert store.popular_items() == [("heat", 2)]  # a view stays a view

    def test_a_return_takes_its_purchase_back_until_it_is_bought_again(
        self, store: GraphStore
    ) -> None:
        store.write_events(log_of([Event("ann", "heat", 1, 1, "purchase")]))
        assert store.popular_items() == [("heat", 1)]
        store.write_events(log_of([Event("ann", "heat", 1, 2, "return")]))
        assert store.popular_items() == []
        store.write_events(log_of([Event("ann", "heat", 2, 3, "purchase")]))
        assert store.popular_items() == [("heat", 1)]
        store.write_events(log_of([Event("ann", "heat", -2, 4, "purchase")]))
        assert store.popular_items() == []

    def test_a_return_takes_back_as_many_pieces_as_it_says(self, store: GraphStore) -> None:
        store.write_events(log_of([Event("ann", "heat", 3, 1, "purchase")]))
        store.write_events(log_of([Event("ann", "heat", 1, 2, "return")]))
        assert store.popular_items() == [("heat", 1)]  # two are kept, and nothing is disliked
        store.write_events(log_of([Event("ann", "heat", 2, 3, "return")]))
        assert store.popular_items() == []
        bought = [Event("bob", "heat", 1, time, "purchase") for time in (1, 2)]
        store.write_events(log_of([*bought, Event("bob", "heat", -1, 3, "purchase")]))
        assert store.popular_items() == [("heat", 1)]
        store.write_events(log_of([Event("bob", "heat", -1, 4, "purchase")]))
        assert store.popular_items() == []

    def test_what_is_disliked_is_not_liked_whatever_else(self, store: GraphStore) -> None:
        likes = [Event("ann", "heat", 5, 9, "rating"), Event("ann", "heat", 1, 9)]
        store.write_events(log_of([*likes, Event("ann", "heat", 1, 1, "thumbs_down")]))
        assert store.popular_items() == []
        assert store.neighbour_recommendations("ann") == []
        store.write_events(log_of([Event("ann", "heat", 1, 2, "undo")]))  # and no later rating
        assert store.popular_items() == [("heat", 1)]

    def test_a_kind_that_comes_later_means_what_its_name_says(self, fresh: FreshStore) -> None:
        with fresh() as store:
            store.write_events(log_of([Event("ann", "heat"), Event("bob", "heat")]))
            assert store.popular_items() == [("heat", 2)]
            store.write_events(log_of([Event("ann", "heat", 1, 2, "Not Interested")]))
            assert store.popular_items() == [("heat", 1)]

    def test_users_have_thresholds_of_their_own(self, store: GraphStore) -> None:
        values = {"strict": (1, 2, 3), "kind": (3, 4, 5)}
        items = ("a", "b", "c")
        for kind, liked in (("stars", {"b": 2, "c": 2}), ("plays", {"b": 2, "c": 2})):
            log = [
                Event(user, kind + item, value, 0, kind)
                for user, each in values.items()
                for item, value in zip(items, each, strict=True)
            ]
            store.write_events(log_of(log))
            found = {each.id: each.people for each in store.popular_items()}
            assert {item: found.get(kind + item, 0) for item in "bc"} == liked
            assert kind + "a" not in found
