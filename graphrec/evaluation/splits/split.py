"""Splits of a log into train and test.

Every split takes a graph of weights (`graphrec.data.weighting`), and keeps all nodes, attributes
and links on the train side. The test holds positive events of pairs (user, item) that train does
not hold, with any weight. A model is fitted on `Split.train`, in which the test pairs do not occur.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, Graph, Interactions, Rows, Vocabulary
from graphrec.errors import DataError
from graphrec.evaluation.splits.blocks import blocks


@dataclass(frozen=True)
class Split:
    """The train and the test side of a log, in the same rows."""

    train: Graph
    test: Interactions
    """Positive events of pairs that are not in `train.seen`."""
    cutoff: int | None = None
    """Where the split is by time: train is before it, test from it on; milliseconds since 1970."""
    repeats: int = 0
    """Positive test events that were left out because train holds their pair."""
    candidates: sparse.csr_array | None = None  # bool [U, I]
    """The items that each user's test item is ranked among; None: the full catalogue
    (`graphrec.evaluation.splits.sampled_candidates`)."""
    pool: Rows | None = None
    """The items that lists may hold, the same for all users, ascending; None: all."""
    parts: Mapping[str, Rows] = field(default_factory=dict)
    """Items, ascending, that are also ranked among themselves, for their own test events, by
    name."""
    earlier: tuple[Split, ...] = ()
    """Of a validation part of few users: further cuts of the same log, with users of their own, on
    which choices rest as well."""

    @property
    def cuts(self) -> tuple[Split, ...]:
        """The newest cut, and the further ones."""
        return (replace(self, earlier=()), *self.earlier)

    def among(self, items: Rows) -> Split:
        """The split whose lists hold these items alone, ascending, and its test their events."""
        test = self.test.take(np.isin(self.test.item, items))
        return replace(self, test=test, pool=items, parts={}, earlier=())

    def with_attributes(self, attributes: Mapping[str, Mapping[str, Attribute]]) -> Split:
        """The same split, its train side with these attributes by node type."""
        earlier = tuple(each.with_attributes(attributes) for each in self.earlier)
        return replace(self, train=replace(self.train, attributes=attributes), earlier=earlier)

    def with_links(self, described: Graph) -> Split:
        """The same split, its train side with the other nodes and the links of a graph of the same
        users and items.
        """
        earlier = tuple(each.with_links(described) for each in self.earlier)
        train = replace(self.train, others=described.others, links=described.links)
        return replace(self, train=train, earlier=earlier)


def temporal(graph: Graph, test_share: float) -> Split:
    """Train on all events before a cutoff time, test on the positive events from it on.

    One cutoff for all users, so that no model sees later events (Ji et al. 2023, "A Critical Study
    on Data Leakage in Recommender System Offline Evaluation"). It is the event time that brings the
    test's share of all positive events closest to `test_share` (above 0 and below 1). Events of one
    time stay together, so that coarse times give other shares.

    Raises DataError where all positive events have one time, or where there are none.
    """
    log = graph.interactions
    times, first = np.unique(np.sort(log.time[log.weight > 0]), return_index=True)
    total = int(np.count_nonzero(log.weight > 0))
    return cut(graph, cutoff_among(times, first, total, test_share))


def cutoff_among(
    times: NDArray[np.int64], earlier: NDArray[np.integer], total: int, test_share: float
) -> int:
    """The cutoff of `temporal`, among the distinct times [T] of the positive events, ascending.

    `earlier` [T] is how many of the `total` positive events are before each. Raises DataError as
    `temporal`.
    """
    if len(times) < 2:
        raise DataError(
            f"split by time: the positive events have {len(times)} distinct times: expected at "
            f"least 2; split by leave-last-one-out, or give train and test files of your own"
        )
    newer = total - earlier[1:]  # positive events from each possible cutoff on
    return int(times[1:][np.argmin(np.abs(newer - test_share * total))])


def cut(graph: Graph, cutoff: int) -> Split:
    """Train on all events before a cutoff time, test on the positive events from it on."""
    log = graph.interactions
    train = graph.before(cutoff)
    test, repeats = new_positives(log.take(log.time >= cutoff), train)
    return Split(train, test, cutoff, repeats)


def leave_last_out(graph: Graph) -> Split:
    """Test on the last positive event of each user, train on their earlier events.

    Of events at the same time, the one with the highest item row is last. Other events of the test
    pair, and later events of the user, are in neither side. Users with fewer than two positive
    items stay in train as they are.

    Other users' events may be newer than a test event: models can learn from the future, and
    figures come out better than they would in service. Prefer `temporal` where there are times.
    """
    log = graph.interactions
    positive = np.flatnonzero(log.weight > 0)
    order = positive[np.lexsort((log.item[positive], log.time[positive], log.user[positive]))]
    last = order[np.diff(log.user[order], append=-1) != 0]
    last = last[np.diff(graph.matrix.indptr)[log.user[last]] > 1]

    tested_item = np.full(len(graph.users), -1, log.item.dtype)
    tested_item[log.user[last]] = log.item[last]
    tested_time = np.full(len(graph.users), np.iinfo(np.int64).max)
    tested_time[log.user[last]] = log.time[last]
    keep = (log.item != tested_item[log.user]) & (log.time <= tested_time[log.user])
    return Split(graph.only(keep), log.take(last))


def given(train: Interactions, test: Interactions) -> Split:
    """A split that was made elsewhere, on the union of both vocabularies in code-point order.

    Test events of a pair that train holds are left out and counted in `Split.repeats`: seen items
    are not listed.
    """
    users = Vocabulary(tuple(sorted({*train.users.ids, *test.users.ids})))
    items = Vocabulary(tuple(sorted({*train.items.ids, *test.items.ids})))
    graph = Graph(train.recode(users, items))
    unseen, repeats = new_positives(test.recode(users, items), graph)
    return Split(graph, unseen, repeats=repeats)


def held_out(train: Graph, log: Interactions) -> Split:
    """Events beside a train graph, such as a validation part that was given, in its rows.

    Events of users or items that the graph does not hold are left out.
    """
    users = np.array([train.users.rows.get(user, -1) for user in log.users.ids], np.int32)
    items = np.array([train.items.rows.get(item, -1) for item in log.items.ids], np.int32)
    known = replace(
        log, users=train.users, items=train.items, user=users[log.user], item=items[log.item]
    )
    unseen, repeats = new_positives(known.take((known.user >= 0) & (known.item >= 0)), train)
    return Split(train, unseen, repeats=repeats)


ENOUGH_USERS = 1_000
"""Users of a validation part that are enough to choose on one cut."""


def carve_validation(train: Graph, share: float, rng: np.random.Generator, cuts: int = 1) -> Split:
    """A validation split of a train graph.

    Where positive events have different times, the newest `share` of them, as in `temporal`. Where
    all have one time, a block hold-out: `block_holdout`.

    With more than one cut, there are up to so many while all of them have fewer than ENOUGH_USERS:
    each tests on the newest share of what the one before trains on (a rolling origin: Tashman 2000,
    "Out-of-sample tests of forecasting accuracy"), or on other blocks of the same train graph.
    """
    first, *earlier = _cuts(train, share, rng, cuts)
    return replace(first, earlier=tuple(earlier))


def _cuts(train: Graph, share: float, rng: np.random.Generator, most: int) -> Iterator[Split]:
    users = 0
    for number in range(most):
        log = train.interactions
        times = log.time[log.weight > 0]
        timed = len(times) > 0 and times.min() < times.max()
        found = temporal(train, share) if timed else block_holdout(train, share, rng)
        if number and not len(found.test):
            return
        yield found
        users += len(np.unique(found.test.user))
        if users >= ENOUGH_USERS:
            return
        train = found.train if timed else train


def block_holdout(graph: Graph, share: float, rng: np.random.Generator) -> Split:
    """Test on a `share` of each user's positive items, in `blocks` of similar items.

    It needs no times, and orders models more like a split by time than a random share does. The
    number of items is rounded up or down at random, so that the share holds over all users. Each
    user keeps at least one item, so that those with one positive item stay in train as they are.
    """
    liked = graph.matrix
    held = _held(liked, share, rng)
    return _hold_out(graph, np.flatnonzero(blocks(liked, held, rng)))


def random_holdout(graph: Graph, share: float, rng: np.random.Generator) -> Split:
    """Test on a `share` of each user's positive items, drawn at random; see `block_holdout`.

    Neighbours of the test items, of the same session or series, stay in train, which overrates
    models of local co-occurrence. Prefer `temporal`, or `block_holdout` where there are no times.
    """
    liked = graph.matrix
    held = _held(liked, share, rng)
    user = np.repeat(np.arange(len(held)), np.diff(liked.indptr))
    order = np.lexsort((rng.random(len(user)), user))
    place = np.arange(len(user)) - np.repeat(liked.indptr[:-1], np.diff(liked.indptr))
    return _hold_out(graph, order[place < held[user]])


def _held(liked: sparse.csr_array, share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """How many items of each user to hold out [U]: `share` of them, but never all."""
    count = np.diff(liked.indptr)
    held = np.minimum(np.floor(share * count + rng.random(len(count))), np.maximum(count - 1, 0))
    return held.astype(np.int64)


def _hold_out(graph: Graph, tested: NDArray[np.int64]) -> Split:
    """The split whose test pairs are these elements of `graph.matrix`."""
    log, liked = graph.interactions, graph.matrix
    user = np.repeat(np.arange(liked.shape[0]), np.diff(liked.indptr))
    in_test = np.isin(_pairs(log), user[tested] * liked.shape[1] + liked.indices[tested])
    rest = graph.with_interactions(log.take(~in_test))
    return Split(rest, log.take(in_test & (log.weight > 0)))


def of_kinds(split: Split, kinds: Collection[str]) -> Split:
    """The same split with the test events of these kinds only; of all where none is named."""
    if not kinds:
        return split
    earlier = tuple(of_kinds(each, kinds) for each in split.earlier)
    of_kind = np.array([kind in kinds for kind in split.test.kinds])
    return replace(split, test=split.test.take(of_kind[split.test.kind]), earlier=earlier)


def sample_users(split: Split, count: int, rng: np.random.Generator) -> Split:
    """The same split with at most `count` of its test users, drawn at random."""
    users = np.unique(split.test.user)
    if len(users) <= count:
        return split
    drawn = rng.choice(users, count, replace=False)
    return replace(split, test=split.test.take(np.isin(split.test.user, drawn)))


def _pairs(log: Interactions) -> NDArray[np.int64]:
    """One number for each event's (user, item) [E]."""
    return log.user.astype(np.int64) * len(log.items) + log.item


def new_positives(log: Interactions, train: Graph) -> tuple[Interactions, int]:
    """Positive events of pairs that train does not hold, and how many positive ones it holds."""
    log = log.take(log.weight > 0)
    new = ~np.isin(_pairs(log), _pairs(train.interactions))
    return log.take(new), int(np.count_nonzero(~new))
