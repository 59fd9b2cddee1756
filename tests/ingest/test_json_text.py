"""JSON in every form gives rows with all its keys, exact numbers, and rejects as they stood."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from graphrec.ingest.documents import Level, documents
from graphrec.ingest.json_values import TwiceError, is_literal, parsed
from graphrec.ingest.sources import File, open_source
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import DataError
from tests.support.sources import lines, opened, rejects, rows, write

TABLE = [{"user": "ann", "item": 1}, {"user": "bob", "item": 2}, {"user": "}{][", "item": 3}]
ROWS = [("ann", 1), ("bob", 2), ("}{][", 3)]

FORMS = {
    "lines": "".join(json.dumps(row) + "\n" for row in TABLE),
    "blank lines": "\n" + "\r\n\r\n".join(json.dumps(row) for row in TABLE),
    "array": json.dumps(TABLE),
    "pretty array": json.dumps(TABLE, indent=2),
    "a row a line": "[\n" + ",\n".join(json.dumps(row) for row in TABLE) + "\n]\n",
    "pretty objects": "\n".join(json.dumps(row, indent=1) for row in TABLE),
    "objects in a line": " ".join(json.dumps(row) for row in TABLE),
    "wrapped": json.dumps({"count": 3, "events": TABLE, "page": {"next": [1]}}),
    "pretty wrapped": json.dumps({"meta": {"a": {"b": 1}}, "events": TABLE}, indent=4),
    "compact": json.dumps(TABLE, separators=(",", ":")),
}


@pytest.mark.parametrize("name", ["log.json", "log.jsonl", "log.txt", "log"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_rows(tmp_path: Path, form: str, name: str) -> None:
    file = File(write(tmp_path, name, FORMS[form]))
    for size in (1, 2, 100):
        assert rows(file, size) == ROWS
        assert rejects(file, size) == []
        text = FORMS[form].splitlines()
        assert all("{" in text[line - 1] for line in lines(file, size))
    assert "JSON" in opened(file).read_as.format
    assert opened(file).columns == ("user", "item")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("form", FORMS)
def test_json_in_other_encodings(tmp_path: Path, form: str, encoding: str) -> None:
    file = File(write(tmp_path, "log.json", FORMS[form].encode(encoding)))
    assert rows(file) == ROWS


def test_keys_that_come_late_are_columns(tmp_path: Path) -> None:
    early = '{"user": "a", "item": "b"}\n' * 5000
    file = File(write(tmp_path, "a.jsonl", early + '{"user": "c", "item": "d", "rating": 5}\n'))
    assert opened(file).columns == ("user", "item", "rating")
    assert rows(file, 1000)[-1] == ("c", "d", 5)


def test_keys_within_objects_are_joined_with_dots(tmp_path: Path) -> None:
    text = (
        '{"context": {"user": {"id": 7}, "page": null}, "item": "x", "a.b": 1}\n'
        '{"context": null, "item": "y", "a": {"b": 2}}\n'
        '{"context": {"user": {}}, "item": {"deep": 1}}\n'
    )
    file = File(write(tmp_path, "a.jsonl", text))
    columns = opened(file).columns
    assert columns == ("context.user.id", "context.page", "item", "a.b", "item.deep")
    assert rows(file) == [
        (7, None, "x", 1, None),
        (None, None, "y", 2, None),
        (None, None, '{"deep":1}', None, 1),
    ]


def test_numbers_are_exact(tmp_path: Path) -> None:
    values = ["9007199254740993", "18446744073709551616", "123456789012345678901234567890", "1.5"]
    text = "".join(f'{{"user": {value}}}\n' for value in values)
    found = [str(value) for (value,) in rows(File(write(tmp_path, "a.jsonl", text)), 1)]
    assert found == values


def test_not_a_number_is_missing_and_infinity_is_infinite(tmp_path: Path) -> None:
    text = '{"user": "NaN", "x": NaN}\n{"user": "b", "x": -Infinity}\n{"user": "c", "x": 1.5}\n'
    file = File(write(tmp_path, "a.jsonl", text))
    assert rows(file, 1) == [("NaN", None), ("b", float("-inf")), ("c", 1.5)]


def test_what_is_no_row_is_set_aside_as_it_stood(tmp_path: Path) -> None:
    text = (
        '{"user": 1, "note": "\\":"}\n{"user": 1, "user": 2}\n[1]\n{"user": \n  nonsense\n'
        '{"a": {"b": 1, "b": 2}}\n{"user": "\\ud800"}\n{"user": NaN, "note": "\\ud800"}\n'
    )
    file = File(write(tmp_path, "a.jsonl", text))
    found = rejects(file, 100)
    assert [(reject.line, reject.row) for reject in found] == list(
        enumerate(text.splitlines()[1:], 2)
    )
    assert "the key 'user' comes twice" in found[0].reason
    array = File(write(tmp_path, "b.json", '[{"user": 1},\n 2, "x",\n [3], {"user": }, null]'))
    assert [(reject.line, reject.row) for reject in rejects(array)] == [
        (2, '2, "x"'), (3, "[3]"), (3, '{"user": }'), (3, "null"),
    ]  # fmt: skip


def test_several_arrays_or_ids_as_keys_are_errors(tmp_path: Path) -> None:
    both = {"a": [{"x": 1}], "b": [{"y": 1}]}
    with pytest.raises(DataError, match="several arrays of objects"):
        rows(File(write(tmp_path, "a.json", json.dumps(both))))
    ids = json.dumps({str(number): number for number in range(20_000)})
    with pytest.raises(DataError, match="different keys"):
        rows(File(write(tmp_path, "b.json", ids)))
    for cut in ('[{"user": 1}', '[{"user": 1},', '{"events": [{"user": 1}]', '[{"user": "x'):
        with pytest.raises(DataError, match="ends in the middle of its JSON"):
            rows(File(write(tmp_path, "c.json", cut)))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab"\\{}[],:é\n', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text('ab"{]', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text("abc", min_size=1), values, max_size=3), max_size=5),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
)
@pytest.mark.slow
def test_documents_are_found_however_the_file_is_cut(
    table: list[dict[str, object]], step: int, indent: int | None
) -> None:
    text = json.dumps(table, indent=indent).encode()
    blocks = [text[at : at + step] for at in range(0, len(text), step)]
    found = list(documents("x", blocks, Level(b"[")))
    assert [json.loads(document.text) for document in found] == table
    for document in found:
        assert text.splitlines()[document.line - 1].strip().strip(b"[,").strip()[:1] == b"{"


@pytest.mark.slow
def test_a_large_array_needs_little_memory() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        with path.open("w") as file:
            file.write("[")
            for number in range(10_000):
                file.write(f'{{"user": {number}, "item": "x{number}", "note": "{"y" * 3000}"}},')
            file.write('{"user": 1}]')
        path_size = path.stat().st_size
        tracemalloc.start()
        with open_source(File(path), 200) as reading:
            count = sum(chunk.rows.num_rows for chunk in reading.chunks(["user"]))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 10_001
    assert peak < path_size // 2


# What a text is


texts = st.sampled_from(["a", "b", '":', "'", "é", "\\u0022:", "x\ny", "\u0022:"])
simple = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | texts
values = st.recursive(
    simple,
    lambda of: st.lists(of, max_size=3) | st.dictionaries(texts, of, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, values, min_size=1, max_size=3), st.booleans())
def test_an_object_is_read_as_it_was_written(value: dict[str, object], ascii_only: bool) -> None:
    assert parsed(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.dictionaries(texts, values, min_size=1, max_size=3))
def test_an_object_that_python_wrote(value: dict[str, object]) -> None:
    text = repr(value).encode()
    # Where all quotes are double, it may be JSON too.
    if is_literal(text):
        assert parsed(text) == value


@given(texts, values, st.sampled_from(["", '"z": [', '"z": {"y": ']))
def test_a_key_that_comes_twice_is_an_error(key: str, value: object, before: str) -> None:
    pair = f"{json.dumps(key)}:{json.dumps(value)}"
    inner = f"{{{pair}, {pair}}}"
    closing = {"": "", '"z": [': "]", '"z": {"y": ': "}"}[before]
    text = inner if not before else f"{{{before}{inner}{closing}}}"
    assert isinstance(parsed(text.encode()), TwiceError)


def test_objects_that_python_wrote_are_rows(tmp_path: Path) -> None:
    text = (
        "{u'user': u'ann', 'item': 1, 'tags': ['a', \"b's\"], 'old': None}\n"
        "{'user': 'bob', 'item': 2}\n{'user': 'bob', 'user': 1}\n{'user': open('x')}\n{'user': \n"
    )
    file = File(write(tmp_path, "log.json", text))
    assert opened(file).columns == ("user", "item", "tags", "old")
    assert opened(file).read_as.notes == ("objects are written as Python writes them",)
    assert rows(file) == [("ann", 1, ["a", "b's"], None), ("bob", 2, None, None)]
    found = rejects(file)
    assert [reject.row for reject in found] == text.splitlines()[2:]
    assert "the key 'user' comes twice" in found[0].reason
