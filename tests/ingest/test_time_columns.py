"""Columns of times: units, calendar numbers, dates of all kinds, and what is no time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from graphrec.ingest import time_columns
from graphrec.ingest.time_columns import TimeRules
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data.times import TimeUnit

MOMENT = 1_577_934_245_678
"""2020-01-02T03:04:05.678 UTC, in milliseconds."""


def times(
    column: pa.Array, unit: TimeUnit = "auto", **rules: object
) -> tuple[np.ndarray, np.ndarray]:
    found = time_columns.times(column, TimeRules(unit, **rules))
    return found.time, ~np.any([of for _, of in found.faults], axis=0)


def reasons(column: pa.Array, **rules: object) -> list[str | None]:
    faults = time_columns.times(column, TimeRules(**rules)).faults
    return [next((why for why, of in faults if of[row]), None) for row in range(len(column))]


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
