"""Suggestions for misspelt names."""

from __future__ import annotations

import time

import pytest

from graphrec.suggest import closest, expectation


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("stok", "stock"),
        ("restrictd", "restricted"),
        ("In-Stock", "in_stock"),
        ("STOCK", "stock"),
        ("yess", "yes"),
        ("prize", "price"),
        ("colour", "color"),
        ("weather", None),
        ("", None),
        ("日", None),
    ],
)
def test_the_closest_name_is_suggested(name: str, meant: str | None) -> None:
    known = ("stock", "restricted", "in_stock", "yes", "price", "color")
    assert closest(name, known) == meant


def test_without_a_close_one_what_there_is_is_listed() -> None:
    assert expectation("stok", ("stock",)) == "did you mean 'stock'?"
    assert expectation("zzz", ("b", "a")) == "expected one of a, b"
    assert expectation("zzz", ()) == "there are none"
    many = [f"name{n:02}" for n in range(13)]
    assert expectation("zzz", many).endswith("name09 and 3 more")


def test_very_many_names_take_no_longer() -> None:
    many = [f"value-{n}" for n in range(300_000)]
    start = time.perf_counter()
    closest("value_17x", many)
    assert time.perf_counter() - start < 5
