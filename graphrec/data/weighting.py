"""From raw events to weights: the one place that says what an event is worth.

Every model, store query and evaluation sees the graph through the same policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from graphrec.data import Graph, Interactions

DAY = 86_400_000
"""Milliseconds."""


class KindPolicy(BaseModel):
    """What an event of one kind is worth."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    weight: float = Field(1.0, ge=0, description="Worth of one event; 0 means seen, not liked.")
    threshold: float | None = Field(
        None,
        description="Where set, an event is positive from this value on and its worth is `weight`; "
        "below, it is seen, not liked. Where not set, the worth is `weight` times the value.",
    )
    half_life_days: float | None = Field(
        None, gt=0, description="Days after which the worth has halved; not set: never."
    )

    @property
    def least(self) -> float | None:
        """The threshold as precise as values are kept (float32), so that one equal to it meets it.

        One beyond the largest float32 is infinite: no value meets it.
        """
        if self.threshold is None:
            return None
        with np.errstate(over="ignore"):
            return float(np.float32(self.threshold))


DEFAULT_POLICY: Mapping[str, KindPolicy] = {"rating": KindPolicy(weight=1, threshold=3.5)}
"""By kind; a kind that is not named here has `KindPolicy()`."""


def weigh(graph: Graph, policy: Mapping[str, KindPolicy], now: int | None = None) -> Graph:
    """The graph with the value of each event replaced by its worth at `now`.

    `now` is in milliseconds and defaults to the newest event of the graph, so that a graph that was
    cut off at a time is weighed as of that time. An event below its kind's threshold keeps its edge
    with weight 0: the user has seen the item, and the model learns nothing from it.
    """
    log = graph.interactions
    if now is None:
        now = int(log.time.max(initial=0))
    return graph.with_interactions(replace(log, weight=worth(log, policy, now)))


def worth(
    log: Interactions, policy: Mapping[str, KindPolicy], now: int
) -> NDArray[np.float32]:  # [E]
    """What each event of a raw log is worth at `now` (milliseconds); later ones have no age."""
    rules = [policy.get(kind, KindPolicy()) for kind in log.kinds]
    full = np.array([rule.weight for rule in rules], np.float64)[log.kind]
    least = np.array([np.nan if r.least is None else r.least for r in rules], np.float32)[log.kind]
    half_life = np.array([r.half_life_days or np.inf for r in rules])[log.kind] * DAY
    value = np.where(np.isnan(least), log.weight, log.weight >= least)
    decay = 0.5 ** (np.maximum(now - log.time, 0) / half_life)
    weight = value * full * decay
    # However old, a positive event stays one: stores count it by its value alone.
    weight = np.where(value * full > 0, np.maximum(weight, np.finfo(np.float32).tiny), 0)
    return weight.astype(np.float32)


def event_weight(
    policy: Mapping[str, KindPolicy], kind: str, value: float, time: int, now: int
) -> float:
    """What one recorded event weighs at `now` (milliseconds): as `worth` says of a log."""
    rule = policy.get(kind) or KindPolicy()
    counted = value if rule.least is None else float(np.float32(value) >= rule.least)
    full = counted * rule.weight
    if not full > 0:
        return 0.0
    age = max(now - time, 0) / ((rule.half_life_days or np.inf) * DAY)
    return max(float(full * 0.5**age), float(np.finfo(np.float32).tiny))
