"""What a report of an experiment consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from graphrec.experiment.definition import State

RATE, USERS, PER_USER = "rate", "users", "per_user"
"""The share of items shown that an outcome followed, the share of users with one, and what the
outcomes of a user are worth."""

Verdict: TypeAlias = Literal[
    "control",
    "higher",
    "lower",
    "no difference shown",
    "too few outcomes",
    "not yet",
    "not to be trusted",
]


@dataclass(frozen=True)
class Counts:
    """What a variant showed."""

    variant: str
    share: float
    """Of the users, as the settings say."""
    users: int
    shown: int
    """Items."""


@dataclass(frozen=True)
class Figure:
    """A figure of a variant, and what is known of its difference to the control."""

    variant: str
    value: float | None
    verdict: Verdict
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    detectable: float | None = None
    """The smallest difference that a sample as it is now shows 8 times in 10."""


@dataclass(frozen=True)
class GoalFigures:
    """All figures of a goal; each with every variant, the control first."""

    goal: str
    kinds: tuple[str, ...]
    days: float
    outcomes: Mapping[str, int]
    """By variant, those that count."""
    figures: Mapping[str, tuple[Figure, ...]]


@dataclass(frozen=True)
class Segment:
    """The users with one value of an attribute."""

    value: str
    variants: tuple[Counts, ...]
    goals: tuple[GoalFigures, ...]


@dataclass(frozen=True)
class Report:
    """What came of an experiment, up to now."""

    experiment: str
    state: State
    start: int | None
    end: int | None
    control: str
    inference: Literal["at any time", "at the end"]
    """Intervals that hold whenever they are looked at, or one look, at the end."""
    confidence: float
    trusted: bool
    why: str
    """Why figures are not to be trusted, or not there yet; empty: they are."""
    sample_ratio_p: float
    crossed: int
    """Users who got several variants, and are left out."""
    variants: tuple[Counts, ...]
    goals: tuple[GoalFigures, ...]
    segments: tuple[Segment, ...] = ()
    notes: tuple[str, ...] = ()
    """What is left out, or doubtful, in a sentence each."""
