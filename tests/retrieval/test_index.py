from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.retrieval.index import Index


def brute_force(items, vector, k, excluded):
    """The k best rows by score descending, then row ascending; padded with -1."""
    scores = items.astype(np.float64) @ vector
    eligible = [row for row in range(len(items)) if row not in set(excluded)]
    best = sorted(eligible, key=lambda row: (-scores[row], row))[:k]
    return best + [-1] * (k - len(best))


def clustered(rng, count, queries, dim=32, clusters=50):
    """Items and queries around the same centres."""
    centres = rng.normal(size=(clusters, dim))
    near = centres[rng.integers(clusters, size=count + queries)]
    vectors = (near + 0.4 * rng.normal(size=near.shape)).astype(np.float32)
    return vectors[:count], vectors[count:]


@given(st.data())
def test_exact_search_is_brute_force_with_ties_by_row(data):
    count, dim = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 3))
    small = st.integers(-1, 1)  # few values, and so many ties
    row = st.lists(small, min_size=dim, max_size=dim)

    def draw(rows):
        return np.array(data.draw(st.lists(row, min_size=rows, max_size=rows)), np.float32)

    items, vectors = draw(count), draw(2)
    k = data.draw(st.integers(0, 35))
    exclude = [np.array(data.draw(st.lists(st.integers(0, count - 1))), np.int32) for _ in range(2)]

    rows, scores = Index.build(items).search(vectors, k, exclude)

    for b in range(2):
        expected = brute_force(items, vectors[b], k, exclude[b])
        assert rows[b].tolist() == expected
        assert scores[b].tolist() == [
            items[row] @ vectors[b] if row >= 0 else -np.inf for row in expected
        ]


def test_a_vector_is_answered_the_same_alone_and_among_others():
    rng = np.random.default_rng(0)
    items, vectors = clustered(rng, 2000, 50)
    index = Index.build(items)
    rows, scores = index.search(vectors, 20)
    for b, vector in enumerate(vectors):
        alone = index.search(vector[None], 20)
        assert (alone[0][0] == rows[b]).all()
        assert (alone[1][0] == scores[b]).all()


def test_size_decides_between_exact_and_approximate():
    items = np.eye(5, dtype=np.float32)
    assert Index.build(items, exact_up_to=5).exact
    assert not Index.build(items, exact_up_to=4).exact


@pytest.fixture(scope="module")
def clusters():
    """Items, queries and an approximate index of the items."""
    items, vectors = clustered(np.random.default_rng(1), 6000, 100)
    return items, vectors, Index.build(items, exact_up_to=0)


@pytest.fixture
def walking(monkeypatch):
    """Walk the graph of even a small index: comparing all of so few items would be faster."""
    monkeypatch.setattr("graphrec.retrieval.index.ITEMS_PER_CANDIDATE", 1)


@pytest.mark.usefixtures("walking")
@pytest.mark.parametrize("excluded", [0, 150])
def test_approximate_search_finds_nearly_all_of_the_nearest(clusters, excluded):
    items, vectors, index = clusters
    exact = Index.build(items)
    seen = list(exact.search(vectors, excluded)[0])  # the worst case: what is nearest is left out
    expected, found = exact.search(vectors, 50, seen)[0], index.search(vectors, 50, seen)[0]
    shared = [len(np.intersect1d(a, b)) for a, b in zip(expected, found, strict=True)]
    assert 0.95 <= np.mean(shared) / 50 < 1


@pytest.mark.usefixtures("walking")
@pytest.mark.parametrize("eligible", [0, 1, 7, 10, 11, 4000])
def test_approximate_search_finds_k_items_whatever_is_excluded(clusters, eligible):
    items, vectors, index = clusters
    left = np.random.default_rng(2).choice(len(items), eligible, replace=False)
    excluded = np.setdiff1d(np.arange(len(items)), left).astype(np.int32)
    rows, scores = index.search(vectors[:20], 10, [excluded] * 20)
    count = min(10, eligible)
    assert np.isin(rows[:, :count], left).all()
    assert (rows[:, count:] == -1).all()
    assert (np.diff(scores[:, :count]) <= 0).all()


@pytest.mark.usefixtures("walking")
def test_a_graph_that_is_not_connected_hides_nothing():
    items = np.ones((3000, 8), np.float32)  # of equal items, few are linked to others
    rows, _ = Index.build(items, exact_up_to=0).search(items[:1], 1000)
    assert rows[0].tolist() == list(range(1000))


def test_where_a_walk_takes_longer_all_items_are_compared(clusters):
    items, vectors, index = clusters
    rows, scores = Index.build(items).search(vectors, 50)
    assert (index.search(vectors, 50)[0] == rows).all()
    assert (index.search(vectors, 50)[1] == scores).all()


@pytest.mark.usefixtures("walking")
@pytest.mark.parametrize("exact_up_to", [0, 1000])
def test_a_written_index_answers_as_before(exact_up_to):
    rng = np.random.default_rng(3)
    items, vectors = clustered(rng, 1000, 10)
    index = Index.build(items, exact_up_to)
    content = index.as_graph()
    assert (content is None) == index.exact  # then it is made of the vectors again
    loaded = Index.build(items, exact_up_to) if content is None else Index.of_graph(content)
    assert loaded.exact == index.exact
    # With all but a few excluded, the vectors that an approximate index stores are compared.
    for excluded in (np.arange(5), np.arange(990)):
        exclude = [excluded.astype(np.int32)] * len(vectors)
        before, after = index.search(vectors, 10, exclude), loaded.search(vectors, 10, exclude)
        assert (before[0] == after[0]).all()
        assert (before[1] == after[1]).all()


@pytest.mark.usefixtures("walking")
@pytest.mark.parametrize("exact_up_to", [0, 2000])
def test_threads_share_an_index(exact_up_to):
    rng = np.random.default_rng(4)
    items, vectors = clustered(rng, 2000, 64)
    index = Index.build(items, exact_up_to)
    exclude = [rng.choice(2000, 100, replace=False).astype(np.int32) for _ in vectors]
    expected = index.search(vectors, 10, exclude)[0]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda b: index.search(vectors[[b]], 10, [exclude[b]])[0][0], range(64))
        found = np.array(list(found))
    assert (found == expected).all()
