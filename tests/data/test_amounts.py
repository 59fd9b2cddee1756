"""Numbers as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data.amounts import NumberForm, form_of, number_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7.0),
        (" -1.5e3 ", -1500.0),
        ("$1,234.50", 1234.5),
        ("1.234,50 €", 1234.5),
        ("EUR 3", 3.0),
        ("3 USD", 3.0),
        ("US$5", 5.0),
        ("-$5", -5.0),
        ("$-5", -5.0),
        ("($3.50)", -3.5),
        ("CHF 1'234.50", 1234.5),
        ("1\u00a0234,50", 1234.5),
        ("1,23,456.00", 123456.0),
        ("1,234", 1234.0),
        ("1.234", 1.234),
        ("1.234 €", 1234.0),  # money has no thousandths
        ("0,5", 0.5),
        ("12%", 12.0),
        ("12,5 %", 12.5),
        ("\u22123", -3.0),
        ("1e308", None),
        ("inf", None),
        ("nan", None),
        ("3 kg", None),
        ("A12", None),
        ("1,2,3", None),
        ("12,34.5", None),
        ("$3 €", None),
        ("(1995)", None),  # a year is no debt
        ("", None),
    ],
)
def test_a_number_from_text(text: str, value: float | None) -> None:
    assert number_of(text) == value


def test_a_column_shows_how_its_numbers_are_written() -> None:
    assert form_of(["1.234", "12,5"]) == NumberForm(",")
    assert number_of("1.234", NumberForm(",")) == 1234
    assert number_of("1.234,5", NumberForm(",")) == 1234.5
    assert number_of("12.5", NumberForm(",")) is None
    assert form_of(["$3", "$1,234.50", "new"]) == NumberForm(".", "USD")
    assert form_of(["1,5", "1.5"]) is None
    assert form_of(["$3", "3 €"]) is None  # which cannot be compared
    assert number_of("3 €", NumberForm("", "USD")) is None


@given(st.floats(-1e12, 1e12).map(lambda value: round(value, 2)))
def test_thousands_and_decimals_in_either_form(value: float) -> None:
    english = f"{value:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert number_of(f"${english}" if value >= 0 else english) == value
    assert number_of(f"{german} €") == value
