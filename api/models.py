"""What the API answers. The fields mirror `graphrec.recommend.recommender` and
`graphrec.recommend.results`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from graphrec.ranking.fusion import Source
from graphrec.recommend.results import Verdict

By: TypeAlias = Literal["graph", "embedding", "store"]
Part: TypeAlias = Literal["snapshot", "store"]

VERSION = "20261122T101500Z-3fa9c1"
ALIEN: JsonDict = {
    "item": "183",
    "title": "Alien (1979)",
    "people": 176,
    "score": 0.612372436,
}
EMPIRE: JsonDict = {
    "item": "172",
    "title": "The Empire Strikes Back (1980)",
    "score": 8.9,
    "reason": "Because you liked Alien (1979): 176 people who liked it also liked "
    "The Empire Strikes Back (1980)",
    "because": [ALIEN],
}
RECOMMENDED: JsonDict = {
    **EMPIRE,
    "sources": ["embedding", "neighbours"],
}
EXPLAINED: JsonDict = {
    **EMPIRE,
    "seen": False,
    "rank": 1,
    "contributions": [
        {"source": "neighbours", "strength": 7.5, "weight": 1, "score": 7.5},
        {"source": "embedding", "strength": 4.0, "weight": 0.35, "score": 1.4},
    ],
    "shared": [{"attribute": "genres", "value": "Sci-Fi", "items": 12}],
}
SEEN: JsonDict = {
    "item": "183",
    "title": "Alien (1979)",
    "verdict": "seen",
    "sources": [
        {"source": "neighbours", "recalled": False, "rank": 7, "strength": 5.5, "weight": 1.0}
    ],
}


class Mirror(BaseModel):
    """Read off the dataclass of the same fields."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Titled(Mirror):
    """An item, by its id and what it is called."""

    item: str = Field(description="Id of the item.")
    title: str | None = Field(description="What the item is called, where that is known.")


class Because(Titled):
    """A path in the graph: you, an item you like, people who like it too, the item in question."""

    people: int = Field(description="How many others like both this item and the one in question.")
    score: float = Field(description="Cosine of the two items over all people, 0 to 1.")


class Contribution(Mirror):
    """What one source adds to the score of an item."""

    source: Source = Field(description="What speaks for the item.")
    strength: float = Field(
        description="By how many standard deviations the item stands out to the source."
    )
    weight: float = Field(description="What the source counts for.")
    score: float = Field(description="What is added: weight times strength.")


class Recommendation(Titled):
    """An item for someone, and why."""

    score: float = Field(description="What the list is ordered by; 0 where only filling it up.")
    sources: tuple[Source, ...] = Field(description="What speaks for the item.")
    reason: str = Field(description="Why, in one sentence.")
    because: tuple[Because, ...] = Field(description="Why, in paths, the best first.")
    contributions: tuple[Contribution, ...] | None = Field(
        None, description="Per source; they sum to `score`. Null unless asked for by `explain`."
    )
    propensity: float | None = Field(
        None,
        description="Of an item that exploration put here: how likely it was to, given those "
        "before it.",
    )


class Shared(Mirror):
    """A category or tag of an item that items have which the user likes."""

    attribute: str = Field(description="Such as `genres`.")
    value: str = Field(description="Such as `Horror`.")
    items: int = Field(description="How many of the items that they like have it.")


class Related(Titled):
    """An item beside another one."""

    score: float = Field(description="Cosine: of who likes both, or of the two embeddings.")
    people: int | None = Field(description="How many like both; null by embedding.")


class Explanation(Titled):
    """Why an item is, or is not, recommended."""

    seen: bool = Field(description="Whether the item is left out because the user has met it.")
    rank: int | None = Field(
        description="Place in the user's list, from 1; null where it is left out, and of an item "
        "that came since the snapshot was made."
    )
    score: float = Field(description="What the list is ordered by.")
    contributions: tuple[Contribution, ...] = Field(description="Per source; they sum to `score`.")
    reason: str = Field(description="Why, in one sentence.")
    because: tuple[Because, ...] = Field(description="Why, in paths, the best first.")
    shared: tuple[Shared, ...] = Field(
        description="What it has in common with items that they like, the most frequent first."
    )


class Judgement(Mirror):
    """What a source makes of an item, recalled or not."""

    source: Source = Field(description="A source of candidates.")
    recalled: bool = Field(description="Whether the item is among those that the source gives.")
    rank: int = Field(description="From 1, in the eyes of this source alone.")
    strength: float = Field(
        description="By how many standard deviations the item stands out to the source."
    )
    weight: float = Field(description="What the source counts for.")


class WhyNot(Titled):
    """What became of an item in a list."""

    verdict: Verdict = Field(
        description="ranked, or why not: not_recalled by any source, so that it only fills lists "
        "up; seen; ruled_out by a rule; deleted; new since the snapshot was made."
    )
    rule: str | None = Field(
        None, description="The name of the first rule that leaves the item out."
    )
    rank: int | None = Field(
        None,
        description="From 1: a list has the item if it is at least so long. Null where it is left "
        "out of all.",
    )
    score: float | None = Field(None, description="What lists are ordered by; null without a rank.")
    sources: tuple[Judgement, ...] = Field(description="What each source makes of the item.")


class Answer(BaseModel):
    """What is said by a snapshot."""

    version: str = Field(description="The snapshot that the answer was made from.")


class UserRecommendations(Answer):
    """What to recommend to a user."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"version": VERSION, "user": "196", "recommendations": [RECOMMENDED]}
        }
    )

    user: str = Field(description="Id of the user, known to the snapshot or not.")
    recommendations: tuple[Recommendation, ...] = Field(description="The best first.")


class SessionRecommendations(Answer):
    """What to recommend to someone who likes some items."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"version": VERSION, "recommendations": [RECOMMENDED]}}
    )

    recommendations: tuple[Recommendation, ...] = Field(description="The best first.")


class SessionExplanation(Answer):
    """Why an item is, or is not, recommended to someone who likes some items."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"version": VERSION, "explanation": EXPLAINED}}
    )

    explanation: Explanation


class UserExplanation(Answer):
    """Why an item is, or is not, recommended to a user."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"version": VERSION, "user": "196", "explanation": EXPLAINED}}
    )

    user: str = Field(description="Id of the user.")
    explanation: Explanation


class SessionWhyNot(WhyNot, Answer):
    """Why an item is, or is not, recommended to someone who likes some items."""

    model_config = ConfigDict(json_schema_extra={"example": {"version": VERSION, **SEEN}})


class UserWhyNot(WhyNot, Answer):
    """Why an item is, or is not, recommended to a user."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"version": VERSION, "user": "196", **SEEN}}
    )

    user: str = Field(description="Id of the user, known to the snapshot or not.")


class RelatedItems(Answer):
    """The items most like an item."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "version": VERSION,
                "item": "172",
                "by": "store",
                "related": [ALIEN],
                "degree": 367,
                "counted": 367,
            }
        }
    )

    version: str = Field(
        description="The snapshot that the answer was made from; by store, the one that serves."
    )
    item: str = Field(description="Id of the item.")
    by: By = Field(description="How they were found.")
    related: tuple[Related, ...] = Field(description="The most alike first.")
    degree: int | None = Field(
        None, description="By store: how many like the item; null where nothing was found."
    )
    counted: int | None = Field(
        None,
        description="By store: how many of them were asked, the latest; fewer than `degree` where "
        "very many like the item.",
    )


class Accepted(BaseModel):
    """The events are stored."""

    model_config = ConfigDict(json_schema_extra={"example": {"accepted": 1}})

    accepted: int = Field(description="How many events are stored: all that were sent.")


class Stored(BaseModel):
    """The item or user is stored."""

    model_config = ConfigDict(json_schema_extra={"example": {"id": "183"}})

    id: str


class Deleted(BaseModel):
    """There is no such item or user any more."""

    model_config = ConfigDict(json_schema_extra={"example": {"id": "183", "deleted": True}})

    id: str
    deleted: bool = Field(description="Whether there was anything of it.")


class Live(BaseModel):
    """The process runs."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "live"}})

    status: Literal["live"] = "live"


class Readiness(Answer):
    """Recommendations can be given, though maybe not all else."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "status": "ready",
                "version": VERSION,
                "created": "2026-11-22T10:15:00+00:00",
                "counts": {"users": 943, "items": 1682, "events": 100_000},
                "parts": {"snapshot": "ready", "store": "ready"},
            }
        }
    )

    status: Literal["ready", "degraded"] = Field(
        description="Degraded where a part does not answer; recommendations are given all the same."
    )
    created: str = Field(description="When the snapshot was published: ISO 8601, UTC.")
    counts: Mapping[str, int] = Field(description="What the snapshot holds.")
    parts: Mapping[Part, str] = Field(
        description='"ready", or the reason why not; a store only where there is one.'
    )
