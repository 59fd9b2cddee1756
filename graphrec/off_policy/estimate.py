"""An estimate of what a policy would bring: its interval, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from graphrec.errors import DataError
from graphrec.experiments.inference import Sample

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

FEWEST_EFFECTIVE = 30.0
"""Effective sample size below which nothing is estimated."""

ENOUGH_EFFECTIVE = 100.0
"""Below which it is said that intervals may be too narrow."""

MOST_NEVER_SHOWN = 0.05
"""Share of what a policy shows that may have had no chance in the log."""

LOWEST_WEIGHT = 0.9
"""Mean weight below which a policy must do what had no chance; it is 1 where nothing lacks it."""

SYMMETRIC = 1e-6
"""Skewness of a mean below which there is none."""

SURE = 0.001
"""Level of the test of the mean weight."""


class NoOverlap(DataError):  # noqa: N818 - named after what is missing
    """A log cannot tell what a policy would bring: it shows what was never, or hardly, shown."""


@dataclass(frozen=True)
class Estimate:
    """What a policy would bring, by one estimator."""

    estimator: str
    value: float
    low: float
    high: float
    """`low` and `high` bound the interval, over users."""


@dataclass(frozen=True)
class Support:
    """What estimates rest on."""

    effective: float
    """Effective sample size: how many lists of the policy itself would tell as much (Kish 1965)."""
    mean_weight: float
    """1, but for chance, if propensities are right and nothing lacks them."""
    largest_weight: float
    clipped: int
    """Weights that were cut to the largest allowed one."""
    never_shown: float
    """Share of what the policy shows that had no chance in the log."""


@dataclass(frozen=True)
class Judgement:
    """All estimates of a policy, beside what the log itself brought."""

    policy: str
    rounds: int
    users: int
    confidence: float
    logged: Estimate
    estimates: tuple[Estimate, ...]
    """By the estimators that the log can tell by."""
    support: Support
    notes: tuple[str, ...] = ()
    """What is doubtful, in a sentence each."""

    def of(self, estimator: str) -> Estimate:
        """The estimate by one estimator; raises KeyError."""
        return {each.estimator: each for each in self.estimates}[estimator]

    @property
    def skewed(self) -> str | None:
        """That few lists have much of the weight, in words; None where they do not."""
        if self.support.effective >= ENOUGH_EFFECTIVE:
            return None
        return (
            f"few lists have much of the weight: with {self.support.effective:.0f} effective ones, "
            f"intervals, of ips above all, may be too narrow; expected {ENOUGH_EFFECTIVE:.0f}"
        )

    def with_notes(self, *notes: str) -> Judgement:
        """With further notes."""
        return replace(self, notes=(*self.notes, *notes))


def estimate(name: str, counted: Floats, of: Floats, cluster: Whole, confidence: float) -> Estimate:
    """The ratio of two sums over rounds [N], with an interval over their clusters [N].

    Rounds of a user are not independent: what varies are users. The variance is by the delta
    method, as of `graphrec.experiments.inference`. Weights are skewed, and where the large ones
    happen to be missing, value and variance are both too small; so the interval of Student's t is
    transformed by the skewness of users (Hall, "On the removal of skewness by transformation",
    Journal of the Royal Statistical Society B, 1992).
    """
    users = int(cluster.max(initial=-1)) + 1
    sample = Sample(
        np.bincount(cluster, counted, users).astype(np.float64),
        np.bincount(cluster, of, users).astype(np.float64),
    )
    value, variance = sample.ratio, sample.variance
    if value is None or variance is None:
        raise NoOverlap(
            f"{users} users in the log: expected two or more, to tell how far an estimate may be "
            f"off; evaluate a longer log"
        )
    reach, error = float(stats.t.ppf((1 + confidence) / 2, users - 1)), float(np.sqrt(variance))
    skewness = _skewness(sample.counted - value * sample.of) / np.sqrt(users)
    low, high = (value - error * _untransformed(each, skewness) for each in (reach, -reach))
    return Estimate(name, value, low, high)


def _skewness(values: Floats) -> float:
    spread = float(values.std())
    return float(np.mean((values - values.mean()) ** 3)) / spread**3 if spread else 0.0


def _untransformed(t: float, skewness: float) -> float:
    """What Hall's third transformation makes `t` of; `skewness` is that of a mean."""
    if abs(skewness) < SYMMETRIC:
        return t
    return float(3 / skewness * (np.cbrt(1 + skewness * (t - skewness / 6)) - 1))


def clipped(weight: Floats, most: float | None) -> tuple[Floats, int]:
    """Weights cut to the largest allowed one, and how many were cut."""
    if most is None:
        return weight, 0
    return np.minimum(weight, most), int(np.count_nonzero(weight > most))


def support_of(weight: Floats, cut: int, never_shown: float) -> Support:
    """What estimates by these weights [N] rest on."""
    squares = float(weight @ weight)
    effective = float(weight.sum()) ** 2 / squares if squares else 0.0
    mean = float(weight.mean()) if len(weight) else 0.0
    return Support(effective, mean, float(weight.max(initial=0)), cut, never_shown)


def check_overlap(
    policy: str, weight: Floats, cluster: Whole, support: Support, examples: Sequence[str] = ()
) -> None:
    """See that the log can tell what a policy would bring; raises NoOverlap."""
    remedy = (
        "serve it to some users in an experiment, or give a share of places or lists to "
        "exploration, and evaluate the log of that"
    )
    if support.never_shown > MOST_NEVER_SHOWN:
        named = f", such as {', '.join(examples)}" if examples else ""
        raise NoOverlap(
            f"{policy!r} shows what was never shown: {support.never_shown:.0%} of what it shows "
            f"had no chance in the log{named}; expected {MOST_NEVER_SHOWN:.0%} at most; {remedy}"
        )
    if support.effective < FEWEST_EFFECTIVE:
        raise NoOverlap(
            f"{policy!r} shows what was hardly ever shown: {len(weight):,} lists of the log tell "
            f"as much of it as {support.effective:.1f} lists of its own; expected "
            f"{FEWEST_EFFECTIVE:.0f} or more; {remedy}"
        )
    if not support.clipped:
        mean = estimate("", weight, np.ones(len(weight)), cluster, 1 - SURE)
        if mean.high < LOWEST_WEIGHT:
            raise NoOverlap(
                f"{policy!r} shows what was never shown: the mean weight is {mean.value:.2f}; "
                f"expected 1, as for a policy all of whose choices had a chance in the log; "
                f"{remedy}"
            )
