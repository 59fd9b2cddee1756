"""Attributes as numbers that a model can multiply."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Attribute, AttributeValue, Vector
from graphrec.data.features import BUCKETS, FeatureSpace, feature_matrix


def columns(*attributes: Attribute) -> list[list[float]]:
    named = {f"a{n}": attribute for n, attribute in enumerate(attributes)}
    matrix = feature_matrix(named, len(attributes[0].values))
    assert matrix.dtype == np.float32
    transposed: list[list[float]] = matrix.toarray().T.tolist()
    return transposed


def test_a_number_is_standardised_with_a_flag_where_it_is_known() -> None:
    value, known, *_ = columns(Attribute("number", (1.0, None, 3.0, 5.0)))
    assert value == pytest.approx([-np.sqrt(1.5), 0, 0, np.sqrt(1.5)])
    assert known == [1, 0, 1, 1]  # tells the mean from nothing


def test_a_number_that_all_share_tells_only_where_it_is_known() -> None:
    assert columns(Attribute("number", (7.0, None, 7.0))) == [[0, 0, 0], [1, 0, 1]]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_missing(value: float) -> None:
    found = columns(Attribute("number", (0.0, value, 2.0)))
    np.testing.assert_allclose(found[:2], [[-1, 0, 1], [1, 0, 1]])
    assert [row[1] for row in found] == [0, 0, *(0 for _ in found[2:])]


def test_a_number_is_in_one_of_equal_buckets() -> None:
    """What is liked need not rise or fall with a number: the eighties may be what is liked."""
    found = np.array(columns(Attribute("number", (*map(float, range(16)), None))))[2:]
    assert found.shape == (BUCKETS, 17)
    assert found[:, :-1].sum(axis=1).tolist() == [2] * BUCKETS
    assert found[:, -1].sum() == 0


def test_a_category_is_one_hot_and_zeros_where_it_is_missing() -> None:
    assert columns(Attribute("category", ("b", None, "a", "b"))) == [[0, 0, 1, 0], [1, 0, 0, 1]]


def test_each_tag_has_a_column() -> None:
    tags: tuple[AttributeValue, ...] = (("war",), ("art", "war", "war"), (), None)
    assert columns(Attribute("tags", tags)) == [[0, 1, 0, 0], [1, 1, 0, 0]]


def test_a_newcomer_is_told_in_the_columns_of_the_others() -> None:
    known = {
        "genres": Attribute("tags", (("war",), ("art", "war"))),
        "year": Attribute("number", (1990.0, 2000.0)),
    }
    space = FeatureSpace.of(known)
    new = {
        "genres": Attribute("tags", (("war", "unheard of"),)),
        "year": Attribute("number", (1990.0,)),
        "colour": Attribute("category", ("red",)),
    }
    np.testing.assert_array_equal(
        space.matrix(new, 1).toarray(), space.matrix(known, 2)[[0]].toarray()
    )
    assert space.matrix({}, 1).nnz == 0  # of whom nothing is known


def test_text_and_what_nobody_has_give_no_columns() -> None:
    nothing = (
        Attribute("text", ("Heat", None)),
        Attribute("number", (None, None)),
        Attribute("category", (None, None)),
        Attribute("tags", ((), None)),
    )
    for attribute in nothing:
        assert columns(attribute) == []
    assert columns(*nothing) == []
    assert columns(*nothing, Attribute("category", ("a", "a"))) == [[1, 1]]


def test_without_attributes_there_is_a_matrix_without_columns() -> None:
    assert feature_matrix({}, 3).shape == (3, 0)


def test_columns_are_by_name_whatever_the_order_they_come_in() -> None:
    """Else a model's weights would belong to other features after a reload."""
    one, two = Attribute("category", ("x", "y")), Attribute("number", (1.0, None))
    first = feature_matrix({"b": one, "a": two}, 2).toarray()
    np.testing.assert_array_equal(first, feature_matrix({"a": two, "b": one}, 2).toarray())
    assert first.shape == (2, 4)


NUMBERS = st.lists(st.none() | st.floats(-1e30, 1e30), min_size=1, max_size=12)


@given(NUMBERS)
def test_features_of_any_numbers_are_finite(numbers: list[float | None]) -> None:
    matrix = feature_matrix({"n": Attribute("number", tuple(numbers))}, len(numbers))
    assert np.isfinite(matrix.data).all()


@given(st.lists(st.none() | st.integers(-(10**6), 10**6).map(float), min_size=1, max_size=12))
def test_known_numbers_have_mean_0_and_spread_1(numbers: list[float | None]) -> None:
    matrix = feature_matrix({"n": Attribute("number", tuple(numbers))}, len(numbers)).toarray()
    distinct = {value for value in numbers if value is not None}
    if distinct:
        known = matrix[matrix[:, 1] == 1, 0]
        assert known.mean() == pytest.approx(0, abs=1e-4)
        assert known.std() == pytest.approx(1 if len(distinct) > 1 else 0, abs=1e-4)


@pytest.mark.parametrize("price", [1e308, -1e308, 3e38, 1e30])
def test_one_number_beyond_all_others_bends_no_vector(price: float) -> None:
    """Neither one that comes after the training, nor one that was in it."""
    usual = tuple(float(n) for n in range(50))
    after = FeatureSpace.of({"price": Attribute("number", usual)}).row({"price": price})
    assert np.abs(after).max() <= 10
    within = feature_matrix({"price": Attribute("number", (*usual, price))}, 51).toarray()
    assert np.isfinite(within).all()
    assert np.abs(within).max() <= 10


@pytest.mark.parametrize("price", [1e308, -1e308, 3e38, 1e30, 1e9])
def test_nor_does_it_make_all_others_alike(price: float) -> None:
    usual = tuple(float(n) for n in range(50))
    alone = feature_matrix({"price": Attribute("number", usual)}, 50).toarray()
    within = feature_matrix({"price": Attribute("number", (*usual, price))}, 51).toarray()
    assert np.ptp(within[:50, 0]) > 0.1 * np.ptp(alone[:, 0])


def test_one_huge_component_of_a_vector_bends_no_other_node() -> None:
    rng = np.random.default_rng(0)
    usual = [Vector.of(row) for row in rng.normal(size=(50, 4)).tolist()]
    huge = Vector.of([3e38, 0, 0, 0])
    alone = feature_matrix({"v": Attribute("vector", tuple(usual))}, 50).toarray()
    within = feature_matrix({"v": Attribute("vector", (*usual, huge))}, 51).toarray()
    assert np.isfinite(within).all()
    assert (np.ptp(within[:50], axis=0) > 0.1 * np.ptp(alone, axis=0)).all()
