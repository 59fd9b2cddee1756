"""What a policy has learned: a function of the exposure log and of the graph store, as of a time.

Nothing else is kept: every worker comes to the same, after a restart too, and of who was forgotten
nothing is in it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphrec.experiments.lists import Lists
from graphrec.experiments.outcomes import Events
from graphrec.policies.guards import Watched, broken
from graphrec.policies.rewards import DAY, Rewarded, rewarded, share_known
from graphrec.policy.beliefs import Trials, indicators, learned, nothing_known
from graphrec.policy.definition import Policy
from graphrec.policy.learned import Learned

NO_GUARDS: Mapping[str, str] = {}


def unlearned(policy: Policy) -> Learned:
    """What a policy goes by before its first list."""
    names = tuple(policy.actions)
    return Learned(
        nothing_known(names), 0, dict.fromkeys(names, 0.0), dict.fromkeys(names, 0), NO_GUARDS
    )


def same_actions(learned: Learned, policy: Policy) -> bool:
    """Whether what was learned is of the actions that a policy has now."""
    return learned.beliefs.actions == tuple(policy.actions)


def learn(policy: Policy, lists: Lists, events: Events, catalogue: Watched, now: int) -> Learned:
    """What a policy has learned from its lists and the events of their users, as of `now`.

    Lists of actions that the settings no longer have are left out. Ages are counted from the last
    list or event, and not from `now`, so that all workers who have read the same come to the same.
    """
    found = rewarded(lists, events, policy.rewards)
    made = trials(policy, lists, found, min(now, _last(lists, events)))
    beliefs = learned(made)
    names = tuple(policy.actions)
    count = np.bincount(made.action, minlength=len(names))
    total = np.bincount(made.action, made.reward, len(names))
    return Learned(
        beliefs,
        len(made),
        dict(zip(names, (total / np.maximum(count, 1)).tolist(), strict=True)),
        dict(zip(names, count.tolist(), strict=True)),
        broken(policy, lists, events, catalogue, found.by_list),
        int(lists.time.max(initial=0)),
    )


def trials(policy: Policy, lists: Lists, found: Rewarded, now: int) -> Trials:
    """Lists and their rewards as what is learned from, as of a time."""
    names = tuple(policy.actions)
    code = {name: at for at, name in enumerate(names)}
    action = np.array([code.get(each, -1) for each in lists.action], np.int64)
    age = np.maximum(now - lists.time, 0)
    known = share_known(found.delay, age[found.of], age, round(policy.days * DAY))
    features, context = indicators(lists.context)
    mine = action >= 0
    return Trials(
        names,
        features,
        action[mine],
        context[mine],
        found.by_list[mine],
        0.5 ** (age[mine] / (policy.half_life_days * DAY)),
        known[mine],
    )


def _last(lists: Lists, events: Events) -> int:
    return max(int(lists.time.max(initial=0)), int(events.log.time.max(initial=0)))
