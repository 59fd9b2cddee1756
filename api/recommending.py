"""The calls of the recommender, all in one place.

`Query` is who asks and for what; the functions below take the answer from the recommender that the
service has chosen (`graphrec.api.service`), with the context of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from graphrec.data import AttributeValue
from graphrec.ranking.exploration import Exploration
from graphrec.recommend.query import About, Live, Options
from graphrec.recommend.recommender import Recommender
from graphrec.recommend.related import Related
from graphrec.recommend.results import Explanation, Recommendation, WhyNot
from graphrec.rules.rule import Rule


@dataclass(frozen=True)
class Query:
    """Who asks, a user or a session of `items`, and what their list should be like."""

    user: str | None = None
    """None: a session, which has no history but `items`."""
    items: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    friends: tuple[str, ...] = ()
    k: int = 10
    exclude_seen: bool = True
    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()
    diversity: float = 0.0
    segment: str | None = None
    exploration: float = 0.0
    exploration_by: Exploration = "epsilon"
    explain: bool = True
    kinds: frozenset[str] | None = None
    as_of: int | None = None

    @cached_property
    def options(self) -> Options:
        """What the list should be like."""
        return Options(
            exclude_seen=self.exclude_seen,
            allow=self.allow,
            deny=self.deny,
            rules=self.rules,
            diversity=self.diversity,
            segment=self.segment,
            exploration=self.exploration,
            exploration_by=self.exploration_by,
            explain=self.explain,
            kinds=self.kinds,
            as_of=self.as_of,
        )

    @property
    def needs_events(self) -> bool:
        """Whether the user's events must be read from the store."""
        return self.user is not None and self.options.needs_events

    @property
    def repeatable(self) -> bool:
        """Whether the list stays the same until something new is known."""
        return self.options.repeatable

    @property
    def about(self) -> About:
        """What a session says of the visitor."""
        return About(self.attributes, self.friends)


def recommend(
    recommender: Recommender, query: Query, context: Live, rng: np.random.Generator
) -> tuple[Recommendation, ...]:
    """The list of a query; `rng` draws its exploration. Raises UnknownNode."""
    if query.user is not None:
        return recommender.recommend(query.user, query.k, query.options, context, rng)
    return recommender.recommend_for(query.items, query.k, query.options, context, rng, query.about)


def explain(
    recommender: Recommender, query: Query, item: str, paths: int, context: Live
) -> Explanation:
    """Why an item is, or is not, in the list, with the best `paths`; raises UnknownNode."""
    if query.user is not None:
        return recommender.explain(query.user, item, paths, query.options, context)
    return recommender.explain_session(
        query.items, item, paths, query.options, context, query.about
    )


def why_not(recommender: Recommender, query: Query, item: str, context: Live) -> WhyNot:
    """What became of an item in the list; raises UnknownNode."""
    if query.user is not None:
        return recommender.why_not(query.user, item, query.options, context)
    return recommender.why_not_session(query.items, item, query.options, context, query.about)


def related(
    recommender: Recommender, item: str, k: int, by: Literal["graph", "embedding"], context: Live
) -> tuple[Related, ...]:
    """The `k` items most like an item.

    Raises UnknownNode, and SnapshotError where embeddings are asked for and there are none.
    """
    return recommender.related(item, k, by, live=context)


def warm(recommender: Recommender) -> None:
    """Make one answer of each sort, and so the tables that the first requests would wait for."""
    likes = recommender.snapshot.likes
    for user in likes.users.ids[:1]:
        recommender.recommend(user, 1)
    for item in likes.items.ids[:1]:
        recommender.recommend_for([item], 1)
        recommender.recommend_for([], 1)
        if recommender.snapshot.embeddings is not None:
            recommender.related(item, 1, "embedding")
