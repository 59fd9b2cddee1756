"""Scores to some items are as good as an array of scores to all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.models.scorer import NearestScores
from graphrec.retrieval.neighbourhood import Neighbourhood
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.source import from_scores, from_some

ITEMS = 12


@given(
    st.dictionaries(st.integers(0, ITEMS - 1), st.integers(-3, 9), max_size=ITEMS),
    st.sets(st.integers(0, ITEMS - 1)),
    st.integers(0, ITEMS),
)
def test_candidates_are_those_of_an_array_of_all_scores(
    known: dict[int, int], out: set[int], count: int
) -> None:
    rows = np.array(sorted(known), np.int32)
    scores = np.array([float(known[row]) for row in rows.tolist()])
    dense = np.zeros(ITEMS)
    dense[rows] = scores
    eligible = np.ones(ITEMS, bool)
    eligible[list(out)] = False
    some = from_some("near", rows, scores, ITEMS, eligible, count)
    every = from_scores("near", dense, eligible, count)
    asked = np.arange(ITEMS, dtype=np.int32)[::-1]
    np.testing.assert_allclose(some.z_scores(asked), every.z_scores(asked), atol=2e-4)
    # What has no score at all is no candidate, even where the mean is below 0.
    np.testing.assert_array_equal(some.rows, every.rows[np.isin(every.rows, rows)])


@dataclass(frozen=True)
class Scores:
    """Of each item of a history, to itself and the two after it."""

    sparse: bool = True

    def score_history(self, items: Rows, weights: NDArray[np.floating]) -> NDArray[np.floating]:
        scores = np.zeros(ITEMS)
        for item, weight in zip(items.tolist(), weights.tolist(), strict=True):
            scores[item : item + 3] += weight
        return scores

    def score_nearest(
        self, items: Rows, weights: NDArray[np.floating]
    ) -> tuple[Rows, NDArray[np.float64]] | None:
        if not self.sparse:
            return None
        scores = self.score_history(items, weights)
        rows = np.flatnonzero(scores).astype(np.int32)
        return rows, scores[rows]


@pytest.mark.parametrize("disliked", [[], [3], [0, 7, 11]])
def test_what_is_disliked_is_taken_away_from_both_alike(disliked: list[int]) -> None:
    rows = np.array(disliked, np.int32)
    profile = UserProfile(
        np.array([1, 2, 6], np.int32),
        np.array([1, 2, 3], np.float32),
        disliked=rows,
        dislike_weights=np.ones(len(rows), np.float32),
    )
    assert isinstance(Scores(), NearestScores)
    some = Neighbourhood(Scores(), 0.5)
    found, expected = (
        each.retrieve(profile, np.arange(ITEMS) != 4, 5)
        for each in (some, replace(some, scores=Scores(sparse=False)))
    )
    assert found is not None
    assert expected is not None
    asked = np.arange(ITEMS, dtype=np.int32)
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_allclose(found.z_scores(asked), expected.z_scores(asked), atol=1e-4)
