"""Histories in the order of their events."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions
from graphrec.data.sequences import GAPS, Sequences, gaps_of, sequences_of


def listed(histories: Sequences, items: tuple[str, ...]) -> list[str]:
    return [
        "".join(items[row] for row in histories.items[start:end].tolist())
        for start, end in zip(histories.starts[:-1], histories.starts[1:], strict=True)
    ]


def of(events: list[tuple[str, str, int]], weight: list[float] | None = None) -> Graph:
    users, items, times = zip(*events, strict=True)
    return Graph(Interactions.of(users, items, weight, times).sorted())


def test_a_history_is_in_the_order_of_time() -> None:
    graph = of([("u", "c", 1), ("u", "a", 2), ("u", "b", 3), ("v", "b", 5), ("v", "a", 7)])
    found = sequences_of(graph, "first")
    assert listed(found, graph.items.ids) == ["cab", "ba"]
    assert found.lengths.tolist() == [3, 2]
    assert found.times.tolist() == [1, 2, 3, 5, 7]


def test_an_item_has_the_place_of_its_first_event_or_of_its_last() -> None:
    graph = of([("u", "a", 1), ("u", "b", 2), ("u", "a", 3), ("u", "c", 4), ("u", "b", 5)])
    assert listed(sequences_of(graph, "first"), graph.items.ids) == ["abc"]
    assert listed(sequences_of(graph, "last"), graph.items.ids) == ["acb"]


def test_only_positive_events_count_and_a_user_may_have_none() -> None:
    graph = of(
        [("u", "a", 1), ("u", "b", 2), ("v", "a", 1), ("w", "b", 1), ("w", "a", 3)],
        [1, -1, 0, 1, 2],
    )
    assert listed(sequences_of(graph, "first"), graph.items.ids) == ["a", "", "ba"]


def test_equal_times_keep_the_order_of_the_log_or_are_drawn() -> None:
    log = Interactions.of(["u"] * 6, list("fedcba"), time=[0, 0, 0, 0, 0, 9])
    histories = sequences_of(Graph(log), "first")
    assert listed(histories, log.items.ids) == ["fedcba"]
    drawn = {
        listed(histories.with_ties_drawn(np.random.default_rng(n)), log.items.ids)[0]
        for n in range(9)
    }
    assert len(drawn) > 5
    assert all(order.endswith("a") and sorted(order) == list("abcdef") for order in drawn)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 9)), min_size=1),
    st.integers(0, 9),
)
def test_what_comes_later_changes_nothing_that_was_before(
    events: list[tuple[int, int, int]], cutoff: int
) -> None:
    graph = of([(str(u), str(i), t) for u, i, t in events])
    whole, before = sequences_of(graph, "first"), sequences_of(graph.before(cutoff), "first")
    for user in range(len(graph.users)):
        mine = slice(*before.starts[user : user + 2])
        count = mine.stop - mine.start
        start = whole.starts[user]
        assert whole.items[start : start + count].tolist() == before.items[mine].tolist()
        assert (whole.times[start : start + count] < cutoff).all()


def test_gaps_are_told_apart_by_doublings() -> None:
    seconds = np.array([5, 5, 6, 8, 12, 76, 10**12])
    assert gaps_of(seconds * 1000).tolist() == [0, 0, 0, 1, 2, 6, GAPS - 1]
    assert gaps_of(np.array([], np.int64)).tolist() == []
