"""Splits that ask about users and items of whom training holds nothing."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.data import Attribute, Graph, Interactions
from graphrec.errors import DataError
from graphrec.evaluation.evaluator import evaluate, rank_by
from graphrec.evaluation.splits.cold import (
    cold_items,
    cold_users,
    given_cold_items,
    overall,
    truncated_histories,
    with_cold_apart,
    without_times,
)
from tests.support.small_data import graph_of, ratings

GRAPH = graph_of(ratings())


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def pairs(log: Interactions) -> set[tuple[int, int]]:
    return set(zip(log.user.tolist(), log.item.tolist(), strict=True))


def test_cold_items_are_held_out_with_all_their_events() -> None:
    split = cold_items(GRAPH, 0.2, rng())
    assert split.pool is not None
    assert len(split.pool) == 6
    assert not np.isin(split.train.interactions.item, split.pool).any()
    assert np.isin(split.test.item, split.pool).all()
    liked = GRAPH.interactions.take(GRAPH.interactions.weight > 0)
    assert pairs(split.test) == pairs(liked.take(np.isin(liked.item, split.pool)))


def test_cold_items_keep_their_attributes() -> None:
    colour = {"item": {"colour": Attribute("category", ("red",) * len(GRAPH.items))}}
    graph = Graph(GRAPH.interactions, colour)
    assert cold_items(graph, 0.2, rng()).train.attributes == colour


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_neither_no_item_nor_every_item_can_be_cold(share: float) -> None:
    with pytest.raises(DataError, match=r"cold items: .* expected at least one, and not all"):
        cold_items(GRAPH, share, rng())


class Rows:
    """Scores are the rows of the items."""

    def score(self, users: np.ndarray) -> np.ndarray:
        return np.tile(np.arange(len(GRAPH.items), dtype=np.float32), (len(users), 1))


def test_lists_are_made_of_the_pool_alone() -> None:
    split = cold_items(GRAPH, 0.2, rng())
    assert split.pool is not None
    lists = rank_by(Rows(), split.train, split.pool)(np.array([0, 1], np.int32), 10)
    expected = [*split.pool[::-1].tolist(), -1, -1, -1, -1]
    assert lists.tolist() == [expected, expected]
    found = evaluate(Rows(), split, k=6, resamples=0, rng=rng())
    assert found.metrics["recall@6"].value == 1
    assert found.slices["cold_items"].users == len(np.unique(split.test.user))
    assert found.slices["head_items"].metrics == {}


def test_overall_holds_out_items_and_events_of_the_others() -> None:
    split = overall(GRAPH, 0.2, rng())
    warm, cold = split.parts["warm"], split.parts["cold"]
    assert split.pool is None
    assert not np.intersect1d(warm, cold).size
    assert not np.isin(split.train.interactions.item, cold).any()
    tested_cold = np.isin(split.test.item, cold)
    assert tested_cold.any()
    assert not tested_cold.all()
    assert not pairs(split.train.interactions) & pairs(split.test)
    assert split.cutoff is not None
    assert split.train.interactions.time.max() < split.cutoff <= split.test.time.min()


def test_each_part_is_also_ranked_among_itself() -> None:
    """Scores are the rows of the items, so that where an item stands says who competes with it."""
    split = overall(GRAPH, 0.2, rng())
    found = evaluate(Rows(), split, k=3, resamples=0, rng=rng())
    for name, items in split.parts.items():
        alone = evaluate(Rows(), split.among(items), k=3, resamples=0, rng=rng())
        part = found.slices[f"{name}_alone"]
        assert part.metrics["ndcg@3"].value == alone.metrics["ndcg@3"].value
        assert part.users == len(np.unique(split.test.user[np.isin(split.test.item, items)]))
    among_all = found.slices["cold_items"].metrics["recall@3"].value
    assert among_all <= found.slices["cold_alone"].metrics["recall@3"].value


def test_overall_needs_both_kinds_of_items() -> None:
    split = cold_items(GRAPH, 0.2, rng())
    with pytest.raises(DataError, match=r"overall: none of \d+ test events"):
        with_cold_apart(split)


def test_given_cold_items_have_no_events_in_train() -> None:
    train = Interactions.of(["a", "b"], ["x", "y"])
    test, valid = Interactions.of(["a"], ["z"]), Interactions.of(["c"], ["w"])
    split, validation = given_cold_items(train, test, valid)
    assert validation is not None
    assert split.train.items.ids == validation.train.items.ids == ("w", "x", "y", "z")
    assert (split.pool.tolist(), validation.pool.tolist()) == ([3], [0])  # type: ignore[union-attr]
    assert (len(split.train.interactions), len(split.test), len(validation.test)) == (2, 1, 1)
    with pytest.raises(DataError, match="item 'x' is to be cold"):
        given_cold_items(train, Interactions.of(["b"], ["x"]))


def test_of_cold_users_train_holds_nothing() -> None:
    cold = cold_users(GRAPH, 0.25, rng(), given=(0, 2, 5))
    held = np.unique(cold.given[0].test.user)
    assert len(held) == 10
    assert not np.isin(cold.train.interactions.user, held).any()
    for n, split in cold.given.items():
        assert np.unique(split.test.user).tolist() == held.tolist()
        assert np.bincount(split.train.interactions.user, minlength=40)[held].tolist() == [n] * 10
        assert not pairs(split.train.interactions) & pairs(split.test)


def test_cold_users_give_their_oldest_events() -> None:
    cold = cold_users(GRAPH, 0.25, rng(), given=(3,))
    split = cold.given[3]
    for user in np.unique(split.test.user):
        times = np.sort(GRAPH.interactions.time[GRAPH.interactions.user == user])
        given = split.train.interactions
        assert np.sort(given.time[given.user == user]).tolist() == times[:3].tolist()
        assert (split.test.time[split.test.user == user] > times[2]).all()


def test_beginnings_keep_a_few_events_of_some_and_all_of_others() -> None:
    split = truncated_histories(GRAPH, 0.25, rng(), given=(0, 1, 3))
    known = np.bincount(split.train.interactions.user, minlength=40)
    held = np.unique(split.test.user)
    assert sorted(known[held].tolist()) == [1] * 5 + [3] * 5
    others = np.setdiff1d(np.arange(40), held)
    assert (known[others] == np.bincount(GRAPH.interactions.user)[others]).all()


def test_too_few_users_to_hold_out_are_an_error() -> None:
    with pytest.raises(DataError, match="more than 30 positive items"):
        cold_users(GRAPH, 0.1, rng(), given=(30,))


def test_without_times_all_events_are_of_one_time() -> None:
    assert np.unique(without_times(GRAPH).interactions.time).tolist() == [0]
