"""A shop with planted bundles: who buys an item buys its partner in half of all cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import Event, log_of

ITEMS, PEOPLE = 300, 600


def shop(seed: int) -> list[Event]:
    """Views by popularity, and purchases of some of what was viewed, half of them with a partner.

    Items 2n and 2n + 1 are partners.
    """
    rng = np.random.default_rng(seed)
    share = 1 / (5 + np.arange(ITEMS))
    share = rng.permutation(share / share.sum())
    events = []
    for user in range(PEOPLE):
        viewed = rng.choice(ITEMS, 25, p=share)
        events += [Event(f"u{user}", f"i{item}", 1, at) for at, item in enumerate(viewed)]
        for at, item in enumerate(viewed[rng.random(25) < 0.2], 30):
            events.append(Event(f"u{user}", f"i{item}", 1, at, "purchase"))
            if rng.random() < 0.5:
                events.append(Event(f"u{user}", f"i{item ^ 1}", 1, at + 100, "purchase"))
    return events


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"similarity": "lift", "min_support": 2}])
def test_the_partner_is_among_the_first_of_what_was_also_bought(
    tmp_path: Path, options: dict[str, object]
) -> None:
    events = shop(1)
    bought = {event.item for event in events if event.kind == "purchase"}
    with SQLiteStore(tmp_path / "shop.db", {}) as store:
        store.write_events(log_of(events))

        def share(**asked: object) -> float:
            found = 0
            for item in bought:
                near = store.related_items(item, 5, **asked)  # type: ignore[arg-type]
                found += f"i{int(item[1:]) ^ 1}" in {row.id for row in near}
            return found / len(bought)

        by_purchases = share(kinds=["purchase"], **options)
        assert by_purchases >= 0.8
        assert by_purchases > share() + 0.1
