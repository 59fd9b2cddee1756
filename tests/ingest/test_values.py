"""Ids, numbers and times out of raw columns."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from graphrec.ingest.values import TimeUnit, numbers, texts, times
from hypothesis import given
from hypothesis import strategies as st

MOMENT = 1_577_934_245_678
"""2020-01-02T03:04:05.678 UTC, in milliseconds."""


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


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (MOMENT // 1000, "auto"),
        (MOMENT, "auto"),
        (MOMENT * 1000 + 999, "auto"),
        (MOMENT * 10**6 + 999_999, "auto"),
        (MOMENT // 1000, "s"),
        (MOMENT, "ms"),
        (MOMENT * 1000, "us"),
        (MOMENT * 10**6, "ns"),
    ],
)
def test_numeric_times_in_every_unit(value: int, unit: TimeUnit) -> None:
    expected = MOMENT if value != MOMENT // 1000 else MOMENT // 1000 * 1000
    for column in (pa.array([value]), pa.array([str(value)]), pa.array([f" {value} "])):
        time, readable = times(column, unit)
        assert (time.tolist(), readable.tolist()) == ([expected], [True])


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-02T03:04:05.678Z",
        "2020-01-02T03:04:05.678",
        "2020-01-02 03:04:05.678",
        "2020-01-02 03:04:05.678 UTC",
        "2020-01-02T04:04:05.678+01:00",
        "20200102T030405.678",
        "2020-01-02T03:04:05.678999999Z",
        "1577934245.678",
        "1577934245678.9",
    ],
)
def test_texts_of_times(text: str) -> None:
    time, readable = times(pa.array([text]))
    assert (time.tolist(), readable.tolist()) == ([MOMENT], [True])


@pytest.mark.parametrize(
    "column",
    [
        pa.array([MOMENT], pa.timestamp("ms")),
        pa.array([MOMENT * 1000 + 1], pa.timestamp("us")),
        pa.array([MOMENT * 10**6 + 1], pa.timestamp("ns", "UTC")),
        pa.array([MOMENT], pa.timestamp("ms", "Europe/Paris")),  # the zone is how it is shown
        pa.array([dt.datetime(2020, 1, 2, 3, 4, 5, 678000, dt.timezone.utc)]),
        pa.array([MOMENT / 1000]),
        pa.array([Decimal("1577934245.678")]),
    ],
)
def test_typed_times(column: pa.Array) -> None:
    time, readable = times(column)
    assert (time.tolist(), readable.tolist()) == ([MOMENT], [True])


def test_dates() -> None:
    day = dt.date(2020, 1, 2)
    for column in (pa.array([day]), pa.array([day], pa.date64()), pa.array(["2020-01-02"])):
        assert times(column)[0].tolist() == [1_577_923_200_000]


@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "now", "today", "NaT", "0x10", "-1", "2020-13-01", "1969-12-31"),
        *("2262-01-01", "9999-12-31T00:00:00Z", "99999999999", "9999999999999999999"),
        "99999999999999999999",
    ],
)
def test_times_that_cannot_be(value: str) -> None:
    # Beside another text, which must not change how it is read.
    time, readable = times(pa.array([value, "2020-01-02T03:04:05.678123456Z", None]))
    assert readable.tolist() == [False, True, False]
    assert time[1] == MOMENT


def test_typed_times_that_cannot_be() -> None:
    for column in (
        pa.array([-1, None, 2**63 - 1]),
        pa.array([float("nan"), None, float("inf")]),
        pa.array([2**64 - 1], pa.uint64()),
        pa.array([-1, 2**62], pa.timestamp("s")),
        pa.array([True]),
        pa.nulls(1),
    ):
        assert not times(column)[1].any()


@given(st.lists(st.sampled_from(["1577934245", "1577934245.5", "2020-01-02", "x", "", "1e9"])))
def test_a_time_does_not_depend_on_its_neighbours(values: list[str]) -> None:
    together = times(pa.array(values, pa.string()))
    alone = [times(pa.array([value])) for value in values]
    assert together[0].tolist() == [time[0] for time, _ in alone]
    assert together[1].tolist() == [readable[0] for _, readable in alone]
