"""An experiment: variants of what serves, the share of users of each, and its goals.

The settings define them, as `[experiments.NAME]`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from graphrec.data.times import moment
from graphrec.errors import DataError
from graphrec.rules.rule import Name, Rule
from graphrec.suggest import expectation

RECOMMENDATIONS = "recommendations"
"""What the lists are called that are of no placement: those of `/v1/users/{id}/recommendations`."""

State: TypeAlias = Literal["waiting", "running", "over"]

Named = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Share = Annotated[float, Field(ge=0, le=1)]

ALL = 1 - 1e-9
"""A sum of shares from which on nobody is left out: of floats, it may be short of 1."""


def _time(value: Any) -> Any:
    """A time of TOML, or as text, in milliseconds since 1970; raises ValueError."""
    try:
        return moment(value.isoformat() if isinstance(value, date) else value)
    except DataError as error:
        raise ValueError(str(error)) from error


Moment = Annotated[int, BeforeValidator(_time)]
"""Milliseconds since 1970."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Goal(_Part):
    """What counts as a success: events of some kinds, soon after an item was shown."""

    kinds: tuple[Name, ...] = Field(
        (), description="Kinds of events that are outcomes; empty: the one that the goal is named."
    )
    days: float = Field(
        7, gt=0, description="Days after an item was shown within which an outcome counts."
    )
    by: Literal["item", "user"] = Field(
        "item",
        description="`item`: an outcome is of the item that was shown; `user`: of any item.",
    )
    attribute: Name | None = Field(
        None,
        description="Attribute of items that an outcome is worth, such as `price`; not set: 1.",
    )
    by_value: bool = Field(
        False,
        description="Multiply that by the value of the event, such as the number of pieces, or the "
        "amount that was paid.",
    )


class Variant(_Part):
    """What some of the users get: all that is not set is as for everyone."""

    share: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Share of the users; not set: what the others leave, in equal parts.",
    )
    snapshot: str | None = Field(
        None,
        pattern=r"^\d{8}T\d{6}Z(-[0-9a-f]{1,64})?$",
        description="Version of the snapshot, in place of the current one.",
    )
    weights: Mapping[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="Weights of sources, in place of those that serve."
    )
    new_items: Share | None = Field(None, description="Largest share of new items in a list.")
    network: Named | None = Field(
        None,
        description="Policy whose Q-network re-ranks lists, as `graphrec policy train` learned it.",
    )
    diversity: Share | None = Field(
        None, description="Of lists, where the request says nothing of it."
    )
    exploration: Share | None = Field(
        None, description="Share of places given to items drawn at random, likewise."
    )
    rules: tuple[Rule, ...] = Field((), description="In addition to those of all lists.")
    without_rules: tuple[Name, ...] = Field(
        (), description="Names of rules of all lists that do not hold here."
    )
    placements: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict, description="Placements, with the fields that are others here."
    )

    @property
    def sets(self) -> frozenset[str]:
        """What it has another value of, so that no other experiment may: keys of settings."""
        single = ("snapshot", "new_items", "network", "diversity", "exploration")
        return frozenset(
            (
                *(name for name in single if getattr(self, name) is not None),
                *(f"weights.{name}" for name in self.weights),
                *(f"placements.{name}.{key}" for name, of in self.placements.items() for key in of),
            )
        )


class Experiment(_Part):
    """Variants of what serves, tried at the same time, each on some of the users."""

    lists: tuple[str, ...] = Field(
        (),
        description="Placements that it is about, and `recommendations` for the lists that are of "
        "none; empty: all.",
    )
    variants: Mapping[Named, Variant] = Field(
        default_factory=dict, description="By name, two or more."
    )
    control: str = Field("", description="The variant to compare with; not set: the first one.")
    start: Moment | None = Field(None, description="When it begins; not set: at once.")
    end: Moment | None = Field(
        None,
        description="When it ends, and nothing is concluded before; not set: it may be looked at, "
        "and ended, at any time.",
    )
    goals: Mapping[Named, Goal] = Field(
        default_factory=dict,
        description="What it is judged by, by name, one or more, the most important one first.",
    )
    confidence: float = Field(
        0.95,
        ge=0.5,
        lt=1,
        description="Chance that the intervals of all variants hold the true differences.",
    )
    salt: str = Field(
        "", max_length=100, description="Another one deals the users out to the variants anew."
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Experiment:
        if len(self.variants) < 2:
            raise ValueError(
                "variants: expected two or more, such as [experiments.NAME.variants.a]"
            )
        if not self.goals:
            raise ValueError(
                "goals: expected one or more, such as [experiments.NAME.goals.purchase], whose "
                "kind of events is the outcome"
            )
        if not self.control:
            object.__setattr__(self, "control", next(iter(self.variants)))
        elif self.control not in self.variants:
            raise ValueError(
                f"control: there is no variant {self.control!r}; "
                f"{expectation(self.control, self.variants)}"
            )
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("end: expected a time after start")
        given = sum(each.share or 0 for each in self.variants.values())
        free = [name for name, each in self.variants.items() if each.share is None]
        if given > 2 - ALL or (free and given >= ALL):
            left = f" that leave something for {', '.join(free)}" if free else " of 1 at most"
            raise ValueError(f"variants: the shares add up to {given:g}; expected shares{left}")
        return self

    @property
    def shares(self) -> Mapping[str, float]:
        """The share of users of each variant; what they leave of 1 is in no variant."""
        given = [each.share for each in self.variants.values() if each.share is not None]
        free = (1 - sum(given)) / max(len(self.variants) - len(given), 1)
        return {
            name: free if each.share is None else each.share for name, each in self.variants.items()
        }

    @property
    def snapshots(self) -> frozenset[str]:
        """The versions that any variant names."""
        named = (each.snapshot for each in self.variants.values())
        return frozenset(each for each in named if each is not None)

    def state(self, now: int) -> State:
        """Whether it runs at a time, in milliseconds since 1970."""
        if self.start is not None and now < self.start:
            return "waiting"
        return "over" if self.end is not None and now >= self.end else "running"

    def is_about(self, name: str) -> bool:
        """Whether it is about the lists of a placement, or RECOMMENDATIONS."""
        return not self.lists or name in self.lists


def snapshots_of(experiments: Mapping[str, Experiment], now: int) -> frozenset[str]:
    """The versions that experiments name which are not over."""
    going: Collection[Experiment] = [e for e in experiments.values() if e.state(now) != "over"]
    return frozenset().union(*(each.snapshots for each in going))
