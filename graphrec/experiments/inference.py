"""Figures of variants by user, and what can be said of their differences.

A figure is a ratio of sums over users, such as outcomes by items shown, or buyers by users: users
were assigned at random, so they are what varies. Its variance is by the delta method (Deng,
Knoblich and Lu, "Applying the delta method in metric analytics", KDD 2018).

An interval that is looked at again and again, until it is without 0, is wrong far more often than
it says. So there are two kinds. One is for a single look, at a time that was fixed before: the
normal interval. The other holds at all times at once: the asymptotic confidence sequence of
Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic
confidence sequences" (Annals of Statistics 2024, arXiv 2103.06476), theorem 2.2, which is the
boundary of the mixture SPRT (Robbins 1970; Johari, Koomen, Pekelis and Walsh, "Always valid
inference", Operations Research 2022; Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics
2021).

What its clock counts here are outcomes, and not users: those of users who are in it already go on
coming. Where the outcomes of a user never become fewer, and who had more before has rather more
later, the sums of two times are correlated at least as a Brownian motion by this clock is, and by
Slepian's inequality they cross a boundary at most as often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

POWER = 0.8
"""At which the smallest detectable difference is given."""

TIGHTEST = 100
"""Outcomes of a variant at which the boundary is tightest; from 20 to 10,000 it is within 17 %."""

ALPHA = 0.05
"""For which it is."""

FEWEST = 10
"""Outcomes of two variants below which nothing is said: sums are not normal yet."""

_LOG = -2 * np.log(ALPHA)
MIXTURE = float((_LOG + np.log(_LOG + 1)) / TIGHTEST)
"""ρ² of the boundary: equation 12 of the paper, for TIGHTEST outcomes."""

Values: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """The users of a variant: what is counted of each, and out of how many."""

    counted: Values
    """[U]: such as outcomes."""
    of: Values
    """[U]: such as items shown, or 1."""

    @property
    def size(self) -> float:
        """The sum of `of`."""
        return float(self.of.sum())

    @property
    def ratio(self) -> float | None:
        """Of the sums; None where there is nothing."""
        return float(self.counted.sum()) / self.size if self.size else None

    @property
    def variance(self) -> float | None:
        """Of the ratio; None for fewer than two users."""
        users = len(self.of)
        if users < 2 or not self.size:
            return None
        rest = self.counted - float(self.counted.sum()) / self.size * self.of
        return float(users / (users - 1) * (rest @ rest) / self.size**2)


@dataclass(frozen=True)
class Difference:
    """How much more a variant has than the control."""

    difference: float
    low: float
    high: float
    """`low` and `high` bound the interval."""
    p: float
    """The smallest level at which the interval would be without 0."""
    detectable: float
    """The smallest difference that such a sample shows with a power of 0.8."""


def at_once(control: Sample, variant: Sample, level: float) -> Difference | None:
    """The difference for a single look: its interval is wrong with a chance of `level` at most.

    None where nothing can be said.
    """
    error = _standard_error(control, variant)
    if error is None:
        return None
    difference = _difference(control, variant)
    reach = float(stats.norm.ppf(1 - level / 2))
    p = float(2 * stats.norm.sf(abs(difference) / error))
    return _found(difference, error, reach, p)


def at_any_time(
    control: Sample, variant: Sample, level: float, unit: float = 1.0
) -> Difference | None:
    """The difference by an interval that holds at all times at once, with a chance of 1 - `level`.

    `unit` is the mean square of a single outcome, by which the clock counts outcomes; it must be
    about the same at all times. None where nothing can be said.
    """
    error = _standard_error(control, variant)
    if error is None or unit <= 0:
        return None
    difference = _difference(control, variant)
    size = 2 / (1 / control.size + 1 / variant.size)
    time = MIXTURE * (size * error) ** 2 / (2 * unit)
    reach = boundary(time, level)
    p = level_of(abs(difference) / error, time)
    return _found(difference, error, reach, p)


def boundary(time: float, level: float) -> float:
    """The standard errors that no sum is away from 0, at any time, but for a chance of `level`."""
    return float(np.sqrt(2 * (time + 1) / time * np.log(np.sqrt(time + 1) / level)))


def level_of(z: float, time: float) -> float:
    """The level at which the boundary is `z` standard errors away: an always-valid p-value."""
    return float(min(1.0, np.sqrt(time + 1) * np.exp(-(z**2) * time / (2 * (time + 1)))))


def sample_ratio_p(users: NDArray[np.int64], shares: Values) -> float:
    """p-value of the numbers of users of variants, by Pearson's χ², given their shares.

    Where users are missing from one of them, such as by a fault, no figure can be trusted: Fabijan
    et al., "Diagnosing sample ratio mismatch in online controlled experiments" (KDD 2019).
    """
    if not users.sum():
        return 1.0
    expected = users.sum() * shares / shares.sum()
    return float(stats.chisquare(users, expected).pvalue)


def _difference(control: Sample, variant: Sample) -> float:
    return (variant.ratio or 0.0) - (control.ratio or 0.0)


def _standard_error(control: Sample, variant: Sample) -> float | None:
    """Of the difference; None where it is not known yet."""
    first, second = control.variance, variant.variance
    if first is None or second is None or first + second <= 0:
        return None
    return float(np.sqrt(first + second))


def _found(difference: float, error: float, reach: float, p: float) -> Difference:
    least = (reach + float(stats.norm.ppf(POWER))) * error
    return Difference(difference, difference - reach * error, difference + reach * error, p, least)
