"""The leakage tests: what a model is fitted on does not hold what it is tested on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions
from graphrec.errors import DataError
from graphrec.evaluation.splits import split as splits
from graphrec.evaluation.splits.split import (
    Split,
    carve_validation,
    given,
    leave_last_out,
    of_kinds,
    temporal,
)


def graph_of(*events: tuple[str, str, int] | tuple[str, str, int, float]) -> Graph:
    """From (user, item, time) or (user, item, time, weight)."""
    users, items, times = ([e[i] for e in events] for i in range(3))
    weights = [e[3] if len(e) == 4 else 1.0 for e in events]
    return Graph(Interactions.of(users, items, weights, times))


def rows_of(log: Interactions) -> list[tuple[str, str, int, float]]:
    return [
        (log.users.ids[u], log.items.ids[i], int(t), float(w))
        for u, i, t, w in zip(log.user, log.item, log.time, log.weight, strict=True)
    ]


def pairs_of(log: Interactions) -> set[tuple[str, str]]:
    return {(user, item) for user, item, _, _ in rows_of(log)}


def graphs(newest: int = 8) -> st.SearchStrategy[Graph]:
    event = st.tuples(
        st.sampled_from("abcdef"),
        st.sampled_from("uvwxyz"),
        st.integers(0, newest),
        st.sampled_from([0.0, 1, 2.5]),
    )
    return st.lists(event, min_size=1, max_size=40).map(lambda events: graph_of(*events))


def assert_no_leak(graph: Graph, split: Split) -> None:
    assert split.train.users is graph.users
    assert split.train.items is graph.items
    assert split.test.users is graph.users
    assert split.test.items is graph.items
    assert (split.test.weight > 0).all()
    assert not pairs_of(split.test) & pairs_of(split.train.interactions)
    assert not split.train.seen[split.test.user, split.test.item].sum()
    events = rows_of(graph.interactions)
    for event in rows_of(split.train.interactions) + rows_of(split.test):
        events.remove(event)  # each came from the log, and none is on both sides


class TestTemporal:
    @for_all(graphs(), st.floats(0.05, 0.95))
    def test_nothing_crosses_the_cutoff(self, graph: Graph, share: float) -> None:
        log = graph.interactions
        if len(np.unique(log.time[log.weight > 0])) < 2:
            with pytest.raises(DataError, match="leave-last-one-out"):
                temporal(graph, share)
            return
        split = temporal(graph, share)
        assert split.cutoff is not None
        assert_no_leak(graph, split)
        assert (split.train.interactions.time < split.cutoff).all()
        assert (split.test.time >= split.cutoff).all()
        assert len(split.train.interactions) == np.count_nonzero(log.time < split.cutoff)
        late = np.count_nonzero((log.time >= split.cutoff) & (log.weight > 0))
        assert len(split.test) + split.repeats == late
        assert (split.train.interactions.weight > 0).any()

    @for_all(st.integers(2, 200), st.floats(0.01, 0.99))
    def test_the_newest_share_where_times_differ(self, events: int, share: float) -> None:
        split = temporal(graph_of(*(("u", f"i{n}", n) for n in range(events))), share)
        assert abs(len(split.test) - share * events) <= 1

    def test_a_group_of_one_time_stays_together(self) -> None:
        graph = graph_of(*(("u", f"i{n}", n // 4) for n in range(12)))
        for share, tested in ((0.01, 4), (0.3, 4), (0.45, 4), (0.55, 8), (0.99, 8)):
            assert len(temporal(graph, share).test) == tested

    def test_the_share_is_of_positive_events(self) -> None:
        liked = [("u", f"i{n}", n) for n in range(10)]
        seen = [("u", f"s{n}", 0, 0.0) for n in range(100)]
        split = temporal(graph_of(*liked, *seen), 0.2)
        assert split.cutoff == 8
        assert len(split.test) == 2

    def test_items_met_in_train_are_counted_not_tested(self) -> None:
        graph = graph_of(
            ("u", "a", 1), ("u", "b", 2, 0.0), ("u", "a", 5), ("u", "b", 5), ("u", "c", 6)
        )
        split = temporal(graph, 0.7)
        assert rows_of(split.test) == [("u", "c", 6, 1.0)]
        assert (split.cutoff, split.repeats) == (5, 2)

    def test_attributes_and_links_stay(self) -> None:
        graph = Graph(
            graph_of(("u", "a", 1), ("u", "b", 2)).interactions, links={}, attributes={"item": {}}
        )
        assert temporal(graph, 0.5).train.attributes == {"item": {}}


class TestLeaveLastOut:
    @for_all(graphs())
    def test_one_new_item_for_each_user_with_two(self, graph: Graph) -> None:
        split = leave_last_out(graph)
        assert_no_leak(graph, split)
        liked = np.diff(graph.matrix.indptr)
        assert split.test.user.tolist() == np.flatnonzero(liked > 1).tolist()
        left = np.diff(split.train.matrix.indptr)
        assert (left[split.test.user] >= 1).all()
        log, train = graph.interactions, split.train.interactions
        for user in np.flatnonzero(liked < 2):
            assert np.count_nonzero(train.user == user) == np.count_nonzero(log.user == user)
        for user, time in zip(split.test.user, split.test.time, strict=True):
            assert (train.time[train.user == user] <= time).all()
            assert time == log.time[(log.user == user) & (log.weight > 0)].max()

    def test_ties_go_to_the_highest_item_row(self) -> None:
        split = leave_last_out(graph_of(("u", "b", 3), ("u", "c", 3), ("u", "a", 3)))
        assert rows_of(split.test) == [("u", "c", 3, 1.0)]

    def test_other_events_of_the_pair_leave_train(self) -> None:
        graph = graph_of(("u", "a", 1), ("u", "b", 2), ("u", "a", 3), ("u", "c", 4, 0.0))
        split = leave_last_out(graph)
        assert rows_of(split.test) == [("u", "a", 3, 1.0)]
        assert rows_of(split.train.interactions) == [("u", "b", 2, 1.0)]


class TestGiven:
    def test_union_of_vocabularies_and_repeats(self) -> None:
        train = Interactions.of(["u2", "u1", "u2"], ["b", "a", "c"], [1, 1, 0])
        test = Interactions.of(
            ["u2", "u3", "u2", "u2", "u1"], ["b", "d", "c", "a", "c"], [1, 1, 1, 1, 0]
        )
        split = given(train, test)
        assert split.train.users.ids == split.test.users.ids == ("u1", "u2", "u3")
        assert split.train.items.ids == split.test.items.ids == ("a", "b", "c", "d")
        assert pairs_of(split.train.interactions) == {("u2", "b"), ("u1", "a"), ("u2", "c")}
        assert pairs_of(split.test) == {("u3", "d"), ("u2", "a")}
        assert split.repeats == 2
        assert split.cutoff is None

    @for_all(graphs(), graphs())
    def test_no_pair_is_on_both_sides(self, train: Graph, test: Graph) -> None:
        split = given(train.interactions, test.interactions)
        assert pairs_of(split.train.interactions) == pairs_of(train.interactions)
        assert not pairs_of(split.test) & pairs_of(train.interactions)
        assert len(split.test) + split.repeats == np.count_nonzero(test.interactions.weight > 0)


class TestCarveValidation:
    def test_by_time_where_there_are_times(self) -> None:
        graph = graph_of(*(("u", f"i{n}", n) for n in range(10)))
        split = carve_validation(graph, 0.2, np.random.default_rng(0))
        assert split.cutoff == 8
        assert_no_leak(graph, split)

    @for_all(graphs(newest=0), st.floats(0.01, 0.99), st.integers(0, 5))
    def test_a_share_of_each_user_where_there_are_none(
        self, graph: Graph, share: float, seed: int
    ) -> None:
        split = carve_validation(graph, share, np.random.default_rng(seed))
        assert_no_leak(graph, split)
        assert split.cutoff is None
        before, after = np.diff(graph.matrix.indptr), np.diff(split.train.matrix.indptr)
        assert (after[before > 0] >= 1).all()
        tested = before - after
        assert (tested <= np.ceil(share * before)).all()
        assert (tested >= np.minimum(np.floor(share * before), np.maximum(before - 1, 0))).all()
        assert len(pairs_of(split.test)) == tested.sum()
        again = carve_validation(graph, share, np.random.default_rng(seed))
        assert rows_of(again.test) == rows_of(split.test)

    def test_the_share_holds_over_users(self) -> None:
        graph = graph_of(*((f"u{u}", f"i{i}", 0) for u in range(500) for i in range(5)))
        split = carve_validation(graph, 0.1, np.random.default_rng(3))
        assert len(split.test) == pytest.approx(250, abs=40)


def long_log() -> Graph:
    return graph_of(*((f"u{n % 7}", f"i{n % 39}", n) for n in range(270)))


def test_few_users_are_made_up_for_by_earlier_cuts() -> None:
    one = carve_validation(long_log(), 0.1, np.random.default_rng(0))
    assert len(one.cuts) == 1
    three = carve_validation(long_log(), 0.1, np.random.default_rng(0), cuts=3)
    assert rows_of(three.test) == rows_of(one.test)
    first, second, third = three.cuts
    for newer, older in ((first, second), (second, third)):
        assert older.cutoff is not None
        assert newer.cutoff is not None
        assert older.train.interactions.time.max() < older.cutoff <= older.test.time.min()
        assert older.test.time.max() < newer.cutoff
        assert_no_leak(newer.train, older)
    of_kind = of_kinds(three, ("no such kind",))
    assert [len(cut.test) for cut in of_kind.cuts] == [0, 0, 0]


def test_without_times_earlier_cuts_are_other_blocks_of_the_same_train() -> None:
    graph = graph_of(*((f"u{n % 7}", f"i{n % 39}", 0) for n in range(270)))
    cuts = carve_validation(graph, 0.2, np.random.default_rng(0), cuts=3).cuts
    assert len({frozenset(pairs_of(cut.test)) for cut in cuts}) == 3
    for each in cuts:
        assert_no_leak(graph, each)


def test_many_users_need_no_earlier_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "ENOUGH_USERS", 1)
    assert len(carve_validation(long_log(), 0.1, np.random.default_rng(0), cuts=3).cuts) == 1
