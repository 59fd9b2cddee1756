"""What the routes to look around answer. The fields mirror `graphrec.recommend.browse`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrec.api.models import VERSION, Answer, Mirror, Titled
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

ALIEN: JsonDict = {"item": "183", "title": "Alien (1979)", "likes": 244}
NEXT = f"{VERSION}.1"


class _Page(Answer):
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


class ItemSummary(Titled):
    """An item, in a list."""

    likes: int = Field(description="How many people like it.")


class UserSummary(Mirror):
    """A user, in a list."""

    user: str = Field(description="Id of the user.")
    likes: int = Field(description="How many items they like.")


class Met(Titled):
    """An item that a user has met."""

    liked: bool = Field(description="Whether they like it; it is left out of their list anyway.")


class SimilarUser(BaseModel):
    """A user beside another one."""

    user: str = Field(description="Id of the user.")
    score: float = Field(description="Cosine of the two users over all items, 0 to 1.")
    items: int = Field(description="How many items both like.")


class ItemPage(_Page):
    """Some of the items."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"version": VERSION, "next": NEXT, "items": [ALIEN]}}
    )

    items: tuple[ItemSummary, ...] = Field(description="The best first.")


class UserPage(_Page):
    """Some of the users."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"version": VERSION, "next": NEXT, "users": [{"user": "196", "likes": 23}]}
        }
    )

    users: tuple[UserSummary, ...] = Field(description="The best first.")


class PopularItems(Answer):
    """What the most like."""

    model_config = ConfigDict(json_schema_extra={"example": {"version": VERSION, "items": [ALIEN]}})

    items: tuple[ItemSummary, ...] = Field(description="The most popular first.")


class ItemDetails(ItemSummary, Answer):
    """What is known of an item."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "version": VERSION,
                **ALIEN,
                "attributes": {"genres": ["Horror", "Sci-Fi"], "year": 1979.0},
            }
        }
    )

    attributes: Mapping[str, float | str | tuple[str, ...] | None] = Field(
        description="What else is known of it, by name; null where this item lacks it."
    )


class UserDetails(_Page):
    """A user and some of what they have met."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "version": VERSION,
                "next": NEXT,
                "user": "196",
                "likes": 1,
                "seen": 1,
                "history": [{"item": "183", "title": "Alien (1979)", "liked": True}],
            }
        }
    )

    user: str = Field(description="Id of the user.")
    likes: int = Field(description="How many items they like.")
    seen: int = Field(description="How many items they have met, liked or not.")
    history: tuple[Met, ...] = Field(
        description="What they have met: what they like first, then the most popular."
    )


class SimilarUsers(Answer):
    """The users most like a user."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "version": VERSION,
                "user": "196",
                "similar": [{"user": "655", "score": 0.25, "items": 12}],
            }
        }
    )

    user: str = Field(description="Id of the user.")
    similar: tuple[SimilarUser, ...] = Field(description="The most alike first.")


class Weights(BaseModel):
    """What the sources weigh for people who like at least so many items."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    least: int = Field(description="The least; the next group begins where this one ends.")
    weights: Mapping[str, float] = Field(description="By source.")
    people: int = Field(
        description="How many they were chosen on; 0: they are those that are best for everyone."
    )


class SnapshotFacts(Answer):
    """What the service answers from."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "version": VERSION,
                "created": "2026-11-22T10:15:00+00:00",
                "age_seconds": 3600.0,
                "newest_event": 893286638000,
                "graphrec": "0.1.0",
                "seed": 0,
                "counts": {"users": 943, "items": 1682, "events": 100_000},
                "models": {"mf": {"dim": 64, "learning_rate": 0.01}},
                "weights": [
                    {
                        "least": 0,
                        "weights": {"neighbours": 1.0, "embedding": 0.35, "popularity": 0.1},
                        "people": 0,
                    }
                ],
                "metrics": {"protocol": "temporal", "k": 10, "models": []},
            }
        }
    )

    created: str = Field(description="When it was published: ISO 8601, UTC.")
    age_seconds: float = Field(description="How long ago that was.")
    newest_event: int | None = Field(
        description="The latest event in it, in milliseconds since 1970; null where it has none."
    )
    graphrec: str = Field(description="The version of graphrec that built it.")
    seed: int = Field(description="The seed of everything random in it.")
    counts: Mapping[str, int] = Field(description="What it holds.")
    models: Mapping[str, Mapping[str, JsonValue]] = Field(
        description="The hyper-parameters of the models in it, by name."
    )
    weights: tuple[Weights, ...] = Field(
        description="Of the sources in the ranking, as chosen in training, by how many items "
        "people like."
    )
    metrics: Mapping[str, Any] = Field(
        description="The models compared, as `graphrec train` measured them: metrics with their "
        "95 % intervals, by model; empty where it did not."
    )
