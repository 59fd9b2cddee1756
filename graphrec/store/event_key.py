"""What identifies an event."""

from __future__ import annotations

from typing import NamedTuple


class EventKey(NamedTuple):
    """What identifies an event; without a kind or a time, all events of the pair that have any."""

    user: str
    item: str
    kind: str | None = None
    time: int | None = None
    """Milliseconds since 1970."""
