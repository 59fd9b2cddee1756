"""A course of visits by a policy, and its regret: what the best strategies would have brought more.

The regret of a visit is the mean reward of the strategy that is best in its context (segment and
history; before or after a shift of tastes), less that of the strategy that was taken: both are true
means over the visits of the context, and no luck of clicks is in them. What a list does to later
ones, by fatigue, is in the value of these, but not in the optimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphrec.testing.simulation.policies import Act, Done, Policy
from graphrec.testing.simulation.strategies import STRATEGIES, all_listed
from graphrec.testing.simulation.world import Floats, Life, Visit, World

LEARN_EVERY = 50
"""Visits after which a policy learns: a service learns every few seconds."""

FIRST = frozenset({10, 20, 40, 70})
"""Visits after which it learns too, at the beginning."""


@dataclass(frozen=True)
class Course:
    """What came of N visits."""

    regret: Floats
    """[N]: of each visit."""
    value: Floats
    """[N]: mean reward of each list."""
    acts: tuple[Act, ...]
    visits: tuple[Visit, ...]
    rewards: Floats
    """[N]: all that came of each list in the end."""
    values: Floats
    """[N, S]: mean reward of each strategy at each visit."""

    @property
    def total(self) -> float:
        """The regret of all visits."""
        return float(self.regret.sum())


def course(
    world: World, policy: Policy, seed: int, visits: int, learn_every: int = LEARN_EVERY
) -> Course:
    """A policy in a world, for so many visits; it learns every few of them."""
    life, rng = Life(world, seed), np.random.default_rng([seed, 1])
    names, rewards = [*STRATEGIES], np.zeros(visits)
    values = np.zeros((visits, len(names)))
    acts: list[Act] = []
    seen: list[Visit] = []
    known = np.zeros(visits)
    waiting: list[tuple[int, int, float]] = []
    for number in range(visits):
        visit = life.visit()
        made = all_listed(life, visit)
        values[number] = life.values(visit, made)
        act = policy(visit, life, rng)
        outcome = life.respond(visit, made[names.index(act.strategy)])
        acts.append(act)
        seen.append(visit)
        rewards[number] = outcome.rewards.sum()
        waiting += [(at, number, part) for at, part in outcome.known]
        if (number + 1) % learn_every == 0 or number + 1 in FIRST:
            for at, of, part in waiting:
                if at <= number + 1:
                    known[of] += part
            waiting = [each for each in waiting if each[0] > number + 1]
            done = [
                Done(*each) for each in zip(seen, acts, known[: number + 1].tolist(), strict=True)
            ]
            policy.learn(done, number + 1)
    taken = np.array([names.index(each.strategy) for each in acts])
    mean = means_of_contexts(world, seen, values)
    rows = np.arange(visits)
    regret = mean.max(axis=1) - mean[rows, taken]
    return Course(regret, values[rows, taken], tuple(acts), tuple(seen), rewards, values)


def means_of_contexts(world: World, visits: Sequence[Visit], values: Floats) -> Floats:
    """For each visit, the mean reward [N, S] of each strategy in visits of the same context."""
    shift = np.inf if world.shift_at is None else world.shift_at
    keys = [(each.segment, each.context[0], each.number >= shift) for each in visits]
    code = {key: at for at, key in enumerate(dict.fromkeys(keys))}
    of = np.array([code[key] for key in keys])
    total = np.zeros((len(code), values.shape[1]))
    np.add.at(total, of, values)
    found: Floats = (total / np.bincount(of)[:, None])[of]
    return found
