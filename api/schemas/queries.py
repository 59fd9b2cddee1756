"""What the requests for lists and explanations are made of, and the query that they mean."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Annotated, Any

import numpy as np
from graphrec.api.schemas.fields import (
    MAX_ATTRIBUTES,
    MAX_LISTED,
    Id,
    ListedItem,
    ListedKind,
    ListedUser,
    Moment,
    Name,
    Share,
    Value,
    value_of,
)
from graphrec.api.schemas.validation import Strict, UpToMaxK, bounded, expecting
from pydantic import BaseModel, ConfigDict, Field

from graphrec.ranking.exploration import Exploration
from graphrec.recommend.query import Query
from graphrec.recommend.reasons import DEFAULT_LANGUAGE
from graphrec.rules.rule import Rule
from graphrec.settings import ServeSettings, Settings

MAX_RULES = 20


Language = Annotated[
    str,
    Field(
        max_length=20,
        pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        description="Language of the reasons, such as `de`; English where there is no sentence in "
        "it. Settings may add languages, under `[reasons.LANGUAGE]`.",
        examples=["de"],
    ),
    expecting("a language such as en, de or zh"),
]


class Length(Strict):
    """How long a list is."""

    k: Annotated[int, Field(description="Length of the list.", examples=[5]), UpToMaxK()] = 10

    def length(self, limits: ServeSettings) -> int:
        """Of the list; raises RequestValidationError where the settings allow less."""
        return bounded(self, "k", limits.max_k)


class Selection(BaseModel):
    """Which items may be in a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exclude_seen: Annotated[
        bool,
        Field(description="Leave out the items that the user has seen.", examples=[False]),
        expecting("true or false"),
    ] = True
    allow: Annotated[
        list[ListedItem] | None,
        Field(max_length=MAX_LISTED, description="Nothing but these items.", examples=[["172"]]),
        expecting(f"a list of at most {MAX_LISTED} ids of items"),
    ] = None
    deny: Annotated[
        list[ListedItem],
        Field(max_length=MAX_LISTED, description="None of these items.", examples=[["172"]]),
        expecting(f"a list of at most {MAX_LISTED} ids of items"),
    ] = []


class Ordering(BaseModel):
    """How a list is ordered, and how much of it is explained."""

    diversity: Annotated[
        Share,
        Field(
            description="From 0, by score alone, to 1, as different from each other as possible "
            "(maximal marginal relevance).",
            examples=[0.3],
        ),
    ] = 0.0
    exploration: Annotated[
        Share,
        Field(
            description="Share of places given to items drawn at random, each with its "
            "probability of being drawn (epsilon-greedy).",
            examples=[0.1],
        ),
    ] = 0.0
    exploration_by: Annotated[
        Exploration,
        Field(
            description="How they are drawn: all with the same probability (epsilon), or each "
            "with the probability that it is the item liked by the largest share of those who "
            "have seen it (thompson, Thompson sampling).",
            examples=["thompson"],
        ),
        expecting("epsilon or thompson"),
    ] = "epsilon"
    segment: Annotated[
        Id | None,
        Field(
            description="The segment whose popular items a user without a history gets, such as a "
            "country: a value of the attribute in the setting `retrieval.popular_by`. By default "
            "the user's own.",
            examples=["DE"],
        ),
        expecting("a value of an attribute, in quotes"),
    ] = None
    explain: Annotated[
        bool,
        Field(description="Give what each source adds to each score.", examples=[True]),
        expecting("true or false"),
    ] = False
    language: Language = DEFAULT_LANGUAGE


class History(BaseModel):
    """Which events of a user count; the service must have a graph store to know them."""

    kinds: Annotated[
        list[ListedKind] | None,
        Field(
            max_length=20,
            description="Only events of these kinds are their history.",
            examples=[["rating"]],
        ),
        expecting("a list of at most 20 kinds of events"),
    ] = None
    as_of: Annotated[
        Moment,
        Field(
            description="Only events before this time are: seconds, milliseconds, microseconds or "
            "nanoseconds since 1970, or ISO 8601. The snapshot may have been trained on later "
            "events of other people.",
            examples=[1_700_000_000_000],
        ),
    ] = None


class Rules(BaseModel):
    """Rules of one request."""

    rules: Annotated[
        list[Rule],
        Field(max_length=MAX_RULES, description="In addition to those in the settings."),
        expecting(f"a list of at most {MAX_RULES} rules"),
    ] = []


class Visitor(BaseModel):
    """A visitor of whom nothing is stored: items they like, attributes and friends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: Annotated[
        list[ListedItem],
        Field(
            max_length=MAX_LISTED,
            description="Ids of the items that they like; these are not recommended.",
            examples=[["172", "183"]],
        ),
        expecting(f"a list of at most {MAX_LISTED} ids of items"),
    ]
    attributes: Annotated[
        dict[Name, Value],
        Field(
            max_length=MAX_ATTRIBUTES,
            description="Their own, by name: a number, a category or tags, as those of users are.",
            examples=[{"country": "DE"}],
        ),
        expecting(f"an object of at most {MAX_ATTRIBUTES} numbers, texts and lists of texts"),
    ] = {}
    friends: Annotated[
        list[ListedUser],
        Field(
            max_length=MAX_LISTED,
            description="Ids of users whom they follow; they count where the model was trained "
            "with friends.",
            examples=[[]],
        ),
        expecting(f"a list of at most {MAX_LISTED} ids of users"),
    ] = []


def _attributes(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: value_of(name, value) for name, value in values.items()}


IDS = frozenset({"allow", "deny", "kinds", "items", "friends"})
"""Fields that are lists of ids."""

FROZEN: Mapping[str, Callable[[Any], Any]] = {
    "allow": frozenset,
    "deny": frozenset,
    "kinds": frozenset,
    "items": tuple,
    "friends": tuple,
    "attributes": _attributes,
}
"""How the fields whose JSON is a list or an object are kept in a query."""

PLACED = frozenset({"about", "caps", "pins", "weights", "new_items", "templates", "reasons"})
"""Fields of a query that placements alone set."""

SAME = (
    frozenset(field.name for field in fields(Query))
    - FROZEN.keys()
    - {"user", "k", "rules", "standing", *PLACED}
)
"""Fields of a request that are those of a query as they are."""


def query_of(request: BaseModel, settings: Settings, user: str | None = None) -> Query:
    """The query of a request for a list or about one.

    A request is composed of the models above; its fields are named as those of the query are, and
    its other fields are left to the caller. Raises RequestValidationError where `k` is more than
    the settings allow.
    """
    found: dict[str, Any] = {}
    for name, given in request:
        value = [*map(settings.ids.normal, given)] if name in IDS and given else given
        if name == "as_of" and given is not None:
            found[name] = np.datetime64(given, "ms")  # a number would be read by its size again
        elif name in SAME or (value is None and name in FROZEN):
            found[name] = value
        elif name in FROZEN:
            found[name] = FROZEN[name](value)
        elif name == "k":
            found[name] = bounded(request, name, settings.serve.max_k)
        elif name == "rules":
            found[name] = tuple(value)
    return Query(user=user, **found)
