"""Data as models take it: a graph as it was recorded, and what its events weigh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from graphrec.data.graph import Graph, Vocabulary
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy, weigh


@dataclass(frozen=True)
class Dataset:
    """A graph of users and items, with the weights of its events.

    `recorded` holds the values of events as they were loaded, such as ratings; `weighted` holds
    what each event weighs by the policies of its kind, which is what models learn from.
    """

    recorded: Graph
    kinds: Mapping[str, KindPolicy] = field(default_factory=lambda: DEFAULT_POLICY)
    """By kind of event; a kind that is not named weighs its value."""
    as_of: int | None = None
    """Milliseconds since 1970: the time by which old events have lost weight; None: that of the
    newest event."""

    @classmethod
    def of_weights(cls, graph: Graph) -> Dataset:
        """A graph whose values are weights already."""
        return cls(graph, {})

    @property
    def users(self) -> Vocabulary:
        """The users, with and without events."""
        return self.recorded.users

    @property
    def items(self) -> Vocabulary:
        """The items, with and without events."""
        return self.recorded.items

    def __len__(self) -> int:
        return len(self.recorded.interactions)

    @cached_property
    def weighted(self) -> Graph:
        """The same graph with the weight of each event in place of its value."""
        if not self.kinds:
            return self.recorded
        return weigh(self.recorded, self.kinds, self.as_of)
