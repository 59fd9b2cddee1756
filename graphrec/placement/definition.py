"""A placement: a named question, and what its answer is made of.

Ready-made ones are in `graphrec.placement.ready`. The settings change and add them, as
`[placements.NAME]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from graphrec.errors import WrongChange
from graphrec.placement.template import a_template
from graphrec.rules.rule import Name, Rule
from graphrec.suggest import expectation

PlacementType: TypeAlias = Literal[
    "for-you",
    "similar",
    "together",
    "cart",
    "trending",
    "popular",
    "new",
    "recent",
    "again",
]
"""How the items of a placement are found. `for-you`: by all sources, for a person; `similar`: like
an item, by embeddings and attributes; `together`: with an item, by who did both; `cart`: with
several items; `trending`: by growth; `popular`: by how many people; `new`: arrivals, the nearest
first; `recent`: what the person looked at last; `again`: what is due again."""

OF_ITEMS: frozenset[PlacementType] = frozenset({"similar", "together", "cart"})
"""What begins with items, and not with a person."""

OF_USERS: frozenset[PlacementType] = frozenset({"recent", "again"})
"""What is empty without a user."""

PlacementSimilarity: TypeAlias = Literal["cosine", "jaccard", "lift"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Exclude(_Part):
    """Items to leave out by what the person did with them."""

    kinds: tuple[Name, ...] = Field(
        (), description="Kinds of events that leave an item out; empty: all kinds."
    )
    days: float | None = Field(
        None, gt=0, description="Only by events of so many last days; not set: of any time."
    )
    times: int = Field(1, ge=1, description="Only from so many events on an item on.")
    unless: tuple[Name, ...] = Field(
        (),
        description="Kinds of events on the item by which it is not left out, such as a click on "
        "what was shown.",
    )


class Pin(_Part):
    """A place that goes to one of some items, if any of them is good enough."""

    place: int = Field(ge=1, le=1000, description="The place in the list, from 1.")
    items: tuple[Name, ...] = Field((), description="Ids of items that may take it.")
    attribute: Name | None = Field(None, description="Or items by an attribute, with `any_of`.")
    any_of: tuple[Name, ...] = Field((), description="Values of the attribute.")
    among: int = Field(
        50, ge=1, description="Only if it is among so many best; the best of them takes the place."
    )

    @model_validator(mode="after")
    def _names_items(self) -> Pin:
        if bool(self.items) == (self.attribute is not None):
            raise ValueError("expected items, or an attribute with any_of: give one of the two")
        if (self.attribute is None) != (not self.any_of):
            raise ValueError("expected attribute and any_of together")
        return self


Share = Annotated[float, Field(ge=0, le=1)]


class Placement(_Part):
    """A named question."""

    type: PlacementType = Field(description="How the items are found.")
    k: int = Field(10, ge=1, le=1000, description="Length of the list, where none is asked for.")
    kinds: tuple[Name, ...] = Field(
        (), description="Kinds of events that count, such as `purchase`; empty: all that are liked."
    )
    days: float | None = Field(
        None, gt=0, description="Only events, or arrivals, of so many last days; not set: all."
    )
    date: Name | None = Field(
        None,
        description="Of `new`: the attribute with the date of arrival; not set: the first of the "
        "usual names that items have, else the time of the first event.",
    )
    after: bool = Field(
        False,
        description="Of `together` and `cart`: only what people did after the item, as a charger "
        "is bought after the phone.",
    )
    similarity: PlacementSimilarity = Field(
        "cosine", description="Of `together` and `cart`: how counts become a score."
    )
    min_support: int = Field(
        2, ge=1, description="People who must have done it, or both, for an item to be listed."
    )
    apart: tuple[Name, ...] = Field(
        (),
        description="Of `together` and `cart`: attributes, such as `category`, by whose values an "
        "item takes the place of another; none that shares one with an item of the question.",
    )
    segment: Name | None = Field(
        None,
        description="Of `trending` and `popular`: an attribute of users, such as `country`; only "
        "those count who share a value of it with the person. Takes effect with the next training.",
    )
    weights: Mapping[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict,
        description="Of `for-you`: weights of sources by name, in place of those of all lists.",
    )
    new_items: Share | None = Field(
        None, description="Of `for-you`: largest share of new items; not set: as in [retrieval]."
    )
    exclude_seen: bool | None = Field(
        None,
        description="Leave out all that the person has an event on; not set: in `for-you` and "
        "`new`, unless there is `exclude`.",
    )
    exclude: tuple[Exclude, ...] = Field(
        (), description="What else to leave out by what the person did."
    )
    rules: tuple[Rule, ...] = Field((), description="In addition to those of all lists.")
    caps: Mapping[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict,
        description="Most items of a list that share a value of an attribute, or a node of a "
        "relation, by its name, such as `brand = 2`.",
    )
    pins: tuple[Pin, ...] = Field((), description="Places that go to certain items.")
    diversity: Share = Field(
        0.0, description="From 0, by score alone, to 1, as different from each other as possible."
    )
    exploration: Share = Field(0.0, description="Share of places given to items drawn at random.")
    exploration_by: Literal["epsilon", "thompson"] = Field(
        "epsilon",
        description="How they are drawn: all as likely, or the likelier the better they may be.",
    )
    fields: tuple[Name, ...] = Field(
        (), description="Attributes of items to give with them, such as `price`."
    )
    reasons: Mapping[str, Annotated[str, AfterValidator(a_template)]] = Field(
        default_factory=dict,
        description="Templates of reasons by code, in place of those of the language.",
    )
    fallback: tuple[str, ...] = Field(
        (), description="Placements that fill the list up, in this order."
    )
    label: str = Field("", description="What exposures call it; not set: its name.")

    @property
    def excludes_seen(self) -> bool:
        """Whether all that the person has an event on is left out."""
        if self.exclude_seen is not None:
            return self.exclude_seen
        return self.type in ("for-you", "new") and not self.exclude


CHANGEABLE = frozenset(
    {
        *("kinds", "days", "date", "after", "similarity", "min_support", "apart"),
        *("weights", "new_items", "exclude_seen", "exclude"),
        *("caps", "diversity", "exploration", "exploration_by"),
    }
)
"""What one question may have otherwise. Rules and pins hold whoever asks."""


def changed(placement: Placement, changes: Mapping[str, object]) -> Placement:
    """A placement with some of its settings changed, for one question.

    Raises WrongChange for what is not in `CHANGEABLE`, and for a value that it cannot have.
    """
    for name in changes:
        if name not in CHANGEABLE:
            right = expectation(name, sorted(CHANGEABLE))
            raise WrongChange(f"is not to be changed: {right}", f"changes.{name}")
    if not changes:
        return placement
    kept = {name: getattr(placement, name) for name in placement.model_fields_set}
    try:
        return Placement.model_validate({**kept, **changes})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, ("changes", *first["loc"])))
        expected = first["msg"].removeprefix("Value error, ").removeprefix("expected ")
        right = expected.removeprefix("Input should be ")
        raise WrongChange(f"is {first['input']!r:.60}: expected {right}", field) from error
