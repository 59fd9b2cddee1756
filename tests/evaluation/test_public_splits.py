"""`graphrec.split`: two sides of a data set, each pair of user and item on one of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from graphrec import split
from graphrec.data.dataset import Dataset
from graphrec.data.graph import Interactions
from graphrec.data.weighting import weigh
from graphrec.errors import DataError
from graphrec.evaluation.splits.split import carve_validation
from graphrec.evaluation.splits.split import temporal as temporal_of_graph
from graphrec.split import TrainTest
from tests.support.random_data import data_of

SPLITS = {
    "temporal": split.temporal,
    "last": split.leave_last_out,
    "random": split.random,
    "blocked": split.blocked,
    "cold items": split.cold_items,
    "overall": split.overall,
    "cold users": split.cold_users,
}


def pairs(log: Interactions) -> set[tuple[int, int]]:
    return set(zip(log.user.tolist(), log.item.tolist(), strict=True))


@pytest.mark.parametrize("make", SPLITS.values(), ids=SPLITS)
def test_every_split(make: object) -> None:
    assert callable(make)
    data = data_of()
    both = make(data)
    assert isinstance(both, TrainTest)
    train, test = both
    assert train.users is data.users
    assert train.items is data.items
    assert 0 < len(test) < len(train) < len(data)
    assert not pairs(test.split.test) & pairs(train.recorded.interactions)
    assert (test.split.test.weight > 0).all()
    # What train holds is as it was recorded, and what the test was split from is what it weighs.
    recorded = {*_events(data.recorded.interactions)}
    assert {*_events(train.recorded.interactions)} <= recorded
    assert test.split.train is train.weighted
    one, other = (_events(make(data).train.recorded.interactions) for _ in range(2))
    assert one == other


def _events(log: Interactions) -> list[tuple[int, ...]]:
    columns = (log.user, log.item, log.time, log.kind, log.weight)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_by_time() -> None:
    data = data_of()
    train, test = split.temporal(data, share=0.2)
    assert test.cutoff is not None
    assert train.recorded.interactions.time.max() < test.cutoff <= test.split.test.time.min()
    # Ages count from the newest event of train.
    expected = weigh(data.recorded.before(test.cutoff), data.kinds)
    np.testing.assert_array_equal(train.weighted.interactions.weight, expected.interactions.weight)
    graph_split = temporal_of_graph(data.weighted, 0.2)
    assert pairs(test.split.test) == pairs(graph_split.test)
    assert repr(test).startswith(f"TestSet({len(test)} events of {len(test.users)} users from 20")


def test_by_a_time_that_is_given() -> None:
    train, test = split.temporal(data_of(), cutoff="2020-10-13")
    assert test.cutoff == pd.Timestamp("2020-10-13").value // 1_000_000
    assert len(train) == len(data_of().before("2020-10-13"))


def test_blocks_are_those_of_validation() -> None:
    data = Dataset(weigh(data_of().recorded, {}, None), {})
    timeless = Dataset.from_frame(data.to_frame().drop(columns="time").drop_duplicates(
        ["user", "item", "kind"]
    ), kinds={})  # fmt: skip
    _, test = split.blocked(timeless, 0.2, seed=3)
    carved = carve_validation(timeless.weighted, 0.2, np.random.default_rng(3))
    assert pairs(test.split.test) == pairs(carved.test)


@pytest.mark.parametrize("make", [split.random, split.blocked])
def test_a_share_of_each_user(make: object) -> None:
    assert callable(make)
    data = data_of()
    _, test = make(data, share=0.3)
    liked = np.diff(data.weighted.matrix.indptr)
    held = np.bincount(pd.DataFrame(sorted(pairs(test.split.test)))[0], minlength=len(liked))
    assert (np.abs(held - 0.3 * liked) <= 1).all()
    assert pairs(make(data, seed=1).test.split.test) != pairs(make(data, seed=2).test.split.test)


def test_cold_items_are_ranked_among_themselves() -> None:
    train, test = split.cold_items(data_of(), share=0.2)
    pool = test.split.pool
    assert pool is not None
    assert not np.isin(train.recorded.interactions.item, pool).any()


@pytest.mark.parametrize("given", [0, 1, 3])
def test_cold_users_give_a_few_events(given: int) -> None:
    data = data_of()
    train, test = split.cold_users(data, share=0.2, given=given)
    held = np.unique(test.split.test.user)
    events = np.bincount(train.recorded.interactions.user, minlength=len(data.users))
    before = np.bincount(data.recorded.interactions.user, minlength=len(data.users))
    assert (events[held] == given).all()
    others = np.setdiff1d(np.arange(len(before)), held)
    assert (events[others] == before[others]).sum() >= len(others) - 1


@pytest.mark.parametrize("share", [0, 1, -0.5, 2])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(DataError, match=r"share is .*: expected a part of the events"):
        split.temporal(data_of(), share)
    with pytest.raises(DataError, match="given is -1"):
        split.cold_users(data_of(), given=-1)
