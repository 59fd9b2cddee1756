"""What rules, and lists of items to allow and deny, come to in a request: masks over all items."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.rules.item_table import NOBODY, Asker, ItemTable, Mask
from graphrec.rules.rule import BoostRule, Rule

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Boost:
    """Items whose scores are changed."""

    meant: Mask
    factor: float
    add: float


MOST = 1e100
"""Scores are bounded by it, however many boosts multiply them: an infinite one is no number."""


@dataclass(frozen=True)
class CompiledRules:
    """What may be recommended by the rules, and what they make of scores."""

    filters: tuple[tuple[str, Mask], ...] = ()
    """By the name of what filters: which items [I] it lets pass."""
    boosts: tuple[Boost, ...] = ()

    def stopped_by(self, row: int) -> str | None:
        """The first filter that does not let an item pass."""
        return next((name for name, passes in self.filters if not passes[row]), None)

    def boosted(self, items: Rows, scores: Scores) -> Scores:
        """The scores [N] of item rows [N] after all boosts, in the order of the rules."""
        after = scores.copy()
        for boost in self.boosts:
            meant = boost.meant[items]
            after[meant] = after[meant] * boost.factor + boost.add
        return np.clip(after, -MOST, MOST)


def compile_rules(
    table: ItemTable,
    rules: Sequence[Rule],
    shared: Callable[[Rule], frozenset[str]],
    now: int,
    allow: Collection[str] | None = None,
    deny: Collection[str] = frozenset(),
    asker: Asker = NOBODY,
) -> CompiledRules:
    """The rules, for the items of a table at a time (milliseconds).

    `shared` gives what the items that the user has events on have, for a rule of `shared_by`;
    nothing but the items of `allow` may pass, where it is given, and none of `deny`.
    """
    filters: list[tuple[str, Mask]] = []
    boosts: list[Boost] = []
    if allow is not None:
        filters.append(("allow", table.holding(allow)))
    if deny:
        filters.append(("deny", ~table.holding(deny)))
    for rule in rules:
        held = shared(rule) if rule.shared_by else frozenset()
        meant = table.meant(rule, held, now, asker)
        if meant is None:
            continue
        if isinstance(rule, BoostRule):
            boosts.append(Boost(meant, rule.factor, rule.add))
        else:
            filters.append((rule.name, meant if rule.action == "require" else ~meant))
    return CompiledRules(tuple(filters), tuple(boosts))
