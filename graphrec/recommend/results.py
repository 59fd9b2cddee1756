"""The answers of the recommender: lists, explanations, and what became of one item.

A path is you → an item you like ← people → the recommended item. Its count and score are those of
`graphrec.retrieval.neighbours.paths` and of a store's `paths`, so that anyone can check them.

These dataclasses are also the response models of the HTTP API, whose document takes the
descriptions of their fields.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from graphrec.data import AttributeValue
from graphrec.ranking.fusion import Source
from graphrec.recommend import html
from graphrec.retrieval.reason import Reason

EmptyCause: TypeAlias = Literal[
    "no_items", "unknown_name", "not_allowed", "rules", "seen", "exhausted", "new_items"
]
"""Why a list is empty. `no_items`: there are none; `unknown_name`: a rule requires an attribute,
relation or kind that there is not; `not_allowed`: by `allow` and `deny`; `rules`: they leave out
everything; `seen`: the user has seen everything; `exhausted`: what rules let pass was seen;
`new_items`: what is left came since the snapshot, and is near to nothing that is known."""

EMPTY: Mapping[EmptyCause, str] = {
    "no_items": "there are no items",
    "unknown_name": "a rule requires something that no item has, as its name is unknown",
    "not_allowed": "allow and deny leave no item",
    "rules": "rules leave out every item",
    "seen": "the user has seen every item",
    "exhausted": "the user has seen every item that rules let pass",
    "new_items": "all other items came since the snapshot was made, and are near to nothing known",
}

Verdict: TypeAlias = Literal[
    "seen", "disliked", "deleted", "ruled_out", "not_retrieved", "ranked", "new"
]
"""What became of an item in a list: the first of these that holds. A new item was added after the
snapshot was made."""

ItemId = Annotated[str, Field(description="Id of the item.")]
Title = Annotated[
    str | None, Field(description="Title of the item; null where the data have none.")
]
ZScore = Annotated[
    float,
    Field(
        description="Standard deviations by which the item's score of this source is above the "
        "mean over all items."
    ),
]
SourceWeight = Annotated[float, Field(description="Weight of the source in the fusion.")]
Warnings = Annotated[
    tuple[str, ...],
    Field(description="What is unknown or doubtful in the request, in a sentence each."),
]
ReasonText = Annotated[str, Field(description="The reason in one sentence.")]


@dataclass(frozen=True)
class Because:
    """A path in the graph: you, an item you like, people who like it too, the item in question."""

    item: ItemId
    title: Title
    people: Annotated[
        int, Field(description="How many others like both this item and the one in question.")
    ]
    score: Annotated[float, Field(description="Cosine of the two items over all people, 0 to 1.")]


@dataclass(frozen=True)
class Contribution:
    """What one source adds to the score of an item: `weight` · `z_score`, 0 for the fallback, and
    what a learned ranker adds for it.
    """

    source: Annotated[
        Source,
        Field(
            description="A source of candidates; or of what a learned ranker adds: `attributes`, "
            "`history` or `time`."
        ),
    ]
    z_score: ZScore
    weight: SourceWeight
    score: Annotated[
        float, Field(description="What is added: `weight` · `z_score`, and `learned`.")
    ]
    learned: Annotated[
        float,
        Field(description="What a learned ranker adds for features of this source; 0 without one."),
    ] = 0.0


Contributions = Annotated[
    tuple[Contribution, ...], Field(description="One for each source; they sum to `score`.")
]
Paths = Annotated[tuple[Because, ...], Field(description="Paths in the graph, the best first.")]


@dataclass(frozen=True)
class Recommendation:
    """A recommended item, and why."""

    item: ItemId
    title: Title
    score: Annotated[
        float,
        Field(description="The list is ordered by it; 0 for an item that only fills the list up."),
    ]
    sources: Annotated[tuple[Source, ...], Field(description="The sources that add to the score.")]
    reason: ReasonText
    because: Paths
    contributions: Annotated[
        tuple[Contribution, ...] | None,
        Field(
            description="One for each source; they sum to `score`. Null unless the request sets "
            "`explain`."
        ),
    ]
    """Empty where the query does not set `explain`; the HTTP API then writes null."""
    propensity: Annotated[
        float | None,
        Field(
            description="Of an item drawn by exploration: its probability of being drawn, given "
            "the items before it. Null for all others."
        ),
    ] = None
    reason_code: Annotated[
        str, Field(description="What the reason is called, such as `liked-together`.")
    ] = ""
    reason_values: Annotated[
        Mapping[str, str | int | float],
        Field(description="What the sentence of the reason names, such as `people`."),
    ] = field(default_factory=dict)
    fields: Annotated[
        Mapping[str, AttributeValue] | None,
        Field(
            description="Attributes of the item that the placement gives; null without any, as in "
            "a list that is no placement."
        ),
    ] = None


@dataclass(frozen=True)
class RecommendationList:
    """What to recommend to someone, the best first: the answer to a query."""

    version: str
    """The snapshot that it was made from; empty where that was not published."""
    user: str | None
    """The user of the query; None for someone without an id."""
    recommendations: tuple[Recommendation, ...]
    unknown_items: tuple[str, ...] = ()
    """Items of the query that are not known: the list is made without them."""
    unknown_friends: tuple[str, ...] = ()
    """Friends of whom nothing is known."""
    warnings: tuple[str, ...] = ()
    """What is doubtful in the query, in a sentence each."""
    empty: EmptyCause | None = None
    """Why there is nothing in the list; None where there is something."""

    def __len__(self) -> int:
        return len(self.recommendations)

    def __iter__(self) -> Iterator[Recommendation]:
        return iter(self.recommendations)

    def __getitem__(self, place: int) -> Recommendation:
        return self.recommendations[place]

    def to_frame(self) -> Any:
        """A pandas data frame of columns rank (from 1), item, title, score and reason."""
        pandas = import_module("pandas")  # not before it is asked for: what serves has none
        rows = [(n, e.item, e.title, e.score, e.reason) for n, e in enumerate(self, start=1)]
        return pandas.DataFrame(rows, columns=["rank", "item", "title", "score", "reason"])

    def _repr_html_(self) -> str:
        rows = ((n, e.title or e.item, e.score, e.reason) for n, e in enumerate(self, start=1))
        whom = "a visitor" if self.user is None else f"user {self.user}"
        title = ". ".join((f"Recommendations for {whom}", *self.warnings))
        return html.table(["", "item", "score", "why"], rows, title)


@dataclass(frozen=True)
class SourceRank:
    """Where one source ranks an item, retrieved or not."""

    source: Annotated[Source, Field(description="A source of candidates.")]
    retrieved: Annotated[
        bool, Field(description="Whether the item is among the candidates of the source.")
    ]
    rank: Annotated[
        int, Field(description="From 1, among all items that may be recommended; ties by row.")
    ]
    z_score: ZScore
    weight: SourceWeight


@dataclass(frozen=True)
class WhyNot:
    """What became of an item in a list."""

    item: ItemId
    title: Title
    verdict: Annotated[
        Verdict,
        Field(
            description="ranked, or why not: not_retrieved by any source, so that it only fills "
            "lists up; seen; disliked not long ago; ruled_out by a rule; deleted; new since the "
            "snapshot was made."
        ),
    ]
    rule: Annotated[
        str | None, Field(description="Name of the first rule that leaves the item out.")
    ]
    rank: Annotated[
        int | None,
        Field(
            description="From 1: a list has the item if it is at least so long. Null where no "
            "list has it."
        ),
    ]
    score: Annotated[
        float | None, Field(description="Lists are ordered by it; null without a rank.")
    ]
    sources: Annotated[
        tuple[SourceRank, ...], Field(description="Where each source ranks the item.")
    ]
    warnings: Warnings = ()


@dataclass(frozen=True)
class Shared:
    """A category or tag of an item that items you like have too."""

    attribute: Annotated[str, Field(description="Such as `genres`.")]
    value: Annotated[str, Field(description="Such as `Horror`.")]
    items: Annotated[int, Field(description="How many of the items that they like have it.")]


@dataclass(frozen=True)
class Explanation:
    """Why an item is, or is not, recommended."""

    item: ItemId
    title: Title
    seen: Annotated[
        bool, Field(description="Whether the item is left out because the user has seen it.")
    ]
    rank: Annotated[
        int | None,
        Field(
            description="Place in the user's list, from 1; null where it is left out, and for an "
            "item added after the snapshot was made."
        ),
    ]
    score: Annotated[float, Field(description="The list is ordered by it.")]
    contributions: Contributions
    reason: ReasonText
    because: Paths
    shared: Annotated[
        tuple[Shared, ...],
        Field(
            description="Categories and tags in common with items that they like, the most "
            "frequent first."
        ),
    ]
    warnings: Warnings = ()

    def _repr_html_(self) -> str:
        name = self.title or self.item
        found = [(b.title or b.item, f"{_count(b.people)} liked both") for b in self.because]
        parts = ((c.source, c.z_score, c.weight, c.score) for c in self.contributions)
        drawn = html.paths("you", found, name) if found else ""
        head = ["source", "z-score", "weight", "adds"]
        return drawn + html.table(head, parts, f"{self.reason} (score {self.score:.4g})")


def reason_of_paths(name: str, because: Sequence[Because]) -> Reason:
    """Why an item called `name`, by the best path to it, where there is one."""
    if not because:
        return Reason("similar-to-liked", {"name": name})
    first = because[0]
    return Reason(
        "liked-together",
        {"via": first.title or first.item, "people": first.people, "name": name},
    )


def reason_of_popular(people: int, segment: str | None = None) -> Reason:
    """Why an item that so many people like, of a segment where one is given."""
    if segment is not None:
        return Reason("popular-in", {"segment": segment, "people": people})
    return Reason("popular", {"people": people}) if people else Reason("nobody-yet")


def reason_of_new(near: bool, shared: Sequence[Shared]) -> Reason:
    """Why an item that came since the snapshot was made."""
    if shared:
        named = ", ".join(f"{each.value} ({each.items})" for each in shared)
        return Reason("new-shared", {"shared": named})
    return Reason("new-near" if near else "new-explored")


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
