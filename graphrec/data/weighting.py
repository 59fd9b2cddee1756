"""From recorded values of events to weights, by a policy for each kind of event.

Models, store queries and evaluation all use the same policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Graph, Interactions
from graphrec.data.clipping import Clipping, clipped_shares, clipping_of
from graphrec.data.in_force import counts, meanings_of
from graphrec.data.kinds import DEFAULT_POLICY as DEFAULT_POLICY
from graphrec.data.kinds import KindPolicy as KindPolicy
from graphrec.data.times import DAY as DAY
from graphrec.data.times import newest


def weigh(graph: Graph, policy: Mapping[str, KindPolicy], now: int | None = None) -> Graph:
    """The graph with the value of each event replaced by its weight at `now`.

    `now` is in milliseconds and defaults to the newest event of the graph that is not in the
    future, so that a graph that was cut off at a time is weighed as of that time. An event that
    does not count keeps its edge with weight 0: the user has seen the item, and the model learns
    nothing from it. A dislike has a weight below 0. Parts of the graph are weighed anew, as if
    there were no other events.
    """
    log = graph.interactions
    if now is None:
        now = newest(log.time) or 0
    weighed = partial(_weighed, policy=policy, now=now)
    return replace(graph, interactions=weighed(log), reweigh=weighed)


def event_weights(
    log: Interactions, policy: Mapping[str, KindPolicy], now: int, clipping: Clipping
) -> NDArray[np.float32]:  # [E]
    """The weight of each event of a recorded log at `now` (milliseconds since 1970): float32 [E].

    Which events count is a matter of all events of the log (`graphrec.data.in_force`). A weight
    halves with every half-life of the kind between the event and `now`; a later event has no age.
    What the events of a pair of user and item add up to is clipped, as of another log.
    """
    return _weights(log, policy, now, clipping)[0]


def amounts(
    log: Interactions, policy: Mapping[str, KindPolicy]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How each event counts [E], as `graphrec.data.in_force.counts`, and how much of it [E].

    Of what was taken back in part, what is left; a rating is 1 where it counts.
    """
    value = _recorded(log)
    meanings = meanings_of(log.kinds, policy)
    count = counts(log, meanings, value)
    rates = np.array([rule.rates for rule in meanings.policies], bool)[log.kind]
    return count, np.where(rates, 1, np.abs(value)) * np.abs(count)


def _weights(
    log: Interactions, policy: Mapping[str, KindPolicy], now: int, clipping: Clipping | None
) -> tuple[NDArray[np.float32], Clipping]:
    """The weights [E], and what they were clipped at: what the log itself says unless given."""
    count, amount = amounts(log, policy)
    rules = meanings_of(log.kinds, policy).policies
    full = np.array([rule.weight for rule in rules], np.float64)[log.kind]
    half_life = np.array([r.half_life_days or np.inf for r in rules])[log.kind] * DAY
    decay = 0.5 ** (np.maximum(now - log.time, 0) / half_life)
    quantiles = [rule.clip_quantile for rule in rules]
    if clipping is None:
        clipping = clipping_of(log, amount, quantiles)
    share = clipped_shares(log, amount, quantiles, clipping)
    weight = amount * full * decay * (1 if share is None else share)
    # However old, a positive event stays one: stores count it by its value alone.
    weight = np.sign(count) * np.maximum(weight, np.finfo(np.float32).tiny)
    return weight.astype(np.float32), clipping


def _weighed(log: Interactions, policy: Mapping[str, KindPolicy], now: int) -> Interactions:
    weight, clipping = _weights(log, policy, now, None)
    return replace(log, weight=weight, value=_recorded(log), clipping=clipping)


def _recorded(log: Interactions) -> NDArray[np.float32]:
    return log.weight if log.value is None else log.value
