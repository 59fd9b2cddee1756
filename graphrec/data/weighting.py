"""From recorded values of events to weights, by a policy for each kind of event.

Models, store queries and evaluation all use the same policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from graphrec.data import Graph, Interactions
from graphrec.data.times import DAY, newest


class KindPolicy(BaseModel):
    """The weight of the events of one kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    weight: float = Field(1.0, ge=0, description="Weight of one event; 0 means seen, not liked.")
    threshold: float | None = Field(
        None,
        description="Where set, an event is positive from this value on and weighs `weight`; "
        "below, it is seen, not liked. Where not set, it weighs `weight` times its value.",
    )
    half_life_days: float | None = Field(
        None, gt=0, description="Days after which the weight has halved; not set: never."
    )
    same_time: Literal["replace", "add"] = Field(
        "replace",
        description="Of events of one source that have the same user, item and time: `replace`: "
        "the last one counts; `add`: their values are added up, as of quantities.",
    )

    @property
    def least(self) -> float | None:
        """The threshold in float32, as values are kept, so that a value equal to it reaches it.

        A threshold beyond the largest float32 is infinite: no value reaches it.
        """
        if self.threshold is None:
            return None
        with np.errstate(over="ignore"):
            return float(np.float32(self.threshold))


DEFAULT_POLICY: Mapping[str, KindPolicy] = {"rating": KindPolicy(weight=1, threshold=3.5)}
"""By kind; a kind that is not named here has `KindPolicy()`."""


def weigh(graph: Graph, policy: Mapping[str, KindPolicy], now: int | None = None) -> Graph:
    """The graph with the value of each event replaced by its weight at `now`.

    `now` is in milliseconds and defaults to the newest event of the graph that is not in the
    future, so that a graph that was cut off at a time is weighed as of that time. An event below
    its kind's threshold keeps its edge with weight 0: the user has seen the item, and the model
    learns nothing from it.
    """
    log = graph.interactions
    if now is None:
        now = newest(log.time) or 0
    return graph.with_interactions(replace(log, weight=event_weights(log, policy, now)))


def event_weights(
    log: Interactions, policy: Mapping[str, KindPolicy], now: int
) -> NDArray[np.float32]:  # [E]
    """The weight of each event of a recorded log at `now` (milliseconds since 1970): float32 [E].

    It halves with every half-life of the kind between the event and `now`; a later event has no
    age.
    """
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
    """The weight of one recorded event at `now` (milliseconds), as of `event_weights`."""
    rule = policy.get(kind) or KindPolicy()
    counted = value if rule.least is None else float(np.float32(value) >= rule.least)
    full = counted * rule.weight
    if not full > 0:
        return 0.0
    age = max(now - time, 0) / ((rule.half_life_days or np.inf) * DAY)
    return max(float(full * 0.5**age), float(np.finfo(np.float32).tiny))
