"""The pseudo-inverse estimator, against the mean over all lists that a log may have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from graphrec.off_policy.lists import Ranked, marginal
from graphrec.off_policy.pseudo_inverse import weight
from graphrec.off_policy.slates import judge_lists
from graphrec.testing.simulation import STRATEGIES, Life, Visit, World, listed, logged_lists


def every_list(
    ranked: Sequence[str], pool: Sequence[str], share: float, k: int
) -> Iterator[tuple[tuple[str, ...], float]]:
    """Each list that exploration may make, and its probability."""
    if k == 0:
        yield (), 1.0
        return
    for rest, chance in every_list(ranked[1:], pool, share, k - 1):
        yield (ranked[0], *rest), (1 - share) * chance
    for item in pool:
        others = [each for each in pool if each != item]
        for rest, chance in every_list(ranked, others, share, k - 1):
            yield (item, *rest), share / len(pool) * chance


@pytest.mark.parametrize(
    "instead",
    [
        Ranked(["a", "b", "c"]),
        Ranked(["a", "x", "b"]),
        Ranked(["x", "y", "z"]),
        Ranked(["a", "b", "c"], 0.1, 5),
    ],
)
def test_it_is_unbiased_where_places_add_up(instead: Ranked) -> None:
    """Whatever each place brings with each item, and though only the sum is looked at."""
    ranked, pool, share = ["a", "b", "c"], ["v", "w", "x", "y", "z"], 0.3
    rng = np.random.default_rng(0)
    worth = {item: rng.normal(size=3) for item in (*ranked, *pool)}
    instead = Ranked(instead.items, instead.share, 5, instead.in_pool)
    truth = sum(
        float(marginal(instead.place(item), instead.share, 3) @ worth[item]) for item in worth
    )
    found = total = mean = 0.0
    for items, chance in every_list(ranked, pool, share, 3):
        each = weight(items, ranked, share, instead)
        found += chance * each * sum(worth[item][at] for at, item in enumerate(items))
        mean += chance * each
        total += chance
    assert total == pytest.approx(1)
    assert mean == pytest.approx(1)
    assert found == pytest.approx(truth)


def test_the_logged_policy_itself_counts_each_list_once() -> None:
    ranked = ["a", "b", "c"]
    instead = Ranked(ranked, 0.3, 5)
    for items in (("a", "b", "c"), ("x", "a", "b"), ("x", "y", "z")):
        assert weight(items, ranked, 0.3, instead) == pytest.approx(1)


@pytest.mark.slow
def test_intervals_hold_the_truth_of_the_simulator() -> None:
    """At 95 %, in most of 30 logs; `graphrec benchmark policy` takes 200 larger ones."""
    world = World(people=40, items=16, k=3, visits=200)
    held = dict.fromkeys(("list", "pseudo-inverse", "independent", "click model"), 0)
    for seed in range(30):
        lists, truth = logged_lists(world, fusion, fusion, 0.3, seed, 200, 0.1)
        for each in judge_lists("less exploration", lists, world.looked_at).estimates:
            if each.estimator in held:
                held[each.estimator] += each.low <= truth <= each.high
    assert min(held.values()) >= 25, held


def fusion(life: Life, visit: Visit) -> np.ndarray:
    return listed(life, visit, STRATEGIES["fusion"])
