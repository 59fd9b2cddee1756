"""A policy judged by a real log: replay with rejection.

Events are taken in the order of time. Of each, some items are candidates: that of the event, and
others drawn by chance, in an order by chance, so that each was as likely to be the one of the event
as far as the policy can tell. Where the policy chooses the item of the event, the event is
accepted, and its reward counts; all others are rejected (Li, Chu, Langford & Wang, "Unbiased
offline evaluation of contextual-bandit-based news article recommendation algorithms", WSDM 2011).

What is estimated is right where the log showed items by chance; a log of what people chose by
themselves, such as MovieLens, is not that, and policies are to be compared with each other alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from graphrec.data import Interactions
from graphrec.testing.simulation.world import Floats, Whole


@dataclass(frozen=True)
class Replayed:
    """What is left of a log for a policy."""

    events: int
    accepted: int
    rewards: Floats
    """[accepted]: by time."""

    @property
    def mean(self) -> float | None:
        """The mean reward of what was accepted; None where nothing was."""
        return float(self.rewards.mean()) if self.accepted else None


def replay(
    log: Interactions,
    choose: Callable[[int, Whole], int],
    *,
    candidates: int = 10,
    least: float = 4.0,
    seed: int = 0,
    learn: Callable[[int, int, float], None] = lambda user, item, reward: None,
) -> Replayed:
    """Replay a log; `choose` is given a user row and rows of candidates, and returns one of them.

    The reward is 1 where the weight of an event is `least` or more, else 0; `learn` is given the
    user, the item and the reward of each event that was accepted.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(log.time, kind="stable")
    others = min(candidates - 1, len(log.items) - 1)
    rewards: list[float] = []
    for at in order.tolist():
        user, item = int(log.user[at]), int(log.item[at])
        drawn = rng.choice(len(log.items) - 1, others, replace=False)
        among = rng.permutation(np.append(drawn + (drawn >= item), item))
        if choose(user, among) != item:
            continue
        reward = float(log.weight[at] >= least)
        rewards.append(reward)
        learn(user, item, reward)
    return Replayed(len(order), len(rewards), np.array(rewards, np.float64))
