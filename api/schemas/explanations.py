"""Why an item is, or is not, recommended: requests and responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from dataclasses import dataclass, field
from typing import Annotated

from graphrec.api.schemas.examples import EXPLAINED, SEEN, VERSION
from graphrec.api.schemas.fields import ListedItem
from graphrec.api.schemas.queries import History, Rules, Selection, Visitor
from graphrec.api.schemas.validation import Strict, UpToMaxK, bounded
from graphrec.api.schemas.versioned import Versioned, example
from pydantic import ConfigDict, Field

from graphrec.recommend.results import Explanation, WhyNot
from graphrec.settings import ServeSettings

Question = Annotated[ListedItem, Field(description="Id of the item in question.", examples=["183"])]


class PathsQuery(Strict):
    """How much an explanation gives."""

    k: Annotated[
        int,
        Field(
            description="How many paths to give, and attributes in common.",
            examples=[5],
        ),
        UpToMaxK(),
    ] = 5

    def paths(self, limits: ServeSettings) -> int:
        """How many paths; raises RequestValidationError where the settings allow fewer."""
        return bounded(self, "k", limits.max_k)


class WhyNotQuery(History, Selection):
    """Which list of a user is meant."""


class WhyNotSession(Rules, Selection, Visitor):
    """A visitor, known by the items that they like, and an item."""

    model_config = ConfigDict(
        strict=True, json_schema_extra={"example": {"items": ["172"], "item": "183"}}
    )

    item: Question


class ExplainedSession(PathsQuery, Visitor):
    """A visitor, known by the items that they like, and an item."""

    model_config = ConfigDict(
        strict=True, json_schema_extra={"example": {"items": ["172"], "item": "183"}}
    )

    item: Question


@dataclass(frozen=True)
class SessionExplanation(Versioned):
    """Why an item is, or is not, recommended to a visitor."""

    __pydantic_config__ = example({"version": VERSION, "explanation": EXPLAINED})

    explanation: Explanation


@dataclass(frozen=True)
class UserExplanation(Versioned):
    """Why an item is, or is not, recommended to a user."""

    __pydantic_config__ = example({"version": VERSION, "user": "196", "explanation": EXPLAINED})

    user: Annotated[str, Field(description="Id of the user.")]
    explanation: Explanation


@dataclass(frozen=True)
class SessionWhyNot(WhyNot, Versioned):
    """What became of an item in the list of a visitor."""

    __pydantic_config__ = example({"version": VERSION, **SEEN})


@dataclass(frozen=True)
class UserWhyNot(WhyNot, Versioned):
    """What became of an item in the list of a user."""

    __pydantic_config__ = example({"version": VERSION, "user": "196", **SEEN})

    user: Annotated[str, Field(description="Id of the user, known to the snapshot or not.")] = (
        field(kw_only=True)
    )
