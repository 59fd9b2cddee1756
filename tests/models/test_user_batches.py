"""Blocks of users: all their positives, and negatives as in the mean over draws."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.data import Graph, Interactions
from graphrec.models.training import user_batches as blocks
from graphrec.models.training.negative_sampling import NegativeSampler, positive_chances
from graphrec.models.training.user_batches import UserBatch, user_batches


def shop(users: int = 12, items: int = 30) -> Graph:
    """Likes at random, some of them worth more, and some items that were seen and not liked."""
    rng = np.random.default_rng(2)
    u, i = (rng.random((users, items)) < 0.3).nonzero()
    worth = rng.choice([0.0, 1.0, 3.0], len(u))
    return Graph(
        Interactions.of([f"{n:02}" for n in u], [f"{n:02}" for n in i], worth.tolist()).sorted()
    )


def blocks_of(graph: Graph, exponent: float = 0.0, batches: int = 5) -> list[UserBatch]:
    sampler = NegativeSampler(graph.seen, exponent)
    chance = positive_chances(graph, None)
    return list(user_batches(graph, chance, sampler, batches, np.random.default_rng(0)))


@pytest.mark.parametrize("limit", [1000, 7])
def test_every_positive_is_in_one_block_with_its_weight(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(blocks, "MAX_ITEMS", limit)
    graph = shop()
    total = np.zeros(graph.matrix.shape)
    for block in blocks_of(graph):
        total[np.ix_(block.users, block.items)] += block.liked
    expected = graph.matrix.toarray()
    np.testing.assert_allclose(total, expected / expected[expected > 0].mean(), rtol=1e-5)


@pytest.mark.parametrize("limit", [1000, 7])
def test_negatives_are_unseen_and_weigh_as_much_as_the_positives(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(blocks, "MAX_ITEMS", limit)
    graph = shop()
    seen = graph.seen.toarray()
    for block in blocks_of(graph):
        assert not block.unseen[seen[np.ix_(block.users, block.items)]].any()
        assert ((block.unseen > 0).sum(axis=1) <= limit).all()
        np.testing.assert_allclose(block.unseen.sum(axis=1), block.liked.sum(axis=1), rtol=1e-5)


def test_negatives_weigh_what_the_sampler_would_draw() -> None:
    graph = shop()
    probability = NegativeSampler(graph.seen, 0.75).probability
    block = blocks_of(graph, 0.75)[0]
    row = block.unseen[0]
    expected = np.where(row > 0, probability, 0)
    np.testing.assert_allclose(row / row.sum(), expected / expected.sum(), rtol=1e-5)


def test_who_has_seen_everything_has_no_negatives() -> None:
    graph = Graph(Interactions.of(["a", "a", "b"], ["x", "y", "x"]))
    rows = {
        int(u): block.unseen[n] for block in blocks_of(graph) for n, u in enumerate(block.users)
    }
    assert rows[0].tolist() == [0, 0]
    assert rows[1][1] > 0
