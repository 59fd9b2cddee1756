"""Policies: responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from graphrec.api.schemas.fields import Id
from graphrec.api.schemas.validation import expecting
from graphrec.api.schemas.versioned import example
from pydantic import BaseModel, ConfigDict, Field

from graphrec.policy.definition import Learner


class PoliciesQuery(BaseModel):
    """Whose actions are meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: Annotated[
        Id | None,
        Field(description="Id of a user, whose actions are given, and why.", examples=["196"]),
        expecting("the id of a user, in quotes"),
    ] = None


@dataclass(frozen=True)
class NamedAction:
    """What a policy may do."""

    name: Annotated[str, Field(description="As exposures have it.")]
    settings: Annotated[
        Mapping[str, object], Field(description="What is another here than for everyone.")
    ]
    lists: Annotated[int, Field(description="That it made, and that were learned from.")]
    reward: Annotated[float, Field(description="Mean reward of these, as far as it came.")]
    broken: Annotated[
        str | None, Field(description="The guard that it breaks, so that it is not taken; or null.")
    ]
    expected: Annotated[
        float | None,
        Field(description="Reward that is expected of a list for the user; null: nobody is named."),
    ] = None
    deviation: Annotated[
        float | None, Field(description="Standard deviation of that: how little is known.")
    ] = None
    chance: Annotated[
        float | None, Field(description="How likely it is to be taken for the user now.")
    ] = None


@dataclass(frozen=True)
class NamedPolicy:
    """Actions, and what was learned of them."""

    name: Annotated[str, Field(description="As the settings have it.")]
    enabled: Annotated[
        bool,
        Field(
            description="False, by the settings or `graphrec policy off`: all get the first action."
        ),
    ]
    learner: Annotated[Learner, Field(description="How an action is chosen.")]
    lists: Annotated[
        tuple[str, ...],
        Field(
            description="Placements that it is about, and `recommendations` for the lists that are "
            "of none; empty: all."
        ),
    ]
    exploration: Annotated[float, Field(description="Share of lists whose action is drawn evenly.")]
    learned_from: Annotated[int, Field(description="Lists.")]
    until: Annotated[
        int | None, Field(description="Time of the last of these, in milliseconds since 1970.")
    ]
    reason: Annotated[str | None, Field(description="Why nothing is learned now; null: it is.")]
    actions: Annotated[
        tuple[NamedAction, ...],
        Field(description="The first one serves where no other may."),
    ]
    action: Annotated[
        str | None, Field(description="That the user gets now; null: nobody is named.")
    ] = None
    context: Annotated[
        tuple[str, ...], Field(description="What the policy goes by for the user.")
    ] = ()
    why: Annotated[str | None, Field(description="Why the user gets it, in a sentence.")] = None


@dataclass(frozen=True)
class PolicyList:
    """The policies of the settings."""

    __pydantic_config__ = example(
        {
            "policies": [
                {
                    "name": "home",
                    "enabled": True,
                    "learner": "thompson",
                    "lists": ["for-you"],
                    "exploration": 0.05,
                    "learned_from": 5210,
                    "until": 1793491200000,
                    "actions": [
                        {
                            "name": "usual",
                            "settings": {},
                            "lists": 1200,
                            "reward": 0.21,
                            "expected": 0.2,
                            "deviation": 0.02,
                            "chance": 0.03,
                        },
                        {
                            "name": "diverse",
                            "settings": {"diversity": 0.3},
                            "lists": 4010,
                            "reward": 0.26,
                            "expected": 0.27,
                            "deviation": 0.01,
                            "chance": 0.97,
                        },
                    ],
                    "action": "diverse",
                    "context": ["history=5-19", "hour=18-24", "device=mobile"],
                    "why": "`diverse` is expected to bring 0.07 more than `usual`; it is taken for "
                    "0.97 of such lists, of which 0.025 for exploration",
                }
            ]
        }
    )

    policies: Annotated[tuple[NamedPolicy, ...], Field(description="By name.")]
