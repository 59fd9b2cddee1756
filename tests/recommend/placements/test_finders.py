"""What each type of placement finds, held against plain counting."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from graphrec.errors import DataError, UnknownName, UnknownPlacement
from tests.support.placed import CONTEXT, DAY, EVENTS, ITEMS, NOW, engine, ids, later

BOUGHT = {(user, item) for user, item, kind, _ in EVENTS if kind == "purchase"} - {("gus", "rug")}
"""What was bought and not given back."""


def buyers(item: str) -> set[str]:
    return {user for user, each in BOUGHT if each == item}


class TestTogether:
    @pytest.mark.parametrize(
        ("similarity", "item"), [*product(["cosine", "jaccard", "lift"], ["phone", "charger"])]
    )
    def test_scores_are_those_of_the_people_who_did_both(self, similarity: str, item: str) -> None:
        placed = engine(placements={"also-bought": {"similarity": similarity, "min_support": 1}})
        found = {each.item: each for each in placed.placement("also-bought", item=item)}
        everyone = {user for user, _ in BOUGHT}
        for other in ITEMS:
            both = len(buyers(item) & buyers(other))
            assert (other in found) == (both > 0 and other != item)
            if other not in found:
                continue
            a, b = len(buyers(item)), len(buyers(other))
            expected = {
                "cosine": both / np.sqrt(a * b),
                "jaccard": both / (a + b - both),
                "lift": both * len(everyone) / (a * b),
            }[similarity]
            assert found[other].score == pytest.approx(expected, abs=1e-9)
            assert found[other].because[0].people == both

    def test_kinds_of_the_name_count_and_no_others(self) -> None:
        assert ids(engine().placement("also-bought", item="phone")) == ["charger", "cable"]
        assert ids(engine().placement("also-viewed", item="phone")) == ["lamp"]

    def test_after_counts_who_chose_it_later(self) -> None:
        placed = engine(placements={"also-bought": {"after": True, "min_support": 1}})
        after = placed.placement("also-bought", item="phone")
        assert {each.item: each.because[0].people for each in after} == {
            "charger": 3,  # dan had it before
            "case": 1,
            "cable": 2,
        }
        assert after[0].reason == "3 people bought it after Phone"
        before = placed.placement("also-bought", item="charger")
        assert {each.item: each.because[0].people for each in before}["phone"] == 1  # dan

    def test_what_takes_the_place_of_an_item_is_left_out(self) -> None:
        placed = engine(placements={"cart": {"apart": ["category"], "min_support": 1}})
        assert ids(placed.placement("cart", items=["charger"])) == ["phone"]
        assert ids(placed.placement("cart", items=["phone", "charger"])) == []

    def test_a_cart_adds_up_and_lists_nothing_that_is_in_it(self) -> None:
        placed = engine(placements={"cart": {"min_support": 1}})
        single = {e.item: e.score for e in placed.placement("cart", items=["phone"])}
        other = {e.item: e.score for e in placed.placement("cart", items=["charger"])}
        both = {e.item: e.score for e in placed.placement("cart", items=["phone", "charger"])}
        assert both.keys() == (single.keys() | other.keys()) - {"phone", "charger"}
        for item, score in both.items():
            assert score == pytest.approx(single.get(item, 0) + other.get(item, 0))

    def test_it_needs_items(self) -> None:
        with pytest.raises(DataError, match="expected one or more"):
            engine().placement("also-bought", user="ann")
        unknown = engine().placement("also-bought", items=["phone", "nothing"])
        assert unknown.unknown_items == ("nothing",)
        assert ids(unknown) == ["charger", "cable"]


class TestWindows:
    def people(self, kinds: set[str], since: float, until: float = 0) -> dict[str, int]:
        """How many people did it, from so many days ago to so many."""
        found: dict[str, set[str]] = {}
        for user, item, kind, ago in EVENTS:
            if kind in kinds and until < ago <= since and item != "rug":
                found.setdefault(item, set()).add(user)
        return {item: len(users) for item, users in found.items()}

    def test_popular_counts_people_in_the_window(self) -> None:
        for days, kind in product((3.5, 20, 65), ("view", "purchase")):
            placed = engine(
                placements={"popular": {"days": days, "kinds": [kind], "min_support": 1}}
            )
            found = placed.placement("popular", context=CONTEXT)
            assert {e.item: int(e.score) for e in found} == self.people({kind}, days)

    def test_a_segment_counts_its_own_people(self) -> None:
        placed = engine(
            placements={"popular": {"segment": "country", "kinds": ["purchase"], "min_support": 1}}
        )
        found = placed.placement("popular", segment="FR", context=CONTEXT)
        assert {e.item: int(e.score) for e in found} == {
            "phone": 2, "charger": 2, "case": 1, "soap": 1,
        }  # fmt: skip
        own = placed.placement("popular", user="ann", context=CONTEXT)
        assert {e.item: int(e.score) for e in own} == {
            "phone": 2, "charger": 2, "case": 1, "cable": 2,
        }  # fmt: skip

    def test_trending_is_growth_against_the_time_before(self) -> None:
        placed = engine(placements={"trending": {"kinds": ["view"], "min_support": 1}})
        found = placed.placement("trending", context=CONTEXT)
        assert ids(found) == ["lamp"]  # 5 people after 1; phones had 1 after 4
        assert found[0].reason == "Trending: 5 people in the last 7 days, 1 in those before"

    def test_what_is_written_counts_once(self) -> None:
        placements = {"popular": {"days": 20, "kinds": ["view"], "min_support": 1}}
        placed = later(
            engine(placements=placements),
            ("ann", "lamp", "view", 1),  # again
            ("gus", "lamp", "view", 1),
            ("new", "rug", "view", 1),
        )
        found = {e.item: int(e.score) for e in placed.placement("popular", context=CONTEXT)}
        assert found == {"lamp": 7, "phone": 5, "rug": 1}

    def test_a_log_at_rest_ends_with_its_newest_event(self) -> None:
        placed = engine(placements={"popular": {"days": 20, "kinds": ["view"], "min_support": 1}})
        years_later = placed.placement("popular", context=CONTEXT.__class__(NOW + 1000 * DAY))
        assert {e.item: int(e.score) for e in years_later} == {"lamp": 6, "phone": 5}


class TestOfAPerson:
    def test_recent_is_what_they_did_last(self) -> None:
        assert ids(engine().placement("recent", user="ann", context=CONTEXT)) == [
            "lamp", "phone", "cable", "case", "charger",
        ]  # fmt: skip
        bought = engine(placements={"recent": {"kinds": ["purchase"]}})
        assert ids(bought.placement("recent", user="ann", context=CONTEXT)) == [
            "cable", "case", "charger", "phone",
        ]  # fmt: skip
        assert ids(engine().placement("recent", user="nobody", context=CONTEXT)) == []

    def test_what_was_given_back_is_not_listed(self) -> None:
        assert ids(engine().placement("recent", user="gus", context=CONTEXT)) == ["soap"]

    def test_again_is_what_is_due(self) -> None:
        found = engine().placement("again", user="fay", context=CONTEXT)
        assert ids(found) == ["soap"]  # every 20 days, and 46 days ago
        assert found[0].reason_values["days"] == 20
        assert found[0].score == pytest.approx(20 / 46)
        usual = engine().placement("again", user="gus", context=CONTEXT)  # once, 22 days ago
        assert usual[0].reason_code == "again-usual"
        assert usual[0].score == pytest.approx(20 / 22)
        assert ids(engine().placement("again", user="ann", context=CONTEXT)) == []

    def test_new_arrivals_are_those_of_the_window(self) -> None:
        found = engine().placement("new", context=CONTEXT)
        assert set(ids(found)) == {"rug", "vase"}
        assert found[0].reason == "New in home"
        assert ids(engine(placements={"new": {"days": 7}}).placement("new", context=CONTEXT)) == [
            "vase"
        ]


def test_similar_shares_what_is_rare() -> None:
    found = engine().placement("similar", item="soap")
    assert ids(found)[0] == "rug"  # of the same brand and category
    assert found[0].reason == "Similar to Soap: zest"
    assert "phone" not in ids(found)
    assert set(found.fallbacks) == {"similar"}


def test_unknown_names_are_errors() -> None:
    with pytest.raises(UnknownPlacement, match="did you mean 'trending'"):
        engine().placement("trendig")
    with pytest.raises(UnknownName, match="did you mean 'category'"):
        engine().placement("popular", where={"categorie": ["home"]})


def test_kinds_that_there_are_not_are_said() -> None:
    placed = engine(placements={"also-bought": {"kinds": ["subscription"]}})
    found = placed.placement("also-bought", item="phone")
    assert found.warnings == (
        "kinds: there is no event of the kinds subscription: all that is liked counts",
    )
    assert ids(found)
