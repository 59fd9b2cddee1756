"""Weights of the sources, chosen on the labelled candidates of validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graphrec.data import Graph, Rows
from graphrec.evaluation.evaluator import relevant
from graphrec.evaluation.splits.split import Split
from graphrec.ranking import fusion
from graphrec.ranking.fusion import Labelled, Weights, retrieved
from graphrec.ranking.selection import Rule
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.sequence import SequenceSource
from graphrec.retrieval.vectors import NearestVectors

SHORT_HISTORIES = 200
"""Users of a group that its weights are chosen on: where fewer like so few items, others whose
history is truncated to as few make them up."""


def choose_weights(
    recommenders: Sequence[Recommender],
    cuts: Sequence[Split],
    k: int,
    rng: np.random.Generator,
    rule: Rule = "accuracy",
) -> tuple[Weights, fusion.Choice]:
    """Weights of the sources that a rule selects by NDCG@k on validation, for groups of users.

    Users are grouped by how many items they like. Beside the weights, what those for everyone show.
    There is a recommender for each cut, whose snapshot is of its train side. Where too few users
    like so few items, the histories of others are truncated to their newest likes.
    """
    everyone: list[Labelled] = []
    short: list[Labelled] = []
    for recommender, cut in zip(recommenders, cuts, strict=True):
        of_cut = _labelled(recommender, cut, rng)
        everyone += of_cut[0]
        short += of_cut[1]
    snapshot = recommenders[0].snapshot
    sources = [source.name for source in snapshot.all_sources]
    groups, choice = fusion.choose_weights(
        sources,
        everyone,
        k,
        len(snapshot.items),
        short_histories=short,
        added=[
            each.name
            for each in snapshot.sources
            if isinstance(each, NearestVectors | SequenceSource)
        ],
        rule=rule,
    )
    absent = {} if "embedding" in sources else {"embedding": 0.0}
    return tuple(replace(each, weights={**absent, **each.weights}) for each in groups), choice


def _labelled(
    recommender: Recommender, validation: Split, rng: np.random.Generator
) -> tuple[list[Labelled], list[Labelled]]:
    """What is retrieved for the users of validation, and for them with truncated histories.

    Both are labelled with the same events: what a user has seen besides is neither right nor wrong,
    as the models learned from it.
    """
    trial, view = retrieving_all(recommender), recommender.view
    sources = [source.name for source in recommender.snapshot.all_sources]
    users, right = relevant(validation)
    candidates, pool = validation.candidates, validation.pool  # which hold what is relevant, too

    def label(rows: Rows, profiles: Sequence[UserProfile]) -> list[Labelled]:
        """What was found for profiles of the users at `rows` of what is relevant."""
        labelled = []
        for row, profile in zip(rows, profiles, strict=True):
            found = trial.candidates(profile)
            items = retrieved(found)
            if candidates is not None:
                items = candidates[[users[row]]].indices
            items = items if pool is None else pool
            of = {each.source: each.z_scores(items) for each in found}
            z_scores = np.stack([of.get(s, np.zeros(len(items))) for s in sources], axis=1)
            hits = right.indices[right.indptr[row] : right.indptr[row + 1]]
            known = np.isin(items, hits)
            labelled.append(Labelled(z_scores, known, items, len(hits), profile.likes))
        return labelled

    everyone = [view.stored(int(user)) for user in users]
    rows, shown = truncated_histories(validation.train, users, rng)
    short = [
        view.short_history(int(user), few) for user, few in zip(users[rows], shown, strict=True)
    ]
    return label(np.arange(len(users), dtype=np.int32), everyone), label(rows, short)


def retrieving_all(recommender: Recommender) -> Recommender:
    """The same, but that all of its sources retrieve, whatever they weigh."""
    sources = [source.name for source in recommender.snapshot.all_sources]
    equal = recommender.settings.model_copy(update={"weights": dict.fromkeys(sources, 1.0)})
    return Recommender(recommender.view, equal)


def truncated_histories(
    train: Graph, users: Rows, rng: np.random.Generator
) -> tuple[Rows, Sequence[Rows]]:
    """Histories cut short, for groups with few users: places among `users` [B], items of each.

    Users who like the fewest items are taken first, as they are most like those with a short
    history. The newest of their likes are shown, in a random order where times are the same.
    """
    likes = np.diff(train.matrix.indptr)[users]
    log = train.interactions
    log = log.take((log.weight > 0) & np.isin(log.user, users))
    log = log.take(np.lexsort((rng.random(len(log)), -log.time, log.user)))
    starts = np.searchsorted(log.user, users)
    ends = np.searchsorted(log.user, users, side="right")
    rows: list[int] = []
    shown: list[Rows] = []
    for least, most in fusion.bounds():
        if most is None:
            continue
        missing = SHORT_HISTORIES - np.count_nonzero((likes >= least) & (likes <= most))
        longer = np.flatnonzero(likes > most)
        for row in longer[np.argsort(likes[longer], kind="stable")][: max(missing, 0)].tolist():
            newest = dict.fromkeys(log.item[starts[row] : ends[row]].tolist())
            count = int(rng.integers(least, most + 1))
            rows.append(row)
            shown.append(np.array(list(newest)[:count], np.int32))
    return np.array(rows, np.int32), shown
