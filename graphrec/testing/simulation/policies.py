"""Policies over strategies, to compare: chance, one strategy for all, ε-greedy, the learners of
`graphrec.policy`, and the optimum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from graphrec.policy.beliefs import Beliefs, Trials, indicators, learned, nothing_known
from graphrec.policy.decision import chances, drawn
from graphrec.policy.definition import Learner
from graphrec.testing.simulation.strategies import STRATEGIES, all_listed
from graphrec.testing.simulation.world import Life, Visit


@dataclass(frozen=True)
class Act:
    """The strategy that makes a list."""

    strategy: str
    chance: float
    """How likely it was to be taken."""


@dataclass(frozen=True)
class Done:
    """A visit of before, and what is known of it by now."""

    visit: Visit
    act: Act
    reward: float


class Policy(Protocol):
    """What chooses a strategy for a visit."""

    def __call__(self, visit: Visit, life: Life, rng: np.random.Generator) -> Act:
        """The strategy; `life` is the truth, which only the optimum looks at."""
        ...

    def learn(self, done: Sequence[Done], now: int) -> None:
        """Take in all visits so far, with the rewards that are known at a visit."""
        ...


class _LearnsNothing:
    def learn(self, done: Sequence[Done], now: int) -> None:
        """Nothing."""


class Uniform(_LearnsNothing):
    """Each strategy is as likely."""

    def __call__(self, visit: Visit, life: Life, rng: np.random.Generator) -> Act:
        """A strategy by chance."""
        names = [*STRATEGIES]
        return Act(names[int(rng.integers(len(names)))], 1 / len(names))


@dataclass(frozen=True)
class Fixed(_LearnsNothing):
    """One strategy for all, such as the fusion of a service."""

    strategy: str = "fusion"

    def __call__(self, visit: Visit, life: Life, rng: np.random.Generator) -> Act:
        """That strategy."""
        return Act(self.strategy, 1.0)


class Optimal(_LearnsNothing):
    """The strategy of the largest mean reward at each visit."""

    def __call__(self, visit: Visit, life: Life, rng: np.random.Generator) -> Act:
        """The best one."""
        values = life.values(visit, all_listed(life, visit))
        return Act([*STRATEGIES][int(np.argmax(values))], 1.0)


@dataclass
class EpsilonGreedy:
    """The strategy of the largest mean so far, but for a share of visits."""

    epsilon: float = 0.1
    contexts: bool = False
    """Whether the mean is that of the context, by the same model as the learners have."""
    beliefs: Beliefs = field(default_factory=lambda: nothing_known([*STRATEGIES]), init=False)

    def __call__(self, visit: Visit, life: Life, rng: np.random.Generator) -> Act:
        """The best one so far, or one by chance."""
        names = self.beliefs.actions
        mean, _ = self.beliefs.reward(visit.context)
        chance = np.full(len(names), self.epsilon / len(names))
        chance[int(np.argmax(mean))] += 1 - self.epsilon
        at = int(rng.choice(len(names), p=chance))
        return Act(names[at], float(chance[at]))

    def learn(self, done: Sequence[Done], now: int) -> None:
        """Means of all visits so far."""
        self.beliefs = learned(trials(done, now, None, 0.0, self.contexts))


@dataclass
class Learned:
    """A learner of the service: `graphrec.policy.beliefs` and `graphrec.policy.decision`."""

    learner: Learner = "thompson"
    exploration: float = 0.02
    half_life: float | None = None
    """Visits; None: nothing is forgotten."""
    delay: float = 0.0
    """Mean delay of purchases, in visits, as the service estimates it of its log."""
    width: float = 0.5
    beliefs: Beliefs = field(default_factory=lambda: nothing_known([*STRATEGIES]), init=False)
    _chances: dict[tuple[str, ...], Mapping[str, float]] = field(default_factory=dict, init=False)

    def __call__(self, visit: Visit, life: Life, rng: np.random.Generator) -> Act:
        """What the learner draws."""
        chance = self._chances.get(visit.context)
        if chance is None:
            chance = self._chances[visit.context] = chances(
                self.beliefs, visit.context, self.learner, self.exploration, self.width
            )
        action = drawn(chance, float(rng.random()))
        return Act(action, chance[action])

    def learn(self, done: Sequence[Done], now: int) -> None:
        """What is believed after all visits so far."""
        self.beliefs = learned(trials(done, now, self.half_life, self.delay))
        self._chances.clear()


def trials(
    done: Sequence[Done], now: int, half_life: float | None, delay: float, contexts: bool = True
) -> Trials:
    """Visits as what the learners take; half of a reward is clicks, about, and known at once."""
    names = [*STRATEGIES]
    features, context = indicators([each.visit.context if contexts else () for each in done])
    age = np.array([now - each.visit.number for each in done], np.float64)
    late = np.exp(-age / delay) if delay else np.zeros(len(done))
    return Trials(
        tuple(names),
        features,
        np.array([names.index(each.act.strategy) for each in done], np.int64),
        context,
        np.array([each.reward for each in done], np.float64),
        np.ones(len(done)) if half_life is None else 0.5 ** (age / half_life),
        1 - late / 2,
    )
