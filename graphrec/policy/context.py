"""What a policy goes by, as features in words: those of a request, and of who asks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone

from graphrec.data import AttributeValue, labels
from graphrec.policy.definition import Policy

HISTORY = ((1, "0"), (5, "1-4"), (20, "5-19"), (100, "20-99"))
"""Numbers of items below which a history has a name; `100+` beyond."""

MOBILE = re.compile(r"Mobi|Android|iPhone|iPad", re.IGNORECASE)
"""What the user agent of a phone or tablet says (RFC 9110, section 10.1.5; MDN, "Browser detection
using the user agent")."""


def context_of(
    policy: Policy,
    history: int,
    attributes: Mapping[str, AttributeValue],
    now: int,
    agent: str,
) -> tuple[str, ...]:
    """The features of a request at `now`, in milliseconds since 1970.

    `history` is how many items somebody has events on, `agent` the user agent. Attributes that are
    numbers, texts or vectors are none.
    """
    found = []
    for name in policy.context:
        if name == "history":
            found.append(f"history={_history(history)}")
        elif name == "hour":
            start = datetime.fromtimestamp(now / 1000, timezone.utc).hour // 6 * 6
            found.append(f"hour={start:02}-{start + 6:02}")
        else:
            found.append(f"device={'mobile' if MOBILE.search(agent) else 'desktop'}")
    for attribute in policy.attributes:
        found += [f"{attribute}={label}" for label in labels(attributes.get(attribute))]
    return tuple(found)


def _history(count: int) -> str:
    return next((name for end, name in HISTORY if count < end), "100+")
