"""What lists are rewarded by: outcomes of their items, and how much of them is known yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.experiments.attribution import last_touch
from graphrec.experiments.lists import Lists
from graphrec.experiments.outcomes import Events, outcomes_of
from graphrec.policy.definition import Reward

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

DAY = 86_400_000


@dataclass(frozen=True)
class Rewarded:
    """The outcomes of lists."""

    by_list: Floats
    """[L]: the reward of each list, as far as it came."""
    by_item: Floats
    """[E]: of each item that was shown; what is of any item of a list is shared among its items."""
    delay: Whole
    """[R]: how long each outcome came after its list, in milliseconds."""
    of: Whole
    """[R]: the list of each outcome."""
    left_out: int
    """Outcomes whose worth is no number, such as those of items without a price."""


def rewarded(lists: Lists, events: Events, rewards: Mapping[str, Reward]) -> Rewarded:
    """The rewards of lists by events, whose users and items are rows of those of the lists.

    An outcome is that of the last list before it that showed the item, or any item where a reward
    says `by = "user"`. Raises DataError for an attribute that no item has.
    """
    by_item = np.zeros(len(lists.of))
    delays, ofs, left_out = [], [], 0
    size = np.maximum(np.bincount(lists.of, minlength=len(lists)), 1)
    first = np.full(len(lists), -1, np.int64)
    first[lists.of[::-1]] = np.arange(len(lists.of))[::-1]
    user, time = lists.user[lists.of], lists.time[lists.of]
    for name, reward in rewards.items():
        found = outcomes_of(events, name, reward)
        known = np.isfinite(found.worth)
        window = round(reward.days * DAY)
        if reward.by == "item":
            mine = np.flatnonzero(known & (found.item >= 0))
            many = len(lists.items)
            at = last_touch(
                user * many + lists.item,
                time,
                found.user[mine] * many + found.item[mine],
                found.time[mine],
                window,
            )
            mine, at = mine[at >= 0], at[at >= 0]
            np.add.at(by_item, at, reward.weight * found.worth[mine])
            of = lists.of[at]
        else:
            mine = np.flatnonzero(known)
            at = last_touch(lists.user, lists.time, found.user[mine], found.time[mine], window)
            mine, of = mine[at >= 0], at[at >= 0]
            each = np.zeros(len(lists))
            np.add.at(each, of, reward.weight * found.worth[mine])
            by_item += each[lists.of] / size[lists.of]
        left_out += int(np.count_nonzero(~known))
        delays.append(found.time[mine] - lists.time[of])
        ofs.append(of)
    return Rewarded(
        np.bincount(lists.of, by_item, len(lists)).astype(np.float64),
        by_item,
        np.concatenate(delays) if delays else np.empty(0, np.int64),
        np.concatenate(ofs) if ofs else np.empty(0, np.int64),
        left_out,
    )


def share_known(delay: Whole, age_of: Whole, age: Whole, window: int) -> Floats:
    """The share [L] of a reward that has come by the `age` [L] of each list, all in milliseconds.

    Of each outcome [R], `delay` is how long it took, and `age_of` how old its list is: later ones
    cannot be seen yet. The distribution of delays is the product-limit estimate for such data
    (Lagakos, Barraj & De Gruttola, "Nonparametric analysis of truncated survival data", Biometrika
    1988), in which one more outcome is put beside each, so that no single one decides. Without
    outcomes all is known; from `window` on, too.
    """
    if not len(delay):
        return np.ones(len(age))
    times, count = np.unique(delay, return_counts=True)
    by_delay, by_age = np.sort(delay), np.sort(age_of)
    # Outcomes with delay <= t whose list is t old at least; no delay is larger than its age.
    at_risk = np.searchsorted(by_delay, times, "right") - np.searchsorted(by_age, times, "left")
    later = 1 - count / (np.maximum(at_risk, count) + 1)
    upto = np.append(np.cumprod(later[::-1])[::-1][1:], 1.0)  # of delays up to each of the times
    at = np.searchsorted(times, age, "right") - 1
    first = upto[0] * later[0]
    found = np.where(at >= 0, upto[np.maximum(at, 0)], first)
    return np.where(age >= window, 1.0, found)
