"""An A/B comparison of two snapshots by their exposures: click-through and users who clicked.

An exposure is clicked if a positive event of the same user and item follows within the window; of
several exposures before the event, the last one counts. Users are assigned to versions at random,
so the bootstrap resamples users: intervals are 95 %, over the users of each version.

If the versions did not get the users that they should have got, the assignment was not random and
no figure can be trusted. So the sample ratio is tested first (Pearson's χ²; Fabijan et al.,
"Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from graphrec.data import Interactions, Vocabulary
from graphrec.errors import DataError
from graphrec.experiments.attribution import last_touch
from graphrec.experiments.inference import POWER, sample_ratio_p

Verdict: TypeAlias = Literal["better", "worse", "no difference shown", "not to be trusted"]

VERSION = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]+")
"""The form of a version (`graphrec.snapshot.snapshot`)."""

RATIO_P = 0.001
"""Significance level of the sample ratio test; low, as comparisons are repeated over time."""

MOST_CROSSED = 0.01
"""Share of users who saw both versions, above which the comparison is not to be trusted."""

CLICK_THROUGH, USERS_WHO_CLICKED = "click_through", "users_who_clicked"


@dataclass(frozen=True)
class Arm:
    """The counts of one version."""

    version: str
    users: int
    shown: int
    """Items."""
    clicked: int
    """Items of those that were clicked."""
    users_who_clicked: int
    """Users with a click on any item."""


@dataclass(frozen=True)
class Effect:
    """A figure of both versions, and the difference: the second minus the first."""

    first: float
    second: float
    difference: float
    low: float
    high: float
    """`low` and `high` bound the 95 % interval of the difference."""
    detectable: float
    """The smallest difference that a comparison of this size detects with a power of 0.8."""


@dataclass(frozen=True)
class Comparison:
    """Two versions; `verdict` is about the second one, by click-through."""

    arms: tuple[Arm, Arm]
    share: float
    """Share of users assigned to the second version."""
    ratio_p: float
    """p-value of the sample ratio test."""
    crossed: int
    """Users who saw both versions, and are left out."""
    effects: Mapping[str, Effect]
    verdict: Verdict
    why: str


def compare(
    exposures: Interactions,
    events: Interactions,
    first: str,
    second: str,
    *,
    share: float,
    window: int,
    resamples: int,
    rng: np.random.Generator,
) -> Comparison:
    """Compare two versions by exposures, whose kinds are versions, and weighed events.

    `share` is the share of users assigned to `second`, between 0 and 1; `window` is in
    milliseconds. Raises DataError if a version has no exposures, or all users saw both.
    """
    missing = [version for version in (first, second) if version not in exposures.kinds]
    if missing:
        raise DataError(
            f"no exposures of version {missing[0]!r}: expected some of both versions; found "
            f"{', '.join(exposures.kinds[:5])}"
        )
    codes = [exposures.kinds.index(version) for version in (first, second)]
    shown = exposures.take(np.isin(exposures.kind, codes))
    of_second = (shown.kind == codes[1]).astype(np.int64)
    clicked = clicks(shown, events, window)
    users = len(shown.users)
    count = np.bincount(shown.user, minlength=users)
    in_second = np.bincount(shown.user, of_second, users)
    crossed = int(np.count_nonzero((in_second > 0) & (in_second < count)))
    clicks_of = np.bincount(shown.user, clicked, users)
    tables = [
        np.column_stack([count[inside], clicks_of[inside]]).astype(np.int64)
        for inside in ((count > 0) & (in_second == 0), (count > 0) & (in_second == count))
    ]
    if not all(map(len, tables)):
        raise DataError(
            f"{crossed} users saw both versions, and no user saw only one version: expected users "
            f"who keep their version; compare a period without a promotion or rollback"
        )
    arms = (_arm(first, tables[0]), _arm(second, tables[1]))
    ratio_p = sample_ratio_p(np.array([arm.users for arm in arms]), np.array([1 - share, share]))
    effects = _effects(tables, resamples, rng)
    verdict, why = _verdict(arms, share, ratio_p, crossed, effects[CLICK_THROUGH])
    return Comparison(arms, share, ratio_p, crossed, effects, verdict, why)


def pooled(logs: Sequence[Interactions], versions: Sequence[str]) -> Interactions:
    """The exposures of several files in one log.

    A snapshot that was rewritten to forget a user keeps the second in its name and gets another
    hash; it counts as the version of `versions` with that second. Raises DataError without files.
    """
    if not logs:
        raise DataError("no exposures: expected at least one file; see docs/compare.md")
    same = {_second(version): version for version in versions}
    users, items = (
        Vocabulary(tuple(dict.fromkeys(node for log in logs for node in getattr(log, name).ids)))
        for name in ("users", "items")
    )
    recoded = [log.recode(users, items) for log in logs]
    named = [
        [kind if kind in versions else same.get(_second(kind), kind) for kind in log.kinds]
        for log in logs
    ]
    kinds = tuple(dict.fromkeys(kind for each in named for kind in each))
    codes = [np.array([kinds.index(kind) for kind in each]) for each in named]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(log, name) for log in recoded])
        for name in ("user", "item", "weight", "time")
    }
    kind = np.concatenate([code[log.kind] for code, log in zip(codes, recoded, strict=True)])
    return Interactions(users, items, **columns, kind=kind.astype(np.uint8), kinds=kinds)


def _second(version: str) -> str:
    """The second in the name of a snapshot; any other name as it is."""
    return version[:16] if VERSION.fullmatch(version) else version


def clicks(exposures: Interactions, events: Interactions, window: int) -> NDArray[np.bool_]:
    """Whether each exposure [E] was clicked: a positive event follows within `window` milliseconds.

    The event must come before the next exposure of the same item to the same user.
    """
    events = events.take(events.weight > 0)
    users = Vocabulary(tuple(dict.fromkeys((*exposures.users.ids, *events.users.ids))))
    items = Vocabulary(tuple(dict.fromkeys((*exposures.items.ids, *events.items.ids))))
    logs = [log.recode(users, items) for log in (exposures, events)]
    pairs = [log.user.astype(np.int64) * max(len(items), 1) + log.item for log in logs]
    of = last_touch(pairs[0], logs[0].time, pairs[1], logs[1].time, window)
    clicked = np.zeros(len(exposures), bool)
    clicked[of[of >= 0]] = True
    return clicked


def _arm(version: str, table: NDArray[np.int64]) -> Arm:
    shown, clicked = table.sum(axis=0).tolist()
    return Arm(version, len(table), shown, clicked, int(np.count_nonzero(table[:, 1])))


def _effects(
    tables: list[NDArray[np.int64]], resamples: int, rng: np.random.Generator
) -> dict[str, Effect]:
    """The effects; each table [U, 2] has the items shown and clicked by user of one version."""
    values = [
        _figures(np.array([table.sum(axis=0)]), _share_who_clicked(table)) for table in tables
    ]
    drawn = [_resampled(table, resamples, rng) for table in tables]
    found = {}
    for name in (CLICK_THROUGH, USERS_WHO_CLICKED):
        first, second = (float(value[name][0]) for value in values)
        differences = drawn[1][name] - drawn[0][name]
        low, high = np.quantile(differences, (0.025, 0.975)).tolist()
        reach = stats.norm.ppf(0.975) + stats.norm.ppf(POWER)
        found[name] = Effect(
            first, second, second - first, low, high, float(reach * differences.std())
        )
    return found


def _resampled(
    table: NDArray[np.int64], resamples: int, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """The figures of a version in each resample of its users [resamples].

    Users with equal counts are drawn together: the same distribution, much cheaper.
    """
    alike, count = np.unique(table, axis=0, return_counts=True)
    drawn = rng.multinomial(len(table), count / len(table), resamples)  # [resamples, alike]
    return _figures(drawn @ alike, (drawn @ (alike[:, 1] > 0)) / len(table))


def _figures(sums: NDArray[np.int64], share: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {CLICK_THROUGH: sums[:, 1] / sums[:, 0], USERS_WHO_CLICKED: share}


def _share_who_clicked(table: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array([np.mean(table[:, 1] > 0)])


def _verdict(
    arms: tuple[Arm, Arm], share: float, ratio_p: float, crossed: int, effect: Effect
) -> tuple[Verdict, str]:
    users = arms[0].users + arms[1].users
    if ratio_p < RATIO_P:
        return "not to be trusted", (
            f"{arms[1].users / users:.2%} of the users saw the second version: expected "
            f"{share:.2%}; chance deviates that far once in {1 / max(ratio_p, 1e-12):,.0f} "
            f"times; find out who is missing, such as users of one version whose exposures were "
            f"not logged"
        )
    if crossed > MOST_CROSSED * (users + crossed):
        return "not to be trusted", (
            f"{crossed:,} users saw both versions: expected at most {MOST_CROSSED:.0%}; compare a "
            f"period without a promotion or rollback"
        )
    if effect.low > 0:
        return "better", "the whole interval of the difference is above 0"
    if effect.high < 0:
        return "worse", "the whole interval of the difference is below 0"
    return "no difference shown", (
        f"the interval contains 0; a difference of {effect.detectable:.4f} would have been "
        f"detected in 8 of 10 such comparisons"
    )
