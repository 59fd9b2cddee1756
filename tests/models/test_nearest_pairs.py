"""The pairs of a large catalogue: how many, of whom, and in how much memory they are made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.models import create
from graphrec.models.graph_filter.nearest import capped, nearest_pairs


def votes_of(histories: list[list[int]], items: int) -> sparse.csr_array:
    ends = np.cumsum([0, *map(len, histories)])
    columns = np.concatenate([np.array(each, np.int32) for each in histories])
    return sparse.csr_array(
        (np.arange(1, len(columns) + 1, dtype=np.float32), columns, ends), (len(histories), items)
    )


def test_of_a_long_history_so_many_votes_count_and_the_same_whoever_else_there_is() -> None:
    votes = votes_of([[0, 3], list(range(40)), [], list(range(5, 25))], 40)
    found = capped(votes, 10)
    assert np.diff(found.indptr).tolist() == [2, 10, 0, 10]
    assert found.has_canonical_format
    kept = found.toarray()
    np.testing.assert_array_equal(kept, np.where(kept, votes.toarray(), 0))
    alone = capped(votes[[1, 3]], 10)
    np.testing.assert_array_equal(alone.toarray(), kept[[1, 3]])
    assert capped(votes, 40) is votes


def log_of(users: int, items: int, each: int) -> Graph:
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(users), each)
    item = (rng.random(len(user)) ** 2 * items / 4).astype(int) * 4 + user % 4
    return Graph(Interactions.of([f"u{n}" for n in user], [f"i{n}" for n in item]))


def test_rows_of_co_occurring_items_are_most_of_those_of_all_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lists by them are the same, too."""
    data = Dataset(log_of(600, 300, 12))
    model = replace(create("graph-filter"), neighbours=100)  # type: ignore[type-var]
    whole = model.fit(data).scorer
    monkeypatch.setattr("graphrec.models.graph_filter.scorer.DENSE_UP_TO", 0)
    some = model.fit(data).scorer
    shares = []
    for exact, made in zip(whole.items.pairs, some.items.pairs.toarray(), strict=True):
        best = np.argsort(-exact)[:20]
        shares.append(len(np.intersect1d(best, np.argsort(-made)[:20])) / 20)
    assert np.mean(shares) > 0.97
    users = np.arange(50, dtype=np.int32)
    lists = [np.argsort(-each.score(users), axis=1)[:, :10] for each in (whole, some)]
    same = [len(np.intersect1d(*each)) / 10 for each in zip(*lists, strict=True)]
    assert np.mean(same) > 0.97


def test_a_history_scores_the_same_by_the_items_that_it_has_scores_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = replace(create("graph-filter"), neighbours=9)  # type: ignore[type-var]
    monkeypatch.setattr("graphrec.models.graph_filter.scorer.DENSE_UP_TO", 0)
    found = model.fit(Dataset(log_of(60, 40, 5))).scorer.items
    rng = np.random.default_rng(2)
    for size in (0, 1, 8, 40):
        items = np.sort(rng.permutation(40)[:size]).astype(np.int32)
        weights = rng.random(size).astype(np.float32)
        rows, values = found.score_nearest(items, weights)
        dense = found.score_history(items, weights)
        np.testing.assert_array_equal(np.flatnonzero(dense), rows[values != 0])
        np.testing.assert_allclose(dense[rows], values)


def test_the_rows_of_some_items_are_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphrec.models.graph_filter.scorer.DENSE_UP_TO", 0)
    monkeypatch.setattr("graphrec.models.graph_filter.nearest.PRODUCTS_AT_ONCE", 50)
    model = replace(create("graph-filter"), neighbours=7)  # type: ignore[type-var]
    factors = model.fit(Dataset(log_of(60, 40, 5))).scorer.items.factors
    whole, some = factors.pairs(), np.array([3, 39, 4], np.int32)
    np.testing.assert_array_equal(nearest_pairs(factors, some).toarray(), whole[some].toarray())
    assert nearest_pairs(factors, some[:0]).shape == (0, 40)


def test_a_history_of_very_many_items_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphrec.models.graph_filter.scorer.DENSE_UP_TO", 0)
    monkeypatch.setattr("graphrec.models.graph_filter.nearest.MOST_VOTES", 3)
    with pytest.warns(UserWarning, match="3 items of each count"):
        create("graph-filter").fit(Dataset(log_of(60, 40, 5)))
