"""Kinds of attributes that nothing but their values tells."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from graphrec.ingest.attribute_values import attribute_values, to_attribute
from graphrec.ingest.attributes import AttributeColumn, attribute_columns, index_columns
from graphrec.ingest.chunks import Reading, array

from graphrec.data import AttributeKind, Vector


def column(values: pa.Array, known: AttributeKind | None = None) -> AttributeColumn:
    sample = pa.RecordBatch.from_arrays([values], names=["x"])
    kinds = {"x": known} if known else {}
    (found,) = attribute_columns(Reading("i.csv", (), lambda _: iter(())), sample, {}, kinds)
    return found


def read(values: pa.Array, known: AttributeKind | None = None) -> tuple[object, ...]:
    found = column(values, known)
    return to_attribute(attribute_values(values, found)[0], found.kind).values


LISTS = ["Comedy, Drama", "Drama", "War, Comedy, Drama", "Comedy"]
FILMS = ["Alien", "Lock, Stock and Two Smoking Barrels", "The Good, the Bad and the Ugly", "Heat"]


@pytest.mark.parametrize(
    ("values", "kind", "separator"),
    [
        (["a|b", "c"], "tags", "|"),
        (["a;b", "b;c", "c"], "tags", ";"),
        (["Comedy,Drama", "Drama"], "tags", ","),
        (LISTS, "tags", ","),
        (FILMS, "text", ""),
        (["Smith, John", "Jones, Ann", "Smith, Ann"], "text", ""),
        (["Paris, France", "London, UK", "Nice, France"], "text", ""),
        (["It is long, and good.", "Short; but bad.", "I like it, really."], "text", ""),
        (["12,5", "7,25"], "number", ""),
        (["$1,234.50", "$3"], "number", ""),
        (["$3", "3 €"], "text", ""),
        (["12%", "7.5%"], "number", ""),
        (["1", "inf"], "number", ""),  # which is a bad value of a number, and no category
        (["1", "1e308"], "number", ""),
        (["52.5,13.4", "48.1,11.6"], "category", ""),
        (["0.1 0.2 0.3", "1 2 3"], "vector", ""),
        (["0.1,0.2,0.3", "1.5,2.0,3.0"], "vector", ""),
        (["[0.1, 0.2, 0.3]", "[1, 2, 3]"], "vector", ""),
        (["[0.1 0.2 0.3]", "[1. 2. 3.]"], "vector", ""),
        (["1 2 3", "4 5 6"], "text", ""),
        (["['a', 'b']", "['c']"], "tags", ""),
        (["{'a'}", "{'b', 'c'}"], "tags", ""),
        (["True", "False", "True"], "category", ""),
        (["(1995)", "(1996)"], "category", ""),
    ],
)
def test_texts(values: list[str], kind: AttributeKind, separator: str) -> None:
    found = column(pa.array(values))
    assert (found.kind, found.separator) == (kind, separator)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array([[0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]), "vector"),
        (pa.array([[1, 0, 0], [0, 1, 0]]), "vector"),  # tags do not repeat
        (pa.array([[12, 33, 4], [5, 6, 7]]), "tags"),
        (pa.array([[36.5, 37.0], [38.0]]), "tags"),
        (pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2)), "vector"),
        (pa.array([["a"], ["b", "c"]]), "tags"),
        (pa.array([datetime.date(2024, 1, 2)]), "text"),
        (pa.array(["7", "8"]).dictionary_encode(), "category"),
        (pa.array([[["a"], ["b"]], [["a"]]]), "tags"),
    ],
)
def test_typed_columns(values: pa.Array, kind: AttributeKind) -> None:
    assert column(values).kind == kind


def test_values_are_the_same_in_every_format() -> None:
    for values in (
        pa.array(["True", "false"]),
        pa.array([True, False]),
        pa.array(["TRUE", "False"]).dictionary_encode(),
    ):
        assert read(values) == ("true", "false")
    assert read(pa.array(["$1,234.50", "n/a", ""]), "number") == (1234.5, None, None)
    assert read(pa.array([datetime.date(2024, 1, 2)])) == ("2024-01-02",)
    noon = datetime.datetime(2024, 1, 2, 12, tzinfo=datetime.timezone.utc)
    assert read(pa.array([noon])) == ("2024-01-02T12:00:00Z",)
    assert read(pa.array([[["a"], ["b", "a"]]])) == (("a", "b"),)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("tags", ["Comedy"], (("Comedy",),)),
        ("tags", ["Comedy|Drama", "War"], (("Comedy", "Drama"), ("War",))),
        ("category", ["7"], ("7",)),
        ("category", [7], ("7",)),
        ("text", ["http://x/102"], ("http://x/102",)),
        ("number", [None], (None,)),
        ("number", ["1.234,50 €"], (1234.5,)),
        ("vector", ["0.5 1 2"], (Vector.of([0.5, 1, 2]),)),
        ("tags", [r"\N"], (None,)),
        ("category", ["NULL"], (None,)),
    ],
)
def test_a_delta_of_a_few_rows_has_the_kinds_of_the_store(
    kind: AttributeKind, values: list[object], expected: tuple[object, ...]
) -> None:
    found = column(pa.array(values), kind)
    assert (found.kind, found.reason) == (kind, "store")
    assert read(pa.array(values), kind) == expected


@pytest.mark.parametrize("values", [pa.nulls(3), pa.array(["", " "]), pa.array(["n/a", "NULL"])])
def test_a_column_without_values_has_no_kind_yet(values: pa.Array) -> None:
    assert column(values).empty


def test_a_separator_that_is_given_is_between_tags() -> None:
    sample = pa.RecordBatch.from_arrays([pa.array(FILMS)], names=["x"])
    (found,) = attribute_columns(
        Reading("i.csv", (), lambda _: iter(())), sample, {}, {}, {"x": ","}
    )
    assert (found.kind, found.separator, found.reason) == ("tags", ",", "given")


def test_vectors_of_another_length_cannot_be_read() -> None:
    values = pa.array([[0.1, 0.2, 0.3]] * 19 + [[0.1, 0.2]])
    found = column(values)
    assert found.length == 3
    _, fault = attribute_values(values, found)
    assert np.flatnonzero(fault).tolist() == [19]


def test_members_of_objects_are_attributes() -> None:
    values = array([{"name": "Acme", "at": {"city": "Bonn"}, "tags": ["a"]}, {"name": "Bolt"}])
    sample = pa.RecordBatch.from_arrays([values], names=["brand"])
    found = attribute_columns(Reading("i.json", (), lambda _: iter(())), sample, {})
    assert [(c.name, c.kind) for c in found] == [
        ("brand.name", "category"),
        ("brand.at.city", "category"),
        ("brand.tags", "tags"),
    ]
    city = to_attribute(attribute_values(values, found[1])[0], "category")
    assert city.values == ("Bonn", None)


def test_the_index_of_pandas_is_no_attribute() -> None:
    frame = pd.DataFrame({"Unnamed: 0": [0, 1], "": [5, 6], "index": [0, 1], "size": [0, 1]})
    batch = pa.RecordBatch.from_pandas(frame, preserve_index=False)
    assert index_columns(batch) == ("Unnamed: 0", "", "index")
    batch = batch.rename_columns(["__index_level_0__", "level_1", "name", "size"])
    assert index_columns(batch) == ("__index_level_0__",)
