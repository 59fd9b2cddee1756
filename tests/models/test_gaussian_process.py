"""Items of like features: what a sum over features cannot say, and how unlike items are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.spatial.distance import cdist

from graphrec.data import Attribute
from graphrec.data.features import FeatureSpace
from graphrec.models.gaussian_process import (
    CONTENT,
    DECAY,
    LINKED,
    MAX_COLUMNS,
    MAX_ITEMS,
    NOISE,
    GaussianProcess,
    KnownItems,
    Linked,
)

COLOURS, SHAPES = ("red", "red", "blue", "blue"), ("round", "square", "round", "square")
NO_LINKS: Linked = {}
CROSSED = np.array([[1], [-1], [-1], [1]], np.float32)
"""What no sum of something for the colour and something for the shape is."""


def items(
    copies: int = 5, **more: Attribute
) -> tuple[FeatureSpace, sparse.csr_array, dict[str, Attribute]]:
    attributes = {
        "colour": Attribute("category", COLOURS * copies),
        "shape": Attribute("category", SHAPES * copies),
        **more,
    }
    space = FeatureSpace.of(attributes)
    return space, space.matrix(attributes, 4 * copies), attributes


def process_of(known: KnownItems, vectors: np.ndarray) -> GaussianProcess:
    """Where the sum over features and links gives nothing."""
    return known.process(vectors, np.zeros_like(vectors))


def mean_of(
    process: GaussianProcess, features: sparse.csr_array, links: Linked = NO_LINKS
) -> np.ndarray:
    """What is expected beyond the mean of the known items."""
    nothing = np.zeros((features.shape[0], process.weights.shape[1]), np.float32)
    return process.vectors(nothing, features, links) - (1 - CONTENT) * process.prior


def test_a_combination_says_what_its_parts_cannot() -> None:
    space, features, _ = items()
    known = KnownItems.of(space, features, {}, np.ones(20, np.int64))
    assert known is not None
    process = process_of(known, np.tile(CROSSED, (5, 1)))
    mean = mean_of(process, sparse.csr_array(features[:4]))
    np.testing.assert_array_equal(np.sign(mean), CROSSED)
    assert np.abs(mean).max() < 1  # part of it is taken for chance


def test_more_items_that_agree_are_believed_more() -> None:
    mean = []
    for copies in (1, 5, 50):
        space, features, _ = items(copies)
        known = KnownItems.of(space, features, {}, np.ones(4 * copies, np.int64))
        assert known is not None
        process = process_of(known, np.tile(CROSSED, (copies, 1)))
        mean.append(float(mean_of(process, sparse.csr_array(features[:1]))[0, 0]))
    assert mean == sorted(mean)
    assert mean[-1] == pytest.approx(1, abs=0.1)


def test_an_item_unlike_all_others_is_added_little() -> None:
    """Not nothing: a number counts as ten standard deviations from the mean at most."""
    space, features, attributes = items(price=Attribute("number", (1.0, 2.0, 3.0, 4.0) * 5))
    known = KnownItems.of(space, features, {}, np.ones(20, np.int64))
    assert known is not None
    strange = {name: Attribute(a.kind, (a.values[0],)) for name, a in attributes.items()}
    strange["price"] = Attribute("number", (1000.0,))
    process = process_of(known, np.tile(CROSSED, (5, 1)))
    usual = mean_of(process, space.matrix(attributes, 20))[0, 0]
    assert 0 <= mean_of(process, space.matrix(strange, 1))[0, 0] < 0.5 * usual


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(-9, 9)), min_size=2))
def test_items_are_equally_far_apart_on_average(reported: list[tuple[str, int | None]]) -> None:
    attributes = {
        "kind": Attribute("category", tuple(kind for kind, _ in reported)),
        "price": Attribute("number", tuple(price for _, price in reported)),
    }
    space = FeatureSpace.of(attributes)
    features = space.matrix(attributes, len(reported))
    known = KnownItems.of(space, features, {}, np.ones(len(reported), np.int64))
    if len(set(reported)) == 1:
        assert known is None
    else:
        assert known is not None
        apart = cdist(known.features, known.features, "cityblock").mean()
        assert apart == pytest.approx(DECAY, abs=1e-3)


def test_items_without_events_or_features_are_not_listened_to() -> None:
    attributes = {"colour": Attribute("category", ("red", "blue", "red", None))}
    space = FeatureSpace.of(attributes)
    features = space.matrix(attributes, 4)
    known = KnownItems.of(space, features, {}, np.array([1, 1, 0, 1]))
    assert known is not None
    assert known.rows.tolist() == [0, 1]
    assert KnownItems.of(space, features, {}, np.zeros(4, np.int64)) is None


@pytest.mark.slow
def test_of_many_items_and_features_those_that_say_most_count() -> None:
    count = MAX_ITEMS + 3
    words = tuple(f"w{n % (MAX_COLUMNS + 50)}" for n in range(count - 1))
    attributes = {"word": Attribute("category", (*words, "w0"))}
    space = FeatureSpace.of(attributes)
    events = np.ones(count, np.int64)
    events[-5:] = 2
    known = KnownItems.of(space, space.matrix(attributes, count), {}, events)
    assert known is not None
    assert known.features.shape == (MAX_ITEMS, MAX_COLUMNS)
    assert set(range(count - 5, count)) <= set(known.rows.tolist())


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.none() | st.integers(-9, 9), st.sampled_from("de")),
        min_size=2,
    )
)
def test_words_and_numbers_are_as_far_apart_as_each_alone(
    reported: list[tuple[str, int | None, str]],
) -> None:
    names, kinds = ("kind", "price", "shape"), ("category", "number", "category")
    attributes = {
        name: Attribute(kind, values)  # type: ignore[arg-type]
        for name, kind, values in zip(names, kinds, zip(*reported, strict=True), strict=True)
    }
    space = FeatureSpace.of(attributes)
    features = space.matrix(attributes, len(reported))
    known = KnownItems.of(space, features, {}, np.ones(len(reported), np.int64))
    if known is None:
        return
    scaled = features[:, known.columns].toarray() * known.scale
    expected = np.exp(-cdist(scaled, known.features, "cityblock"))
    weights, none = np.eye(len(reported)), np.zeros(len(reported), np.float32)
    process = GaussianProcess(known.columns, known.scale, known.features, weights, {}, none)
    np.testing.assert_allclose(mean_of(process, features), expected, atol=1e-5)


BY = ("item", "by", "director")


def linked(nodes: list[list[int]], count: int = 3) -> sparse.csr_array:
    matrix = sparse.lil_array((len(nodes), count), dtype=np.float32)
    for item, linked_to in enumerate(nodes):
        matrix[item, linked_to] = 2.0  # how much a link weighs is not the question here
    return sparse.csr_array(matrix)


def test_items_of_the_same_director_have_something_in_common() -> None:
    """Without features, as in a graph of links alone; who is linked to nobody gets nothing."""
    space = FeatureSpace.of({})
    links = {BY: linked([[0]] * 4 + [[1]] * 4)}
    known = KnownItems.of(space, space.matrix({}, 8), links, np.ones(8, np.int64))
    assert known is not None
    process = process_of(known, np.repeat([[1.0], [-1.0]], 4, axis=0).astype(np.float32))
    new = {BY: linked([[0], [1], [0, 1], [2], []])}
    mean = mean_of(process, space.matrix({}, 5), new)[:, 0]
    assert mean[0] == pytest.approx(-mean[1])
    assert 0 < mean[0] < 1
    np.testing.assert_allclose(mean[2:], 0, atol=1e-6)


def test_features_and_links_are_the_posterior_mean_of_the_sum_of_their_kernels() -> None:
    """Against the formula (Rasmussen & Williams, eq. 2.25), item by item."""
    space, features, _ = items()
    rng = np.random.default_rng(0)
    links = {BY: linked([list(rng.choice(3, rng.integers(3), replace=False)) for _ in range(20)])}
    known = KnownItems.of(space, features, links, np.ones(20, np.int64))
    assert known is not None
    residuals = rng.standard_normal((20, 2)).astype(np.float32)
    residuals -= residuals.mean(axis=0)
    count = np.maximum(np.diff(links[BY].indptr), 1)
    pattern = (links[BY].toarray() > 0) / np.sqrt(count)[:, None]
    kernel = np.exp(-cdist(known.features, known.features, "cityblock"))
    kernel += LINKED * pattern @ pattern.T
    expected = kernel @ np.linalg.solve(kernel + NOISE * np.eye(20), residuals)
    np.testing.assert_allclose(
        mean_of(process_of(known, residuals), features, links), expected, atol=1e-5
    )


def test_what_nothing_is_similar_to_is_between_the_mean_and_the_sum() -> None:
    space = FeatureSpace.of({})
    known = KnownItems.of(space, space.matrix({}, 2), {BY: linked([[0], [1]])}, np.ones(2, int))
    assert known is not None
    process = known.process(np.array([[1.0], [3.0]], np.float32), np.zeros((2, 1), np.float32))
    found = process.vectors(np.array([[6.0]], np.float32), space.matrix({}, 1), {BY: linked([[2]])})
    assert found[0, 0] == pytest.approx(CONTENT * 6 + (1 - CONTENT) * 2)


def test_items_with_features_keep_their_part_of_the_sum_and_of_the_mean() -> None:
    space, features, _ = items()
    known = KnownItems.of(space, features, {}, np.ones(20, np.int64))
    assert known is not None
    vectors = np.tile(CROSSED, (5, 1)) + 3
    content = np.full((4, 1), 8, np.float32)
    process = process_of(known, vectors)
    nothing, something = (
        process.vectors(each, features[:4], {}) for each in (np.zeros_like(content), content)
    )
    np.testing.assert_allclose(something - nothing, CONTENT * content, atol=1e-5)
    shifted = process_of(known, vectors + 4).vectors(np.zeros_like(content), features[:4], {})
    assert (shifted > nothing + 3).all()
