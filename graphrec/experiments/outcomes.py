"""The outcomes of a goal: which events they are, and what each is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Graph, Interactions, Vocabulary
from graphrec.data.in_force import meanings_of, remaining
from graphrec.data.kinds import KindPolicy, normal
from graphrec.errors import DataError
from graphrec.experiment.definition import Goal
from graphrec.experiments.shown import Shown
from graphrec.suggest import expectation


@dataclass(frozen=True)
class Events:
    """The events of the users of an experiment, of whatever kind, up to a time."""

    log: Interactions
    """Recorded values are its weights."""
    left: NDArray[np.float64]
    """[E]: the share of each that was not taken back, 0 of one that does not stand."""
    user: NDArray[np.int64]
    """[E]: rows of the users of the experiment."""
    item: NDArray[np.int64]
    """[E]: rows of the items that it showed; -1 for others."""
    numbers: Callable[[str], NDArray[np.float64]]
    """An attribute of items, by name, for each row of `log.items`: NaN where it is no number."""


@dataclass(frozen=True)
class Outcomes:
    """The events that count for a goal."""

    user: NDArray[np.int64]  # [N]
    item: NDArray[np.int64]  # [N]
    time: NDArray[np.int64]  # [N]
    worth: NDArray[np.float64]
    """[N]: NaN where the attribute of the item is no number."""


def events_of(
    graph: Graph,
    kinds: Mapping[str, KindPolicy],
    shown: Shown,
    name_of: Callable[[str], str],
    until: int | None,
) -> Events:
    """The events of a recorded graph before `until`; `name_of` is what the log calls a user."""
    log = graph.interactions
    return events_in(log, kinds, shown.users, shown.items, name_of, until, numbers_in(graph))


def events_in(
    log: Interactions,
    kinds: Mapping[str, KindPolicy],
    users: Vocabulary,
    items: Vocabulary,
    name_of: Callable[[str], str],
    until: int | None,
    numbers: Callable[[str], NDArray[np.float64]],
) -> Events:
    """The recorded events before `until` of users and items that were shown.

    `name_of` is what the log of exposures calls a user, `numbers` an attribute of the items of
    `log`, by name.
    """
    user = np.fromiter((users.rows.get(name_of(each), -1) for each in log.users.ids), np.int64)
    item = np.fromiter((items.rows.get(each, -1) for each in log.items.ids), np.int64)
    mine = user[log.user] >= 0
    if until is not None:
        mine &= log.time < until
    log = replace(log.take(mine), value=None)
    left = remaining(log, meanings_of(log.kinds, kinds), log.weight)
    return Events(log, left, user[log.user], item[log.item], numbers)


def numbers_in(graph: Graph) -> Callable[[str], NDArray[np.float64]]:
    """An attribute of the items of a graph by name, as numbers: NaN where it is none."""

    def numbers(name: str) -> NDArray[np.float64]:
        attributes = graph.attributes.get("item", {})
        found = attributes.get(name)
        if found is None:
            raise DataError(f"no item has an attribute {name!r}: {expectation(name, attributes)}")
        return np.array(
            [each if isinstance(each, float | int) else np.nan for each in found.values], np.float64
        )

    return numbers


def outcomes_of(events: Events, name: str, goal: Goal) -> Outcomes:
    """The outcomes of the goal `name`; raises DataError for an attribute that no item has."""
    forms = set(map(normal, goal.kinds or (name,)))
    codes = [code for code, kind in enumerate(events.log.kinds) if normal(kind) in forms]
    mine = np.flatnonzero(np.isin(events.log.kind, codes) & (events.left > 0))
    worth = events.left[mine].copy()
    if goal.by_value:
        worth *= np.abs(events.log.weight[mine].astype(np.float64))
    if goal.attribute is not None:
        worth *= events.numbers(goal.attribute)[events.log.item[mine]]
    return Outcomes(events.user[mine], events.item[mine], events.log.time[mine], worth)
