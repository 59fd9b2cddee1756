"""What became of a batch of a stream, for metrics and for who watches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Step:
    """What became of a batch."""

    result: Literal["idle", "written", "moved", "away"] = "idle"
    """Moved: somebody else had read it; away: the store does not answer."""
    messages: int = 0
    events: int = 0
    new: int = 0
    """Events that the store did not have."""
    nodes: int = 0
    """Items and users that were put or deleted."""
    rejected: int = 0
    """Messages that went to the dead letters."""
    ignored: Mapping[str, int] = field(default_factory=dict)
    """What was not stored, and is no fault, by reason."""
    seconds: float = 0.0
    """From the end of the poll until it was durable."""
    delay: float | None = None
    """Seconds from when the broker got the oldest message until it was durable."""
    lag: int | None = None
    """Messages that are there and were not read; None where nobody knows."""
    reason: str | None = None
    """Of the first message that was rejected, or why the store is away."""


def together(first: Step, second: Step) -> Step:
    """Two parts of one batch."""
    return Step(
        "written",
        first.messages + second.messages,
        first.events + second.events,
        first.new + second.new,
        first.nodes + second.nodes,
        first.rejected + second.rejected,
        dict(Counter(first.ignored) + Counter(second.ignored)),
        first.seconds + second.seconds,
        max((each.delay for each in (first, second) if each.delay is not None), default=None),
        second.lag,
        first.reason or second.reason,
    )
