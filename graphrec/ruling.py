"""What rules, and lists of items to allow and deny, come to in a request: masks over all items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.catalogue import Catalogue, Mask
from graphrec.fusion import Fused
from graphrec.options import Options
from graphrec.rules import BoostRule, Rule

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Boost:
    """Items whose scores are changed."""

    meant: Mask
    factor: float
    add: float


@dataclass(frozen=True)
class Ruling:
    """What may be recommended by the rules, and what they make of scores."""

    filters: tuple[tuple[str, Mask], ...] = ()
    """By the name of what filters: which items [I] it lets pass."""
    boosts: tuple[Boost, ...] = ()

    def stopped_by(self, row: int) -> str | None:
        """The first filter that does not let an item pass."""
        return next((name for name, passes in self.filters if not passes[row]), None)

    def reordered(self, ranked: Fused) -> tuple[Fused, Scores]:
        """A ranking with the scores after all boosts, and what these added [N]; ties by row.

        Boosts are made in the order of the rules.
        """
        if not self.boosts:
            return ranked, np.zeros(len(ranked.items))
        after = ranked.scores.copy()
        for boost in self.boosts:
            meant = boost.meant[ranked.items]
            after[meant] = after[meant] * boost.factor + boost.add
        order = np.lexsort((ranked.items, -after))
        boosted = Fused(ranked.items[order], after[order], ranked.strengths[:, order])
        return boosted, (after - ranked.scores)[order]


def rule_on(
    catalogue: Catalogue, options: Options, shared: Callable[[Rule], frozenset[str]], now: int
) -> Ruling:
    """The ruling on the items of a catalogue at a time.

    `shared` gives what the items that the user has events on have, for a rule of `shared_by`.
    """
    filters: list[tuple[str, Mask]] = []
    boosts: list[Boost] = []
    if options.allow is not None:
        filters.append(("allow", catalogue.holding(options.allow)))
    if options.deny:
        filters.append(("deny", ~catalogue.holding(options.deny)))
    for rule in options.rules:
        meant = catalogue.meant(rule, shared(rule) if rule.shared_by else frozenset(), now)
        if isinstance(rule, BoostRule):
            boosts.append(Boost(meant, rule.factor, rule.add))
        else:
            filters.append((rule.name, meant if rule.action == "require" else ~meant))
    return Ruling(tuple(filters), tuple(boosts))
