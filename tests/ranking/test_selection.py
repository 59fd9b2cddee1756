"""Which alternative serves: the best, or the most personal of those that are as good."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.ranking.selection import Shown, is_as_good, select

RNG = np.random.default_rng(0)


def test_by_accuracy_the_best_mean_is_taken_and_of_equal_ones_the_first() -> None:
    shown = [Shown(np.array([0.1, 0.3]), 0.9), Shown(np.array([0.3, 0.3])), Shown(np.full(2, 0.3))]
    assert select(shown, "accuracy") == 1


def test_of_those_as_good_the_one_that_covers_most_is_taken() -> None:
    noise = RNG.normal(0, 0.1, 60)
    best = Shown(0.3 + noise, 0.04, 0.5)
    as_good = Shown(0.298 + RNG.normal(0, 0.1, 60), 0.10, 0.4)
    worse = Shown(0.1 + noise, 0.90, 0.1)
    assert select([worse, best, as_good], "accuracy") == int(as_good.mean > best.mean) + 1
    assert select([worse, best, as_good], "personal") == 2


def test_among_equal_coverage_the_least_overlap_is_taken() -> None:
    ndcg = RNG.random(20)
    shown = [Shown(ndcg, 0.1, 0.5), Shown(ndcg, 0.1, 0.3), Shown(ndcg, 0.1, 0.4)]
    assert select(shown, "personal") == 1


def test_a_small_loss_of_every_user_is_told_from_noise() -> None:
    """Paired: of each user 0.01 less is clear, however much users differ."""
    ndcg = RNG.random(100)
    assert not is_as_good(Shown(ndcg - 0.01), Shown(ndcg))
    assert is_as_good(Shown(RNG.permutation(ndcg)), Shown(ndcg))


@pytest.mark.parametrize("rule", ["accuracy", "personal"])
def test_where_nobody_tells_the_first_is_taken(rule: str) -> None:
    assert select([Shown(np.empty(0))] * 3, rule) == 0  # type: ignore[arg-type]


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 9))
def test_the_personal_one_is_never_clearly_worse_nor_covers_less(
    seed: int, users: int, alternatives: int
) -> None:
    rng = np.random.default_rng(seed)
    shown = [Shown(rng.random(users), *rng.random(2)) for _ in range(alternatives)]
    best, taken = (shown[select(shown, rule)] for rule in ("accuracy", "personal"))
    assert is_as_good(taken, best)
    assert taken.coverage >= best.coverage
