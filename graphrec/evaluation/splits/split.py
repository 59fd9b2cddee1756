"""Splits of a log into what models learn from and what they are tested on.

Every split takes a graph whose weights already say what is positive (`graphrec.data.weighting`),
keeps all nodes, attributes and links on the train side, and asks only for what is new: the test
holds positive events of pairs (user, item) that train does not hold, liked or not. What a model is
fitted on is `Split.train`, a graph in which the test pairs do not occur.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, Graph, Interactions, Rows, Vocabulary
from graphrec.errors import DataError
from graphrec.evaluation.splits.blocks import blocks


@dataclass(frozen=True)
class Split:
    """What to learn from and what to be tested on, in the same rows."""

    train: Graph
    test: Interactions
    """Positive events of pairs that are not in `train.seen`."""
    cutoff: int | None = None
    """Where the split is by time: train is before it, test from it on; milliseconds since 1970."""
    repeats: int = 0
    """Positive test events that were left out because train holds their pair."""
    candidates: sparse.csr_array | None = None  # bool [U, I]
    """Where lists are made of given items only (`graphrec.evaluation.splits.sampled_candidates`):
    each user's."""
    pool: Rows | None = None
    """Where lists are made of some of the items only, the same for all users: which."""

    def with_attributes(self, attributes: Mapping[str, Mapping[str, Attribute]]) -> Split:
        """The same split, its train side with these attributes by node type."""
        return replace(self, train=replace(self.train, attributes=attributes))


def temporal(graph: Graph, test_share: float) -> Split:
    """Train on all events before a cutoff time, test on the positive events from it on.

    One cutoff for all users, so that no model sees anything of what came later (Ji et al. 2023,
    "A Critical Study on Data Leakage in Recommender System Offline Evaluation"). It is the event
    time that brings the newest events' share of all positive events closest to `test_share` (above
    0 and below 1); events of one time stay together, so that coarse clocks make other shares.

    Raises DataError where all positive events have one time, or where there are none.
    """
    log = graph.interactions
    times, first = np.unique(np.sort(log.time[log.weight > 0]), return_index=True)
    if len(times) < 2:
        raise DataError(
            f"split by time: the positive events have {len(times)} distinct times: expected at "
            f"least 2; split by leave-last-one-out, or give train and test files of your own"
        )
    total = np.count_nonzero(log.weight > 0)
    newer = total - first[1:]  # positive events from each possible cutoff on
    return cut(graph, int(times[1:][np.argmin(np.abs(newer - test_share * total))]))


def cut(graph: Graph, cutoff: int) -> Split:
    """Train on all events before a cutoff time, test on the positive events from it on."""
    log = graph.interactions
    train = graph.before(cutoff)
    test, repeats = new_positives(log.take(log.time >= cutoff), train)
    return Split(train, test, cutoff, repeats)


def leave_last_out(graph: Graph) -> Split:
    """Test on the last positive event of each user, train on what they did until then.

    Of events at the same time, the one with the highest item row is last. Other events of the
    tested pair leave train with it, so that the item is new to the user; so do the user's later
    events. Users with fewer than two positive items stay in train as they are.

    Other users' events may be newer than a tested one: models can learn from the future, and
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
    return Split(graph.with_interactions(log.take(keep)), log.take(last))


def given(train: Interactions, test: Interactions) -> Split:
    """A split that was made elsewhere, on the union of both vocabularies in code-point order.

    Test events of a pair that train holds are left out and counted in `Split.repeats`: no list
    could hit them, as seen items are not listed.
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


def carve_validation(train: Graph, share: float, rng: np.random.Generator) -> Split:
    """Part of the train graph for choosing epochs: made once, the same for all models.

    Where positive events have different times, the newest `share` of them, as in `temporal`. Where
    all have one time, a `share` of each user's positive items, in `blocks` of items that belong
    together, so that models are ordered as by what comes next; rounded up or down at random so that
    the share holds over all users; each user keeps at least one, so those with a single positive
    item stay in train as they are.
    """
    log = train.interactions
    times = log.time[log.weight > 0]
    if len(times) and times.min() < times.max():
        return temporal(train, share)
    liked = train.matrix
    count = np.diff(liked.indptr)
    held = np.minimum(np.floor(share * count + rng.random(len(count))), np.maximum(count - 1, 0))
    user = np.repeat(np.arange(len(count)), count)
    tested = np.flatnonzero(blocks(liked, held.astype(np.int64), rng))
    in_test = np.isin(_pairs(log), user[tested] * liked.shape[1] + liked.indices[tested])
    rest = train.with_interactions(log.take(~in_test))
    return Split(rest, log.take(in_test & (log.weight > 0)))


def asked_about(split: Split, kinds: Collection[str]) -> Split:
    """The same split, its test events of these kinds alone; of any kind where none is named."""
    if not kinds:
        return split
    of_kind = np.array([kind in kinds for kind in split.test.kinds])
    return replace(split, test=split.test.take(of_kind[split.test.kind]))


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
    """Positive events of pairs that train does not hold, and how many others were left out."""
    log = log.take(log.weight > 0)
    new = ~np.isin(_pairs(log), _pairs(train.interactions))
    return log.take(new), int(np.count_nonzero(~new))
