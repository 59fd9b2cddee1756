"""Block hold-out: test items together with the items of the history that are nearest to them.

Where a share is held out at random, the other items of the same session or series stay in the
history and predict the held-out one. Future events have no such neighbours yet, so a random
hold-out overrates models of local co-occurrence. Holding out blocks of similar items is the remedy
that cross-validation has for dependent data (Roberts et al., Ecography 2017).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.degrees import normalised

BLOCK = 3
"""Items in a block. A block as large as the whole share would take every similar item of a user."""

DIM = 64
POWER_ITERATIONS = 3
ENTRIES_AT_A_TIME = 200_000


def blocks(
    likes: sparse.csr_array, held: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which entries of likes [U, I] to hold out: [E], in their order, `held` [U] of each user.

    A block is a random item of the history, its pivot, with those of the history that are nearest
    to it by the cosine of `item_vectors`. Each user has as many pivots as make the share in blocks
    of about BLOCK items; where blocks overlap, they grow until the share is full.
    """
    count = np.diff(likes.indptr)
    user = np.repeat(np.arange(len(count)), count)
    vectors = item_vectors(likes, rng)
    rank = np.full(len(user), np.iinfo(np.int64).max)  # within the block that the entry is nearest
    pivots = np.where(held > 0, np.maximum(np.round(held / BLOCK), 1), 0)
    for block in range(int(pivots.max(initial=0))):
        entries = np.flatnonzero(pivots[user] > block)
        theirs = user[entries]
        at = likes.indptr[:-1] + np.floor(rng.random(len(count)) * count).astype(np.int64)
        near = _cosines(vectors, likes.indices, entries, at[theirs])
        near[entries == at[theirs]] = 2  # the pivot is nearest, whatever equals it
        order = np.lexsort((rng.random(len(entries)), -near, theirs))
        rank[entries[order]] = np.minimum(rank[entries[order]], _places(theirs))
    order = np.lexsort((rng.random(len(user)), rank, user))
    chosen = np.zeros(len(user), bool)
    chosen[order] = _places(user) < held[user]
    return chosen


def item_vectors(likes: sparse.csr_array, rng: np.random.Generator) -> NDArray[np.float32]:
    """Item vectors [I, D] of unit length, by whose cosines items are near; 0 for items without a
    positive event.

    The first DIM right singular vectors of the normalised matrix, by subspace iteration (Halko,
    Martinsson & Tropp 2011).
    """
    by_user = normalised(likes, 0.25, 0.5)
    by_item = sparse.csr_array(by_user.T.tocsr())
    width = min(DIM, *likes.shape)
    basis = rng.standard_normal((likes.shape[0], width)).astype(np.float32)
    for _ in range(POWER_ITERATIONS):
        basis, _ = np.linalg.qr(by_user @ (by_item @ basis))
    vectors = by_item @ basis
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)


def _cosines(
    vectors: NDArray[np.float32],
    items: NDArray[np.signedinteger],
    entries: NDArray[np.signedinteger],
    pivots: NDArray[np.signedinteger],
) -> NDArray[np.float32]:
    """Of the item of each entry with that of its pivot, both as places in `items` [E]."""
    near = np.empty(len(entries), np.float32)
    for start in range(0, len(entries), ENTRIES_AT_A_TIME):
        part = slice(start, start + ENTRIES_AT_A_TIME)
        one, two = vectors[items[entries[part]]], vectors[items[pivots[part]]]
        near[part] = np.einsum("nd,nd->n", one, two)
    return near


def _places(users: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, … within each run of one user in sorted users."""
    start = np.flatnonzero(np.diff(users, prepend=-1))
    return np.arange(len(users)) - np.repeat(start, np.diff(start, append=len(users)))
