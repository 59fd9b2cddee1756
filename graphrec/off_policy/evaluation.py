"""Evaluates a policy by a log: one that chooses actions, or a recommender that makes lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import DataError
from graphrec.experiments.outcomes import Events
from graphrec.off_policy.estimate import Judgement
from graphrec.off_policy.lists import Ranked
from graphrec.off_policy.looked_at import FEWEST, USUAL, looked_at, power_of_places
from graphrec.off_policy.read import ExploredLists
from graphrec.off_policy.slates import LoggedList, judge_lists
from graphrec.policies.rewards import rewarded
from graphrec.policy.definition import Reward

Floats = NDArray[np.float64]

MOST = 5_000
"""Lists that are ranked anew, where no other number is said."""


@dataclass(frozen=True)
class HowLists:
    """How lists are evaluated."""

    confidence: float = 0.95
    clip: float | None = None
    position: float | None = None
    """Places are looked at as rank ** -position; None: as what exploration drew tells."""
    most: int = MOST
    """Lists that are ranked anew: of more, some by chance."""
    seed: int = 0


def judge_ranking(
    name: str,
    shown: ExploredLists,
    events: Events,
    rewards: Mapping[str, Reward],
    instead: Callable[[str, int, int], Ranked],
    how: HowLists,
) -> Judgement:
    """What a ranking would bring a list; `instead` gives it for a user, a time, and a length.

    Raises NoOverlap where the log cannot tell, DataError where it has no list.
    """
    lists = shown.lists
    if not len(lists):
        raise DataError(
            "no list of it in the exposure log: expected lists of the placement that is evaluated; "
            "see --list, and docs/policy.md"
        )
    found = rewarded(lists, events, rewards)
    rows = shown.rows()
    notes = []
    if shown.unreadable:
        notes.append(f"{shown.unreadable:,} lines of the log cannot be read, and are left out")
    if shown.unknown_share:
        notes.append(
            f"{shown.unknown_share:,} lists are left out, as the log does not say what share of "
            f"places was explored: give it with --exploration"
        )
    if found.left_out:
        notes.append(f"{found.left_out:,} outcomes are left out, as their worth is no number")
    power = how.position
    if power is None:
        power = power_of(shown, rows, found.by_item)
        if power is None:
            power = USUAL
            notes.append(
                f"fewer than {FEWEST} outcomes of items that exploration drew: places are taken to "
                f"be looked at as rank ** -{USUAL:g}; give --position if you know better"
            )
    rng = np.random.default_rng(how.seed)
    chosen = np.arange(len(lists))
    if len(chosen) > how.most:
        chosen = np.sort(rng.choice(chosen, how.most, replace=False))
        notes.append(f"{how.most:,} of {len(lists):,} lists, drawn by chance")
    _, user = np.unique(lists.user[chosen], return_inverse=True)
    logged = [
        LoggedList(
            tuple(lists.items.ids[lists.item[at]] for at in rows[of]),
            tuple(shown.propensity[at] for at in rows[of]),
            float(shown.share[of]),
            tuple(found.by_item[rows[of]].tolist()),
            int(who),
            instead(lists.users.ids[lists.user[of]], int(lists.time[of]), len(rows[of])),
        )
        for of, who in zip(chosen.tolist(), user.tolist(), strict=True)
    ]
    k = max(len(each.items) for each in logged)
    judged = judge_lists(
        name, logged, looked_at(power, k), confidence=how.confidence, clip=how.clip
    )
    return judged.with_notes(*notes, f"places are taken to be looked at as rank ** -{power:.2f}")


def power_of(shown: ExploredLists, rows: list[list[int]], reward: Floats) -> float | None:
    """How fast places are looked at less, by what exploration drew; None: it drew too little."""
    k = max(len(each) for each in rows)
    outcomes, drawn = np.zeros(k), np.zeros(k)
    for places in rows:
        for rank, at in enumerate(places):
            if shown.propensity[at] is not None:
                drawn[rank] += 1
                outcomes[rank] += reward[at] > 0
    return power_of_places(outcomes, drawn)
