"""Columns of ids: as single values are, and what only the whole column tells."""

from __future__ import annotations

from uuid import UUID

import pyarrow as pa
import pytest
from graphrec.ingest.id_columns import ids, settled_ids
from graphrec.ingest.seen import together
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data.ids import IdRules

RULES = IdRules()
VALUES = (
    *("1", "2.0", "1.10", " a ", "NULL", "nan", r"\N", "e\u0301", "\u00e9", "a\0", "1e+20", "[1]"),
    *("user@shop.com", "N/A", "", "\u00a0", "x" * 1001, "-3", "007", "A.0", None, "true", "a/b"),
)


@given(st.lists(st.sampled_from(VALUES) | st.text()))
def test_a_column_is_read_as_its_values_are(values: list[str | None]) -> None:
    found = ids(pa.array(values, pa.string()), "user", RULES)
    reasons = [
        next((why for why, of in found.faults if of[row]), None) for row in range(len(values))
    ]
    read = list(map(alone, values))
    assert list(zip(found.text.to_pylist(), reasons, strict=True)) == read


def alone(value: str | None) -> tuple[str | None, str | None]:
    """The id that a value is by itself, and why it is none."""
    try:
        found = RULES.read(value)
    except ValueError as error:
        return None, f"user id is {error}"
    return found, "missing user id" if found is None else None


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([1, None, 2**62]), ["1", None, str(2**62)]),
        (pa.array([2**64 - 1], pa.uint64()), [str(2**64 - 1)]),
        (pa.array([1.0, None, 1.5, float("nan")]), ["1", None, "1.5", None]),
        (pa.array(["x", "NULL"]).dictionary_encode(), ["x", None]),
        (pa.array([b"ab", b"\xff"]), ["ab", None]),
        (pa.array([True]), [None]),
        (pa.array([[1], None]), [None, None]),
        (pa.array([{"a": 1}]), [None]),
        (pa.array([UUID(int=5).bytes], pa.binary(16)).cast(pa.binary()), [None]),
        (pa.nulls(1), [None]),
    ],
)
def test_typed_columns(column: pa.Array, expected: list[str | None]) -> None:
    assert ids(column, "item", RULES).text.to_pylist() == expected


def settled(*chunks: list[str | None], rules: IdRules = RULES) -> tuple[list[str | None], str]:
    parts = [ids(pa.array(chunk, pa.string()), "user", rules) for chunk in chunks]
    seen: object = {}
    for part in parts:
        seen = together(seen, part.seen)
    read, notes = settled_ids(seen, "user", rules)
    found = [each for part in parts for each in read(part.text).to_pylist()]
    return found, " ".join(each.message for each in notes)


def test_integers_that_became_floats_are_integers() -> None:
    found, note = settled(["1", "2.0"], ["3.0", "-4.0", None, "NULL"])
    assert found == ["1", "2", "3", "-4", None, None]
    assert note == "3 user ids such as 2.0 read as 2"
    assert settled(["1.0"], ["2.0"])[0] == ["1", "2"]
    assert settled(["1", "2.0", "guest", "3"])[0] == ["1", "2", "guest", "3"]
    assert settled(["1", "2"]) == (["1", "2"], "")


def test_versions_stay_text() -> None:
    found, note = settled(["1.0", "1.10"], ["2.0", "1"])
    assert found == ["1.0", "1.10", "2.0", "1"]
    assert "kept as they are, as there are others like 1.10" in note
    assert settled(["web", "2.0", "alpha"])[0] == ["web", "2.0", "alpha"]
    kept = IdRules(decimals="keep")
    assert settled(["1", "2.0"], rules=kept) == (["1", "2.0"], "")
