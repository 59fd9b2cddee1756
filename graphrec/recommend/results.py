"""Why an item is recommended: the paths in the graph, the sources that found it, one sentence.

A path is you → an item you like ← people → the recommended item. Its count and score are those of
`graphrec.retrieval.neighbours.paths` and of a store's `paths`, so that anyone can check them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from graphrec.ranking.fusion import Source

Verdict: TypeAlias = Literal["seen", "deleted", "ruled_out", "not_recalled", "ranked", "new"]
"""Why an item is not, or is, in a list: the first of these that holds. A new item has come since
the snapshot was made, which knows nothing of it."""


@dataclass(frozen=True)
class Because:
    """One path: `people` others like both `item`, which you like, and the recommended item."""

    item: str
    title: str | None
    people: int
    score: float
    """Cosine of the two items over all people."""


@dataclass(frozen=True)
class Contribution:
    """What a source adds to the score of an item: `weight` · `strength`, 0 for the fallback."""

    source: Source
    strength: float
    """Standard deviations by which the item stands out to the source: see
    `graphrec.ranking.fusion`."""
    weight: float
    score: float


@dataclass(frozen=True)
class Recommendation:
    """An item for someone, and why."""

    item: str
    title: str | None
    score: float
    sources: tuple[Source, ...]
    reason: str
    because: tuple[Because, ...]
    contributions: tuple[Contribution, ...]
    """They sum to `score`; none where they were not asked for."""
    propensity: float | None = None
    """Of an item that chance put here, how likely it was to; None for all others."""


@dataclass(frozen=True)
class RecommendationList:
    """What to recommend to someone, the best first: the answer to a query."""

    version: str
    """The snapshot that it was made from; empty where that was not published."""
    user: str | None
    """The user of the query; None for someone without an id."""
    recommendations: tuple[Recommendation, ...]

    def __len__(self) -> int:
        return len(self.recommendations)

    def __iter__(self) -> Iterator[Recommendation]:
        return iter(self.recommendations)


@dataclass(frozen=True)
class Judgement:
    """What a source makes of an item, recalled or not."""

    source: Source
    recalled: bool
    rank: int
    """From 1, of all items that may be recommended and this one, in the eyes of the source alone;
    ties by row."""
    strength: float
    weight: float


@dataclass(frozen=True)
class WhyNot:
    """What became of an item in a list."""

    item: str
    title: str | None
    verdict: Verdict
    rule: str | None
    """The one that left the item out, by its name; of several, the first."""
    rank: int | None
    """From 1: a list at least so long has the item. None where no list does."""
    score: float | None
    """None where the item has no rank."""
    sources: tuple[Judgement, ...]


@dataclass(frozen=True)
class Shared:
    """A category or tag of an item that items have which you like."""

    attribute: str
    value: str
    items: int
    """How many of them."""


@dataclass(frozen=True)
class Explanation:
    """Why an item is, or is not, recommended."""

    item: str
    title: str | None
    seen: bool
    """Whether the item is left out because it was met before."""
    rank: int | None
    """From 1, in the list of all items that can be recommended; None where it is left out, and of
    a new item, which has a place in lists beside those."""
    score: float
    contributions: tuple[Contribution, ...]
    """They sum to `score`."""
    reason: str
    because: tuple[Because, ...]
    shared: tuple[Shared, ...]
    """What else speaks for it, the most frequent first."""


def reason(
    name: str,
    because: Sequence[Because],
    sources: Collection[Source],
    people: int,
    segment: str | None = None,
) -> str:
    """One sentence for an item called `name`, which `people` like; without sources, it was seen.

    The people are those of a segment, where one is given.
    """
    if not sources:
        return f"You have already seen {name}"
    if "neighbours" in sources or "embedding" in sources:
        if not because:
            return "Close to your taste"
        first = because[0]
        return (
            f"Because you liked {first.title or first.item}: "
            f"{_count(first.people)} who liked it also liked {name}"
        )
    if segment is not None:
        return f"Popular in {segment}: {_count(people)} there liked it"
    return f"Popular: {_count(people)} liked it" if people else "New: nobody has liked it yet"


def reason_of_new(near: bool, shared: Sequence[Shared]) -> str:
    """One sentence for an item that came since the snapshot was made."""
    if shared:
        named = ", ".join(f"{each.value} ({each.items})" for each in shared)
        return f"New, and like items you liked: {named}"
    return "New, and close to your taste" if near else "New: it comes up by exploration alone"


def shared_labels(
    item: Mapping[str, Collection[str]], liked: Sequence[Mapping[str, Collection[str]]], k: int
) -> tuple[Shared, ...]:
    """The `k` categories and tags of an item that most items have which someone likes.

    Each item is its labels by attribute; ties by name.
    """
    found = (
        Shared(name, label, sum(label in each.get(name, ()) for each in liked))
        for name, own in item.items()
        for label in own
    )
    best = sorted((s for s in found if s.items), key=lambda s: (-s.items, s.attribute, s.value))
    return tuple(best[:k])


def _count(people: int) -> str:
    return "1 person" if people == 1 else f"{people} people"
