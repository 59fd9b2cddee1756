"""A candidate that is the view of the serving snapshot, written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from graphrec.data import Graph, Interactions, Vocabulary
from graphrec.evaluation.splits.split import Split
from graphrec.recommend.recommender import Recommender
from graphrec.refresh.candidate import evaluated, with_figures
from graphrec.refresh.outcome import Candidate, Staged
from graphrec.refresh.rehearsal import (
    INFERRED_USERS,
    Slice,
    rehearse,
)
from graphrec.settings import Settings
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.update import update
from graphrec.snapshot.view import View


def update_candidate(view: View, settings: Settings, staged: Staged) -> Candidate:
    """Write the view as a snapshot; it is evaluated on the newest half of the new events."""
    snapshot = staged(
        "infer",
        lambda: update(view),
        lambda made: {"users_changed": len(view.delta.users), **made.manifest.counts},
    )

    def evaluate() -> Candidate:
        found, position = newest_half(view, settings), view.delta.position
        if found is None:
            return with_figures(snapshot, None, settings, position, {})
        recommender = Recommender(View.of(found[0]), settings.retrieval)
        most = INFERRED_USERS
        rehearsed = rehearse(recommender, view.snapshot, found[1], settings, max_users=most)
        return with_figures(snapshot, rehearsed, settings, position, {})

    return staged("evaluate", evaluate, evaluated)


def newest_half(view: View, settings: Settings) -> tuple[Snapshot, Slice] | None:
    """The update of the first half of the new events, and those after it to rehearse it on.

    None where too few users could be tested, or where the events have no times.
    """
    since = view.snapshot.manifest.newest_event
    new = [
        (user, event, weight)
        for user, each in view.delta.users.items()
        for event, weight in zip(each.events, view.weights(each.events), strict=True)
        if event.time > (-1 if since is None else since) and weight > 0
    ]
    if not new:
        return None
    middle = int(np.median([event.time for _, event, _ in new]))
    before = View.of(view.snapshot, view.delta.before(middle), view.kinds)
    first = update(before)
    later = [each for each in new if each[1].time >= middle]
    log = Interactions.of(
        [user for user, _, _ in later],
        [event.item for _, event, _ in later],
        [weight for _, _, weight in later],
        [event.time for _, event, _ in later],
    )
    test = log.recode(first.users, _with_items(first.items, log.items))
    known = test.item < len(first.items)
    test = replace(test.take(known), items=first.items)
    test = test.take(~np.asarray(first.seen[test.user, test.item], bool).ravel())
    if len(np.unique(test.user)) < settings.refresh.min_test_users:
        return None
    split = Split(graph_of(first), test, middle)
    return first, Slice("since the serving snapshot", split, unseen=True)


def graph_of(snapshot: Snapshot) -> Graph:
    """Who has seen and who likes what in a snapshot, as a weighted graph without times."""
    seen, liked = snapshot.seen.tocoo(), snapshot.history.tocoo()
    user, item = (
        np.concatenate(ends).astype(np.int32)
        for ends in zip(seen.coords, liked.coords, strict=True)
    )
    weight = np.concatenate([np.zeros(seen.nnz, np.float32), liked.data.astype(np.float32)])
    count = len(user)
    log = Interactions(
        snapshot.users, snapshot.items, user, item, weight,
        np.zeros(count, np.int64), np.zeros(count, np.uint8),
    )  # fmt: skip
    return Graph(log, {"item": dict(snapshot.item_attributes)})


def _with_items(known: Vocabulary, others: Vocabulary) -> Vocabulary:
    """The ids of both, the known ones first."""
    return Vocabulary((*known.ids, *(each for each in others.ids if each not in known)))
