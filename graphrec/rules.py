"""Rules as data: what may be recommended, and what should come sooner or later.

A rule says which items it means, in one of four ways, and what becomes of them: all others are left
out (`require`), they are left out (`exclude`), or their score is changed (`boost`). They are in the
settings, for every list, or in a request, for one.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Rule(BaseModel):
    """Which items, and what becomes of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="What the rule is called where it leaves out an item.")
    action: Literal["require", "exclude", "boost"] = Field(
        description="Leave out all other items, leave out these, or change their score."
    )
    attribute: Name | None = Field(
        None, description="The attribute of items that `any_of`, a range or `shared_by` is about."
    )
    any_of: tuple[Name, ...] | None = Field(
        None, max_length=1000, description="Items with one of these categories or tags."
    )
    least: Finite | None = Field(None, description="Items with at least this number.")
    most: Finite | None = Field(None, description="Items with at most this number.")
    available_from: Name | None = Field(
        None,
        description="The number attribute with the first millisecond since 1970 at which an item "
        "is available. An item without it always was.",
    )
    available_until: Name | None = Field(
        None, description="The one with the millisecond from which on it no longer is."
    )
    shared_by: Name | None = Field(
        None,
        description="Items that share a value of the attribute, such as a brand, with an item that "
        "the user has an event of this kind on, such as `return`.",
    )
    factor: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = Field(
        1.0, description="Of a boost: what the score is multiplied by."
    )
    add: Finite = Field(0.0, description="Of a boost: what is then added to it.")

    @model_validator(mode="after")
    def _means_items_in_one_way(self) -> Rule:
        ways = {
            "any_of": self.any_of is not None,
            "least or most": self.least is not None or self.most is not None,
            "shared_by": self.shared_by is not None,
            "available_from or available_until": self.by_time,
        }
        chosen = [way for way, is_chosen in ways.items() if is_chosen]
        if len(chosen) != 1:
            raise ValueError(f"expected one of {', '.join(ways)}, and no two of them")
        if (self.attribute is None) != self.by_time:
            raise ValueError("expected an attribute, and with available_from or _until none")
        if self.action == "boost" and (self.factor, self.add) == (1, 0):
            raise ValueError("expected a factor or something to add of a boost")
        if self.action != "boost" and (self.factor, self.add) != (1, 0):
            raise ValueError("expected factor and add of a boost only")
        return self

    @property
    def by_time(self) -> bool:
        """Whether it means the items that are available now."""
        return self.available_from is not None or self.available_until is not None

    @property
    def range(self) -> tuple[float, float]:
        """The least and the most number, infinite where not said."""
        least = -math.inf if self.least is None else self.least
        return least, math.inf if self.most is None else self.most
