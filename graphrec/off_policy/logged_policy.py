"""A policy of the settings evaluated by its own log: what it would bring, or one of its actions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import DataError
from graphrec.experiments.lists import Lists
from graphrec.experiments.outcomes import Events
from graphrec.off_policy.actions import ActionLog, judge
from graphrec.off_policy.estimate import Judgement
from graphrec.policies.learning import trials
from graphrec.policies.rewards import Rewarded, rewarded
from graphrec.policy.beliefs import Beliefs, indicators, learned
from graphrec.policy.decision import chances
from graphrec.policy.definition import Policy

Floats = NDArray[np.float64]

FEWEST_LISTS = 20
"""Of a policy, for it to be evaluated."""


def judge_policy(
    name: str,
    policy: Policy,
    action: str | None,
    lists: Lists,
    events: Events,
    *,
    confidence: float = 0.95,
    clip: float | None = None,
) -> Judgement:
    """What an action would bring if everybody got it; None: what the policy would bring.

    That learns from the first half of the lists, and is evaluated by the second. Raises NoOverlap
    where the log cannot tell, DataError where it has too few lists.
    """
    if len(lists) < FEWEST_LISTS:
        raise DataError(
            f"{len(lists)} lists of policy {name!r} in the exposure log: expected {FEWEST_LISTS} "
            f"or more; evaluate a longer log"
        )
    found = rewarded(lists, events, policy.rewards)
    now = max(int(lists.time.max()), int(events.log.time.max(initial=0)))
    whole = action_log(policy, lists, found.by_list)
    notes = []
    young = int(np.count_nonzero(lists.time > now - round(policy.days * 86_400_000)))
    if young:
        notes.append(
            f"{young:,} lists are younger than {policy.days:g} days: outcomes may still come"
        )
    if found.left_out:
        notes.append(f"{found.left_out:,} outcomes are left out, as their worth is no number")
    if action is not None:
        target = np.tile(np.array([float(each == action) for each in whole.names]), (len(lists), 1))
        judged = judge(f"{name}/{action}", whole, target, confidence=confidence, clip=clip)
        return judged.with_notes(*notes)
    second = np.arange(len(lists)) >= len(lists) // 2
    beliefs = _before(policy, lists, found, now, ~second)
    later = _some(lists, second)
    log = action_log(policy, later, found.by_list[second])
    target = np.zeros((len(later), len(log.names)))
    for row, context in enumerate(later.context):
        chance = chances(
            beliefs, frozenset(context), policy.learner, policy.exploration, policy.width
        )
        target[row] = [chance.get(each, 0.0) for each in log.names]
    judged = judge(name, log, target, confidence=confidence, clip=clip)
    return judged.with_notes(
        *notes, "learned from the first half of the lists, and evaluated by the second"
    )


def action_log(policy: Policy, lists: Lists, reward: Floats) -> ActionLog:
    """Lists [L] as a log of actions, for off-policy evaluation."""
    names = tuple(dict.fromkeys((*policy.actions, *lists.action)))
    code = {name: at for at, name in enumerate(names)}
    _, context = indicators(lists.context)
    _, cluster = np.unique(lists.user, return_inverse=True)
    return ActionLog(
        names,
        np.array([code[each] for each in lists.action], np.int64),
        lists.chance,
        reward,
        cluster.reshape(-1).astype(np.int64),
        context.astype(np.float64),
    )


def _before(
    policy: Policy, lists: Lists, found: Rewarded, now: int, kept: NDArray[np.bool_]
) -> Beliefs:
    """What is believed after some of the lists [L], the first ones."""
    place = np.cumsum(kept) - 1
    mine = kept[found.of]
    part = Rewarded(
        found.by_list[kept],
        found.by_item[kept[lists.of]],
        found.delay[mine],
        place[found.of[mine]],
        found.left_out,
    )
    return learned(trials(policy, _some(lists, kept), part, now))


def _some(lists: Lists, kept: NDArray[np.bool_]) -> Lists:
    place = np.cumsum(kept) - 1
    inside = kept[lists.of]
    return Lists(
        lists.users,
        lists.items,
        lists.user[kept],
        lists.time[kept],
        tuple(each for each, is_kept in zip(lists.action, kept.tolist(), strict=True) if is_kept),
        lists.chance[kept],
        tuple(each for each, is_kept in zip(lists.context, kept.tolist(), strict=True) if is_kept),
        place[lists.of[inside]],
        lists.item[inside],
    )
