"""The report of an experiment: what came of what each variant showed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data.times import DAY
from graphrec.errors import DataError
from graphrec.experiment.definition import Experiment, Goal, State
from graphrec.experiments.attribution import last_touch
from graphrec.experiments.inference import (
    FEWEST,
    Difference,
    Sample,
    at_any_time,
    at_once,
    sample_ratio_p,
)
from graphrec.experiments.outcomes import Events, outcomes_of
from graphrec.experiments.shown import Shown

RATE, USERS, PER_USER = "rate", "users", "per_user"
"""The share of items shown that an outcome followed, the share of users with one, and what the
outcomes of a user are worth."""

RATIO_P = 0.001
"""Below it, the numbers of users do not fit the shares; low, as reports are repeated."""

MOST_CROSSED = 0.01
"""Share of users who got several variants, above which nothing is to be trusted."""

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


def report(
    name: str,
    experiment: Experiment,
    shown: Shown,
    events: Events,
    now: int,
    segments: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Report:
    """The report of the experiment `name` at a time in milliseconds since 1970.

    `segments` are masks over the users of `shown`, by value. Raises DataError where it has shown
    nothing, or a goal is worth an attribute that no item has.
    """
    order = (experiment.control, *(v for v in experiment.variants if v != experiment.control))
    data = _Users.of(shown, order)
    if not data.counted.any():
        unread = f", and {shown.unreadable:,} lines are no JSON" if shown.unreadable else ""
        raise DataError(
            f"no exposures of experiment {name!r}{unread}: expected some of {', '.join(order)}, as "
            f"docs/experiments.md has them; it is "
            f"{experiment.state(now)}; see that serve.exposures is set where the service runs, and "
            f"that somebody asks for its lists"
        )
    shares = experiment.shares
    users = np.array([data.users_of(each).sum() for each in range(len(order))], np.int64)
    ratio_p = sample_ratio_p(users, np.array([shares[each] for each in order]))
    why = _mistrust(order, users, shares, ratio_p, data.crossed)
    not_yet = experiment.end is not None and now < experiment.end
    alpha = 1 - experiment.confidence
    judge = _Judge(experiment.end is not None, not_yet, not why, alpha)
    level = alpha / (len(order) - 1)  # Bonferroni
    touched = [_touched(shown, events, goal, each) for goal, each in experiment.goals.items()]
    everyone = np.ones(len(shown.users), bool)
    notes = [*_notes(shown, data, touched)]
    parts = []
    for value, members in (segments or {}).items():
        of_segment = [*_goals(touched, data, order, members, judge, level / len(segments or ()))]
        parts.append(Segment(value, _counts(data, order, shares, members), tuple(of_segment)))
    if not_yet and not why:
        why = "it is not over: nothing is concluded before its end"
    return Report(
        name,
        experiment.state(now),
        experiment.start,
        experiment.end,
        experiment.control,
        "at the end" if experiment.end is not None else "at any time",
        experiment.confidence,
        judge.trusted,
        why,
        ratio_p,
        data.crossed,
        _counts(data, order, shares, everyone),
        tuple(_goals(touched, data, order, everyone, judge, level)),
        tuple(parts),
        tuple(notes),
    )


@dataclass(frozen=True)
class _Users:
    """The users of an experiment, and the variant of each."""

    variant: NDArray[np.int64]
    """[U]: index into the order of variants; -1: several, or one that the settings lack."""
    shown: NDArray[np.float64]
    """[U]: items."""
    crossed: int
    unknown: int

    @classmethod
    def of(cls, shown: Shown, order: Sequence[str]) -> _Users:
        codes = {name: at for at, name in enumerate(order)}
        variant = np.array([codes.get(each, -1) for each in shown.variants], np.int64)
        mine = variant[shown.variant]
        users = len(shown.users)
        low, high = np.full(users, len(order), np.int64), np.full(users, -1, np.int64)
        np.minimum.at(low, shown.user, mine)
        np.maximum.at(high, shown.user, mine)
        count = np.bincount(shown.user, minlength=users).astype(np.float64)
        return cls(
            np.where(low == high, low, -1),
            count,
            int(np.count_nonzero(low != high)),
            int(np.count_nonzero((low == high) & (low < 0))),
        )

    @property
    def counted(self) -> NDArray[np.bool_]:
        return self.variant >= 0

    def users_of(self, variant: int) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self.variant == variant
        return found


@dataclass(frozen=True)
class _Touched:
    """What came of what was shown, by user [U], for one goal."""

    name: str
    goal: Goal
    followed: NDArray[np.float64] | None
    """Items shown that an outcome followed; None: outcomes are not of items."""
    outcomes: NDArray[np.float64]
    worth: NDArray[np.float64]
    unit: float
    """The mean square of what an outcome is worth."""
    priceless: int


@dataclass(frozen=True)
class _Judge:
    """What may be said of differences."""

    fixed: bool
    not_yet: bool
    trusted: bool
    alpha: float
    """The level of all comparisons together."""

    def figure(
        self,
        variant: str,
        control: Sample,
        sample: Sample,
        outcomes: float,
        level: float,
        unit: float,
    ) -> Figure:
        value = sample.ratio
        found = at_once(control, sample, level) if self.fixed else None
        if not self.fixed:
            found = at_any_time(control, sample, level, unit)
        if found is None or outcomes < FEWEST:
            return Figure(variant, value, "not yet" if self.not_yet else "too few outcomes")
        if self.not_yet:
            return Figure(variant, value, "not yet", detectable=found.detectable)
        verdict = _verdict(found) if self.trusted else "not to be trusted"
        together = replace(found, p=min(1.0, found.p * self.alpha / level))
        return Figure(variant, value, verdict, **vars(together))


def _verdict(found: Difference) -> Verdict:
    if found.low > 0:
        return "higher"
    return "lower" if found.high < 0 else "no difference shown"


def _touched(shown: Shown, events: Events, name: str, goal: Goal) -> _Touched:
    """Which outcomes are of what was shown, by user."""
    done = outcomes_of(events, name, goal)
    by_item = goal.by == "item"
    if by_item:
        known = done.item >= 0  # what it never showed
        done = replace(
            done,
            user=done.user[known],
            item=done.item[known],
            time=done.time[known],
            worth=done.worth[known],
        )
    items = len(shown.items) if by_item else 1
    groups = [
        each.user * items + (each.item if by_item else 0)
        for each in (shown, done)  # numbers of a user and an item, or of a user
    ]
    of = last_touch(groups[0], shown.time, groups[1], done.time, round(goal.days * DAY))
    counts = of >= 0
    users = len(shown.users)
    followed = None
    if by_item:
        hit = np.unique(of[counts])
        followed = np.bincount(shown.user[hit], minlength=users).astype(np.float64)
    priceless = int(np.count_nonzero(np.isnan(done.worth[counts])))
    worth = np.nan_to_num(done.worth[counts])
    return _Touched(
        name,
        goal,
        followed,
        np.bincount(done.user[counts], minlength=users).astype(np.float64),
        np.bincount(done.user[counts], worth, users).astype(np.float64),
        float(np.mean(worth**2)) if len(worth) else 0.0,
        priceless,
    )


def _goals(
    touched: Sequence[_Touched],
    data: _Users,
    order: Sequence[str],
    members: NDArray[np.bool_],
    judge: _Judge,
    level: float,
) -> Iterator[GoalFigures]:
    groups = [np.flatnonzero(data.users_of(at) & members) for at in range(len(order))]
    for each in touched:
        has = (each.outcomes > 0).astype(np.float64)
        one = np.ones(len(has))
        ratios = {
            USERS: (has, one, has, 1.0),
            PER_USER: (each.worth, one, each.outcomes, each.unit),
        }
        if each.followed is not None:
            ratios = {RATE: (each.followed, data.shown, each.followed, 1.0), **ratios}
        figures = {}
        for figure, (counted, of, outcomes, unit) in ratios.items():
            samples = [Sample(counted[group], of[group]) for group in groups]
            events = [outcomes[group].sum() for group in groups]
            figures[figure] = (
                Figure(order[0], samples[0].ratio, "control"),
                *(
                    judge.figure(
                        order[at], samples[0], samples[at], events[0] + events[at], level, unit
                    )
                    for at in range(1, len(order))
                ),
            )
        yield GoalFigures(
            each.name,
            each.goal.kinds or (each.name,),
            each.goal.days,
            {name: int(each.outcomes[g].sum()) for name, g in zip(order, groups, strict=True)},
            figures,
        )


def _counts(
    data: _Users, order: Sequence[str], shares: Mapping[str, float], members: NDArray[np.bool_]
) -> tuple[Counts, ...]:
    groups = (np.flatnonzero(data.users_of(at) & members) for at in range(len(order)))
    return tuple(
        Counts(name, shares[name], len(group), int(data.shown[group].sum()))
        for name, group in zip(order, groups, strict=True)
    )


def _mistrust(
    order: Sequence[str],
    users: NDArray[np.int64],
    shares: Mapping[str, float],
    ratio_p: float,
    crossed: int,
) -> str:
    total = int(users.sum())
    if ratio_p < RATIO_P:
        whole = sum(shares.values())
        parts = ", ".join(
            f"{name} {count / total:.2%} (expected {shares[name] / whole:.2%})"
            for name, count in zip(order, users.tolist(), strict=True)
        )
        return (
            f"the users are not divided as the shares say: {parts}; chance deviates that far once "
            f"in {1 / max(ratio_p, 1e-12):,.0f} times; find out who is missing, such as users of "
            f"one variant whose exposures were not logged, or give it another name if its shares "
            f"were changed"
        )
    if crossed > MOST_CROSSED * (total + crossed):
        return (
            f"{crossed:,} users got several variants: expected at most {MOST_CROSSED:.0%}; begin "
            f"anew under another name if shares, variants or the salt were changed"
        )
    return ""


def _notes(shown: Shown, data: _Users, touched: Sequence[_Touched]) -> Iterator[str]:
    if shown.unreadable:
        yield f"{shown.unreadable:,} lines of the log cannot be read, and are left out"
    if data.crossed:
        yield f"{data.crossed:,} users got several variants, and are left out"
    if data.unknown:
        yield f"{data.unknown:,} users got a variant that the settings lack, and are left out"
    for each in touched:
        if each.priceless:
            yield (
                f"goal {each.name}: {each.priceless:,} outcomes are of items whose "
                f"{each.goal.attribute!r} is no number: they are worth 0"
            )
