"""Courses of lists whose items are chosen one by one, as a Q-network does, and logs of them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from graphrec.off_policy.lists import Ranked
from graphrec.off_policy.slates import LoggedList
from graphrec.ranking.q_network.state import Shown, Vectors, inputs, mean_vector
from graphrec.ranking.q_network.steps import Step
from graphrec.testing.simulation.lists import explored_list
from graphrec.testing.simulation.strategies import STRATEGIES
from graphrec.testing.simulation.world import Floats, Life, Visit, Whole

SESSION = 2.0
"""Visits of somebody, about, within which what they clicked is of this session."""

HALF_LIFE = 3.0
"""The same, after which a time that an item was shown counts half."""

Scores: TypeAlias = Callable[[Vectors, Floats], Floats]
"""What orders items: their scores [N], by their inputs [N, X] and the fused scores [N]."""


def fusion(table: Vectors, fused: Floats) -> Floats:
    """The fused scores alone."""
    return fused


@dataclass
class Memory:
    """What a service knows of the people: what they were shown and clicked, and when."""

    shown: dict[int, list[tuple[int, Whole]]] = field(default_factory=dict)
    clicked: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def table(self, life: Life, visit: Visit) -> tuple[Whole, Floats, Vectors]:
        """The items that are there, the best of the fusion first: rows, scores, and inputs."""
        people = life.world.people
        sources = life.sources(visit)
        fused = np.array(STRATEGIES["fusion"]) @ sources
        there = np.flatnonzero(visit.available)
        items = there[np.argsort(-fused[there], kind="stable")]
        taste = life.learned(visit)
        lists = self.shown.get(visit.person, [])
        shown = Shown()
        if lists:
            ages = [(visit.number - at) / people / HALF_LIFE for at, _ in lists]
            shown = Shown(
                np.concatenate([each for _, each in lists]),
                np.concatenate([np.full(len(e), a) for a, (_, e) in zip(ages, lists, strict=True)]),
                np.concatenate([np.full(len(e), e is lists[-1][1]) for _, e in lists]),
            )
        recent = [
            item
            for at, item in self.clicked.get(visit.person, [])
            if visit.number - at < SESSION * people
        ]
        vectors = life.vectors.astype(np.float32)
        return (
            items,
            fused[items],
            inputs(
                taste / max(float(np.linalg.norm(taste)), 1e-6),
                mean_vector(vectors, np.array(recent, np.int64)),
                len(recent),
                shown,
                items,
                vectors[items],
                life.appeal[items],
                fused[items],
            ),
        )

    def note(self, visit: Visit, items: Whole, clicks: Whole) -> None:
        """Take in what was shown, and which places were clicked."""
        self.shown.setdefault(visit.person, []).append((visit.number, items))
        del self.shown[visit.person][:-8]
        clicked = self.clicked.setdefault(visit.person, [])
        clicked += [(visit.number, item) for item in items[clicks].tolist()]
        del clicked[:-20]


@dataclass(frozen=True)
class Logged:
    """A course of lists, and what it leaves behind."""

    steps: tuple[Step, ...]
    values: Floats
    """[N]: the mean reward of each list."""
    logged: tuple[LoggedList, ...]
    """The lists with their propensities, for what is evaluated off-policy."""
    tables: tuple[tuple[Whole, Floats, Vectors], ...]
    """[N]: by list, the items that were there, their fused scores, and their inputs."""
    life: Life
    memory: Memory

    def on(self) -> tuple[Life, Memory]:
        """A copy of the world as it is now, to go on with."""
        return deepcopy(self.life), deepcopy(self.memory)


def lists_of(
    life: Life,
    memory: Memory,
    scores: Scores,
    visits: int,
    *,
    share: float = 0.0,
    candidates: int = 40,
    seed: int = 0,
    keep: bool = True,
) -> Logged:
    """So many visits, whose lists are the best by some scores, but for a share of exploration.

    `keep` keeps them as what a Q-network learns from, each with so many candidates.
    """
    rng = np.random.default_rng([seed, 3])
    steps, logged, tables, values = [], [], [], np.zeros(visits)
    for number in range(visits):
        visit = life.visit()
        items, fused, table = memory.table(life, visit)
        order = np.argsort(-scores(table, fused), kind="stable")
        ranked = items[order][: life.world.k]
        pool = np.setdiff1d(items, ranked)
        listed, chances = explored_list(ranked, pool, share, rng)
        values[number] = life.value(visit, listed)
        outcome = life.respond(visit, listed)
        memory.note(visit, listed, np.flatnonzero(outcome.clicks))
        if keep:
            tables.append((items, fused, table))
            logged.append(
                LoggedList(
                    tuple(map(str, listed.tolist())),
                    chances,
                    share,
                    tuple(outcome.rewards.tolist()),
                    visit.person,
                    Ranked([*map(str, ranked.tolist())], share, len(pool)),
                )
            )
            place = {item: at for at, item in enumerate(items.tolist())}
            shown = [place[item] for item in listed.tolist()]
            kept = [*dict.fromkeys([*shown, *range(candidates)])][:candidates]
            kept = [at for at in kept if at < len(items)]
            steps.append(
                Step(
                    visit.person,
                    visit.number,
                    table[kept],
                    np.arange(len(shown)),
                    outcome.rewards,
                )
            )
    return Logged(tuple(steps), values, tuple(logged), tuple(tables), life, memory)
