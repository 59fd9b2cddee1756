"""What is said of differences: right by chance alone no more often than it says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from scipy import stats

from graphrec.experiments.inference import (
    ALPHA,
    FEWEST,
    MIXTURE,
    TIGHTEST,
    Difference,
    Sample,
    at_any_time,
    at_once,
    boundary,
    level_of,
)


def ones(counted: list[float]) -> Sample:
    return Sample(np.array(counted, float), np.ones(len(counted)))


def test_a_ratio_of_users_has_the_variance_of_a_mean() -> None:
    sample = ones([0, 1, 1, 0, 1])
    assert sample.ratio == 0.6
    assert sample.variance == pytest.approx(np.var([0, 1, 1, 0, 1], ddof=1) / 5)
    assert ones([1]).variance is None
    assert ones([]).ratio is None


def test_a_ratio_of_sums_has_the_variance_of_resamples() -> None:
    rng = np.random.default_rng(0)
    of = rng.poisson(5, 400) + 1.0
    counted = rng.binomial(of.astype(int), rng.beta(2, 8, 400)).astype(float)
    drawn = rng.integers(0, 400, (2000, 400))
    resampled = counted[drawn].sum(axis=1) / of[drawn].sum(axis=1)
    variance = Sample(counted, of).variance
    assert variance == pytest.approx(resampled.var(), rel=0.1)


def test_one_look_is_the_test_of_two_means() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(1, 1, 500), rng.normal(1.2, 2, 400)
    found = at_once(Sample(first, np.ones(500)), Sample(second, np.ones(400)), 0.05)
    assert found is not None
    known = stats.ttest_ind(second, first, equal_var=False)
    assert found.p == pytest.approx(known.pvalue, rel=0.05)
    low, high = known.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.002)


def test_the_boundary_is_that_of_the_paper() -> None:
    """σ √(2(tρ² + 1) / (t²ρ²) · log(√(tρ² + 1) / α)), in standard errors σ / √t."""
    t, alpha = 250.0, 0.03
    wide = np.sqrt(
        2 * (t * MIXTURE + 1) / (t**2 * MIXTURE) * np.log(np.sqrt(t * MIXTURE + 1) / alpha)
    )
    assert boundary(t * MIXTURE, alpha) == pytest.approx(wide * np.sqrt(t))
    times = np.geomspace(1, 1e5, 200)
    reach = [boundary(each * MIXTURE, ALPHA) / np.sqrt(each) for each in times]
    assert np.all(np.diff(reach) < 0)  # intervals become shorter, always
    tightest = min(
        np.geomspace(1e-5, 10, 4000),
        key=lambda rho: boundary(rho * TIGHTEST, ALPHA),
    )
    assert pytest.approx(tightest, rel=0.05) == MIXTURE


def test_the_level_is_that_at_which_the_interval_ends_at_zero() -> None:
    for time in (0.1, 1.0, 30.0):
        for level in (0.2, 0.05, 0.001):
            assert level_of(boundary(time, level), time) == pytest.approx(level)
    assert level_of(0.0, 1.0) == 1


def test_nothing_is_said_of_nothing() -> None:
    same, none = ones([0, 0, 0]), ones([])
    assert at_any_time(same, same, 0.05) is None
    assert at_once(same, none, 0.05) is None
    assert at_any_time(ones([1, 0]), ones([1, 0]), 0.05, unit=0.0) is None


def looks(
    rng: np.random.Generator, lift: float, users: int, times: int, price: bool
) -> Iterator[tuple[Difference | None, Difference | None]]:
    """An experiment that is looked at again and again: users come, and go on acting, some more."""
    arm = rng.random(users) < 0.5
    own = np.minimum(rng.beta(2, 18, users) * (1 + lift * arm), 1)
    busy, came = rng.gamma(1, 1, users), rng.random(users) * 0.8
    shown, counted, outcomes = np.zeros(users), np.zeros(users), np.zeros(users)
    squares = 0.0
    for at in range(1, times + 1):
        new = rng.poisson(busy) * (came <= at / times)
        done = rng.binomial(new, own)
        worth = done * (rng.lognormal(0, 0.7, users) if price else 1.0)
        shown, counted, outcomes = shown + new, counted + worth, outcomes + done
        squares += float(np.sum(np.divide(worth**2, done, out=np.zeros(users), where=done > 0)))
        seen = shown > 0
        of = np.ones(users) if price else shown
        control, variant = (Sample(counted[seen & g], of[seen & g]) for g in (~arm, arm))
        total = outcomes.sum()
        if total < FEWEST:
            yield None, None
            continue
        unit = squares / total if price else 1.0
        yield at_once(control, variant, 0.05), at_any_time(control, variant, 0.05, unit)


def wrong(found: Difference | None, truth: float) -> bool:
    return found is not None and not found.low <= truth <= found.high


@pytest.mark.slow
@pytest.mark.parametrize("price", [False, True])
def test_peeking_at_no_difference_finds_none(price: bool) -> None:
    rng = np.random.default_rng(2)
    once, always = [], []
    for _ in range(200):
        found = [*looks(rng, 0.0, 600, 20, price)]
        once.append(any(wrong(each, 0) for each, _ in found))
        always.append(any(wrong(each, 0) for _, each in found))
    assert np.mean(always) <= 0.05
    assert np.mean(once) > 0.15  # which is why


@pytest.mark.slow
def test_a_known_difference_is_in_the_interval_and_is_found() -> None:
    rng = np.random.default_rng(3)
    lift, truth = 0.5, 0.05
    missed, missed_at_end, found_it = [], [], []
    for _ in range(100):
        found = [*looks(rng, lift, 1500, 10, False)]
        once, always = found[-1]
        missed.append(any(wrong(each, truth) for _, each in found))
        missed_at_end.append(wrong(once, truth))
        found_it.append(always is not None and always.low > 0)
    assert np.mean(missed) <= 0.05
    assert np.mean(missed_at_end) <= 0.13  # 5 expected
    assert np.mean(found_it) > 0.8
