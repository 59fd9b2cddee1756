"""On which scale ratings are."""

from __future__ import annotations

from collections import Counter

import pytest

from graphrec.data.scale import scale_of, zero_is_none


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([1, 2, 3, 4, 5], "1 to 5"),
        ([1, 4], "1 to 5"),
        ([0, 3, 5], "1 to 5"),  # and zeros
        ([0.5, 3, 4.5], "half stars, 0.5 to 5"),
        ([1, 2.7, 4.9], "fractions from 1 to 5"),
        ([1, 6, 9], "1 to 10"),
        ([0, 8, 10], "1 to 10"),
        ([6.5, 7, 10], "half points, 0.5 to 10"),
        ([1.1, 7, 10], "fractions from 1 to 10"),
        ([30, 75, 100], "0 to 100"),
        ([0, 50, 100, 100], "0 to 100"),
        ([-1, 1], "-1 and 1"),
        ([-1, 0, 1], "-1 and 1"),
        ([0, 1], "0 and 1"),
        ([0.2, 0.9, 1], "shares from 0 to 1"),
        ([-9.5, 3.1], "-10 to 10"),
    ],
)
def test_scales(values: list[float], name: str) -> None:
    scale = scale_of(Counter(map(float, values)))
    assert scale is not None
    assert scale.name == name


@pytest.mark.parametrize(
    "values",
    [[], [1], [5, 5, 5], [1] * 50 + [2] * 20 + [3] * 9 + [57], [1, 1000], [-6, 20]],
)
def test_what_is_no_scale(values: list[float]) -> None:
    assert scale_of(Counter(map(float, values))) is None


def test_zeros_that_say_that_there_is_no_rating() -> None:
    books = Counter({0.0: 60, 5.0: 5, 8.0: 10, 10.0: 6})
    scale = scale_of(books)
    assert scale is not None
    assert zero_is_none(books, scale)
    for values in ({0.0: 3, 1.0: 4}, {3.0: 1, 5.0: 2}, {0.0: 2, 50.0: 3, 90.0: 8}):
        other = scale_of(values)
        assert other is not None
        assert not zero_is_none(values, other)
