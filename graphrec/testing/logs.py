"""Small logs of events to test with, and the strategies that draw them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from graphrec.data import Interactions


class Event(NamedTuple):
    """One event, with ids; time in milliseconds."""

    user: str
    item: str
    weight: float = 1.0
    time: int = 0
    kind: str = "view"


def log_of(events: Sequence[Event]) -> Interactions:
    """The log of some events, in their order; the vocabularies hold just the ids that occur."""
    users, items, weight, time, kind = zip(*events, strict=True) if events else ((),) * 5
    return Interactions.of(users, items, weight, time, kind)


def listed(log: Interactions) -> list[Event]:
    """The events of a log, in its order."""
    columns = (log.user, log.item, log.weight.tolist(), log.time.tolist(), log.kind)
    return [
        Event(log.users.ids[user], log.items.ids[item], weight, time, log.kinds[kind])
        for user, item, weight, time, kind in zip(*columns, strict=True)
    ]


IDS = ("é", "e\u0301", "a", "B", "b", "10", "9", "o'neil -- ;", "\uff5e", "\U0001f600")
"""Ids that are easily confused: the last two are in another order by UTF-16 than by code point, the
first two look alike and are not."""

KINDS = (
    *("rating", "score", "vote", "purchase", "skip", "view"),
    *("stars", "plays", "undo", "thumbs_down", "return"),
)
"""Kinds that mean different things under `graphrec.testing.stores.POLICY`."""

log_events = st.builds(
    Event,
    user=st.sampled_from(IDS),
    item=st.sampled_from(IDS),
    weight=st.sampled_from((-1.0, 0.0, 0.7, 1.0, 3.25, 3.5, 5.0)),
    time=st.integers(0, 3),
    kind=st.sampled_from(KINDS),
)

logs = st.lists(log_events, max_size=60)

SMALL = (
    Event("ann", "heat", 5, 10, "rating"),
    Event("ann", "fargo", 4, 20, "rating"),
    Event("ann", "speed", 2, 30, "rating"),
    Event("bob", "heat", 4, 40, "rating"),
    Event("bob", "fargo", 1, 50, "rating"),
    Event("bob", "alien", 1, 60, "purchase"),
    Event("cat", "heat", 5, 70, "rating"),
    Event("cat", "fargo", 5, 80, "rating"),
    Event("cat", "alien", 5, 90, "rating"),
)
"""ann likes heat, fargo; bob heat, alien; cat heat, fargo, alien."""
