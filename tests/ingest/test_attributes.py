"""Kinds of attributes, inferred from names, headers and values, and what the values become."""

from __future__ import annotations

import pyarrow as pa
import pytest
from graphrec.ingest.attribute_values import attribute_values, to_attribute
from graphrec.ingest.attributes import AttributeColumn, attribute_columns
from graphrec.ingest.chunks import Reading

from graphrec.data import AttributeKind
from graphrec.errors import DataError


def reading(kinds: dict[str, AttributeKind] | None = None) -> Reading:
    return Reading("items.csv", (), lambda _: iter(()), kinds=kinds or {})


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array(["1", "2.5", ""]), "number"),
        (pa.array(["1", "n/a", "unknown"]), "number"),
        (pa.array(["n/a", "unknown"]), "category"),
        (pa.array([1, None]), "number"),
        (pa.array([1.5, 2.5]), "number"),
        (pa.array(["85711", "02139"]), "category"),  # the zero would be lost
        (pa.array(["M", "F", "M"]), "category"),
        (pa.array(["1", "x"]), "category"),
        (pa.array([True, False]), "category"),
        (pa.array(["Drama|War", "Comedy"]), "tags"),
        (pa.array(['["a", "b"]', "[]"]), "tags"),
        (pa.array([["a"], []]), "tags"),
        (pa.array(["a long story", "another story", "one"]), "text"),
        (pa.array(["San Jose", "San Jose", "New York", "San Jose"]), "category"),
        (pa.array([f"https://shop.org/{n}.jpg" for n in range(50)]), "text"),
        (pa.array([f"https://shop.org/{n}.jpg" for n in range(49)]), "category"),
        (pa.array([f"2024-01-{n % 31 + 1:02}" for n in range(60)]), "text"),
        (pa.array([f"2024-01-{n % 25 + 1:02}" for n in range(50)]), "category"),
        (pa.nulls(3), "category"),
        (pa.array([], pa.string()), "category"),
    ],
)
def test_kinds_told_from_values(values: pa.Array, kind: AttributeKind) -> None:
    sample = pa.RecordBatch.from_arrays([values], names=["what"])
    (found,) = attribute_columns(reading(), sample, {})
    assert (found.name, found.kind) == ("what", kind)


def kinds_of(
    columns: list[str],
    kinds: dict[str, AttributeKind] | None = None,
    headers: dict[str, AttributeKind] | None = None,
) -> list[tuple[str, str]]:
    sample = pa.RecordBatch.from_pydict({column: ["1"] for column in columns})
    return [(c.name, c.kind) for c in attribute_columns(reading(headers), sample, kinds or {})]


def test_names_of_titles_and_descriptions_are_text() -> None:
    assert kinds_of(["movie_title", "Plot", "n"]) == [
        ("title", "text"),
        ("Plot", "text"),
        ("n", "number"),
    ]


def test_only_one_column_becomes_the_title() -> None:
    assert kinds_of(["name", "title"]) == [("name", "text"), ("title", "text")]
    assert kinds_of(["Title", "title"]) == [("Title", "text"), ("title", "text")]


def test_headers_come_before_values_and_names_before_headers() -> None:
    headers: dict[str, AttributeKind] = {"age": "category", "movie_title": "tags"}
    assert kinds_of(["age", "movie_title"], headers=headers) == [
        ("age", "category"),
        ("title", "text"),
    ]


def test_the_caller_decides() -> None:
    assert kinds_of(["age"], {"age": "category"}, {"age": "number"}) == [("age", "category")]
    assert kinds_of(["movie_title"], {"title": "category"}) == [("title", "category")]


def test_unknown_names_and_kinds() -> None:
    with pytest.raises(DataError, match=r"'aeg' of items.csv .*: expected one of age"):
        kinds_of(["age"], {"aeg": "number"})
    numeric: dict[str, AttributeKind] = {"age": "numeric"}  # type: ignore[dict-item]
    with pytest.raises(DataError, match=r"'age' of items.csv as 'numeric': .* one of number"):
        kinds_of(["age"], numeric)


@pytest.mark.parametrize(
    ("values", "kind", "separator", "expected"),
    [
        (pa.array(["1", " 2 ", "", "NA"]), "number", "|", (1, 2, None, None)),
        (pa.array([1, None]), "number", "|", (1, None)),
        (pa.array([" x ", "", None]), "category", "|", ("x", None, None)),
        (pa.array([1.0, 2.5]), "category", "|", ("1", "2.5")),
        (pa.array(["b | a|b|", "", None]), "tags", "|", (("b", "a"), None, None)),
        (pa.array(["b a", "a|b"]), "tags", " ", (("b", "a"), ("a|b",))),
        (pa.array(['["a|b", 1.0, null]', "[x"]), "tags", "|", (("a|b", "1"), ("[x",))),
        (pa.array([["a", None], [], None]), "tags", "|", (("a",), None, None)),
        (pa.array([1, 2]), "tags", "|", (("1",), ("2",))),
    ],
)
def test_values(
    values: pa.Array, kind: AttributeKind, separator: str, expected: tuple[object, ...]
) -> None:
    column, fault = attribute_values(values, AttributeColumn("x", "x", kind, separator))
    assert to_attribute(column, kind).values == expected
    assert not fault.any()


def test_what_is_no_number_is_a_fault() -> None:
    attribute = AttributeColumn("x", "x", "number", "|")
    _, fault = attribute_values(pa.array(["1", "V", "inf", None]), attribute)
    assert fault.tolist() == [False, True, True, False]
