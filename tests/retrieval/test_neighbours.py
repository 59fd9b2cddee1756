"""Neighbourhood queries over sparse matrices, against a count by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions, Vocabulary
from graphrec.data.weighting import weigh
from graphrec.errors import UnknownNode
from graphrec.retrieval.neighbours import (
    Likes,
    neighbour_recommendations,
    paths,
    popular_items,
    related_items,
    similar_users,
    vias,
)
from graphrec.testing.logs import Event, log_of, logs
from graphrec.testing.stores import POLICY
from tests.support.meaning import likes


def positives(log: list[Event]) -> list[Event]:
    """The positive ones of the events that remain after each upsert."""
    last = {(e.user, e.item, e.kind, e.time): e for e in log}
    return likes(list(last.values()), POLICY)


def graph_of(log: list[Event]) -> Graph:
    last = {(e.user, e.item, e.kind, e.time): e for e in log}
    return weigh(Graph(log_of(list(last.values()))), POLICY)


def tied(events: list[Event], *, by: str) -> dict[str, set[str]]:
    other = "item" if by == "user" else "user"
    sets: dict[str, set[str]] = {}
    for event in events:
        sets.setdefault(getattr(event, by), set()).add(getattr(event, other))
    return sets


def by_hand(
    sets: dict[str, set[str]], node: str, similarity: str
) -> list[tuple[str, Fraction, int]]:
    """(id, score, support), the score exact: squared for cosine, so that it is a fraction."""
    rows = []
    mine = sets.get(node, set())
    for other, theirs in sets.items():
        support = len(mine & theirs)
        if other != node and support:
            cosine = Fraction(support**2, len(mine) * len(theirs))
            jaccard = Fraction(support, len(mine | theirs))
            anyone = len(set().union(*sets.values()))
            lift = Fraction(support * anyone, len(mine) * len(theirs))
            score = {"cosine": cosine, "jaccard": jaccard, "lift": lift}[similarity]
            rows.append((other, score, support))
    return sorted(rows, key=lambda row: (-row[1], row[0]))


@given(log=logs, similarity=st.sampled_from(("cosine", "jaccard", "lift")))
def test_similarities_are_those_counted_by_hand(log, similarity):
    graph, liked = graph_of(log), positives(log)
    for by, query, vocabulary in (
        ("item", related_items, graph.items),
        ("user", similar_users, graph.users),
    ):
        sets = tied(liked, by=by)
        for node in vocabulary.ids:
            rows = query(Likes.of(graph), node, 100, similarity)
            expected = by_hand(sets, node, similarity)
            assert [(row.id, row.support) for row in rows] == [(i, n) for i, _, n in expected]
            root = 0.5 if similarity == "cosine" else 1
            scores = [float(score) ** root for _, score, _ in expected]
            np.testing.assert_allclose([row.score for row in rows], scores, atol=6e-10, rtol=0)


@given(log=logs)
def test_recommendations_are_those_counted_by_hand(log):
    graph, liked = graph_of(log), positives(log)
    sets = tied(liked, by="user")
    for user in graph.users.ids:
        met = {event.item for event in log if event.user == user}
        nearest = by_hand(sets, user, "cosine")[:3]
        expected = {
            item: [float(squared) ** 0.5 for other, squared, _ in nearest if item in sets[other]]
            for item in graph.items.ids
            if item not in met
        }
        rows = neighbour_recommendations(Likes.of(graph), user, 100, neighbours=3)
        assert {row.id: row.support for row in rows} == {
            i: len(s) for i, s in expected.items() if s
        }
        for row in rows:
            assert row.score == pytest.approx(sum(expected[row.id]), abs=1e-8)
        assert rows == sorted(rows, key=lambda row: (-row.score, row.id))


@given(log=logs, in_bits=st.booleans())
def test_paths_are_those_counted_by_hand(log, in_bits):
    graph, liked = graph_of(log), positives(log)
    likes = Likes.of(graph)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphrec.retrieval.neighbours.BITS_UP_TO", 2**24 if in_bits else -1)
        assert (likes.bits is not None) == in_bits
    fans, items = tied(liked, by="item"), tied(liked, by="user")
    for user in graph.users.ids:
        for item in graph.items.ids:
            expected = {}
            for via in items.get(user, set()) - {item}:
                people = len((fans[via] & fans.get(item, set())) - {user})
                if people:
                    expected[via] = people
            rows = paths(likes, user, item, 100)
            assert {row.via: row.people for row in rows} == expected
            scores = {row.id: row.score for row in related_items(likes, item, 100)}
            assert [row.score for row in rows] == [scores[row.via] for row in rows]
            assert rows == sorted(rows, key=lambda row: (-row.score, row.via))


@given(log=logs, since=st.none() | st.integers(0, 3), until=st.none() | st.integers(0, 4))
def test_popularity_is_that_counted_by_hand(log, since, until):
    inside = [
        event
        for event in positives(log)
        if (since is None or event.time >= since) and (until is None or event.time < until)
    ]
    people = {item: len(users) for item, users in tied(inside, by="item").items()}
    expected = sorted(people.items(), key=lambda row: (-row[1], row[0]))
    assert popular_items(graph_of(log), 100, since, until) == expected
    assert popular_items(graph_of(log), 2, since, until) == expected[:2]
    assert popular_items(graph_of(log), 0, since, until) == []


def test_ties_are_by_id_in_any_order_of_the_vocabulary():
    items = Vocabulary(("z", "m", "a", "q"))
    rows = np.arange(4, dtype=np.int32)
    ones, none = np.ones(4, np.float32), np.zeros(4, np.int64)
    log = Interactions(
        Vocabulary(("ann",)), items, 0 * rows, rows, ones, none, none.astype(np.uint8)
    )
    assert [row.id for row in related_items(Likes.of(Graph(log)), "m", 2)] == ["a", "q"]
    assert [row.id for row in popular_items(Graph(log), 2)] == ["a", "m"]


def test_unknown_nodes_are_named():
    likes = Likes.of(graph_of([Event("ann", "heat")]))
    with pytest.raises(UnknownNode, match="item 'nobody'"):
        related_items(likes, "nobody")
    for query in (similar_users, neighbour_recommendations):
        with pytest.raises(UnknownNode, match="user 'nobody'"):
            query(likes, "nobody")
    with pytest.raises(UnknownNode, match="user 'nobody'"):
        paths(likes, "nobody", "heat")
    with pytest.raises(UnknownNode, match="item 'nobody'"):
        paths(likes, "ann", "nobody")


@pytest.mark.parametrize("in_bits", [True, False])
def test_paths_to_many_items_are_those_to_each(
    in_bits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than are counted at a time, and fewer paths than there are."""
    if not in_bits:
        monkeypatch.setattr("graphrec.retrieval.neighbours.BITS_UP_TO", 0)
    monkeypatch.setattr("graphrec.retrieval.neighbours.WORDS_AT_ONCE", 40)
    rng = np.random.default_rng(0)
    liked = np.unique(rng.integers(0, 90, (1200, 2)) % (70, 40), axis=0)
    log = Interactions.of([f"u{user}" for user, _ in liked], [f"i{item}" for _, item in liked])
    likes = Likes.of(weigh(Graph(log), POLICY))
    everything = np.arange(len(likes.items), dtype=np.int32)
    history = rng.choice(everything, 9, replace=False)
    found = vias(likes, history, everything, 4)
    assert [len(each) for each in found].count(4) > 30
    matrix = likes.by_item.toarray().astype(np.int64)
    together, degree = matrix @ matrix.T, matrix.sum(axis=1)
    for item, each in zip(everything.tolist(), found, strict=True):
        cosine = together[item] / np.sqrt(degree[item] * degree)
        best = sorted(
            (row for row in history.tolist() if row != item and together[item, row]),
            key=lambda row: (-round(cosine[row], 9), likes.items.ids[row]),
        )
        assert [row for row, _, _ in each] == best[:4]
        assert [people for _, people, _ in each] == together[item, best[:4]].tolist()


@given(log=logs)
def test_what_came_after_is_counted_by_the_first_times(log):
    graph = graph_of(log)
    first: dict[tuple[str, str], int] = {}
    for event in positives(log):
        pair = (event.user, event.item)
        first[pair] = min(first.get(pair, event.time), event.time)
    times = graph.matrix.astype(np.int64)
    for row, user in enumerate(graph.users.ids):
        for at in range(times.indptr[row], times.indptr[row + 1]):
            times.data[at] = first[user, graph.items.ids[times.indices[at]]]
    for item in graph.items.ids:
        found = related_items(Likes.of(graph), item, 100, first=times)
        support = {
            other: n
            for other in graph.items.ids
            if (
                n := sum(
                    first.get((user, other), -1) > first[user, item]
                    for user in graph.users.ids
                    if (user, item) in first
                )
            )
            and other != item
        }
        assert {row.id: row.support for row in found} == support
