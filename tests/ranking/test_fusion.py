"""Fusion: z-scores, sums, and the weights that validation chooses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graphrec.ranking.fusion import (
    ENOUGH,
    LEAST,
    LEVELS,
    PERSONAL,
    TRACE,
    Labelled,
    choose_weights,
    fuse,
    weights_for,
)
from graphrec.retrieval.source import Candidates, z_scores


def candidates(source, rows, **scores):
    table = np.array([scores.get(f"i{row}", 0.0) for row in range(10)])
    return Candidates(source, np.array(rows, np.int32), table.__getitem__)


def test_a_z_score_is_the_deviations_above_the_mean():
    scores = np.array([1, 3, 5, 7], np.float32)
    assert z_scores(scores, 4, 2).tolist() == [0, 0, 0.5, 1.5]
    assert z_scores(scores, 4, 0).tolist() == [0, 0, 0, 0]
    assert z_scores(np.array([np.float32(0.1) * 3, np.float32(0.3)]), 0, 1).tolist() == [0.3, 0.3]


def test_whoever_retrieved_it_an_item_counts_for_all_sources():
    a = candidates("embedding", [7, 3], i7=3.0, i3=2.0, i9=1.0)
    b = candidates("neighbours", [3, 9], i3=4.0, i9=2.0)
    fused = fuse([a, b], {"embedding": 0.5, "neighbours": 1.0})
    assert fused.items.tolist() == [3, 9, 7]
    assert fused.scores.tolist() == [5.0, 2.5, 1.5]
    assert fused.z_scores.tolist() == [[2.0, 1.0, 3.0], [4.0, 2.0, 0.0]]
    fused = fuse([a, b], {"embedding": 0.0, "neighbours": 0.0})
    assert fused.items.tolist() == [3, 7, 9]  # all tie, and go by row
    assert len(fuse([], {}).items) == 0


SOURCES = ("neighbours", "embedding", "popularity")


def labelled(right: int, rng: np.random.Generator) -> Labelled:
    """One of ten items is right, and stands out to the source in column `right`."""
    z_scores = rng.random((10, 3))
    relevant = np.arange(10) == rng.integers(10)
    z_scores[relevant, right] += 3
    return Labelled(z_scores, relevant, np.arange(10, dtype=np.int32), 1)


@pytest.mark.parametrize("right", [0, 1, 2])
def test_the_source_that_is_right_gets_the_highest_weight(right):
    rng = np.random.default_rng(0)
    groups, choice = choose_weights(SOURCES, [labelled(right, rng) for _ in range(50)], 3, 10)
    weights = weights_for(groups, 0)
    assert 0.9 < choice.shown.mean <= 1
    assert weights[SOURCES[right]] == max(weights.values()) == 1
    assert set(weights.values()) <= {*LEVELS, TRACE}
    assert weights["popularity"] >= TRACE


def test_sources_that_are_right_for_half_of_the_people_each_are_mixed():
    rng = np.random.default_rng(0)
    people = [labelled(n % 2, rng) for n in range(100)]
    weights = weights_for(choose_weights(SOURCES, people, 1, 10)[0], 0)
    assert min(weights["neighbours"], weights["embedding"]) >= 0.35


def test_where_nobody_can_tell_the_first_source_is_not_left_out():
    groups, choice = choose_weights(SOURCES, [], 10, 10)
    assert choice.shown.mean == 0
    for least in LEAST:
        assert weights_for(groups, least) == {"neighbours": 1, "embedding": 1, "popularity": 1}
    assert all(group.people == 0 for group in groups)


def misled(right: int, wrong: int, likes: int, rng: np.random.Generator) -> Labelled:
    """Like `labelled`, but the source in column `wrong` prefers the others."""
    found = labelled(right, rng)
    found.z_scores[~found.relevant, wrong] += 9
    return replace(found, likes=likes)


def test_those_who_like_few_items_get_weights_of_their_own() -> None:
    rng = np.random.default_rng(0)
    many = [misled(0, 2, 30, rng) for _ in range(300)]
    few = [misled(2, 0, 1 + n % 2, rng) for n in range(ENOUGH)]
    groups, choice = choose_weights(SOURCES, many, 3, 10, short_histories=few)
    assert choice.shown.mean > 0.9  # that of the many alone
    assert [group.weights["popularity"] == 1 for group in groups] == [0, 1, 0, 0, 0]
    assert [group.people for group in groups] == [0, ENOUGH, 0, 0, 0]
    assert [weights_for(groups, n)["popularity"] for n in (0, 1, 2, 3)] == [
        groups[at].weights["popularity"] for at in (0, 1, 1, 2)
    ]
    too_few, _ = choose_weights(SOURCES, many, 3, 10, short_histories=few[1:])
    assert too_few[1].weights == too_few[4].weights


def test_weights_that_are_better_by_chance_are_not_taken() -> None:
    rng = np.random.default_rng(0)
    people = [replace(labelled(n % 2, rng), likes=n % 30) for n in range(600)]
    groups, _ = choose_weights(SOURCES, people, 3, 10)
    assert sum(group.people > 0 for group in groups) <= 1


@pytest.mark.parametrize("likes", [1, 2, 3, 30])
@pytest.mark.parametrize("people", [10, 2 * ENOUGH])
@pytest.mark.parametrize("right", [1, 2])
def test_by_the_personal_rule_neighbours_lead_for_one_or_two_likes(
    likes: int, people: int, right: int
) -> None:
    """Whatever is right, and however few tell; the others have the weights that are best."""
    rng = np.random.default_rng(0)
    rows = [replace(labelled(right, rng), likes=likes) for _ in range(people)]
    groups, choice = choose_weights(SOURCES, rows, 5, 10, rule="personal")
    weights = weights_for(groups, likes)
    if likes <= 2:
        assert weights["neighbours"] >= max(PERSONAL, weights["embedding"])
    else:
        assert max(weights["neighbours"], weights["embedding"]) >= PERSONAL
        assert weights == groups[0].weights
    accurate, _ = choose_weights(SOURCES, rows, 5, 10, rule="accuracy")
    assert weights_for(accurate, likes)[SOURCES[right]] == 1.0
    assert choice.most_accurate.mean >= choice.shown.mean
