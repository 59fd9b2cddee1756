"""What the finder of a placement is given, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.data.kinds import normal
from graphrec.placement.definition import Placement
from graphrec.recommend.query import Query
from graphrec.recommend.ranker import Ranker
from graphrec.recommend.results import Because
from graphrec.retrieval.kind_pairs import KindPairs
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.reason import Reason
from graphrec.rules.compiled import CompiledRules
from graphrec.snapshot.user_events import UserEvents, user_events
from graphrec.snapshot.view import View
from graphrec.store.protocol import Neighbour


@dataclass(frozen=True)
class Ground:
    """All that a list of a placement is made from."""

    view: View
    ranker: Ranker
    placement: Placement
    query: Query
    profile: UserProfile
    eligible: NDArray[np.bool_]
    """[I + N]: which items of the view may be listed."""
    now: int
    """Milliseconds since 1970: what windows end at."""
    segment: str | None
    """Whose popular or trending items are meant; None: everyone's."""
    rules: CompiledRules
    counted: Mapping[str, Sequence[Neighbour]] | None = None
    """By item of the question, what a store counted beside it; None: the snapshot is asked."""

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds that count, as the snapshot and the delta have them; empty: all liked."""
        return self.matching(self.placement.kinds)

    def matching(self, names: tuple[str, ...]) -> frozenset[str]:
        """The recorded kinds that some names mean."""
        forms = set(map(normal, names))
        recorded = {*self.view.snapshot.events, *self.view.delta.kinds}
        return frozenset(kind for kind in recorded if normal(kind) in forms)

    @cached_property
    def pairs(self) -> KindPairs:
        """Who did something of these kinds with which item of the snapshot."""
        return self.view.snapshot.pairs_of(self.kinds)

    @cached_property
    def events(self) -> UserEvents:
        """What the user did, by kind; of a visitor, nothing."""
        return {} if self.query.user is None else user_events(self.view, self.query.user)

    @cached_property
    def about(self) -> Rows:
        """The rows of the items that the list stands beside."""
        return self.view.items.rows_of(self.query.about)

    def name(self, row: int) -> str:
        """The title of an item row, or its id."""
        return self.view.items.titles[row] or self.view.items.ids.ids[row]


NO_PATHS: Callable[[int], tuple[Because, ...]] = lambda _: ()  # noqa: E731


@dataclass(frozen=True)
class Found:
    """The items that a finder found, best first."""

    items: Rows
    """[N]: rows of the view."""
    scores: NDArray[np.float64]
    """[N], descending."""
    reason: Callable[[int], Reason]
    """Of an item row."""
    because: Callable[[int], tuple[Because, ...]] = field(default=NO_PATHS)
    """Paths to an item row, where there are some."""

    @classmethod
    def best(
        cls,
        items: NDArray[np.integer],
        scores: NDArray[np.floating],
        reason: Callable[[int], Reason],
        because: Callable[[int], tuple[Because, ...]] = NO_PATHS,
    ) -> Found:
        """Items with their scores, put in order; ties by row."""
        order = np.lexsort((items, -scores))
        return cls(items[order].astype(np.int32), scores[order].astype(np.float64), reason, because)


NOTHING = Found(np.empty(0, np.int32), np.empty(0), lambda _: Reason("source", {"said": ""}))
