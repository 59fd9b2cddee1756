"""Items and users that are stored or deleted: requests and responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from graphrec.api.schemas.fields import MAX_ATTRIBUTES, Name, StoredId, Value
from graphrec.api.schemas.validation import expecting
from graphrec.api.schemas.versioned import example
from pydantic import BaseModel, ConfigDict, Field


class Link(BaseModel):
    """A link from an item to another node."""

    model_config = ConfigDict(extra="forbid", strict=True)

    relation: Annotated[Name, Field(description="Such as `made_by`.", examples=["made_by"])]
    type: Annotated[
        Name,
        Field(description="Of the node: `item`, or one of your own.", examples=["brand"]),
    ]
    id: Annotated[
        StoredId,
        Field(description="Of the node.", examples=["acme"]),
        expecting("an id, in quotes"),
    ]


class PutUser(BaseModel):
    """The attributes of a user."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"example": {"attributes": {"country": "DE", "age": 31}}},
    )

    attributes: Annotated[
        dict[Name, Value],
        Field(
            max_length=MAX_ATTRIBUTES,
            description="By name: a number, a text or category, true or false, a list of tags or "
            "of the numbers of a vector, or null to remove it. An attribute keeps its kind: a "
            "number in a category is a text, a single text in tags one tag. Attributes that are "
            "not named stay as they are.",
        ),
    ] = {}


class PutItem(PutUser):
    """The attributes and links of an item."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "attributes": {"title": "Alien (1979)", "genres": ["Horror"], "year": 1979},
                "links": [{"relation": "also_viewed", "type": "item", "id": "176"}],
            }
        }
    )

    links: Annotated[
        list[Link],
        Field(
            max_length=1000,
            description="Added to the links that it has. Nodes that they name are added as well.",
        ),
    ] = []


@dataclass(frozen=True)
class IgnoredLink:
    """A link that was not stored."""

    relation: str
    type: str
    id: str
    reason: str


@dataclass(frozen=True)
class Stored:
    """The item or user is stored."""

    __pydantic_config__ = example({"id": "183", "ignored_links": []})

    id: str
    ignored_links: Annotated[
        tuple[IgnoredLink, ...],
        Field(description="Links that were not stored: the item they name was deleted."),
    ] = ()


@dataclass(frozen=True)
class Deleted:
    """The item or user is deleted."""

    __pydantic_config__ = example({"id": "183", "deleted": True})

    id: str
    deleted: Annotated[bool, Field(description="Whether anything of it was stored.")]


@dataclass(frozen=True)
class ForgottenUser:
    """The user is deleted."""

    __pydantic_config__ = example(
        {"id": "42", "deleted": True, "others_by": "2026-11-22T10:15:03Z"}
    )

    id: str
    deleted: Annotated[bool, Field(description="Whether anything of them was stored.")]
    others_by: Annotated[
        datetime,
        Field(
            description="When other processes on the same snapshots and store will have let go of "
            "them, if they load a snapshot as fast as this one; this one has."
        ),
    ]
