"""Placements: requests and responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from graphrec.api.schemas.examples import RECOMMENDED, VERSION
from graphrec.api.schemas.fields import (
    MAX_ATTRIBUTES,
    MAX_LISTED,
    Id,
    ListedItem,
    Name,
    Value,
)
from graphrec.api.schemas.queries import Language, Rules
from graphrec.api.schemas.recommendations import ListWarnings, Recommendations
from graphrec.api.schemas.validation import WHOLE_UP_TO, UpToMaxK, expecting
from graphrec.api.schemas.versioned import Versioned, example
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from graphrec.placement.definition import CHANGEABLE, PlacementType
from graphrec.recommend.reasons import DEFAULT_LANGUAGE

PlacementName = Annotated[
    str,
    Field(
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Name of the placement.",
        examples=["also-bought"],
    ),
]
MaybeUser = Annotated[
    Id | None,
    Field(description="Id of the user, known or not; left out: a visitor.", examples=["196"]),
    expecting("the id of a user, in quotes"),
]
MaybeLength = Annotated[
    Annotated[int, UpToMaxK()] | None,
    Field(description="Length of the list; left out: as the placement says.", examples=[5]),
    expecting(WHOLE_UP_TO, "max_k"),
]
MaybeSegment = Annotated[
    Id | None,
    Field(
        description="Whose popular or trending items are meant, such as a country; left out: the "
        "user's own.",
        examples=["DE"],
    ),
    expecting("a value of an attribute, in quotes"),
]
Explain = Annotated[
    bool,
    Field(description="Give what each source adds to each score.", examples=[True]),
    expecting("true or false"),
]
FoundBy = Annotated[
    Literal["snapshot", "store"],
    Field(
        description="Of `together` and `cart`: counted in the snapshot, or in the graph store as "
        "it is now.",
        examples=["snapshot"],
    ),
    expecting("snapshot or store"),
]


class PlacementQuery(BaseModel):
    """Who asks a placement, and about what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: MaybeUser = None
    item: Annotated[
        Id | None,
        Field(description="Id of the item that the list stands beside.", examples=["172"]),
        expecting("the id of an item"),
    ] = None
    items: Annotated[
        list[ListedItem],
        Field(
            max_length=MAX_LISTED,
            description="Ids of several such items, as those in a cart, or of a visitor those that "
            "they like: each by itself, or with commas between them.",
            examples=[["172", "183"]],
        ),
        expecting(f"a list of at most {MAX_LISTED} ids of items"),
    ] = []
    k: MaybeLength = None
    where: Annotated[
        list[Annotated[str, Field(pattern=r"^[^:]+:.+$"), expecting("NAME:VALUE")]],
        Field(
            max_length=20,
            description="Only items with this value of an attribute, as NAME:VALUE.",
            examples=[["genres:Comedy"]],
        ),
        expecting("at most 20 of NAME:VALUE, such as category:Garden"),
    ] = []
    segment: MaybeSegment = None
    fields: Annotated[
        str | None,
        Field(
            max_length=2000,
            description="Attributes of items to give with them, with commas between; left out: as "
            "the placement says.",
            examples=["title,price,image_url"],
        ),
        expecting("names of attributes with commas between, such as title,price"),
    ] = None
    language: Language = DEFAULT_LANGUAGE
    explain: Explain = False
    by: FoundBy = "snapshot"


class PlacementBody(Rules, BaseModel):
    """The same as a body, with rules of this request."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        json_schema_extra={"example": {"user": "196", "k": 5, "where": {"genres": ["Comedy"]}}},
    )

    user: MaybeUser = None
    items: Annotated[
        list[ListedItem],
        Field(
            max_length=MAX_LISTED,
            description="Ids of the items that the list stands beside, or of a visitor those that "
            "they like.",
            examples=[["172", "183"]],
        ),
        expecting(f"a list of at most {MAX_LISTED} ids of items"),
    ] = []
    k: MaybeLength = None
    where: Annotated[
        dict[Name, Annotated[list[str], Field(min_length=1, max_length=100)]],
        Field(max_length=20, description="Only items with one of these values of an attribute."),
        expecting("an object of at most 20 lists of values, by the name of an attribute"),
    ] = {}
    segment: MaybeSegment = None
    fields: Annotated[
        list[Name] | None,
        Field(
            max_length=100,
            description="Attributes of items to give with them; left out: as the placement says.",
            examples=[["title", "price"]],
        ),
        expecting("a list of at most 100 names of attributes"),
    ] = None
    attributes: Annotated[
        dict[Name, Value],
        Field(
            max_length=MAX_ATTRIBUTES,
            description="Of a visitor, by name.",
            examples=[{"age": 24}],
        ),
        expecting(f"an object of at most {MAX_ATTRIBUTES} numbers, texts and lists of texts"),
    ] = {}
    changes: Annotated[
        dict[str, JsonValue],
        Field(
            max_length=20,
            description="Settings of the placement that are otherwise in this list: of "
            f"{', '.join(sorted(CHANGEABLE))}.",
            examples=[{"diversity": 0.3, "caps": {"category": 2}}],
        ),
        expecting("an object of at most 20 settings of a placement"),
    ] = {}
    language: Language = DEFAULT_LANGUAGE
    explain: Explain = False
    by: FoundBy = "snapshot"


@dataclass(frozen=True)
class Placed(Versioned):
    """The list of a placement."""

    __pydantic_config__ = example(
        {
            "version": VERSION,
            "placement": "for-you",
            "user": "196",
            "recommendations": [RECOMMENDED],
            "fallbacks": ["for-you"],
            "unknown_items": [],
            "warnings": [],
        }
    )

    placement: Annotated[str, Field(description="Name of the placement.")]
    user: Annotated[str | None, Field(description="Id of the user; null for a visitor.")]
    recommendations: Recommendations
    fallbacks: Annotated[
        tuple[str, ...],
        Field(description="For each item, the placement that it comes from: this, or a fallback."),
    ] = ()
    unknown_items: Annotated[
        tuple[str, ...],
        Field(description="Ids of items that are not known: the list is made without them."),
    ] = ()
    warnings: ListWarnings = ()


@dataclass(frozen=True)
class NamedPlacement:
    """A placement that can be asked."""

    name: Annotated[str, Field(description="As in its address.")]
    type: Annotated[PlacementType, Field(description="How its items are found.")]
    needs: Annotated[
        Literal["items", "user", "nothing"],
        Field(description="What must be given: items, a user, or nothing."),
    ]
    settings: Annotated[
        Mapping[str, object],
        Field(description="What the settings say of it, where that is not the default."),
    ]


@dataclass(frozen=True)
class Placements:
    """The placements that can be asked."""

    __pydantic_config__ = example(
        {
            "placements": [
                {
                    "name": "trending",
                    "type": "trending",
                    "needs": "nothing",
                    "settings": {"days": 7.0},
                }
            ]
        }
    )

    placements: Annotated[tuple[NamedPlacement, ...], Field(description="By name.")]
