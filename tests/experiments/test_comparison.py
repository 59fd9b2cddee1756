"""Two versions by what people did: figures counted by hand, and what chance makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.data import Interactions
from graphrec.errors import DataError
from graphrec.experiments.comparison import (
    CLICK_THROUGH,
    USERS_WHO_CLICKED,
    clicks,
    compare,
)
from graphrec.experiments.inference import sample_ratio_p

HOUR = 3_600_000


def log(rows):
    """User, item, time in hours, kind."""
    users, items, times, kinds = zip(*rows, strict=True)
    return Interactions.of(users, items, None, [round(t * HOUR) for t in times], kinds)


def test_a_click_follows_the_last_time_that_an_item_was_shown():
    shown = log([
        ("ann", "x", 0, "A"),  # shown again before the click
        ("ann", "x", 5, "A"),
        ("ann", "y", 5, "A"),  # clicked too late
        ("bob", "x", 1, "A"),  # clicked before it was shown
        ("bob", "z", 1, "A"),  # by somebody else
    ])  # fmt: skip
    events = log([
        ("ann", "x", 6, "view"), ("ann", "x", 7, "view"), ("ann", "y", 40, "view"),
        ("bob", "x", 0.5, "view"), ("cat", "z", 2, "view"),
    ])  # fmt: skip
    assert clicks(shown, events, 24 * HOUR).tolist() == [False, True, False, False, False]
    assert clicks(shown, events, 48 * HOUR).tolist() == [False, True, True, False, False]
    disliked = Interactions.of(["ann"], ["x"], [0.0], [6 * HOUR])
    assert not clicks(shown, disliked, 24 * HOUR).any()


def simulated(rng, rate_a, rate_b, *, users=800, share=0.5, lost=0.0):
    """Ten items each, and users with rates of their own; `lost` of those with B are not logged."""
    in_b = rng.random(users) < share
    logged = ~(in_b & (rng.random(users) < lost))
    shown, events = [], []
    for user in np.flatnonzero(logged).tolist():
        own = rng.beta(2, 8) * (rate_b if in_b[user] else rate_a) / 0.2
        for item in range(10):
            shown.append((f"u{user}", f"i{item}", 0, "B" if in_b[user] else "A"))
            if rng.random() < own:
                events.append((f"u{user}", f"i{item}", 1, "view"))
    return log(shown), log(events)


def judged(found, share=0.5):
    return compare(*found, "A", "B", share=share, window=24 * HOUR, resamples=400,
                   rng=np.random.default_rng(0))  # fmt: skip


def test_figures_are_those_of_the_log():
    shown = log([("ann", "x", 0, "A"), ("ann", "y", 0, "A"), ("bob", "x", 0, "A"),
                 ("cat", "x", 0, "B"), ("dan", "y", 0, "B"), ("eve", "x", 0, "A"),
                 ("eve", "y", 9, "B"), ("fay", "x", 0, "C")])  # fmt: skip
    found = judged((shown, log([("ann", "x", 1, "view"), ("cat", "x", 1, "view")])))
    first, second = found.arms
    assert (first.users, first.shown, first.clicked, first.users_who_clicked) == (2, 3, 1, 1)
    assert (second.users, second.shown, second.clicked, second.users_who_clicked) == (2, 2, 1, 1)
    assert found.crossed == 1
    assert found.effects[CLICK_THROUGH].difference == pytest.approx(1 / 2 - 1 / 3)
    assert found.effects[USERS_WHO_CLICKED].difference == 0


def test_a_better_version_is_found_and_a_like_one_is_not_taken_for_one():
    rng = np.random.default_rng(1)
    better = judged(simulated(rng, 0.2, 0.3))
    assert better.verdict == "better"
    effect = better.effects[CLICK_THROUGH]
    assert effect.low < 0.1 < effect.high
    assert 0 < effect.detectable < 0.05
    assert judged(simulated(rng, 0.3, 0.2)).verdict == "worse"
    same = [judged(simulated(rng, 0.2, 0.2, users=200)).verdict for _ in range(60)]
    assert same.count("no difference shown") >= 50  # 57 expected


def test_nothing_is_concluded_where_the_sample_ratio_is_off():
    found = judged(simulated(np.random.default_rng(2), 0.2, 0.4, users=1500, lost=0.3))
    assert found.verdict == "not to be trusted"
    assert "expected 50.00%" in found.why
    # The share that was asked for is what counts, not one half.
    fair = judged(simulated(np.random.default_rng(3), 0.2, 0.2, users=2000, share=0.1), share=0.1)
    assert fair.ratio_p > 0.001


def test_a_sample_ratio_is_judged_as_pearson_does():
    half = np.array([0.5, 0.5])
    assert sample_ratio_p(np.array([500, 500]), half) == 1
    assert sample_ratio_p(np.array([900, 100]), np.array([0.9, 0.1])) == 1
    # χ² = 3.6 with one degree of freedom
    assert sample_ratio_p(np.array([530, 470]), half) == pytest.approx(0.0578, abs=1e-4)
    assert sample_ratio_p(np.array([500, 250, 250]), np.array([2.0, 1, 1])) == 1
    assert sample_ratio_p(np.array([500, 300, 200]), np.array([2.0, 1, 1])) < 1e-4


def test_users_who_saw_both_are_too_many_to_trust_the_rest():
    rows = [(f"u{n}", "x", 0, "AB"[n % 2]) for n in range(100)]
    crossing = [(f"u{n}", "y", 1, "AB"[(n + 1) % 2]) for n in range(6)]
    found = judged((log(rows + crossing), log([("u1", "x", 1, "view")])))
    assert found.crossed == 6
    assert "6 users saw both versions" in found.why
    assert found.verdict == "not to be trusted"


def test_versions_that_nobody_saw_are_named():
    shown = log([("ann", "x", 0, "A")])
    with pytest.raises(DataError, match=r"no exposures of version 'B'.*found A"):
        judged((shown, shown))
    both = log([("ann", "x", 0, "A"), ("ann", "x", 1, "B")])
    with pytest.raises(DataError, match="1 users saw both versions, and no user saw"):
        judged((both, both))
