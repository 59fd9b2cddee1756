"""Lists for users and sessions, and related items: requests and responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from graphrec.api.schemas.examples import ALIEN, RECOMMENDED, VERSION
from graphrec.api.schemas.fields import ListedKind
from graphrec.api.schemas.queries import History, Length, Ordering, Rules, Selection, Visitor
from graphrec.api.schemas.validation import expecting
from graphrec.api.schemas.versioned import Versioned, example
from pydantic import ConfigDict, Field

from graphrec.recommend.related import Related
from graphrec.recommend.results import Recommendation
from graphrec.store.protocol import Similarity

By: TypeAlias = Literal["graph", "embedding", "store"]


class UserQuery(History, Ordering, Selection, Length):
    """How the list of a user is requested."""


class Session(Rules, Ordering, Selection, Length, Visitor):
    """A visitor, known by the items that they like, and how their list is requested."""

    model_config = ConfigDict(
        strict=True, json_schema_extra={"example": {"items": ["172", "183"], "k": 5}}
    )


class UserBody(Rules, UserQuery):
    """How the list of a user is requested, with rules of its own."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "example": {
                "k": 5,
                "rules": [
                    {"name": "no horror", "action": "exclude", "attribute": "genres",
                     "any_of": ["Horror"]}
                ],
            }
        },
    )  # fmt: skip


class RelatedQuery(Length):
    """How related items are requested."""

    by: Annotated[
        By,
        Field(
            description="Liked by the same people (graph), of the nearest embeddings (embedding), "
            "or liked by the same people as the graph store has them now (store).",
            examples=["graph"],
        ),
        expecting("graph, embedding or store"),
    ] = "graph"
    similarity: Annotated[
        Similarity,
        Field(
            description="Of the sets of people, where it is by graph or store. Lift is the share "
            "of those with the one item who have the other, over that share among all: what goes "
            "together comes before what is popular.",
            examples=["lift"],
        ),
        expecting("cosine, jaccard or lift"),
    ] = "cosine"
    kinds: Annotated[
        list[ListedKind] | None,
        Field(
            max_length=20,
            description="Only events of these kinds count, such as purchases; where it is by "
            "store.",
            examples=[["purchase"]],
        ),
        expecting("a list of at most 20 kinds of events"),
    ] = None
    after: Annotated[
        bool,
        Field(
            description="Only people count who came to the other item later; where it is by store.",
            examples=[True],
        ),
        expecting("true or false"),
    ] = False


ListWarnings = Annotated[
    tuple[str, ...],
    Field(
        description="What is unknown or doubtful in the request, or why the list is empty, in a "
        "sentence each."
    ),
]
Recommendations = Annotated[tuple[Recommendation, ...], Field(description="The best first.")]


@dataclass(frozen=True)
class UserRecommendations(Versioned):
    """The items recommended to a user."""

    __pydantic_config__ = example(
        {"version": VERSION, "user": "196", "recommendations": [RECOMMENDED], "warnings": []}
    )

    user: Annotated[str, Field(description="Id of the user, known to the snapshot or not.")]
    recommendations: Recommendations
    warnings: ListWarnings = ()


@dataclass(frozen=True)
class SessionRecommendations(Versioned):
    """The items recommended to a visitor."""

    __pydantic_config__ = example(
        {
            "version": VERSION,
            "recommendations": [RECOMMENDED],
            "unknown_items": [],
            "unknown_friends": [],
            "warnings": [],
        }
    )

    recommendations: Recommendations
    unknown_items: Annotated[
        tuple[str, ...],
        Field(description="Ids in `items` that are not known: the list is made without them."),
    ] = ()
    unknown_friends: Annotated[
        tuple[str, ...], Field(description="Ids in `friends` of whom nothing is known.")
    ] = ()
    warnings: ListWarnings = ()


@dataclass(frozen=True)
class RelatedItems(Versioned):
    """The items most like an item."""

    __pydantic_config__ = example(
        {
            "version": VERSION,
            "item": "172",
            "by": "store",
            "related": [ALIEN],
            "degree": 367,
            "counted": 367,
        }
    )

    version: Annotated[
        str,
        Field(
            description="The snapshot that the answer was made from; by store, the one that serves."
        ),
    ]
    item: Annotated[str, Field(description="Id of the item.")]
    by: Annotated[By, Field(description="How they were found.")]
    related: Annotated[tuple[Related, ...], Field(description="The most similar first.")]
    degree: Annotated[
        int | None,
        Field(description="By store: how many like the item; null where nothing was found."),
    ] = None
    counted: Annotated[
        int | None,
        Field(
            description="By store: how many of them were counted, the latest; fewer than `degree` "
            "where very many like the item."
        ),
    ] = None
