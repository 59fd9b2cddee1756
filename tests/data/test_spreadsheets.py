"""What a spreadsheet would run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data.spreadsheets import as_text


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "=cmd|' /C calc'!A0", "+1+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"],
)
def test_a_formula_is_text(cell: str) -> None:
    assert as_text(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["-5", "+3.5", "-1e-3", "-.5", "u1,-5", "a=b", "", "it's", 7, None]
)
def test_numbers_and_words_stay(cell: object) -> None:
    assert as_text(cell) == cell


@given(st.text("'=+-@\t\r1a"), st.text("'=+-@\t\r1a"))
def test_it_can_be_taken_back(one: str, other: str) -> None:
    assert (as_text(one) == as_text(other)) == (one == other)
    assert str(as_text(one))[:1] not in "=@\t\r" or not one
