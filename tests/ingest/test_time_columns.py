"""Columns of times: units, calendar numbers, dates of all kinds, and what is no time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from graphrec.ingest import time_columns
from graphrec.ingest.seen import Seen, together
from graphrec.ingest.time_columns import TimeRules, settled_times
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data.times import TimeUnit, milliseconds
from graphrec.errors import DataError

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
@pytest.mark.slow
def test_a_time_does_not_depend_on_its_neighbours(values: list[str]) -> None:
    together = times(pa.array(values, pa.string()))
    alone = [times(pa.array([value])) for value in values]
    assert together[0].tolist() == [time[0] for time, _ in alone]
    assert together[1].tolist() == [readable[0] for _, readable in alone]


def seen_of(*chunks: list[str], **rules: object) -> tuple[list[int], str]:
    """The times of a column in chunks, settled, and the notes."""
    parts = [
        time_columns.times(pa.array(chunk, pa.string()), TimeRules(**rules)) for chunk in chunks
    ]
    seen: Seen = {}
    for part in parts:
        seen = together(seen, part.seen)
    settle, notes = settled_times(seen, "log.csv", "date")
    rows = (
        settle(pa.RecordBatch.from_pydict({"time": part.time, "day_first": part.day_first}))
        for part in parts
    )
    found = [time for batch in rows for time in batch.column("time").to_pylist()]
    return found, " ".join(each.message for each in notes)


def day(text: str) -> int:
    return int(np.datetime64(text, "ms").astype(np.int64))


def test_one_date_settles_the_whole_column() -> None:
    found, note = seen_of(["04/08/2022"], ["31/08/2022", "05/08/2022"])
    assert found == [day("2022-08-04"), day("2022-08-31"), day("2022-08-05")]
    assert (
        "04/08/2022 may begin with the day or the month: read with the day first, as 31/08/2022 is"
        in note
    )
    assert seen_of(["04/08/2022"], ["08/31/2022"])[0] == [day("2022-04-08"), day("2022-08-31")]
    assert seen_of(["04-08-2022", "31-08-2022"])[0][0] == day("2022-08-04")


def test_dates_with_dots_have_the_day_first() -> None:
    found, note = seen_of(["08.04.2022", "09.04.2022 10:00"])
    assert found[0] == day("2022-04-08")
    assert "as is usual with dots" in note
    assert seen_of(["08.04.2022", "04.31.2022", "04.30.2022"])[0][0] == day("2022-08-04")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["04/08/2022", "05/08/2022"], "no value of the column settles it"),
        (["04/08/2022", "31/08/2022", "08/31/2022"], "31/08/2022 has the day first and 08/31/2022"),
    ],
)
def test_what_nothing_settles_is_an_error(values: list[str], said: str) -> None:
    with pytest.raises(DataError, match=f"column 'date' of log.csv.*{said}.*--day-first"):
        seen_of(values)
    assert seen_of(values, day_first=True)[0][0] == day("2022-08-04")
    assert seen_of(values, day_first=False)[0][0] == day("2022-04-08")


def test_a_date_that_would_be_in_the_future_is_meant_the_other_way() -> None:
    latest = day("2022-05-01")
    assert seen_of(["04/08/2022"], latest=latest)[0] == [day("2022-04-08")]
    assert reasons(pa.array(["06/07/2022", "2022-05-02", "1651363200"]), latest=latest) == [
        *["time is in the future, by the clock of this machine"] * 2,
        None,
    ]


def test_formats() -> None:
    column = pa.array(["08.04.22 10:30", "NULL", "soon", None])
    found = time_columns.times(column, TimeRules(format="%d.%m.%y %H:%M"))
    assert found.time.tolist() == [day("2022-04-08T10:30"), 0, 0, 0]
    assert reasons(column, format="%d.%m.%y %H:%M") == [
        *(None, "missing time", "time is not readable", "missing time"),
    ]
    assert time_columns.times(pa.array([202204]), TimeRules(format="%Y%m")).time[0] == day(
        "2022-04"
    )


def test_units_that_are_named_take_all_numbers() -> None:
    for unit, per in (("s", 1000), ("ms", 1)):
        assert times(pa.array([1, 20220408]), unit)[0].tolist() == [per, 20220408 * per]


def test_calendar_numbers_beside_others_are_said() -> None:
    found, note = seen_of(["20220408"], ["1649419200"])
    assert found == [day("2022-04-08"), 1_649_419_200_000]
    assert "calendar numbers such as 20220408 (1) and numbers since 1970 such as 1649419200" in note
    assert seen_of(["20220408", "20220409.0"])[1] == ""


MIXED = (
    *("20220408", "20220408.0", "202204081030", "20220408103000", "1649419200", "1649419200.5"),
    *("1649419200123", "2022-04-08T10:30Z", "Fri, 08 Apr 2022 10:30:00 GMT", "08.04.2022", "2024"),
    *("9999-12-31", "0001-01-01", "0", "-5", "", "NULL", "31/12/2021", "x", "1969-12-31T23:00Z"),
)


@given(st.lists(st.sampled_from(MIXED)))
def test_mixed_formats_are_read_value_by_value(values: list[str]) -> None:
    found = time_columns.times(pa.array(values, pa.string()), TimeRules())
    bad = np.any([of for _, of in found.faults], axis=0)
    second = found.day_first.to_pylist()
    read = [
        None if wrong else int(time) if other is None else other
        for time, other, wrong in zip(found.time, second, bad, strict=True)
    ]
    assert read == list(map(alone, values))


def alone(value: str) -> int | None:
    """The time that a value is by itself; None where it is none."""
    try:
        return milliseconds(value)
    except DataError:
        return None
