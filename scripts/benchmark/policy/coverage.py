"""How often the intervals of off-policy estimates hold the truth of the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from graphrec.off_policy.actions import ActionLog, judge
from graphrec.off_policy.estimate import Judgement, NoOverlap
from graphrec.off_policy.slates import judge_lists
from graphrec.policy.beliefs import indicators
from graphrec.testing.simulation import (
    STRATEGIES,
    Learned,
    World,
    course,
    listed,
    logged_lists,
)

SHOWN, INSTEAD = "fusion", "new"
"""The strategies that is logged, and that is evaluated."""

SHARE = 0.3
"""Of exploration in logged lists."""

LESS = 0.1
"""Of the same strategy, which all estimators of lists can tell of."""


@dataclass(frozen=True)
class Covered:
    """How often an estimator is right."""

    log: str
    estimator: str
    runs: int
    """In which it gave an estimate."""
    covered: float
    """Share of these in which the interval holds the truth."""
    bias: float
    """Mean of what the estimate is above the truth."""
    width: float
    """Mean width of the interval."""
    truth: float
    """Mean of the truth."""
    refused: int
    """Runs in which the log could not tell."""


def coverage(runs: int, visits: int) -> tuple[Covered, ...]:
    """Of each estimator, over runs with a seed each, at 95 %."""
    return (
        *_covered("actions", _of_actions(runs, visits)),
        *_covered("lists", _of_lists(runs, visits, INSTEAD)),
        *_covered("less exploration", _of_lists(runs, visits, SHOWN, LESS)),
    )


def _of_actions(runs: int, visits: int) -> Iterator[tuple[Judgement | None, float]]:
    """A learner with a share of exploration is logged; one strategy for all is evaluated."""
    names = tuple(STRATEGIES)
    at = names.index(INSTEAD)
    world = World(people=100, items=30, arrivals=0.05, visits=visits)
    for seed in range(runs):
        done = course(world, Learned(exploration=0.5), seed, visits)
        _, context = indicators([each.context for each in done.visits])
        _, person = np.unique([each.person for each in done.visits], return_inverse=True)
        log = ActionLog(
            names,
            np.array([names.index(each.strategy) for each in done.acts], np.int64),
            np.array([each.chance for each in done.acts]),
            done.rewards,
            person.reshape(-1).astype(np.int64),
            context.astype(np.float64),
        )
        target = np.zeros((visits, len(names)))
        target[:, at] = 1
        truth = float(done.values[:, at].mean())
        yield _judged(partial(judge, INSTEAD, log, target)), truth


def _of_lists(
    runs: int, visits: int, instead: str, share: float = 0.0
) -> Iterator[tuple[Judgement | None, float]]:
    """Lists of one strategy, with exploration, are logged; those of another one are evaluated."""
    world = World(people=100, items=30, k=5, visits=visits)
    for seed in range(runs):
        lists, truth = logged_lists(
            world,
            lambda life, visit: listed(life, visit, STRATEGIES[SHOWN]),
            lambda life, visit: listed(life, visit, STRATEGIES[instead]),
            SHARE,
            seed,
            visits,
            share,
        )
        yield _judged(partial(judge_lists, instead, lists, world.looked_at)), truth


def _judged(work: Callable[[], Judgement]) -> Judgement | None:
    try:
        return work()
    except NoOverlap:
        return None


def _covered(log: str, judged: Iterator[tuple[Judgement | None, float]]) -> list[Covered]:
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    refused = 0
    for each, truth in judged:
        if each is None:
            refused += 1
            continue
        for made in each.estimates:
            held = float(made.low <= truth <= made.high)
            row = (held, made.value - truth, made.high - made.low, truth)
            found.setdefault(made.estimator, []).append(row)
    return [_of_rows(log, key, np.array(rows), refused) for key, rows in found.items()]


def _of_rows(log: str, estimator: str, rows: np.ndarray, refused: int) -> Covered:
    held, bias, width, truth = rows.mean(axis=0).tolist()
    return Covered(log, estimator, len(rows), held, bias, width, truth, refused)
