"""Vectors as values: in text, in arrays, and of one length."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.data import Attribute, Vector
from graphrec.data.features import FeatureSpace, VectorColumns
from graphrec.data.vector import stacked, unstacked, vector_length
from graphrec.errors import DataError


def test_text_gives_them_back() -> None:
    one = Vector.of([0.1, -2, 3e10])
    assert Vector.of_text(one.to_text()) == one
    assert len(one) == 3
    assert one.array.dtype == np.float32
    with pytest.raises(DataError, match="cannot be read"):
        Vector.of_text("no")


@pytest.mark.parametrize("numbers", [[], [float("nan")], [float("inf")], [1e39]])
def test_only_finite_numbers(numbers: list[float]) -> None:
    with pytest.raises(DataError, match="expected one finite number"):
        Vector.of(numbers)


def test_rows_of_an_array() -> None:
    values = (Vector.of([1, 2]), None, Vector.of([3, 4]))
    rows = stacked(values, 2)
    assert np.isnan(rows[1]).all()
    assert unstacked(rows) == values


def test_lengths_that_differ_name_the_node() -> None:
    assert vector_length("v", ["a"], [None]) is None
    with pytest.raises(DataError, match=r"'v' of 'b' is a vector of 1 numbers: expected 2"):
        vector_length("v", ["a", "b"], [Vector.of([1, 2]), Vector.of([1])])


def test_one_block_of_features() -> None:
    values = (Vector.of([1, 5]), Vector.of([3, 5]), None)
    space = FeatureSpace.of({"v": Attribute("vector", values)})
    assert isinstance(space.columns["v"], VectorColumns)
    matrix = space.matrix({"v": Attribute("vector", values)}, 3).toarray()
    np.testing.assert_allclose(matrix, [[-(0.5**0.5), 0], [0.5**0.5, 0], [0, 0]], rtol=1e-6)
    np.testing.assert_array_equal(space.row({"v": values[0]}), matrix[0])
    # of another length, or another kind
    assert not space.row({"v": Vector.of([1])}).any()
    assert not space.row({"v": "red"}).any()
    assert not FeatureSpace.of({"v": Attribute("category", ("a",))}).row({"v": values[0]}).any()


def test_large_numbers_leave_features_finite() -> None:
    space = FeatureSpace.of({"n": Attribute("number", (1e308, -1e308, 1.0))})
    assert np.isfinite(space.matrix({"n": Attribute("number", (1e308, 0.0, 1.0))}, 3).data).all()
