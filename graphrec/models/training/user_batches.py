"""Batches of users with all of their positives and, in expectation, the negatives drawn for each.

Drawing negatives pair by pair gathers a vector for each of them. A batch scores all its users
against the same items in one matrix product instead, and gives each unseen item the weight that it
would have in the mean over all draws: so there is no noise of drawing, and it is much faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Graph, Rows
from graphrec.models.training.negative_sampling import NegativeSampler

MAX_ITEMS = 8192
"""Items that a batch draws its negatives from; of a larger catalogue, others for each batch."""


@dataclass(frozen=True)
class UserBatch:
    """B users and J items."""

    users: Rows  # [B]
    items: Rows  # [J]
    liked: NDArray[np.float32]  # [B, J] weights of positives; all positives of the users
    unseen: NDArray[np.float32]  # [B, J] weights of negatives, in sum those of the positives


def user_batches(
    graph: Graph,
    chance: NDArray[np.float64],
    sampler: NegativeSampler,
    batches: int,
    rng: np.random.Generator,
) -> Iterator[UserBatch]:
    """The users who like something, in random order, in about `batches` batches.

    The weight of a positive is its `chance`, the mean of all being 1; that of an unseen item is in
    proportion to `sampler.probability`.
    """
    likes = graph.matrix
    weights = (chance * len(chance)).astype(np.float32)
    liked = sparse.csr_array((weights, likes.indices, likes.indptr), likes.shape)
    users = rng.permutation(np.flatnonzero(np.diff(likes.indptr)))
    for rows in filter(len, np.array_split(users, batches)):
        yield _batch(rows.astype(np.int32), liked[rows], graph.seen[rows], sampler, rng)


def _batch(
    users: Rows,
    liked: sparse.csr_array,
    seen: sparse.csr_array,
    sampler: NegativeSampler,
    rng: np.random.Generator,
) -> UserBatch:
    """The batch of `users`, whose rows of likes and of what they have seen are given: [B, I]."""
    count = liked.shape[1]
    rate = sampler.probability.astype(np.float32)
    items = np.arange(count, dtype=np.int32)
    if count > MAX_ITEMS:
        drawn = np.zeros(count, bool)
        drawn[rng.choice(count, MAX_ITEMS, replace=False)] = True
        rate = np.where(drawn, rate, 0)  # in the batch as positives only
        items = np.union1d(np.flatnonzero(drawn), liked.indices).astype(np.int32)
        liked, seen, rate = liked[:, items], seen[:, items], rate[items]
    positive = liked.toarray()
    unseen = np.where(seen.toarray(), 0, rate)
    total = unseen.sum(axis=1, keepdims=True)
    # A user who has seen all that was drawn has no negatives.
    unseen *= positive.sum(axis=1, keepdims=True) / np.where(total > 0, total, 1)
    return UserBatch(users, items, positive, unseen)
