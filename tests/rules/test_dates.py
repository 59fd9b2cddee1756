"""Attribute values as points in time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.rules.dates import Dates, moment

DAY = 1_704_067_200_000
"""2024-01-01, in milliseconds."""


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-01",
        " 2024-01-01 ",
        "2024-01-01T00:00",
        "2024-01-01T00:00:00Z",
        "2024-01-01T02:00:00+02:00",
        "2023-12-31T19:00:00-05:00",
        "2024-01-01 00:00:00",
        DAY,
        float(DAY),
        DAY / 1000,
        str(DAY),
        str(DAY // 1000),
        20240101,
        20240101.0,
        "20240101",
        202401010000,
        20240101000000,
        DAY * 1000,
        DAY * 1_000_000,
        "Mon, 01 Jan 2024 00:00:00 GMT",
        "01.01.2024",
    ],
)
def test_one_day_however_it_is_written(value: str | float) -> None:
    assert moment(value) == DAY


@pytest.mark.parametrize(
    "value", ["soon", "", "12.5", "7", "2024-13-01", "yes", "04/08/2024", float("nan")]
)
def test_what_is_no_date(value: str | float) -> None:
    assert moment(value) is None


def test_small_numbers_are_milliseconds_and_far_days_are_far() -> None:
    assert moment(1500.0) == 1500
    assert moment(0.0) == 0
    assert moment(float("inf")) == float("inf")
    never = 253_402_214_400_000
    for far in ("9999-12-31", 99991231.0, "99991231", never, never / 1000, "9999-12-31T00:00Z"):
        assert moment(far) == never


@given(
    st.datetimes(datetime(1981, 1, 1), datetime(2400, 1, 1)),  # noqa: DTZ001
    st.integers(-12 * 60, 14 * 60),
)
def test_text_and_numbers_agree(day: datetime, minutes: int) -> None:
    zoned = day.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    expected = zoned.timestamp() * 1000
    assert moment(zoned.isoformat()) == expected
    assert moment(zoned.timestamp()) == expected
    assert moment(expected) == expected


def test_a_column_names_what_cannot_be_read() -> None:
    found = Dates.of(("2024-01-01", None, "soon", "", 20240101.0, ("a", "b")))
    assert np.nan_to_num(found.times).tolist() == [DAY, 0, 0, 0, DAY, 0]
    assert found.unreadable == {2: "soon", 5: "('a', 'b')"}
    assert found.count == 2
