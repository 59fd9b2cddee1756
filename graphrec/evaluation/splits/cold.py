"""Cold-start splits: new items, and unknown or short-history users.

In both, whole nodes are held out with all of their events, and their attributes and links stay.

Cold items are ranked among themselves, for each user: the protocol of DropoutNet (Volkovs et al.,
NeurIPS 2017) and of Zhu et al. (SIGIR 2021); or in one list with the others (`overall`). Of cold
users the first n events are given, and all later ones are the test, so that metrics can be drawn as
a curve over n.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from graphrec.data import Graph, Interactions, Rows, Vocabulary
from graphrec.errors import DataError
from graphrec.evaluation.splits.split import Split, carve_validation, new_positives

GIVEN = (0, 1, 3, 5, 10)
"""Numbers of first events of cold users that are given."""


@dataclass(frozen=True)
class ColdUsers:
    """Users who were held out whole, and splits of their events after the first few."""

    train: Graph
    """All nodes, and the events of all other users."""
    given: Mapping[int, Split]
    """By the number of given events: train holds these of the held-out users, and no event of any
    other user; the test holds their later positive events. The users are the same in all."""


def cold_items(graph: Graph, share: float, rng: np.random.Generator) -> Split:
    """Train without a `share` of the items with positive events, test on their positive events.

    Raises DataError where no item or every item would be held out.
    """
    liked = np.unique(graph.matrix.indices)
    count = round(share * len(liked))
    if not 0 < count < len(liked):
        raise DataError(
            f"cold items: {share:g} of {len(liked)} items that are liked is {count}: expected at "
            f"least one, and not all; choose another share, or give more events"
        )
    held = np.sort(rng.choice(liked, count, replace=False)).astype(np.int32)
    log = graph.interactions
    cold = np.isin(log.item, held)
    return Split(
        graph.with_interactions(log.take(~cold)), log.take(cold & (log.weight > 0)), pool=held
    )


def overall(graph: Graph, share: float, rng: np.random.Generator) -> Split:
    """Cold items among warm ones: both kinds are held out, and one list has them all.

    Train lacks a `share` of the items, as in `cold_items`, and a share of the events of the others,
    as in `carve_validation`; where that is by time, events of cold items are tested from the cutoff
    on. The items with and without events in train are also ranked among themselves, as `warm` and
    `cold`: the protocol of Chen et al., "Generative Adversarial Framework for Cold-Start Item
    Recommendation" (SIGIR 2022). Raises as `cold_items` and `carve_validation` do.
    """
    cold = cold_items(graph, share, rng)
    warm = carve_validation(cold.train, share, rng)
    later = cold.test
    if warm.cutoff is not None:
        later = later.take(later.time >= warm.cutoff)
    return with_cold_apart(replace(warm, test=_joined(warm.test, later)))


def with_cold_apart(split: Split) -> Split:
    """The split that also ranks the items with and without events in train among themselves.

    Raises DataError where no test event is of a cold item, or none of a warm one.
    """
    known = np.zeros(len(split.train.items), bool)
    known[split.train.interactions.item] = True
    tested = known[split.test.item]
    if not tested.any() or tested.all():
        which = "all" if tested.any() else "none"
        raise DataError(
            f"overall: {which} of {len(tested)} test events are of items with events in train: "
            f"expected some, and some of cold items; hold out more, or name another protocol"
        )
    parts = {
        name: np.flatnonzero(items).astype(np.int32)
        for name, items in (("warm", known), ("cold", ~known))
    }
    return replace(split, parts=parts)


def _joined(one: Interactions, other: Interactions) -> Interactions:
    """The events of two logs of the same rows, in canonical order."""
    user, item, weight, time, kind = (
        np.concatenate([getattr(one, name), getattr(other, name)])
        for name in ("user", "item", "weight", "time", "kind")
    )
    return Interactions(one.users, one.items, user, item, weight, time, kind, one.kinds).sorted()


def given_cold_items(
    train: Interactions, test: Interactions, valid: Interactions | None = None
) -> tuple[Split, Split | None]:
    """The split, and the validation split, of logs of different items.

    Raises DataError where an item of the test or of validation has events in train.
    """
    logs = [train, test] if valid is None else [train, test, valid]
    users = Vocabulary(tuple(sorted({u for log in logs for u in log.users.ids})))
    items = Vocabulary(tuple(sorted({i for log in logs for i in log.items.ids})))
    graph = Graph(train.recode(users, items))

    def tested(log: Interactions) -> Split:
        log = log.recode(users, items)
        pool = np.unique(log.item)
        known = np.intersect1d(pool, graph.interactions.item)
        if len(known):
            raise DataError(
                f"item {items.ids[known[0]]!r} is to be cold, and {len(known) - 1} others are, but "
                f"train has events of it: expected none; see that the files are of one split"
            )
        return Split(graph, log.take(log.weight > 0), pool=pool)

    return tested(test), None if valid is None else tested(valid)


def cold_users(
    graph: Graph,
    share: float,
    rng: np.random.Generator,
    given: Sequence[int] = GIVEN,
) -> ColdUsers:
    """Hold out a `share` of the users with positive events of more items than the largest `given`.

    A user's events are ordered by time, those of one time by item row. Raises DataError where
    nobody or everybody would be held out.
    """
    log, held = _in_order(graph), _drawn_users(graph, share, rng, max(given))
    cold = np.isin(log.user, held)
    later = log.take(cold)
    place = _places(later.user)
    return ColdUsers(
        graph.with_interactions(log.take(~cold).sorted()),
        {n: _split(graph, later.take(place < n), later.take(place >= n)) for n in given},
    )


def truncated_histories(
    graph: Graph,
    share: float,
    rng: np.random.Generator,
    given: Sequence[int] = GIVEN,
) -> Split:
    """Of a `share` of the users train keeps only the first few events; the later ones are the test.

    The numbers of events that are kept are those of `given` in turn, without 0. A validation split
    for short-history users. Raises as `cold_users` does.
    """
    log, held = _in_order(graph), _drawn_users(graph, share, rng, max(given))
    counts = [n for n in given if n]
    kept = np.full(len(graph.users), len(log), np.int64)
    kept[held] = np.resize(counts, len(held))
    known = _places(log.user) < kept[log.user]
    return _split(graph, log.take(known), log.take(~known))


def without_times(graph: Graph) -> Graph:
    """The graph with all events at one time, for a log that has places in histories as times."""
    log = graph.interactions
    return graph.with_interactions(replace(log, time=np.zeros_like(log.time)))


def _places(users: Rows) -> Rows:
    """The number of earlier elements of the same user [E]; users ascend."""
    start = np.flatnonzero(np.diff(users, prepend=-1))
    first = np.repeat(start, np.diff(start, append=len(users)))
    return (np.arange(len(users)) - first).astype(np.int32)


def _in_order(graph: Graph) -> Interactions:
    """By user, then time, then item."""
    log = graph.interactions
    return log.take(np.lexsort((log.item, log.time, log.user)))


def _drawn_users(graph: Graph, share: float, rng: np.random.Generator, most: int) -> Rows:
    """A `share` of the users with positive events of more than `most` items, ascending."""
    eligible = np.flatnonzero(np.diff(graph.matrix.indptr) > most)
    count = round(share * len(eligible))
    if not 0 < count < len(eligible):
        raise DataError(
            f"cold users: {share:g} of {len(eligible)} users with more than {most} positive items "
            f"is {count}: expected at least one, and not all; choose another share, or give more "
            f"events"
        )
    return np.sort(rng.choice(eligible, count, replace=False)).astype(np.int32)


def _split(graph: Graph, known: Interactions, later: Interactions) -> Split:
    """A split of events of the same rows."""
    train = graph.with_interactions(known.sorted())
    test, repeats = new_positives(later.sorted(), train)
    return Split(train, test, repeats=repeats)
