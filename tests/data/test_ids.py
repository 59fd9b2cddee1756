"""Ids are exact or refused."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphrec as gr
from graphrec.data import Interactions
from graphrec.data.ids import IdRules, as_id, as_ids, exact
from graphrec.errors import DataError

RULES = IdRules()
SOME = UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, "42") for value in (42, 42.0, "42", " 42 ", np.int64(42), np.float32(42), b"42")),
        *((value, "42") for value in (np.str_("42"), Decimal("42.00"))),
        ("\u00a0\u200b42\ufeff\t\r\n", "42"),
        (10**20, "100000000000000000000"),
        (-(2**63) - 1, str(-(2**63) - 1)),
        (Decimal("1e20"), "100000000000000000000"),
        (1.5, "1.5"),
        ("1.0", "1.0"),
        ("1.10", "1.10"),
        ("007", "007"),
        ("Ann", "Ann"),
        ("[REC]", "[REC]"),
        ("{550e8400-e29b}", "{550e8400-e29b}"),
        ("12e5", "12e5"),
        ("a b", "a b"),
        (SOME, str(SOME)),
        ("e\u0301", "\u00e9"),
        *((value, None) for value in (None, "", "  ", "\u200b", float("nan"), pd.NA, pd.NaT)),
        *((value, None) for value in ("NULL", "null", "NaN", "None", r"\N", "undefined", "nil")),
        *((value, None) for value in ("N/A", "<NA>", "NA", "true", " False ", Decimal("nan"))),
    ],
    ids=repr,
)  # fmt: skip
def test_what_an_id_is(value: object, expected: str | None) -> None:
    assert RULES.read(value) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        *((value, "2\\^53") for value in (1e20, 2.0**53, float("inf"), "1e+20", "1.23457E+11")),
        ("9007199254740993.0", "2\\^53"),
        *((value, "a list, an object or true") for value in (True, np.True_, [1], {"a": 1}, (1,))),
        *((value, "a list, an object or true") for value in ("[1, 2]", '["a"]', '{"$oid": "5"}')),
        *((value, "a control character") for value in ("a\0", "a\nb", "a\x7fb", "\ud800")),
        (b"\xff", "not UTF-8"),
        ("x" * 1001, "more than 1000"),
        (object(), "of type object"),
    ],
    ids=repr,
)
def test_what_no_id_is(value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        RULES.read(value)


def test_settings_say_what_is_missing_and_the_form() -> None:
    rules = IdRules(missing=("-1", "Nobody"), normalize="none")
    assert rules.read("None") == "None"
    assert rules.read("nobody") is rules.read(-1) is None
    assert rules.read("e\u0301") == "e\u0301"
    assert RULES.of_names.read("true") == "true"
    assert RULES.of_names.read("null") is None


@given(st.text())
def test_reading_twice_changes_nothing(text: str) -> None:
    try:
        once = RULES.read(text)
    except ValueError:
        return
    assert once is None or RULES.read(once) == once
    assert once is None or once == exact(once)


def test_python_takes_ids_of_any_type() -> None:
    assert as_ids(np.array([1, 2])) == as_ids(pd.Series([1, 2])) == ["1", "2"]
    assert type(as_id(np.str_("a"))) is str
    for value in (None, True, [1], 2.0**60):
        with pytest.raises(DataError, match="expected text or an integer"):
            as_id(value)
    query = gr.Query(user=np.int64(7), items=np.array([3, 1]), deny=[np.int64(2)], kinds={"view"})
    assert (query.user, query.items, query.deny) == ("7", ("3", "1"), frozenset({"2"}))
    log = Interactions.of(np.array([1, 1]), pd.Series([10, 20]), time=np.array([1, 2]))
    assert (log.users.ids, log.items.ids) == (("1",), ("10", "20"))
    assert {type(node_id) for node_id in (*log.users.ids, *log.items.ids)} == {str}
