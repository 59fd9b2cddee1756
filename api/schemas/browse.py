"""Items, users, popular items and the snapshot: requests and responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from graphrec.api.schemas.examples import LISTED, NEXT, VERSION
from graphrec.api.schemas.fields import Cursor, Id
from graphrec.api.schemas.validation import Strict, UpToMaxK, bounded, expecting
from graphrec.api.schemas.versioned import Versioned, example
from pydantic import Field, JsonValue

from graphrec.data import PlainValue
from graphrec.recommend.browse import Details, HistoryEvent, Item, SeenItem, User
from graphrec.recommend.similar import SimilarUser
from graphrec.settings import ServeSettings

LONGEST_QUERY = 100
"""Characters."""


class PageQuery(Strict):
    """How a page is requested."""

    limit: Annotated[int, Field(description="Length of the page.", examples=[20]), UpToMaxK()] = 20
    cursor: Cursor = None

    def length(self, limits: ServeSettings) -> int:
        """Of the page; raises RequestValidationError where the settings allow less."""
        return bounded(self, "limit", limits.max_k)


class SearchQuery(PageQuery):
    """A search, and how a page of what it finds is requested."""

    query: Annotated[
        str,
        Field(
            max_length=LONGEST_QUERY,
            description="Text to search for, ignoring case, accents and punctuation. Exact names "
            "come first, then names that begin with it, names in which a word does, names that "
            "have all its words, names that contain it. Empty: all.",
            examples=["alien"],
        ),
        expecting(f"at most {LONGEST_QUERY} characters"),
    ] = ""


@dataclass(frozen=True)
class _Page(Versioned):
    next: Annotated[
        str | None, Field(description="The cursor of the next page; null on the last one.")
    ]


@dataclass(frozen=True)
class ItemPage(_Page):
    """A page of items."""

    __pydantic_config__ = example({"version": VERSION, "next": NEXT, "items": [LISTED]})

    items: Annotated[tuple[Item, ...], Field(description="The best first.")]


@dataclass(frozen=True)
class UserPage(_Page):
    """A page of users."""

    __pydantic_config__ = example(
        {"version": VERSION, "next": NEXT, "users": [{"user": "196", "likes": 23}]}
    )

    users: Annotated[tuple[User, ...], Field(description="The best first.")]


@dataclass(frozen=True)
class PopularItems(Versioned):
    """The most popular items."""

    __pydantic_config__ = example({"version": VERSION, "items": [LISTED]})

    items: Annotated[tuple[Item, ...], Field(description="The most popular first.")]


@dataclass(frozen=True)
class ItemDetails(Details, Versioned):
    """An item and its attributes."""

    __pydantic_config__ = example(
        {
            "version": VERSION,
            **LISTED,
            "attributes": {"genres": ["Horror", "Sci-Fi"], "year": 1979.0},
        }
    )


@dataclass(frozen=True)
class UserDetails(_Page):
    """A user and a page of the items that they have seen."""

    __pydantic_config__ = example(
        {
            "version": VERSION,
            "next": NEXT,
            "user": "196",
            "likes": 1,
            "seen": 1,
            "attributes": {"country": "DE"},
            "history": [{"item": "183", "title": "Alien (1979)", "liked": True}],
        }
    )

    user: Annotated[str, Field(description="Id of the user.")]
    likes: Annotated[int, Field(description="How many items they like.")]
    seen: Annotated[int, Field(description="How many items they have seen, liked or not.")]
    history: Annotated[
        tuple[SeenItem, ...],
        Field(
            description="Items that they have seen: those they like first, then the most popular."
        ),
    ]
    attributes: Annotated[
        Mapping[str, PlainValue],
        Field(
            description="Attributes of the user but for vectors, by name: those in the "
            "store, where there is one, else those that the model keeps."
        ),
    ]


@dataclass(frozen=True)
class UserEventPage(_Page):
    """A page of what a user did."""

    __pydantic_config__ = example(
        {
            "version": VERSION,
            "next": NEXT,
            "user": "196",
            "events": [
                {
                    "item": "183",
                    "title": "Alien (1979)",
                    "kind": "rating",
                    "time": 893286638000,
                    "counted": True,
                    "value": 5.0,
                }
            ],
        }
    )

    user: Annotated[str, Field(description="Id of the user.")]
    events: Annotated[tuple[HistoryEvent, ...], Field(description="The latest first.")]


class ActivityQuery(Strict):
    """Whose activity is asked for."""

    item: Annotated[
        Id | None,
        Field(description="Id of an item; left out: all of them.", examples=["172"]),
        expecting("the id of an item"),
    ] = None
    days: Annotated[
        int | None,
        Field(
            ge=1,
            le=36_500,
            description="Days of each bucket of time; left out: 1, 7, 28 or 364, so that there are "
            "no more than 120.",
            examples=[7],
        ),
        expecting("a whole number of days, at least 1"),
    ] = None


@dataclass(frozen=True)
class ActivityCounts(Versioned):
    """What happened when: N buckets of time, the first beginning with the first event."""

    __pydantic_config__ = example(
        {
            "version": VERSION,
            "days": 7,
            "times": [892771200000],
            "events": {"rating": [512]},
            "users": [40],
            "items": [310],
            "totals": {"rating": 512},
            "undated": 0,
            "active_users": 40,
            "active_items": 310,
            "all_items": 1682,
        }
    )

    days: Annotated[int, Field(description="Of each bucket.")]
    times: Annotated[
        tuple[int, ...],
        Field(description="When each bucket begins, in milliseconds since 1970."),
    ]
    events: Annotated[
        Mapping[str, tuple[int, ...]],
        Field(description="Events in each bucket, by kind, the most frequent kind first."),
    ]
    users: Annotated[tuple[int, ...], Field(description="People who did anything in each bucket.")]
    items: Annotated[
        tuple[int, ...], Field(description="Items with which anything was done in each bucket.")
    ]
    totals: Annotated[Mapping[str, int], Field(description="Events by kind, whenever they were.")]
    undated: Annotated[
        int, Field(description="Events whose time is not known: they are in no bucket.")
    ]
    active_users: Annotated[int, Field(description="People with an event at any time.")]
    active_items: Annotated[
        int, Field(description="Items with an event at any time; others are cold.")
    ]
    all_items: Annotated[int, Field(description="Items that there are.")]


@dataclass(frozen=True)
class SimilarUsers(Versioned):
    """The users most similar to a user."""

    __pydantic_config__ = example(
        {
            "version": VERSION,
            "user": "196",
            "similar": [
                {
                    "user": "655",
                    "score": 0.25,
                    "items": 12,
                    "shared": [{"item": "183", "title": "Alien (1979)"}],
                    "attributes": {"country": "DE"},
                }
            ],
        }
    )

    user: Annotated[str, Field(description="Id of the user.")]
    similar: Annotated[tuple[SimilarUser, ...], Field(description="The most similar first.")]


@dataclass(frozen=True)
class Weights:
    """The weights of the sources for users who like at least so many items."""

    least: Annotated[
        int, Field(description="The least; the next group begins where this one ends.")
    ]
    weights: Annotated[Mapping[str, float], Field(description="By source.")]
    people: Annotated[
        int,
        Field(
            description="How many users they were chosen on; 0: they are those chosen on all users."
        ),
    ]


@dataclass(frozen=True)
class ListMetric:
    """A metric of what lists are like, beside being right."""

    metric: Annotated[str, Field(description="Its name in `metrics`, without the cut-off.")]
    title: str
    meaning: str
    share: Annotated[bool, Field(description="Whether it is a share, 0 to 1, shown as per cent.")]


@dataclass(frozen=True)
class SnapshotFacts(Versioned):
    """The snapshot that the service answers from."""

    __pydantic_config__ = example(
        {
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
            "list_metrics": [
                {
                    "metric": "coverage",
                    "title": "Coverage",
                    "meaning": "share of the catalogue in any list",
                    "share": True,
                }
            ],
        }
    )

    created: Annotated[str, Field(description="When it was published: ISO 8601, UTC.")]
    age_seconds: Annotated[float, Field(description="How long ago that was.")]
    newest_event: Annotated[
        int | None,
        Field(
            description="The latest event in it, in milliseconds since 1970; null where it has "
            "none."
        ),
    ]
    graphrec: Annotated[str, Field(description="The version of graphrec that built it.")]
    seed: Annotated[int, Field(description="The seed of everything random in it.")]
    counts: Annotated[Mapping[str, int], Field(description="Users, items and events in it.")]
    models: Annotated[
        Mapping[str, Mapping[str, JsonValue]],
        Field(description="The hyper-parameters of the models in it, by name."),
    ]
    weights: Annotated[
        tuple[Weights, ...],
        Field(
            description="Weights of the sources, as chosen in training, by how many items users "
            "like."
        ),
    ]
    ranker: Annotated[
        str | None,
        Field(
            description="How a learned ranker did beside these weights on validation, and which of "
            "the two serves, in a sentence; null where none was asked for."
        ),
    ]
    metrics: Annotated[
        Mapping[str, Any],
        Field(
            description="The models that `graphrec train` compared: metrics with their 95 % "
            "intervals, by model; empty where it compared none."
        ),
    ]
    list_metrics: Annotated[
        tuple[ListMetric, ...],
        Field(description="Which of these say what lists are like, beside being right."),
    ]
