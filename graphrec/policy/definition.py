"""A policy: actions, what it may go by, what they are rewarded by, and what it may not break.

The settings define them, as `[policies.NAME]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from graphrec.experiment.definition import Goal, Named, Share, Variant
from graphrec.rules.rule import Name

Learner: TypeAlias = Literal["thompson", "linucb"]
"""`thompson`: an action is as likely as it may be the best one; `linucb`: the one that may turn out
best, by the upper bound of what it brings."""

ContextName: TypeAlias = Literal["history", "hour", "device"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reward(Goal):
    """A goal, and what its outcomes add to the reward of a list."""

    weight: float = Field(
        1.0,
        description="What an outcome of worth 1 adds to the reward; below 0 for what is to be "
        "avoided, such as a return.",
    )


class Guards(_Part):
    """What an action may not break; one that does is not taken until it no longer does."""

    coverage: Share | None = Field(
        None, description="Least share of the catalogue that its lists show, all together."
    )
    long_tail: Share | None = Field(
        None,
        description="Least share of places with items that are not among the most popular fifth.",
    )
    new_items: Share | None = Field(
        None, description="Least share of places with items that the snapshot does not know."
    )
    complaints: tuple[Name, ...] = Field(
        (), description="Kinds of events that are complaints about an item that was shown."
    )
    most_complaints: Share = Field(
        0.01, description="Largest share of lists that a complaint follows."
    )
    after_lists: int = Field(
        100, ge=1, description="Lists of an action before which nothing is held against it."
    )


class NetworkSettings(_Part):
    """How the Q-network of a policy is trained, and what it weighs."""

    strength: float = Field(
        2.0,
        gt=0,
        description="What the network adds to scores, in standard deviations of its values.",
    )
    discount: float = Field(
        0.6, ge=0.01, lt=1, description="What the next list weighs beside this one."
    )
    n_steps: int = Field(3, ge=1, le=20, description="Lists whose rewards are taken as they came.")
    conservative: float = Field(
        0.02, ge=0, description="How low values are kept of what was not shown."
    )
    session_hours: float = Field(
        24, gt=0, description="For how long what was liked is of this session."
    )
    half_life_hours: float = Field(
        48, gt=0, description="Hours after which a time that an item was shown counts half."
    )
    candidates: int = Field(
        50, ge=10, le=1000, description="Of a list, from which it learns, the best of the fusion."
    )
    dim: int = Field(8, ge=1, le=256, description="Numbers that an item's vector consists of.")
    epochs: int = Field(8, ge=1, description="At most.")


class Policy(_Part):
    """Actions, one of which makes a list: which one is learned from what came of them."""

    enabled: bool = Field(True, description="False: everybody gets the first action.")
    lists: tuple[str, ...] = Field(
        (),
        description="Placements that it is about, and `recommendations` for the lists that are of "
        "none; empty: all.",
    )
    actions: Mapping[Named, Variant] = Field(
        default_factory=dict,
        description="By name, two or more, each as a variant of an experiment without `share` and "
        "`snapshot`; the first one is what serves where nothing else may.",
    )
    learner: Learner = Field("thompson", description="How an action is chosen.")
    context: tuple[ContextName, ...] = Field(
        ("history", "hour", "device"),
        description="What it goes by: how many items somebody has events on, the quarter of the "
        "day (UTC), and whether the request comes from a phone.",
    )
    attributes: tuple[Name, ...] = Field(
        (), description="Attributes of users that it goes by as well, such as `country`."
    )
    rewards: Mapping[Named, Reward] = Field(
        default_factory=dict,
        description="What a list is rewarded by, by name, one or more: a goal and its `weight`.",
    )
    half_life_days: float = Field(
        30, gt=0, description="Days after which what was learned counts half."
    )
    exploration: float = Field(
        0.05,
        gt=0,
        le=1,
        description="Share of lists whose action is drawn evenly, so that a log can be evaluated.",
    )
    width: float = Field(
        0.5,
        gt=0,
        description="Of what is not known, how much counts: of `linucb`, standard deviations above "
        "the mean that the upper bound is; of `thompson`, those that draws have.",
    )
    stay_minutes: float = Field(
        30, gt=0, description="For how long somebody stays with an action, if it stays as likely."
    )
    guards: Guards = Field(default_factory=Guards, description="What an action may not break.")
    network: NetworkSettings = Field(
        default_factory=NetworkSettings, description="How its Q-network is trained."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Policy:
        if len(self.actions) < 2:
            raise ValueError("actions: expected two or more, such as [policies.NAME.actions.usual]")
        if not self.rewards:
            raise ValueError(
                "rewards: expected one or more, such as [policies.NAME.rewards.purchase], whose "
                "kind of events is the outcome"
            )
        for name, action in self.actions.items():
            for field in ("share", "snapshot"):
                if getattr(action, field) is not None:
                    raise ValueError(
                        f"actions.{name}.{field}: an action has none: expected what it changes of "
                        f"lists, such as weights; snapshots are compared by [experiments]"
                    )
        return self

    @property
    def usual(self) -> str:
        """The first action."""
        return next(iter(self.actions))

    @property
    def days(self) -> float:
        """The longest time after a list within which it is rewarded."""
        return max(each.days for each in self.rewards.values())

    def is_about(self, name: str) -> bool:
        """Whether it is about the lists of a placement, or RECOMMENDATIONS."""
        return not self.lists or name in self.lists
