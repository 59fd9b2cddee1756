"""Experiments: responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from graphrec.api.schemas.fields import Id
from graphrec.api.schemas.validation import expecting
from graphrec.api.schemas.versioned import example
from pydantic import BaseModel, ConfigDict, Field

from graphrec.experiment.definition import State


class ExperimentsQuery(BaseModel):
    """Whose variants are meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: Annotated[
        Id | None,
        Field(description="Id of a user, whose variants are given.", examples=["196"]),
        expecting("the id of a user, in quotes"),
    ] = None


@dataclass(frozen=True)
class NamedVariant:
    """What a share of the users gets."""

    name: Annotated[str, Field(description="As exposures have it.")]
    share: Annotated[float, Field(description="Of the users, 0 to 1.")]
    control: Annotated[bool, Field(description="Whether the others are compared with it.")]
    settings: Annotated[
        Mapping[str, object], Field(description="What is another here than for everyone.")
    ]


@dataclass(frozen=True)
class NamedGoal:
    """What an experiment is judged by."""

    name: Annotated[str, Field(description="As reports have it.")]
    kinds: Annotated[tuple[str, ...], Field(description="Kinds of events that are outcomes.")]
    days: Annotated[float, Field(description="After an item was shown.")]


@dataclass(frozen=True)
class NamedExperiment:
    """Variants that are tried at the same time."""

    name: Annotated[str, Field(description="As the settings have it.")]
    state: Annotated[State, Field(description="Whether it runs now.")]
    reason: Annotated[
        str | None, Field(description="Why nobody is in it although it runs; null otherwise.")
    ]
    lists: Annotated[
        tuple[str, ...],
        Field(
            description="Placements that it is about, and `recommendations` for the lists that are "
            "of none; empty: all."
        ),
    ]
    start: Annotated[
        int | None, Field(description="Milliseconds since 1970; null: since the service started.")
    ]
    end: Annotated[int | None, Field(description="Milliseconds since 1970; null: open.")]
    variants: Annotated[
        tuple[NamedVariant, ...], Field(description="The users of no variant are not in it.")
    ]
    goals: Annotated[tuple[NamedGoal, ...], Field(description="The most important one first.")]
    variant: Annotated[
        str | None,
        Field(description="Of the user who is asked about; null: none of them, or nobody is."),
    ] = None


@dataclass(frozen=True)
class ExperimentList:
    """The experiments of the settings."""

    __pydantic_config__ = example(
        {
            "experiments": [
                {
                    "name": "home",
                    "state": "running",
                    "lists": ["for-you"],
                    "start": 1793491200000,
                    "variants": [
                        {"name": "usual", "share": 0.5, "control": True, "settings": {}},
                        {
                            "name": "diverse",
                            "share": 0.5,
                            "control": False,
                            "settings": {"diversity": 0.3},
                        },
                    ],
                    "goals": [{"name": "bought", "kinds": ["purchase"], "days": 7.0}],
                    "variant": "diverse",
                }
            ]
        }
    )

    experiments: Annotated[tuple[NamedExperiment, ...], Field(description="By name.")]
