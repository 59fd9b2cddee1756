"""Guard rails: what the lists of an action are like, against what the settings ask of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.experiment.definition import Goal
from graphrec.experiments.attribution import last_touch
from graphrec.experiments.inference import Sample
from graphrec.experiments.lists import Lists
from graphrec.experiments.outcomes import Events, outcomes_of
from graphrec.policy.definition import Policy

DAY = 86_400_000
COMPLAINT_DAYS = 7.0

SURE = 1.96
"""Standard errors of a difference that is surely one."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Watched:
    """What guard rails need to know of the catalogue."""

    items: int
    """That there are."""
    popular: Collection[str] = frozenset()
    """Ids of the most popular fifth."""
    known: Collection[str] | None = None
    """Ids of the items of the snapshot: others are new; None: none is."""

    @classmethod
    def of(cls, ids: Sequence[str], by_popularity: Rows, items: int | None = None) -> Watched:
        """Of the items of a snapshot, and their rows by popularity; `items` are there by now."""
        fifth = by_popularity[: -(-len(by_popularity) // 5)].tolist()
        popular = frozenset(ids[row] for row in fifth)
        return cls(len(ids) if items is None else items, popular, frozenset(ids))


def broken(
    policy: Policy,
    lists: Lists,
    events: Events | None,
    catalogue: Watched,
    rewards: Floats | None = None,
) -> Mapping[str, str]:
    """By action, the guard that it breaks, in words; actions that break none are not there.

    Without events, nobody complained. By `rewards` [L] of the lists, an action with a Q-network
    breaks the floor where it surely brings less than the first action.
    """
    guards, found = policy.guards, dict[str, str]()
    action = np.array(lists.action, dtype=object)
    complained = _complained(policy, lists, events)
    for name in policy.actions:
        mine = action == name
        count = int(np.count_nonzero(mine))
        if count < guards.after_lists:
            continue
        shown = lists.item[mine[lists.of]]
        ids = [lists.items.ids[row] for row in np.unique(shown).tolist()]
        least: list[tuple[str, float, float | None]] = [
            ("coverage", len(ids) / max(catalogue.items, 1), guards.coverage),
            ("long_tail", 1 - _share(lists, shown, catalogue.popular), guards.long_tail),
            (
                "new_items",
                0.0 if catalogue.known is None else 1 - _share(lists, shown, catalogue.known),
                guards.new_items,
            ),
        ]
        for guard, value, bound in least:
            if bound is not None and value < bound:
                found[name] = f"{guard} is {value:.3f}: expected {bound:g} or more"
        rate = float(complained[mine].mean())
        if guards.complaints and rate > guards.most_complaints:
            found[name] = (
                f"complaints follow {rate:.3f} of its lists: expected {guards.most_complaints:g} "
                f"or less"
            )
        if policy.actions[name].network is not None and rewards is not None:
            worse = _surely_worse(lists, rewards, mine, action == policy.usual, guards.after_lists)
            if worse is not None:
                found[name] = worse
    return found


def _surely_worse(lists: Lists, rewards: Floats, mine: Mask, usual: Mask, least: int) -> str | None:
    """That lists bring surely less than those of the first action, in words; None: they do not.

    Each counts by the inverse of its chance, so that it does not matter who got which.
    """
    if int(usual.sum()) < least:
        return None
    sides = []
    for side in (mine, usual):
        _, user = np.unique(lists.user[side], return_inverse=True)
        weight = 1 / lists.chance[side]
        own = [np.bincount(user, each) for each in (weight * rewards[side], weight)]
        sample = Sample(own[0].astype(np.float64), own[1].astype(np.float64))
        if sample.ratio is None or sample.variance is None:
            return None
        sides.append((sample.ratio, sample.variance))
    (value, one), (other, two) = sides
    high = value - other + SURE * float(np.sqrt(one + two))
    if high >= 0:
        return None
    return (
        f"its lists bring {value:.3g}, surely less than the {other:.3g} of the first action: the "
        f"upper bound of the difference is {high:.3g}"
    )


def _share(lists: Lists, shown: np.ndarray, among: Collection[str]) -> float:
    inside = np.array([each in among for each in lists.items.ids], bool)
    return float(inside[shown].mean()) if len(shown) else 0.0


def _complained(policy: Policy, lists: Lists, events: Events | None) -> np.ndarray:
    """Which lists [L] a complaint about an item followed."""
    found = np.zeros(len(lists), bool)
    if not policy.guards.complaints or events is None:
        return found
    goal = Goal(kinds=policy.guards.complaints, days=COMPLAINT_DAYS)
    outcomes = outcomes_of(events, "complaints", goal)
    mine = np.flatnonzero(outcomes.item >= 0)
    many = len(lists.items)
    at = last_touch(
        lists.user[lists.of] * many + lists.item,
        lists.time[lists.of],
        outcomes.user[mine] * many + outcomes.item[mine],
        outcomes.time[mine],
        round(COMPLAINT_DAYS * DAY),
    )
    found[lists.of[at[at >= 0]]] = True
    return found
