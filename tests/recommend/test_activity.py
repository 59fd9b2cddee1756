"""What happened when, held against plain counting."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import DataError, UnknownNode
from graphrec.recommend.activity import MOST, activity
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta, Event, UserDelta
from tests.support.placed import DAY, EVENTS, ITEMS, NOW, engine, later, shop


def test_all_events_by_kind_users_and_items() -> None:
    found = activity(engine().view)
    assert found.totals == Counter(kind for _, _, kind, _ in EVENTS)
    assert {kind: sum(counts) for kind, counts in found.events.items()} == found.totals
    assert list(found.totals) == ["purchase", "view", "return"]
    assert (found.active_users, found.active_items) == (7, len({item for _, item, _, _ in EVENTS}))
    assert (found.all_items, found.undated, found.days) == (len(ITEMS), 0, 1)


@given(st.sampled_from([None, *ITEMS]), st.integers(1, 400))
def test_buckets_count_as_one_would(item: str | None, days: int) -> None:
    found = activity(engine().view, item, days)
    events = [each for each in EVENTS if item in (None, each[1])]
    times = [NOW - round(ago * DAY) for *_, ago in events]
    assert found.days == days
    assert found.times == tuple(range(found.times[0], max(times) + 1, days * DAY) if times else ())
    assert not times or found.times[0] == min(times) // DAY * DAY
    for place, start in enumerate(found.times):
        inside = [
            event
            for event, time in zip(events, times, strict=True)
            if start <= time < start + days * DAY
        ]
        kinds = Counter(kind for _, _, kind, _ in inside)
        assert {kind: counts[place] for kind, counts in found.events.items()} == {
            kind: kinds[kind] for kind in found.events
        }
        assert found.users[place] == len({user for user, *_ in inside})
        assert found.items[place] == len({item for _, item, *_ in inside})


def test_what_was_written_since_counts_and_replaces() -> None:
    # All of a pair comes again, where anything of it is written.
    view = later(engine(), ("eve", "soap", "purchase", 1), ("new", "soap", "view", 2)).view
    found = activity(view, "soap")
    assert found.totals == {"purchase": 4, "view": 1}
    assert found.active_users == 4
    assert activity(view).totals["purchase"] == activity(engine().view).totals["purchase"] - 2


def test_what_is_forgotten_or_deleted_is_gone() -> None:
    before = activity(engine().view)
    gone = View.of(shop(), Delta(forgotten=frozenset({"eve"}), deleted=frozenset({"phone"})))
    found = activity(gone)
    left = [each for each in EVENTS if each[0] != "eve" and each[1] != "phone"]
    assert found.totals == Counter(kind for _, _, kind, _ in left)
    assert found.all_items == before.all_items - 1
    with pytest.raises(UnknownNode):
        activity(gone, "phone")
    with pytest.raises(UnknownNode):
        activity(gone, "nothing")


def test_times_that_are_not_known_are_told() -> None:
    view = View.of(shop(), Delta(users={"new": UserDelta((Event("lamp", "view", 0, 1.0),))}))
    assert activity(view, "lamp").undated == 1
    assert activity(view, "lamp").totals["view"] == 7
    assert activity(view, "vase").times == ()


def test_as_many_buckets_as_are_few_enough() -> None:
    old = later(engine(), ("new", "lamp", "view", 18_000)).view
    assert len(activity(old).times) <= 121
    with pytest.raises(DataError, match=f"expected at least 9, .* no more than {MOST} buckets"):
        activity(old, days=8)
    assert len(activity(old, days=9).times) <= MOST


def test_events_of_a_user_are_the_latest_first() -> None:
    directory = engine().directory
    found = directory.events("gus", [Event("soap", "purchase", NOW - 22 * DAY, 3.0)])
    assert [(each.item, each.kind, each.counted, each.value) for each in found] == [
        ("rug", "return", True, None),
        ("rug", "purchase", False, None),
        ("soap", "purchase", True, 3.0),
    ]
    assert found[2].time == NOW - 22 * DAY
    with pytest.raises(UnknownNode):
        directory.events("nobody")
