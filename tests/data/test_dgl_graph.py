"""A graph as a DGL heterograph: nothing is lost on the way there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphrec.data import Attribute, EdgeType, Graph, Interactions, Links, Vector, Vocabulary

torch = pytest.importorskip("torch")
pytest.importorskip("dgl")

from graphrec.data.dgl_graph import (  # noqa: E402
    INTERACTED,
    LIKED_BY,
    LIKES,
    REVERSE,
    HeteroGraph,
    attention_over_neighbours,
    dot_on_edges,
    from_dgl,
    items_of_edges,
    liked_by_graph,
    likes_graph,
    max_of_neighbours,
    mean_of_neighbours,
    sampled_edges,
    to_dgl,
    with_items,
    without_edges,
)

HAS_GENRE = ("item", "has_genre", "genre")
FOLLOWS = ("user", "follows", "user")
NAMES = {"user": "abcde", "item": "vwxyz", "genre": "gh"}


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Repeated pairs, nodes without edges, self-loops and empty edge types are all common."""
    ids = {
        node_type: Vocabulary(
            tuple(draw(st.lists(st.sampled_from(names), unique=True, min_size=1)))
        )
        for node_type, names in NAMES.items()
    }

    def rows(node_type: str, count: int) -> np.ndarray:
        row = st.integers(0, len(ids[node_type]) - 1)
        return np.array(draw(st.lists(row, min_size=count, max_size=count)), np.int32)

    events = draw(st.integers(0, 12))
    columns = [
        draw(st.lists(value, min_size=events, max_size=events))
        for value in (
            st.floats(0, 1e6, width=32),
            st.integers(-(2**62), 2**62),
            st.integers(0, 2),
        )
    ]
    log = Interactions(
        ids["user"], ids["item"], rows("user", events), rows("item", events),
        np.array(columns[0], np.float32), np.array(columns[1], np.int64),
        np.array(columns[2], np.uint8), ("buy", "like", "view"),
    )  # fmt: skip
    links: dict[EdgeType, Links] = {}
    for edge_type in draw(st.lists(st.sampled_from([HAS_GENRE, FOLLOWS]), unique=True)):
        count = draw(st.integers(0, 5))
        weight = np.arange(count, dtype=np.float32)
        links[edge_type] = Links(rows(edge_type[0], count), rows(edge_type[2], count), weight)
    return Graph(log, others={"genre": ids["genre"]}, links=links)


def vocabularies(graph: Graph) -> dict[str, Vocabulary]:
    return {"user": graph.users, "item": graph.items, **graph.others}


def test_vectors_are_data_of_nodes() -> None:
    items = Vocabulary(("a", "b"))
    log = Interactions.of(["u"], ["a"]).recode(Vocabulary(("u",)), items)
    style = Attribute("vector", (Vector.of([1, 2]), None))
    genre = Attribute("category", ("war", None))
    heterograph = to_dgl(Graph(log, {"item": {"style": style, "genre": genre}}))
    data = heterograph.nodes["item"].data
    assert set(data) == {"style"}
    np.testing.assert_array_equal(data["style"], [[1, 2], [np.nan, np.nan]])
    found = from_dgl(heterograph, {"user": log.users, "item": items}, log.kinds)
    assert found.attributes == {"item": {"style": style}}


@settings(max_examples=60)
@given(graphs())
def test_a_graph_survives_the_way_to_dgl_and_back(graph: Graph) -> None:
    found = from_dgl(to_dgl(graph), vocabularies(graph), graph.interactions.kinds)
    for column in ("user", "item", "weight", "time", "kind"):
        before = getattr(graph.interactions, column)
        after = getattr(found.interactions, column)
        assert after.dtype == before.dtype
        np.testing.assert_array_equal(after, before)
    assert found.interactions.kinds == graph.interactions.kinds
    assert (found.users, found.items, found.others) == (graph.users, graph.items, graph.others)
    assert set(found.links) == set(graph.links)
    for edge_type, links in graph.links.items():
        after_links = found.links[edge_type]
        np.testing.assert_array_equal(after_links.source, links.source)
        np.testing.assert_array_equal(after_links.target, links.target)
        np.testing.assert_array_equal(after_links.weight, links.weight)


@settings(max_examples=60)
@given(graphs())
def test_every_edge_is_there_with_its_reverse_and_every_node_with_or_without(
    graph: Graph,
) -> None:
    made = to_dgl(graph)
    edges = {INTERACTED: (graph.interactions.user, graph.interactions.item)}
    edges |= {kind: (links.source, links.target) for kind, links in graph.links.items()}
    assert len(made.canonical_etypes) == 2 * len(edges)
    for (source, relation, target), (a, b) in edges.items():
        forth, back = (source, relation, target), (target, REVERSE + relation, source)
        assert made.num_edges(forth) == made.num_edges(back) == len(a)
        assert list_of(made, forth) == list(zip(a.tolist(), b.tolist(), strict=True))
        assert list_of(made, back) == list(zip(b.tolist(), a.tolist(), strict=True))
        assert made.num_nodes(source) == len(graph.vocabulary(source))
        assert made.num_nodes(target) == len(graph.vocabulary(target))


def list_of(graph: HeteroGraph, edge_type: EdgeType) -> list[tuple[int, int]]:
    source, target = graph.edges(etype=edge_type, order="eid")
    return list(zip(source.tolist(), target.tolist(), strict=True))


# The graph that messages pass along


def matrices() -> st.SearchStrategy[sparse.csr_array]:
    shape = st.tuples(st.integers(1, 6), st.integers(1, 6))

    def of(shape: tuple[int, int]) -> st.SearchStrategy[sparse.csr_array]:
        cells = st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
        return cells.map(lambda c: sparse.csr_array(np.array(c, np.float32).reshape(shape)))

    return shape.flatmap(of)


def pairs_of(matrix: sparse.csr_array) -> list[tuple[int, int]]:
    user = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return list(zip(user.tolist(), matrix.indices.tolist(), strict=True))


@given(matrices())
def test_edge_n_is_the_nth_element_of_the_matrix(matrix: sparse.csr_array) -> None:
    """What is hidden, and what is asked about, is named by this number."""
    likes = likes_graph(matrix)
    assert list_of(likes, LIKES) == pairs_of(matrix)
    assert list_of(likes, LIKED_BY) == [(item, user) for user, item in pairs_of(matrix)]
    assert (likes.num_nodes("user"), likes.num_nodes("item")) == matrix.shape


@given(matrices(), st.data())
def test_hidden_edges_are_gone_both_ways_and_nothing_else_is(
    matrix: sparse.csr_array, data: st.DataObject
) -> None:
    likes = likes_graph(matrix)
    edges = st.lists(st.integers(0, matrix.nnz - 1), unique=True)
    hidden = np.array(data.draw(edges) if matrix.nnz else [], np.int64)
    shown = without_edges(likes, hidden)
    kept = [pair for n, pair in enumerate(pairs_of(matrix)) if n not in hidden]
    assert list_of(shown, LIKES) == kept
    assert list_of(shown, LIKED_BY) == [(item, user) for user, item in kept]
    assert (shown.num_nodes("user"), shown.num_nodes("item")) == matrix.shape
    assert list_of(likes, LIKES) == pairs_of(matrix)  # for the next batch


@given(matrices(), st.integers(0, 3))
def test_the_mean_of_neighbours_is_that_of_numpy(matrix: sparse.csr_array, seed: int) -> None:
    rng = np.random.default_rng(seed)
    likes, dense = likes_graph(matrix), matrix.toarray()
    for edge_type, adjacency in ((LIKED_BY, dense), (LIKES, dense.T)):
        vectors = rng.normal(size=(adjacency.shape[1], 3)).astype(np.float32)
        found = mean_of_neighbours(likes, edge_type, torch.from_numpy(vectors))
        expected = adjacency @ vectors / np.maximum(adjacency.sum(1, keepdims=True), 1)
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


@given(matrices(), st.integers(0, 3))
def test_the_largest_and_attention_are_those_of_numpy(matrix: sparse.csr_array, seed: int) -> None:
    rng = np.random.default_rng(seed)
    likes, dense = likes_graph(matrix), matrix.toarray() > 0
    vectors = rng.random((matrix.shape[1], 3)).astype(np.float32)
    source, target = (rng.normal(size=(n, 1)).astype(np.float32) for n in matrix.shape[::-1])
    v, s, t = map(torch.from_numpy, (vectors, source, target))
    largest = max_of_neighbours(likes, LIKED_BY, v)
    attended = attention_over_neighbours(likes, LIKED_BY, v, torch.abs, s, t)
    for user, liked in enumerate(dense):
        if not liked.any():
            assert (largest[user] == 0).all()
            assert (attended[user] == 0).all()
            continue
        weight = np.exp(np.abs(source[liked, 0] + target[user]))
        expected = weight / weight.sum() @ vectors[liked]
        np.testing.assert_allclose(largest[user], vectors[liked].max(0), atol=1e-5)
        np.testing.assert_allclose(attended[user], expected, atol=1e-5)


@given(matrices(), st.integers(1, 3), st.integers(0, 3))
def test_a_fanout_keeps_edges_that_are_there_and_no_more_than_so_many_a_user(
    matrix: sparse.csr_array, fanout: int, seed: int
) -> None:
    row, column = np.array(pairs_of(matrix), np.int64).reshape(-1, 2).T
    shown = sampled_edges(liked_by_graph(row, column, matrix.shape), fanout, seed)
    kept = [(user, item) for item, user in list_of(shown, LIKED_BY)]
    assert set(kept) <= set(pairs_of(matrix))
    assert sorted(user for user, _ in kept) == sorted(
        user
        for user, degree in enumerate(np.diff(matrix.indptr))
        for _ in range(min(degree, fanout))
    )
    heard = np.unique(items_of_edges(shown))
    again = [(user, heard[place]) for place, user in list_of(with_items(shown, heard), LIKED_BY)]
    assert again == kept


@given(matrices(), st.integers(0, 3))
def test_the_inner_products_on_edges_are_those_of_numpy(
    matrix: sparse.csr_array, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    users, items = (rng.normal(size=(n, 3)).astype(np.float32) for n in matrix.shape)
    row, column = np.array(pairs_of(matrix), np.int64).reshape(-1, 2).T
    graph = liked_by_graph(row, column, matrix.shape)
    found = dot_on_edges(graph, torch.from_numpy(items), torch.from_numpy(users))
    np.testing.assert_allclose(found.numpy(), (users[row] * items[column]).sum(1), atol=1e-5)


def test_gradients_flow_to_those_who_were_heard() -> None:
    matrix = sparse.csr_array(np.array([[1, 1, 0], [0, 0, 0]], np.float32))
    vectors = torch.ones(3, 2, requires_grad=True)
    mean_of_neighbours(likes_graph(matrix), LIKED_BY, vectors).sum().backward()
    assert vectors.grad is not None
    assert vectors.grad.tolist() == [[0.5, 0.5], [0.5, 0.5], [0, 0]]


def test_a_hidden_edge_carries_no_message() -> None:
    matrix = sparse.csr_array(np.array([[1, 1]], np.float32))
    shown = without_edges(likes_graph(matrix), np.array([1]))
    vectors = torch.tensor([[1.0], [100.0]])
    assert mean_of_neighbours(shown, LIKED_BY, vectors).tolist() == [[1.0]]
    assert mean_of_neighbours(shown, LIKES, torch.tensor([[3.0]])).tolist() == [[3.0], [0.0]]
