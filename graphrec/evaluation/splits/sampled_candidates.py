"""Splits in which each test item is ranked among given candidates: the protocol of NCF.

Each user's newest item is ranked among negatives that were drawn once and published with the split
(He et al., "Neural Collaborative Filtering", WWW 2017). Figures on so few candidates do not compare
with those of the full catalogue (Krichene & Rendle, KDD 2020): use them to compare with tables of
this protocol only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Graph, Interactions, Rows, Vocabulary
from graphrec.errors import DataError
from graphrec.evaluation.splits.split import Split, given, leave_last_out
from graphrec.models.training.negative_sampling import NegativeSampler

NEGATIVES = 99
"""Drawn for each validation user, as many as the paper has for each test user."""


def given_candidates(train: Interactions, test: Interactions, labelled: Interactions) -> Split:
    """A split that was made elsewhere, with the candidates of each test user.

    `labelled` holds the test items and their negatives. A candidate that was given twice, or that
    is the test item, counts once. Every event of the logs is positive, whatever its value: the
    protocol takes feedback as implicit. Times of train become `places_from_the_end`.

    Raises DataError where a test item is not among its user's candidates.
    """
    learned, tested = (replace(log, weight=np.ones(len(log), np.float32)) for log in (train, test))
    learned = replace(learned, time=places_from_the_end(learned))
    # Some candidates are in neither log: they are items all the same.
    users = Vocabulary(tuple(sorted({*train.users.ids, *test.users.ids, *labelled.users.ids})))
    items = Vocabulary(tuple(sorted({*train.items.ids, *test.items.ids, *labelled.items.ids})))
    split = given(learned.recode(users, items), tested.recode(users, items))
    choice = labelled.recode(users, items)
    candidates = _candidates(choice.user, choice.item, split.train.seen.shape)
    test = split.test
    missing = np.asarray(candidates[test.user, test.item]) == 0
    if missing.any():
        user, item = test.user[missing][0], test.item[missing][0]
        raise DataError(
            f"test item {items.ids[item]!r} of user {users.ids[user]!r} is not among their "
            f"candidates, nor are {missing.sum() - 1} others: expected a line of negatives for "
            f"each; see that the files are of one split"
        )
    return replace(split, candidates=candidates)


def last_among_sampled(train: Graph, rng: np.random.Generator, count: int = NEGATIVES) -> Split:
    """Validation as in the protocol: each user's last item among `count` negatives.

    These are drawn uniformly from the items that the user has not seen in the whole of `train`.
    """
    split = leave_last_out(train)
    test = split.test
    drawn = NegativeSampler(train.seen).unseen(test.user, count, rng)
    user = np.concatenate([test.user, np.repeat(test.user, count)])
    item = np.concatenate([test.item, drawn.ravel()])
    return replace(split, candidates=_candidates(user, item, train.seen.shape))


def places_from_the_end(log: Interactions) -> NDArray[np.int64]:
    """Times by which all histories end at once: minus the number of later times of the user [E].

    Each user's test event is the last of their own history, at another date than others', so that
    recency can only mean the distance from the end. The newest event of every user has the time 0.
    """
    order = np.lexsort((log.time, log.user))
    user, time = log.user[order], log.time[order]
    later = np.concatenate([[0], np.cumsum((user[1:] == user[:-1]) & (time[1:] != time[:-1]))])
    end = np.flatnonzero(np.diff(user, append=-1))
    place = np.empty(len(log), np.int64)
    place[order] = later - later[end][np.searchsorted(end, np.arange(len(log)))]
    return place


def _candidates(user: Rows, item: Rows, shape: tuple[int, int]) -> sparse.csr_array:
    matrix = sparse.csr_array((np.ones(len(user), bool), (user, item)), shape)
    matrix.sum_duplicates()
    return matrix
