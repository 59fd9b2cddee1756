"""Values as ones of a kind, wherever they come from."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from graphrec.data import AttributeKind, AttributeValue, Vector
from graphrec.data.coerce import UnreadableError, as_kind, converted, list_of


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", "7", 7.0),
        ("number", Decimal("1.50"), 1.5),
        ("number", True, 1.0),
        ("number", np.float32(2), 2.0),
        ("number", "n/a", None),
        ("category", 7.0, "7"),
        ("category", "True", "true"),
        ("category", False, "false"),
        ("category", "yes", "yes"),
        ("category", ["one"], "one"),
        ("text", "True", "True"),  # a title
        ("text", 1984, "1984"),
        ("tags", "Comedy", ("Comedy",)),
        ("tags", 7, ("7",)),
        ("tags", ["a", ["b", ["a"]], None, " c "], ("a", "b", "c")),
        ("tags", "['a', 'b']", ("a", "b")),
        ("tags", '["a"]', ("a",)),
        ("tags", "{'b', 'a'}", ("a", "b")),
        ("tags", [{"id": 16, "name": "Animation"}], ("Animation",)),
        ("tags", "[]", None),
        ("vector", [1, 2.5], Vector.of([1, 2.5])),
        ("vector", "[0.1, 0.2]", Vector.of([0.1, 0.2])),
        ("vector", "[ 0.1  0.2]", Vector.of([0.1, 0.2])),
        ("vector", np.arange(3.0), Vector.of([0, 1, 2])),
        ("number", float("nan"), None),
    ],
)
def test_values(kind: AttributeKind, value: object, expected: AttributeValue) -> None:
    assert as_kind(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "many"),
        ("number", [1]),
        ("number", 1e308),
        ("number", float("inf")),
        ("number", 10**400),
        ("vector", "cat"),
        ("vector", [1.0, float("nan")]),
        ("vector", [1.0, "a"]),
        ("vector", 1.0),
        ("category", ["a", "b"]),
        ("tags", [{"a": 1}]),
    ],
)
def test_what_is_none_of_a_kind(kind: AttributeKind, value: object) -> None:
    with pytest.raises(UnreadableError):
        as_kind(kind, value)


def test_lists_in_text() -> None:
    assert list_of("[[1], 2]") == [[1], 2]
    assert list_of("('a',)") == ["a"]
    for text in ("[x", "[x]", "a, b", "{'a': 1}", "(see below)"):
        assert list_of(text) is None


def test_stored_values_as_another_kind() -> None:
    assert converted(7.0, "category") == "7"
    assert converted("7", "number") == 7.0
    assert converted("red", "number") is None
    assert converted("a|b", "tags") == ("a", "b")
    assert converted(("a",), "category") == "a"
    assert converted(("a", "b"), "category") is None
    assert converted(Vector.of([1]), "tags") is None
