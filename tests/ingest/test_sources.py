"""Reading: every format gives the same rows, exact line numbers, and rejects instead of errors."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graphrec.ingest.sources import Derived, File, Made, Query, open_source

from graphrec.errors import DataError, MissingExtra
from tests.support.sources import COLUMNS, ROWS, delimited, lines, read, rejects, rows, zipped


def json_lines() -> bytes:
    return b"".join(json.dumps(dict(zip(COLUMNS, r, strict=True))).encode() + b"\n" for r in ROWS)


FILES = {
    "comma.csv": delimited(","),
    "semicolon.csv": delimited(";"),
    "pipe.txt": delimited("|"),
    "colons.txt": delimited("::"),
    "tabs.tsv": delimited("\t"),
    "UPPER.CSV": delimited(","),
    "windows.csv": delimited(",", "\r\n"),
    "mark.csv": b"\xef\xbb\xbf" + delimited(","),
    "packed.csv.gz": gzip.compress(delimited(",")),
    "log.inter": b"user:token\titem:token\trating:float\n" + delimited("\t").split(b"\n", 1)[1],
    "log.jsonl": json_lines(),
    "mark.jsonl": b"\xef\xbb\xbf" + json_lines(),
    "log.json.gz": gzip.compress(json_lines()),
}


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("name", FILES)
def test_every_text_format_gives_the_same_rows(tmp_path: Path, name: str, size: int) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    file = File(path)
    first = 1 if "json" in name else 2  # a header is line 1
    assert rows(file, size) == ROWS
    assert lines(file, size) == [first, first + 1, first + 2]
    assert rejects(file, size) == []


def test_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(delimited(","))
    with open_source(File(path), 10) as reading:
        assert reading.columns == COLUMNS
        (chunk,) = reading.chunks(["rating", "user"])
    assert chunk.rows.schema.names == ["rating", "user"]


def test_progress_reaches_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(delimited(",")))
    with open_source(File(path), 1) as reading:
        done = [chunk.done for chunk in reading.chunks(COLUMNS)]
    assert done[-1] == reading.total == path.stat().st_size
    assert done == sorted(done)


def test_line_numbers_count_line_ends_in_quotes_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "quoted.csv"
    path.write_bytes(b'user,item\n"a\nb",m1\n\n"c, ""d""",m2\r\n"e\r\nf",m3\ng,m4')
    assert rows(File(path)) == [("a\nb", "m1"), ('c, "d"', "m2"), ("e\r\nf", "m3"), ("g", "m4")]
    assert lines(File(path)) == [2, 5, 6, 8]
    assert rejects(File(path)) == []


@pytest.mark.parametrize("size", [1, 2, 100])
def test_malformed_rows_are_set_aside_with_their_lines(tmp_path: Path, size: int) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b'user,item\na,m1\nb\nc,m2,x\n\xff,m3\n"d"d,m4\ne,m5\n')
    found = rejects(File(path), size)
    assert rows(File(path), size) == [("a", "m1"), ("e", "m5")]
    assert [(reject.line, reject.reason.split(":")[0]) for reject in found] == [
        (3, "wrong number of fields"),
        (4, "wrong number of fields"),
        (5, "bytes that are not text"),
        (6, "malformed quoting"),
    ]
    assert found[0].row == "b"


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_quote_that_never_closes_rejects_its_own_line_only(tmp_path: Path, size: int) -> None:
    path = tmp_path / "open.csv"
    path.write_text('user,item\na,m1\n"b,m2\nc,m3\nd,m4\n"e",m5\n')
    assert rows(File(path), size) == [("a", "m1"), ("c", "m3"), ("d", "m4"), ("e", "m5")]
    assert lines(File(path), size) == [2, 4, 5, 6]
    assert [(reject.line, reject.row) for reject in rejects(File(path), size)] == [(3, '"b,m2')]


def test_malformed_json_lines_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b'{"user": "a", "item": 1}\n{"user"\n\n[1]\n{"user": "\xff"}\n{"item": "x"}\n')
    assert rows(File(path), 100) == [("a", "1"), (None, "x")]
    assert [reject.line for reject in rejects(File(path))] == [2, 4, 5]
    assert {reject.reason for reject in rejects(File(path))} == {"not a JSON object"}


def test_json_columns_of_mixed_types_are_text_as_ids_are_written(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    values: list[object] = [1, 2.0, "x", True, None, [1, "a"], {"k": 1}, 2**70]
    path.write_text("".join(json.dumps({"v": value}) + "\n" for value in values))
    texts = ["1", "2", "x", "true", None, '[1,"a"]', '{"k":1}']
    assert [value for value, _ in rows(File(path), 100)][:7] == texts
    with open_source(File(path), 100) as reading:
        assert reading.columns == ("v", "v.k")


def test_recbole_headers_name_kinds(tmp_path: Path) -> None:
    path = tmp_path / "x.item"
    path.write_text(
        "item_id:token\tclass:token_seq\tprice:float\tvector:float_seq\n1\ta b\t2\t1 2\n"
    )
    with open_source(File(path), 10) as reading:
        assert reading.columns == ("item_id", "class", "price", "vector")
        assert reading.kinds == {
            "item_id": "category",
            "class": "tags",
            "price": "number",
            "vector": "vector",
        }
        assert reading.separator == " "
    assert rows(File(path)) == [("1", "a b", "2", "1 2")]


def test_recbole_text_may_hold_quotes(tmp_path: Path) -> None:
    path = tmp_path / "x.item"
    path.write_text('item_id:token\ttitle:token_seq\n1\t"Weird" Al\n2\t"x\n')
    assert rows(File(path)) == [("1", '"Weird" Al'), ("2", '"x')]


def test_a_file_without_a_header_takes_names(tmp_path: Path) -> None:
    path = tmp_path / "u.data"
    path.write_text("1\t2\n3\t4\n")
    file = File(path, delimiter="\t", columns=("user", "item"))
    assert rows(file) == [("1", "2"), ("3", "4")]
    assert lines(file) == [1, 2]


def test_latin_1(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes("item,title\n1,Misérables\n".encode("latin-1"))
    assert rows(File(path, encoding="latin-1")) == rows(File(path)) == [("1", "Misérables")]


def test_derived_columns_keep_lines_and_rejects(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("a,b\n1,x\n2\n3,y\n")

    def derive(batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
        for batch in batches:
            yield Made(pa.RecordBatch.from_arrays([batch.column("b")], names=["c"]))

    source = Derived(File(path), ("c",), derive)
    assert rows(source) == [("x",), ("y",)]
    assert lines(source) == [2, 4]
    assert [reject.line for reject in rejects(source)] == [3]


def test_parquet_keeps_types_and_counts_rows(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"user": [1, None, 3], "item": ["a", "b", "c"]}), path)
    assert rows(File(path)) == [(1, "a"), (None, "b"), (3, "c")]
    assert lines(File(path)) == [1, 2, 3]
    with open_source(File(path), 2) as reading:
        assert reading.total == 3
        assert [chunk.done for chunk in reading.chunks(["item"])] == [2, 3]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE log (customer INTEGER, item TEXT, n REAL)")
        connection.executemany(
            "INSERT INTO log VALUES (?, ?, ?)", [(1, "a", 1), (None, "b", 2.5), (3, None, None)]
        )
    return path


def test_sql_streams_rows(database: Path) -> None:
    query = Query(f"sqlite:///{database}", "SELECT * FROM log ORDER BY rowid")
    assert rows(query) == [(1, "a", 1.0), (None, "b", 2.5), (3, None, None)]
    assert lines(query) == [1, 2, 3]


@pytest.mark.filterwarnings("ignore:Query string argument")
def test_sql_messages_never_show_a_password(database: Path) -> None:
    assert "hunter2" not in repr(Query("postgresql://ann:hunter2@host/db", "SELECT 1"))
    secret = f"sqlite:///{database}?token=hunter2"
    with pytest.raises(DataError, match="failed") as caught:
        rows(Query(secret, "SELECT nonsense FROM log"))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(DataError, match="expected dialect") as caught:
        rows(Query("hunter2", "SELECT 1"))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(DataError) as caught:
        rows(Query("nosuch://ann:hunter2@host/db", "SELECT 1"))
    assert "hunter2" not in str(caught.value)
    with open_source(Query(f"sqlite:///{database}?uri=true", "SELECT 1"), 2) as reading:
        assert "uri" not in reading.name


def test_sql_needs_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingExtra, match=r"graphrec\[sql\]"):
        rows(Query("sqlite://", "SELECT 1"))


def tarred(members: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return content.getvalue()


LONG = "".join(f"u{n},i{n * 7919 % 10007}\n" for n in range(10_000)).encode()
CUT = gzip.compress(LONG, mtime=0)[:-2000]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "is empty"),
        ("empty.jsonl", b"", "is empty"),
        ("empty.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("empty.parquet", b"", "expected a Parquet file"),
        ("array.json", b"[1, 2]", "has no JSON object"),
        ("cut.json", b'[{"user": 1}, {"us', "ends in the middle of its JSON"),
        ("twice.csv", b"user,user\n", "more than one column 'user'"),
        ("plain.item", b"item_id\ttitle\n", "has no type"),
        ("cut.csv.gz", CUT, "ends in the middle"),
        ("cut.csv.bz2", bz2.compress(LONG)[:-2000], "ends in the middle"),
        ("cut.csv.xz", lzma.compress(LONG)[:-2000], "ends in the middle"),
        ("cut.csv.zst", pa.compress(LONG, "zstd", asbytes=True)[:-2000], "cannot be read"),
        ("cut.zip", zipped({"a.csv": LONG})[:-2000], "cannot be read"),
        ("log.xlsx", zipped({"xl/workbook.xml": b""}), "Excel"),
        ("none.zip", zipped({}), "without a file"),
        ("log.tar", tarred({"a.csv": LONG}), "unpack it"),
        ("log.tgz", gzip.compress(tarred({"a.csv": LONG})), "unpack it"),
        ("noise.csv", bytes(range(256)) * 10, "is no text"),
        ("quote.csv", b'"us"er,item\n', "malformed quotes"),
    ],
)
def test_unusable_files_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read(File(path))
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl", "none.parquet", "none.inter"])
def test_missing_files_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be read") as caught:
        read(File(tmp_path / name))
    assert name in str(caught.value)


def test_a_broken_parquet_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pd.DataFrame({"user": range(100_000)}).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[100:5000] = bytes(4900)
    path.write_bytes(content)
    with pytest.raises(DataError, match="broken after row"):
        read(File(path), 1000)
