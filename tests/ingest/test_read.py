"""Reading a source that is wanted in memory."""

from __future__ import annotations

import numpy as np
from graphrec.ingest.read import told_apart
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), min_size=1, max_size=30))
def test_equal_times_of_a_user_are_told_apart_and_nothing_changes_places(
    events: list[tuple[int, int]],
) -> None:
    user, time = (np.array(column, np.int64) for column in zip(*events, strict=True))
    found = told_apart(user.astype(np.int32), time)
    assert (found >= time).all()
    for each in np.unique(user):
        mine = found[user == each]
        assert len(np.unique(mine)) == len(mine)
        before = np.argsort(time[user == each], kind="stable")
        np.testing.assert_array_equal(np.argsort(mine), before)
        apart = np.diff(np.sort(time[user == each]), prepend=-9) > 30
        assert (np.sort(mine)[apart] == np.sort(time[user == each])[apart]).all()
