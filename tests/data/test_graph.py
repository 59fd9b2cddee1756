"""The core types: ids and rows, logs, graphs cut off at a time."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import MAX_KINDS, Attribute, Graph, Interactions, Links, Vocabulary, encode
from graphrec.errors import DataError, UnknownNode

IDS = st.text(max_size=3)
Event = tuple[str, str, float, int, str]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from("wxyz"),
        st.sampled_from([0.0, 0.5, 1, 2]),
        st.integers(-3, 6),
        st.sampled_from(["view", "buy"]),
    ),
    max_size=30,
)


def log_of(events: list[Event]) -> Interactions:
    users, items, weights, times, kinds = ([event[at] for event in events] for at in range(5))
    return Interactions.of(users, items, weights, times, kinds)  # type: ignore[arg-type]


def events_of(log: Interactions) -> list[Event]:
    return [
        (log.users.ids[u], log.items.ids[i], float(w), int(t), log.kinds[k])
        for u, i, w, t, k in zip(log.user, log.item, log.weight, log.time, log.kind, strict=True)
    ]


# Ids and rows


@given(st.lists(IDS))
def test_encoding_gives_each_id_its_row_in_code_point_order(ids: list[str]) -> None:
    vocabulary, rows = encode(ids)
    assert vocabulary.ids == tuple(sorted(set(ids)))
    assert [vocabulary.ids[row] for row in rows] == ids
    assert rows.dtype == np.int32


@given(st.lists(IDS, unique=True), IDS)
def test_a_vocabulary_finds_its_ids_and_names_others(ids: list[str], other: str) -> None:
    vocabulary = Vocabulary(tuple(ids))
    assert len(vocabulary) == len(ids)
    assert [vocabulary.row(node_id) for node_id in ids] == list(range(len(ids)))
    assert (other in vocabulary) == (other in ids)
    if other not in ids:
        with pytest.raises(UnknownNode) as caught:
            vocabulary.row(other, "item")
        assert (caught.value.node_type, caught.value.node_id) == ("item", other)
        assert f"item {other!r} is unknown" in str(caught.value)


def test_an_id_is_text_and_nothing_else() -> None:
    """`1` and `"1"` would be two rows to a dictionary and one to a store."""
    assert 1 not in Vocabulary(("1",))


# Interactions


@given(EVENTS)
def test_columns_of_ids_become_columns_of_rows_and_back(events: list[Event]) -> None:
    log = log_of(events)
    assert len(log) == len(events)
    assert events_of(log) == events
    assert (log.weight.dtype, log.time.dtype, log.kind.dtype) == (np.float32, np.int64, np.uint8)
    assert set(log.users.ids) == {event[0] for event in events}


def test_what_a_log_does_not_say_has_defaults() -> None:
    assert events_of(Interactions.of(["a"], ["x"])) == [("a", "x", 1.0, 0, "interaction")]


@pytest.mark.parametrize("column", ["weight", "time"])
def test_columns_of_different_lengths_are_refused(column: str) -> None:
    short: dict[str, Any] = {column: [1]}
    with pytest.raises(DataError, match=r"lengths \[1, 2\]: expected one"):
        Interactions.of(["a", "b"], ["x", "y"], **short)
    with pytest.raises(DataError, match=r"lengths \[1, 2\]"):
        Interactions.of(["a", "b"], ["x"])


@given(EVENTS, st.randoms(use_true_random=False))
def test_sorting_is_canonical_and_loses_nothing(events: list[Event], random: Any) -> None:
    """Stores give this order, so equal content gives equal graphs."""
    shuffled = events.copy()
    random.shuffle(shuffled)
    ordered = events_of(log_of(events).sorted())
    key = {event: (event[0], event[1], event[3], event[4]) for event in ordered}
    assert [key[e] for e in ordered] == sorted(key[e] for e in events)
    assert [key[e] for e in events_of(log_of(shuffled).sorted())] == [key[e] for e in ordered]
    assert sorted(ordered) == sorted(events)


@given(EVENTS)
def test_recoding_keeps_the_events(events: list[Event]) -> None:
    users, items = Vocabulary(tuple("zdcbay")), Vocabulary(tuple("zyxwv"))
    log = log_of(events).recode(users, items)
    assert events_of(log) == events
    assert (log.users, log.items) == (users, items)


def test_recoding_into_a_vocabulary_that_lacks_an_id_names_it() -> None:
    log = Interactions.of(["a", "b"], ["x", "y"])
    with pytest.raises(UnknownNode, match="user 'b' is unknown"):
        log.recode(Vocabulary(("a",)), log.items)
    with pytest.raises(UnknownNode, match="item 'x' is unknown"):
        log.recode(log.users, Vocabulary(("y",)))


@given(EVENTS, st.data())
def test_taking_is_by_position_or_mask(events: list[Event], data: st.DataObject) -> None:
    log = log_of(events)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(log), max_size=len(log))), bool)
    expected = [event for event, kept in zip(events, mask, strict=True) if kept]
    assert events_of(log.take(mask)) == expected
    assert events_of(log.take(np.flatnonzero(mask))) == expected
    assert log.take(mask).users is log.users  # rows mean the same as before


# Graphs


@given(EVENTS, st.integers(-4, 8))
def test_a_graph_before_a_time_has_all_nodes_and_no_later_event(
    events: list[Event], time: int
) -> None:
    graph = Graph(
        log_of(events),
        attributes={"item": {}},
        others={"genre": Vocabulary(("crime",))},
        links={("item", "has_genre", "genre"): EMPTY},
    )
    cut = graph.before(time)
    assert events_of(cut.interactions) == [event for event in events if event[3] < time]
    assert (cut.users, cut.items) == (graph.users, graph.items)
    assert (cut.attributes, cut.others, cut.links) == (graph.attributes, graph.others, graph.links)
    assert len(graph.interactions) == len(events)


EMPTY = Links(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32))


@given(EVENTS, st.integers(-4, 8), st.integers(-4, 8))
def test_cutting_twice_is_cutting_at_the_earlier_time(
    events: list[Event], first: int, second: int
) -> None:
    graph = Graph(log_of(events))
    twice = graph.before(first).before(second)
    assert events_of(twice.interactions) == events_of(graph.before(min(first, second)).interactions)


def test_a_cut_graph_does_not_remember_the_matrix_of_the_whole() -> None:
    """Both are cached: a cache that is carried over would leak the future into training."""
    graph = Graph(Interactions.of(["a", "a"], ["x", "y"], time=[1, 2]))
    assert (graph.matrix.nnz, graph.seen.nnz) == (2, 2)
    assert (graph.before(2).matrix.nnz, graph.before(2).seen.nnz) == (1, 1)


@given(EVENTS)
def test_the_matrix_sums_positive_events_and_seen_has_every_pair(events: list[Event]) -> None:
    graph = Graph(log_of(events))
    users, items = graph.users.ids, graph.items.ids
    worth = np.zeros((len(users), len(items)))
    met = np.zeros((len(users), len(items)), bool)
    for user, item, weight, _, _ in events:
        worth[users.index(user), items.index(item)] += weight
        met[users.index(user), items.index(item)] = True
    np.testing.assert_array_equal(graph.matrix.toarray(), worth)
    np.testing.assert_array_equal(graph.seen.toarray(), met)
    assert graph.matrix.nnz == np.count_nonzero(worth)  # an unliked pair is not stored
    assert graph.seen.nnz == np.count_nonzero(met)
    assert (graph.matrix.dtype, graph.seen.dtype) == (np.float32, bool)
    assert graph.matrix.has_canonical_format
    assert graph.seen.has_canonical_format


def test_a_pair_met_more_often_than_a_byte_counts_is_still_seen() -> None:
    graph = Graph(Interactions.of(["a"] * 512, ["x"] * 512, time=range(512)))
    assert graph.seen.toarray().tolist() == [[True]]
    assert graph.matrix.toarray().tolist() == [[512]]


def test_vocabularies_are_found_by_node_type() -> None:
    genres = Vocabulary(("crime",))
    graph = Graph(Interactions.of(["a"], ["x"]), others={"genre": genres})
    found = [graph.vocabulary(t).ids for t in ("user", "item", "genre")]
    assert found == [("a",), ("x",), ("crime",)]


def test_nothing_can_be_assigned() -> None:
    log = Interactions.of(["a"], ["x"])
    graph = Graph(log)
    for value, name in (
        (log, "user"), (graph, "interactions"), (log.users, "ids"),
        (Attribute("text", ()), "values"), (EMPTY, "source"),
    ):  # fmt: skip
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)


def test_more_kinds_than_a_byte_can_tell_apart_are_refused() -> None:
    """The code of the 257th would be that of the first."""
    kinds = [f"kind {n}" for n in range(MAX_KINDS + 1)]
    log = Interactions.of(kinds[1:], kinds[1:], kind=kinds[1:])
    assert [log.kinds[code] for code in log.kind] == kinds[1:]
    for many in (kinds, [*kinds, "another"]):
        with pytest.raises(DataError, match=rf"have {len(many)} kinds.*expected at most 255; see"):
            Interactions.of(many, many, kind=many)
