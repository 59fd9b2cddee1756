"""What all lists are like together, by hand and by comparing every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.ranking.all_lists import MOST_LISTED, concentration, coverage, overlap


def test_all_lists_by_hand() -> None:
    ranked = np.array([[0, 1], [0, 3], [0, -1], [-1, -1]], np.int32)
    assert coverage(ranked, 5) == 3 / 5
    # Of 6 pairs of users, 3 share one of two places.
    assert overlap(ranked, 5) == pytest.approx(3 / 12)
    assert concentration(ranked, 5) == 1
    assert np.isnan(overlap(ranked[:1], 5))


@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.integers(2, 60))
def test_overlap_and_concentration_are_what_comparing_every_pair_says(
    seed: int, users: int, items: int
) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, items))
    ranked = rng.permuted(np.tile(np.arange(items, dtype=np.int32), (users, 1)), axis=1)[:, :k]
    shared = [
        len(set(ranked[a]) & set(ranked[b])) / k for a in range(users) for b in range(a + 1, users)
    ]
    assert overlap(ranked, items) == pytest.approx(np.mean(shared))
    counts = sorted(np.unique(ranked, return_counts=True)[1].tolist(), reverse=True)
    expected = sum(counts[:MOST_LISTED]) / ranked.size
    assert concentration(ranked, items) == pytest.approx(expected)
