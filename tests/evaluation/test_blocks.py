"""Blocks held out belong together; shares and disjointness are asserted in test_split."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from graphrec.evaluation.splits.blocks import BLOCK, blocks, item_vectors


def trips() -> sparse.csr_array:
    """40 users with 4 of 10 trips each; a trip has 3 items, which only ever come together."""
    rng = np.random.default_rng(0)
    taken = np.stack([rng.permutation(10) < 4 for _ in range(40)])
    return sparse.csr_array(np.repeat(taken, BLOCK, axis=1).astype(np.float32))


def held_of(likes: sparse.csr_array, held: int, seed: int) -> np.ndarray:
    """As a dense 0 or 1 [U, I]."""
    chosen = blocks(likes, np.full(likes.shape[0], held), np.random.default_rng(seed))
    out = sparse.csr_array((chosen.astype(int), likes.indices, likes.indptr), likes.shape)
    return out.toarray()


def test_a_block_is_a_whole_trip() -> None:
    by_trip = held_of(trips(), BLOCK, 0).reshape(40, 10, BLOCK).sum(axis=2)
    assert (np.sort(by_trip, axis=1)[:, :-1] == 0).all()
    assert (by_trip.max(axis=1) == BLOCK).all()


def test_each_user_gives_up_as_much_as_asked_whichever_pivots_coincide() -> None:
    for seed in range(5):
        assert (held_of(trips(), 2 * BLOCK + 1, seed).sum(axis=1) == 2 * BLOCK + 1).all()


def test_blocks_are_a_function_of_the_rng() -> None:
    one, again, other = (held_of(trips(), BLOCK, seed) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_companions_have_one_vector_and_an_unliked_item_none() -> None:
    likes = sparse.csr_array(np.hstack([trips().toarray(), np.zeros((40, 1), np.float32)]))
    vectors = item_vectors(likes, np.random.default_rng(0))
    cosine = vectors @ vectors.T
    together = np.kron(np.eye(10), np.ones((BLOCK, BLOCK))) > 0
    assert (cosine[:30, :30][together] > 0.999).all()
    assert (cosine[:30, :30][~together] < 0.95).all()
    assert not vectors[30].any()


def test_nothing_to_hold_out() -> None:
    nothing = sparse.csr_array((3, 4), dtype=np.float32)
    assert not len(blocks(nothing, np.zeros(3, np.int64), np.random.default_rng(0)))
