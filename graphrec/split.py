"""Splits of a data set into train and test: `train, test = graphrec.split.temporal(data)`.

Train keeps all users and items, with their attributes and links, so that both sides have the same
rows. The test holds positive events of pairs (user, item) that are not in train.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Interactions, last_of_equal
from graphrec.data.dataset import Dataset
from graphrec.data.times import Time, moment
from graphrec.errors import DataError
from graphrec.evaluation.splits import cold
from graphrec.evaluation.splits import split as splits
from graphrec.evaluation.splits.split import Split
from graphrec.evaluation.test_set import TestSet, TrainTest

__all__ = [
    "TestSet",
    "TrainTest",
    "blocked",
    "cold_items",
    "cold_users",
    "leave_last_out",
    "overall",
    "random",
    "temporal",
]


def temporal(data: Dataset, share: float = 0.1, *, cutoff: Time | None = None) -> TrainTest:
    """Train on all events before one time, test on the positive events from it on.

    The time is the one that brings the test's share of the positive events closest to `share`, or
    `cutoff` where it is given. No model sees events later than a test event: prefer this split
    where events have times. Raises DataError where all positive events have one time.
    """
    graph = data.weighted
    if cutoff is None:
        split = splits.temporal(graph, _checked(share))
    else:
        split = splits.cut(graph, moment(cutoff))
    # As of the newest event of train: how old an event is must not depend on the test events.
    return _pair(replace(data, as_of=None), split)


def leave_last_out(data: Dataset) -> TrainTest:
    """Test on the last positive event of each user, train on the user's earlier events.

    Users with fewer than two positive items stay in train. Other users' events in train may be
    newer than a test event, which makes figures higher than they would be in service.
    """
    return _pair(data, splits.leave_last_out(data.weighted))


def random(data: Dataset, share: float = 0.1, *, seed: int = 0) -> TrainTest:
    """Test on a `share` of the positive items of each user, drawn at random.

    It overrates models of local co-occurrence, since neighbours of the test items stay in train:
    prefer `temporal`, or `blocked` where there are no times.
    """
    rng = np.random.default_rng(seed)
    return _pair(data, splits.random_holdout(data.weighted, _checked(share), rng))


def blocked(data: Dataset, share: float = 0.1, *, seed: int = 0) -> TrainTest:
    """Test on a `share` of the positive items of each user, in blocks of similar items.

    For data without times: models are ordered more as by a split by time than by a random share.
    """
    rng = np.random.default_rng(seed)
    return _pair(data, splits.block_holdout(data.weighted, _checked(share), rng))


def cold_items(data: Dataset, share: float = 0.1, *, seed: int = 0) -> TrainTest:
    """Train without a `share` of the items, test by ranking these items among themselves.

    They keep their attributes and links. Raises DataError where none or all would be held out.
    """
    rng = np.random.default_rng(seed)
    return _pair(data, cold.cold_items(data.weighted, _checked(share), rng))


def overall(data: Dataset, share: float = 0.1, *, seed: int = 0) -> TrainTest:
    """Train without a `share` of the items and a share of the events of the others; the test ranks
    both in one list, and each among themselves.

    The share of events is the newest, where events have times. Raises DataError where no item or
    all would be held out.
    """
    rng = np.random.default_rng(seed)
    return _pair(data, cold.overall(data.weighted, _checked(share), rng))


def cold_users(data: Dataset, share: float = 0.1, *, given: int = 5, seed: int = 0) -> TrainTest:
    """Of a `share` of the users train keeps the first `given` events, the later ones are the test.

    They are drawn from those with positive events of more than `given` items. Raises DataError
    where none or all would be held out.
    """
    if given < 0:
        raise DataError(f"given is {given}: expected a number of events, 0 or more")
    rng = np.random.default_rng(seed)
    held = cold.cold_users(data.weighted, _checked(share), rng, [given])
    return _pair(data, held.given[given], also=held.train.interactions)


def _checked(share: float) -> float:
    if not 0 < share < 1:
        raise DataError(f"share is {share:g}: expected a part of the events, above 0 and below 1")
    return share


def _pair(data: Dataset, split: Split, also: Interactions | None = None) -> TrainTest:
    """The events of the train side, and of `also`, as recorded; and the test beside them."""
    log = data.recorded.interactions
    parts = [split.train.interactions, *([] if also is None else [also])]
    train = replace(data, recorded=data.recorded.with_interactions(log.take(_kept(log, parts))))
    return TrainTest(train, TestSet(replace(split, train=train.weighted)))


def _kept(log: Interactions, parts: Sequence[Interactions]) -> NDArray[np.bool_]:
    """Which events of a log are in one of its parts [E]; all have the same rows and kinds."""
    logs = [log, *parts]
    keys = [
        np.concatenate([getattr(each, column) for each in logs])
        for column in ("user", "item", "time", "kind")
    ]
    of_part = np.arange(len(keys[0])) >= len(log)
    # Events of parts come last among equal ones, so that the last tells whether a part has them.
    order = np.lexsort((of_part, *keys))
    last = np.flatnonzero(last_of_equal([key[order] for key in keys]))
    run = np.searchsorted(last, np.arange(len(order)))
    found = np.zeros(len(order), bool)
    found[order] = of_part[order][last[run]]
    return found[: len(log)]
