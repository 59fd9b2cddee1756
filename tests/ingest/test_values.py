"""Text and numbers out of raw columns."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from graphrec.ingest.chunks import array
from graphrec.ingest.values import as_text, numbers, texts


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([" a ", "", "  ", None, "b\u00a0"]), ["a", None, None, None, "b"]),
        (pa.array([1, None, 2**62]), ["1", None, str(2**62)]),
        (pa.array([123.0, None, 1.5, float("nan"), -0.0]), ["123", None, "1.5", None, "0"]),
        (pa.array([7, 8], pa.uint64()), ["7", "8"]),
        (pa.array([1.0, 2.5], pa.float16()), ["1", "2.5"]),
        (pa.array([Decimal("123.00"), Decimal("1.50"), None]), ["123", "1.5", None]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ["x", "y", "x"]),
        (pa.array([5, 6, 5]).dictionary_encode(), ["5", "6", "5"]),
        (pa.array(["x"], pa.large_string()), ["x"]),
        (pa.array([b"ab", b"\xff"]), ["ab", "\\xff"]),
        (pa.array([True, None]), ["true", None]),
        (pa.array([[1, 2], None]), ["[1,2]", None]),
        (pa.nulls(2), [None, None]),
        (pa.array([], pa.string()), []),
    ],
)
def test_texts(column: pa.Array, expected: list[str | None]) -> None:
    assert texts(column).to_pylist() == expected


def test_bytes_among_other_values_are_their_text() -> None:
    """As databases give them: never `b'ab'`, nor the address of a view."""
    assert [as_text(each) for each in (b"ab", bytearray(b"ab"), memoryview(b"ab"))] == ["ab"] * 3
    assert array([1, b"ab", "c"]).to_pylist() == ["1", "ab", "c"]


def test_integers_that_pandas_made_floats_keep_their_ids() -> None:
    frame = pd.DataFrame({"user": [1, None, 3]})
    assert frame["user"].dtype == np.float64
    assert texts(pa.array(frame["user"])).to_pylist() == ["1", None, "3"]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["1", " 2.5", "+3", "-4", "1e3", ".5", "5."]), [1, 2.5, 3, -4, 1000, 0.5, 5]),
        (pa.array(["nan", "inf", "0x10", "1_0", "", "one", None, "true"]), [None] * 8),
        (pa.array([1.5, None, float("inf"), float("nan")]), [1.5, None, None, None]),
        (pa.array([1, 2], pa.int8()), [1, 2]),
        (pa.array([Decimal("1.50")]), [1.5]),
        (pa.array([True, False]), [None, None]),
        (pa.array(["1e999"]), [None]),
    ],
)
def test_numbers(column: pa.Array, expected: list[float | None]) -> None:
    assert [None if np.isnan(n) else n for n in numbers(column)] == expected
