"""Thompson sampling over new items by their own exposures."""

from __future__ import annotations

from collections import Counter

import numpy as np

from graphrec.ranking.thompson import Posteriors, ThompsonPool
from graphrec.ranking.tried import Tried

KNOWN = Posteriors(np.array([5, 1, 0]), np.array([10, 50, 0]))
"""Of two items of a snapshot, and of one that nobody has seen."""

NEW = ("good", "bad", "untried")


def test_posteriors_are_those_of_all_items_at_once() -> None:
    tried = Tried({"good": (8, 10), "bad": (0, 40)})
    found = tried.posteriors(KNOWN, NEW)
    whole = Posteriors(np.array([5, 1, 8, 0, 0, 0]), np.array([10, 50, 10, 40, 0, 0]))
    for row in range(6):
        parts = [each.log_below[each.groups[row]] for each in (found, whole)]
        assert np.array_equal(*parts)
    rows = np.arange(5)
    ids = ("a", "b", *NEW)
    pool, expected = ThompsonPool(ids, found, rows), ThompsonPool(ids, whole, rows)
    for row in range(5):
        sizes = [int((each.groups[:5] == each.groups[row]).sum()) for each in (found, whole)]
        chances = (pool.chance(found.groups[row]), expected.chance(whole.groups[row]))
        assert np.isclose(chances[0] / sizes[0], chances[1] / sizes[1], rtol=1e-4)


def test_what_was_liked_is_drawn_and_what_was_not_hardly_ever() -> None:
    posteriors = Tried({"good": (8, 10), "bad": (0, 40)}).posteriors(KNOWN, NEW)
    rng = np.random.default_rng(0)
    drawn = Counter(
        ThompsonPool(("a", "b", *NEW), posteriors, np.arange(5)).draw(rng)[0] for _ in range(300)
    )
    assert drawn["good"] > 150 > drawn["untried"] > drawn["bad"]


def test_nothing_changes_without_new_items() -> None:
    assert Tried().posteriors(KNOWN, ()) is KNOWN
