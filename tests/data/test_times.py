"""Points in time as people write them: one set of rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from graphrec.ingest.time_columns import TimeRules, times
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data.times import (
    DAY,
    END,
    as_milliseconds,
    latest,
    milliseconds,
    moment,
    newest,
    written,
)
from graphrec.errors import DataError

NOON = 1_649_419_200_000
"""2022-04-08T12:00Z."""

DAY_OF_IT = NOON - DAY // 2


@pytest.mark.parametrize(
    "time",
    [
        *(NOON // 1000, NOON, NOON * 1000, NOON * 10**6, float(NOON // 1000), Decimal(NOON)),
        *(np.int64(NOON), np.float64(NOON), np.datetime64(NOON, "ms")),
        pd.Timestamp(NOON, unit="ms"),
        *("1649419200", "1649419200.0", "1649419200000", "1.6494192e9", np.str_("1649419200")),
        *("202204081200", 202204081200, 20220408120000, "20220408120000", 20220408120000000),
        *("2022-04-08T12:00Z", "2022-04-08 12:00:00", " 2022-04-08T12 "),
        *("2022-04-08T12:00:00.000000999Z", "2022-04-08 12:00:00 UTC", "20220408T120000Z"),
        *("2022-04-08T14:00:00+02:00[Europe/Berlin]", "2022/04/08 12:00", "2022.4.8 12:00"),
        *("Fri, 08 Apr 2022 12:00:00 GMT", "Fri, 8 Apr 2022 05:00:00 PDT", "8 April 2022 12:00"),
        *("Apr 8, 2022 12:00 PM", "April 8th, 2022 at 12:00", "08-Apr-2022 12:00:00"),
        *("Fri Apr 08 12:00:00 +0000 2022", "Fri Apr  8 12:00:00 2022"),
        "08/Apr/2022:14:00:00 +0200",
        *("Fri Apr 08 2022 14:00:00 GMT+0200 (Central European Summer Time)", "08.04.2022 12:00"),
        datetime(2022, 4, 8, 12),  # noqa: DTZ001
        datetime(2022, 4, 8, 14, tzinfo=timezone(timedelta(hours=2))),
    ],
    ids=repr,
)  # fmt: skip
def test_a_moment_is_read_in_every_spelling(time) -> None:
    assert milliseconds(time) == NOON


@pytest.mark.parametrize(
    "time", [date(2022, 4, 8), "2022-04-08", 20220408, "20220408", 20220408.0, "20220408.0"]
)
def test_a_day_is_its_midnight(time) -> None:
    assert milliseconds(time) == DAY_OF_IT


def test_morning_and_afternoon() -> None:
    hours = {"12:30 AM": 0.5, "1 am": 1, "11:00 a.m.": 11, "12:30 PM": 12.5, "11:30pm": 23.5}
    for text, hour in hours.items():
        assert milliseconds(f"April 8, 2022 {text}") == DAY_OF_IT + hour * DAY / 24
    with pytest.raises(DataError, match="its hour 13 is none"):
        milliseconds("April 8, 2022 13:00 PM")


def test_day_or_month_first() -> None:
    with pytest.raises(DataError, match=r"it may be 8 April or 4 August.*'2024-05-01T12:00'"):
        milliseconds("04/08/2022")
    assert milliseconds("04/08/2022", day_first=False) == DAY_OF_IT
    assert milliseconds("08/04/2022", day_first=True) == DAY_OF_IT
    assert milliseconds("13/04/2022") == milliseconds("04/13/2022") == milliseconds("2022-04-13")
    assert milliseconds("08/08/2022") == milliseconds("2022-08-08")


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        *((number, "no time of any unit since 1980") for number in (2024, "2024", 2024.0, 829, 1)),
        *((number, "no time of any unit") for number in (240115, 45306.4375, 202204, 20220230)),
        *((number, "no time of any unit") for number in (132514560000000000, 638000000000000000)),
        *((time, "before 1970 or after 2261") for time in (-1, "1969-12-31", "2262-01-01", 10**20)),
        *((text, "no date, or of a form") for text in ("", "soon", "now", "today", "NaT", "0x10")),
        *((text, "no date, or of a form") for text in ("08/04/22", "2022-04-08T10:00 CEST")),
        *((text, "month must be|out of range") for text in ("2022-13-01", "2022-02-30")),
        (True, "true or false"),
        (float("nan"), "not finite"),
        (float("inf"), "not finite"),
        (np.datetime64("NaT"), "NaT"),
        (pd.NaT, ""),
        (None, "of type NoneType"),
        ([1], "of type list"),
    ],
)
def test_what_is_no_time_is_refused(time, reason: str) -> None:
    with pytest.raises(DataError, match=f"cannot be read .*{reason}"):
        milliseconds(time)


def test_zero_is_a_time_that_is_not_known() -> None:
    assert milliseconds(0) == milliseconds("0") == milliseconds(0.0) == 0


@given(st.integers(0, 10**20))
def test_columns_and_single_values_are_read_alike(number: int) -> None:
    value = number if number < 2**63 else number % 2**63
    for given_, column in ((value, [value]), (str(value), [str(value)])):
        found = times(pa.array(column), TimeRules())
        bad = any(of[0] for _, of in found.faults)
        try:
            expected = milliseconds(given_)
        except DataError:
            assert bad
        else:
            assert (found.time.tolist(), bad) == ([expected], False)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2261, 12, 31)))  # noqa: DTZ001
def test_calendar_numbers_are_never_seconds(at: datetime) -> None:
    exact = at.replace(microsecond=0)
    found = milliseconds(int(f"{exact:%Y%m%d%H%M%S}"))
    assert found == milliseconds(exact)
    assert milliseconds(int(f"{exact:%Y%m%d}")) == found - found % DAY


def test_times_of_a_log_made_in_python() -> None:
    assert (
        as_milliseconds([1, 2]).tolist() == as_milliseconds(np.array([1.0, 2.0])).tolist() == [1, 2]
    )
    stamps = pd.Series(pd.to_datetime([NOON], unit="ms"))
    for given_ in (stamps, stamps.dt.tz_localize("UTC"), stamps.tolist(), stamps.to_numpy()):
        assert as_milliseconds(given_).tolist() == [NOON]
    with pytest.raises(DataError, match="NaT"):
        as_milliseconds(np.array(["NaT"], "datetime64[ms]"))
    assert moment(5) == 5
    assert moment(20220408) == DAY_OF_IT


def test_the_newest_is_not_in_the_future() -> None:
    assert newest(np.array([5, 9, NOON + 2 * DAY]), now=NOON) == 9
    assert newest(np.array([5, NOON + 1000]), now=NOON) == NOON + 1000
    assert newest(np.array([NOON * 9]), now=NOON) is None
    assert newest(np.zeros(0, np.int64)) is None
    assert latest(2, now=NOON) == NOON + 2 * DAY


def test_any_year_is_written() -> None:
    assert written(NOON) == "2022-04-08"
    assert written(NOON, clock=True) == "2022-04-08 12:00"
    assert written(1_700_000_000_000_000).startswith("55840-")
    assert written(-1) == "1969-12-31"
    assert written(END - 1) == "2261-12-31"
