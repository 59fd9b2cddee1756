"""What the events of a kind count as under the policies, and what their values look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphrec.data.profile import ValueCounts
from graphrec.data.scale import Scale, scale_of
from graphrec.data.weighting import KindPolicy


@dataclass(frozen=True)
class KindFacts:
    """The events of a kind."""

    events: int
    counts_as: str
    positive_share: float
    """Of them; about, where values were so many that they were rounded."""
    least: float
    most: float
    distinct: int
    """Values."""
    scale: Scale | None
    """Which the values look to be on, where there are several and they look like ratings."""
    threshold: float | None


def kind_facts(values: ValueCounts, policy: KindPolicy) -> KindFacts:
    """The facts of a kind with at least one event."""
    least = policy.least
    if policy.weight == 0:
        share = 0.0
    else:
        share = values.share_above(0) if least is None else values.share_from(least)
    return KindFacts(
        events=values.events,
        counts_as=counts_as(policy),
        positive_share=share,
        least=min(values.counts),
        most=max(values.counts),
        distinct=len(values.counts),
        scale=scale_of(values.counts),
        threshold=policy.threshold,
    )


def policy_of(kind: str, policies: Mapping[str, KindPolicy]) -> KindPolicy:
    """What events of a kind mean: what is set, and else the default."""
    return policies.get(kind, KindPolicy())


def counts_as(policy: KindPolicy) -> str:
    """What an event counts as, in words."""
    if policy.weight == 0:
        return "neutral: seen, not liked"
    if policy.threshold is not None:
        return f"positive from {policy.threshold:g}, below it seen, not liked"
    return "positive" if policy.weight == 1 else f"positive, weight {policy.weight:g}"
