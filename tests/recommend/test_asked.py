"""What a question names that is unknown, from Python."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from pydantic import TypeAdapter

from graphrec.errors import DataError, UnknownName
from graphrec.recommend.query import Context, Query
from graphrec.recommend.recommender import Recommender
from graphrec.rules.rule import Rule
from graphrec.snapshot.update import update
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta, Event, ItemDelta, UserDelta
from tests.support.attributed import ITEMS, RECOMMENDER, SNAPSHOT, USERS


def rule(**values: object) -> Rule:
    return TypeAdapter(Rule).validate_python({"name": "r", "action": "require", **values})


IN_STOCK = rule(attribute="stock", least=1)


def test_unknown_items_and_friends_are_left_out_and_named() -> None:
    asked = Query(items=(ITEMS[0], "x", ITEMS[1], "x"), friends=("nobody", USERS[0]), k=5)
    found = RECOMMENDER.recommend(asked)
    known = RECOMMENDER.recommend(Query(items=ITEMS[:2], friends=USERS[:1], k=5))
    assert found.recommendations == known.recommendations
    assert (found.unknown_items, found.unknown_friends) == (("x",), ("nobody",))
    assert "x&#x27; is unknown" in found._repr_html_()
    assert (known.unknown_items, known.unknown_friends, known.warnings) == ((), (), ())
    many = RECOMMENDER.recommend(Query(items=("a", "b", "c", "d", "e"), k=5))
    assert many.recommendations == RECOMMENDER.recommend(Query(k=5)).recommendations
    assert "items 'a', 'b', 'c' and 2 more are unknown" in many.warnings[0]


@pytest.mark.parametrize("verb", ["recommend", "why_not", "explain"])
def test_an_unknown_attribute_is_an_error_of_the_question_not_of_standing_rules(verb: str) -> None:
    item = () if verb == "recommend" else (ITEMS[0],)
    call = getattr(RECOMMENDER, verb)
    with pytest.raises(UnknownName, match="no item has an attribute 'stock'") as caught:
        call(Query(USERS[0], rules=(IN_STOCK,)), *item)
    assert caught.value.field == "rules[0].attribute"
    assert isinstance(caught.value, DataError)
    call(Query(USERS[0], standing=(IN_STOCK,)), *item)


def test_why_a_list_is_empty() -> None:
    def cause(**asked: object) -> str | None:
        return RECOMMENDER.recommend(Query(**asked)).empty  # type: ignore[arg-type]

    everything = frozenset(ITEMS)
    assert cause(user=USERS[0]) is None
    assert cause(standing=(IN_STOCK,)) == "unknown_name"
    assert cause(rules=(rule(attribute="price", least=99),)) == "rules"
    assert cause(deny=everything) == cause(allow=()) == "not_allowed"
    assert cause(items=ITEMS) == "seen"
    cheap = rule(attribute="price", most=1)
    passing = RECOMMENDER.recommend(Query(rules=(cheap,), k=len(ITEMS)))
    seen = tuple(each.item for each in passing)
    assert cause(items=seen, rules=(cheap,)) == "exhausted"
    gone = RECOMMENDER.advanced(Delta(deleted=everything, edition=1))
    assert gone.recommend(Query()).empty == "no_items"


def test_a_time_however_it_is_written() -> None:
    day = datetime(2024, 5, 1, tzinfo=timezone.utc)
    events = (
        Event(ITEMS[0], "view", 1_714_521_599_999, 1.0),
        Event(ITEMS[1], "view", 1_714_521_600_000, 1.0),
    )
    kinds = Recommender.of(SNAPSHOT, RECOMMENDER.settings, {})
    lists = [
        kinds.recommend(Query("stranger", as_of=as_of), Context(events=events)).recommendations
        for as_of in (1_714_521_600_000, "2024-05-01", "2024-05-01T00:00Z", day)
    ]
    assert all(each == lists[0] for each in lists)
    assert lists[0] == kinds.recommend(Query(items=ITEMS[:1])).recommendations
    with pytest.raises(DataError, match="cannot be read"):
        kinds.recommend(Query("stranger", as_of="yesterday"), Context(events=events))


def test_users_of_whom_nothing_is_known_are_named_in_bulk() -> None:
    found = RECOMMENDER.recommend_all(3, users=(USERS[0], "nobody"))
    assert found.unknown_users == ("nobody",)
    assert RECOMMENDER.recommend_all(3).unknown_users == ()


def test_an_attribute_that_was_put_stays_known_after_an_incremental_update() -> None:
    view = View.of(SNAPSHOT)
    attributes = view.items.attributes(0)
    delta = Delta(
        {"new": UserDelta((), {"plan": "gold"}, 1)},
        {ITEMS[0]: ItemDelta({**attributes, "stock": 3.0, "added": "2024-05-01"})},
        edition=1,
    )
    before = RECOMMENDER.advanced(delta)
    after = replace(RECOMMENDER, view=View.of(update(before.view), kinds=RECOMMENDER.view.kinds))
    dated = rule(attribute="added", least="2024-01-01")
    for recommender in (before, after):
        for each in (IN_STOCK, dated):
            found = recommender.recommend(Query(rules=(each,), k=5))
            assert [one.item for one in found] == [ITEMS[0]]
        assert recommender.recommend(Query(attributes={"plan": "gold"}, k=5))
        with pytest.raises(UnknownName, match="did you mean 'plan'"):
            recommender.recommend(Query(attributes={"plam": "gold"}))


def test_a_time_is_read_once() -> None:
    """Milliseconds of 1972 would be seconds of a far year if they were read again."""
    early = Query(user="a", as_of="1972-01-01")
    assert early.until == 63_072_000_000
    assert replace(early, k=3).until == early.until
    assert replace(Query(user="a", as_of=1_700_000_000), k=3).until == 1_700_000_000_000
