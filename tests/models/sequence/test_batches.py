"""Pieces of histories in batches."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data.sequences import Sequences
from graphrec.models.sequence.batches import batches, pieces


def histories_of(lengths: list[int]) -> Sequences:
    """Of items that are numbered through, so that each is told by its place."""
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    count = int(starts[-1])
    return Sequences(
        starts, np.arange(count, dtype=np.int32), np.arange(count), np.ones(count, np.float32)
    )


LENGTHS = st.lists(st.integers(0, 30), min_size=1, max_size=20)


@given(LENGTHS, st.integers(1, 9), st.integers(1, 40), st.integers(0, 5))
def test_each_item_but_the_first_of_a_user_is_predicted_once_from_those_before_it(
    lengths: list[int], length: int, size: int, seed: int
) -> None:
    histories = histories_of(lengths)
    first = set(histories.starts[:-1][histories.lengths > 0].tolist())
    predicted = []
    for batch in batches(histories, length, size, np.random.default_rng(seed)):
        assert batch.items.shape[1] <= length
        assert len(batch.users) == 1 or batch.items.size <= size
        assert batch.known.any(axis=0).all()  # no longer than its longest
        inputs = batch.items[batch.known]
        np.testing.assert_array_equal(batch.targets, inputs + 1)
        owner = np.searchsorted(histories.starts, inputs, side="right") - 1
        assert (owner == np.repeat(batch.users, batch.known.sum(axis=1))).all()
        predicted += batch.targets.tolist()
    assert sorted(predicted) == [n for n in range(sum(lengths)) if n not in first]


def test_long_histories_are_cut_elsewhere_each_time() -> None:
    histories = histories_of([100])
    found = {tuple(pieces(histories, 10, np.random.default_rng(n))[1]) for n in range(20)}
    assert len(found) > 5


def test_short_histories_cost_what_they_are_long() -> None:
    rng = np.random.default_rng(0)
    histories = histories_of(rng.geometric(0.1, 3000).tolist())
    found = list(batches(histories, 50, 1024, rng))
    places = sum(batch.items.size for batch in found)
    assert places < 1.15 * sum(len(batch.targets) for batch in found)
