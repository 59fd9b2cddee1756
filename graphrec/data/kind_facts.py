"""What the events of a kind count as under the policies, and what their values look like."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from graphrec.data.kinds import KindPolicy, Polarity, describe
from graphrec.data.profile import ValueCounts
from graphrec.data.scale import Scale, scale_of


@dataclass(frozen=True)
class KindFacts:
    """The events of a kind."""

    events: int
    counts_as: str
    polarity: Polarity
    positive_share: float
    """Of them; about, where values were so many that they were rounded."""
    least: float
    most: float
    distinct: int
    """Values."""
    scale: Scale | None
    """Which the values look to be on, where there are several and they look like ratings."""
    threshold: float | None
    like_from: str | None
    """The threshold of each user's own, where there is one."""
    zero: str
    """What a value of 0 means."""


def kind_facts(
    values: ValueCounts, policy: KindPolicy, known: Collection[str] | None = None
) -> KindFacts:
    """The facts of a kind with at least one event; `known` are all kinds that there are."""
    return KindFacts(
        events=values.events,
        counts_as=describe(policy, known),
        polarity=policy.polarity if policy.weight else "neutral",
        positive_share=_positive_share(values, policy),
        least=min(values.counts),
        most=max(values.counts),
        distinct=len(values.counts),
        scale=scale_of(values.counts),
        threshold=policy.threshold,
        like_from=policy.like_from,
        zero=policy.zero,
    )


def _positive_share(values: ValueCounts, policy: KindPolicy) -> float:
    """Of the events, each for itself; with thresholds of users' own, as if there were one user."""
    if not policy.weight or policy.polarity != "positive":
        return 0.0
    if policy.quantile is not None:
        return 1 - policy.quantile
    if policy.like_from is not None:
        total = sum(value * count for value, count in values.counts.items())
        return values.share_from(total / values.events)
    return values.share_above(0) if policy.least is None else values.share_from(policy.least)
