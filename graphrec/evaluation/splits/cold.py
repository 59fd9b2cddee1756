"""Splits that ask about strangers: items that nobody has met, and users of whom little is known.

In both, whole nodes are held out with all of their events, and their attributes and links stay.

Cold items are ranked among themselves, for each user: the protocol of DropoutNet (Volkovs et al.,
NeurIPS 2017) and of Zhu et al. (SIGIR 2021). Cold users give their first n interactions, and are
asked about all that they did later, so that a curve shows what each interaction is worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from graphrec.data import Graph, Interactions, Rows, Vocabulary
from graphrec.errors import DataError
from graphrec.evaluation.splits.split import Split, new_positives

GIVEN = (0, 1, 3, 5, 10)
"""First interactions that a cold user gives, in turn."""


@dataclass(frozen=True)
class ColdUsers:
    """Users held out whole, and what they are asked about once they have given a little."""

    train: Graph
    """All nodes, and the events of all other users."""
    given: Mapping[int, Split]
    """By how many events are given: train is what is known of the held-out users then, and holds
    nothing of the others; the test is all that they liked later. The users are the same in all."""


def cold_items(graph: Graph, share: float, rng: np.random.Generator) -> Split:
    """Train without a `share` of the items that somebody likes, test on their positive events.

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


def given_cold_items(
    train: Interactions, test: Interactions, valid: Interactions | None = None
) -> tuple[Split, Split | None]:
    """The split, and that of validation, of files that hold events of different items.

    Raises DataError where an item of the test or of validation has events in train.
    """
    logs = [train, test] if valid is None else [train, test, valid]
    users = Vocabulary(tuple(sorted({u for log in logs for u in log.users.ids})))
    items = Vocabulary(tuple(sorted({i for log in logs for i in log.items.ids})))
    graph = Graph(train.recode(users, items))

    def asked(log: Interactions) -> Split:
        log = log.recode(users, items)
        pool = np.unique(log.item)
        known = np.intersect1d(pool, graph.interactions.item)
        if len(known):
            raise DataError(
                f"item {items.ids[known[0]]!r} is to be cold, and {len(known) - 1} others are, but "
                f"train has events of it: expected none; see that the files are of one split"
            )
        return Split(graph, log.take(log.weight > 0), pool=pool)

    return asked(test), None if valid is None else asked(valid)


def cold_users(
    graph: Graph,
    share: float,
    rng: np.random.Generator,
    given: Sequence[int] = GIVEN,
) -> ColdUsers:
    """Hold out a `share` of the users who like more than the largest of `given` items.

    A user's events are in the order of time, those of one time by item row. Raises DataError where
    nobody or everybody would be held out.
    """
    log, held = _in_order(graph), _drawn_users(graph, share, rng, max(given))
    cold = np.isin(log.user, held)
    later = log.take(cold)
    place = _places(later.user)
    return ColdUsers(
        graph.with_interactions(log.take(~cold).sorted()),
        {n: _asked(graph, later.take(place < n), later.take(place >= n)) for n in given},
    )


def beginnings(
    graph: Graph,
    share: float,
    rng: np.random.Generator,
    given: Sequence[int] = GIVEN,
) -> Split:
    """Of a `share` of the users train keeps the first few events alone, and asks about the others.

    How many, they take from `given` in turn, but for 0. For choosing on: what is good for those who
    have just come. Raises as `cold_users` does.
    """
    log, held = _in_order(graph), _drawn_users(graph, share, rng, max(given))
    counts = [n for n in given if n]
    kept = np.full(len(graph.users), len(log), np.int64)
    kept[held] = np.resize(counts, len(held))
    known = _places(log.user) < kept[log.user]
    return _asked(graph, log.take(known), log.take(~known))


def without_times(graph: Graph) -> Graph:
    """The graph with all events at one time, for a log whose times are but places in histories."""
    log = graph.interactions
    return graph.with_interactions(replace(log, time=np.zeros_like(log.time)))


def _places(users: Rows) -> Rows:
    """How many elements before each are of the same user [E]; users ascend."""
    start = np.flatnonzero(np.diff(users, prepend=-1))
    first = np.repeat(start, np.diff(start, append=len(users)))
    return (np.arange(len(users)) - first).astype(np.int32)


def _in_order(graph: Graph) -> Interactions:
    """By user, then time, then item."""
    log = graph.interactions
    return log.take(np.lexsort((log.item, log.time, log.user)))


def _drawn_users(graph: Graph, share: float, rng: np.random.Generator, most: int) -> Rows:
    """A `share` of the users who like more than `most` items, in ascending order."""
    able = np.flatnonzero(np.diff(graph.matrix.indptr) > most)
    count = round(share * len(able))
    if not 0 < count < len(able):
        raise DataError(
            f"cold users: {share:g} of {len(able)} users with more than {most} positive items is "
            f"{count}: expected at least one, and not all; choose another share, or give more "
            f"events"
        )
    return np.sort(rng.choice(able, count, replace=False)).astype(np.int32)


def _asked(graph: Graph, known: Interactions, later: Interactions) -> Split:
    """A split of events of the same rows."""
    train = graph.with_interactions(known.sorted())
    test, repeats = new_positives(later.sorted(), train)
    return Split(train, test, repeats=repeats)
