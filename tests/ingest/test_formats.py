"""Recognising: what is in a file decides how it is read, and what was recognised is said."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graphrec.ingest.rows import LONGEST
from graphrec.ingest.sources import File, Files, open_source
from hypothesis import given
from hypothesis import strategies as st

from graphrec.errors import DataError
from tests.support.sources import (
    COLUMNS,
    ROWS,
    delimited,
    lines,
    opened,
    rejects,
    rows,
    write,
    zipped,
)

CSV = delimited(",")
TSV = delimited("\t")


def parquet() -> bytes:
    table = pa.table(dict(zip(COLUMNS, map(list, zip(*ROWS, strict=True)), strict=True)))
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


PACKED = {
    "gzip": gzip.compress(CSV),
    "gzip of two members": gzip.compress(CSV[:20]) + gzip.compress(CSV[20:]),
    "bz2": bz2.compress(CSV),
    "xz": lzma.compress(CSV),
    "zstd": pa.compress(CSV, "zstd", asbytes=True),
    "zstd of two frames": pa.compress(CSV[:20], "zstd", asbytes=True)
    + pa.compress(CSV[20:], "zstd", asbytes=True),
    "zip": zipped({"log.csv": CSV}),
    "zip with more": zipped({"__MACOSX/._log.csv": b"x", "log.csv": CSV, ".DS_Store": b"x"}),
    "zip, gzip": zipped({"log.csv.gz": gzip.compress(CSV)}),
    "gzip, bz2": gzip.compress(bz2.compress(CSV)),
    "nothing": CSV,
}


@pytest.mark.parametrize(
    "name", ["log.csv", "LOG.CSV.GZ", "log.csv.Zst", "log", "log.txt", "x.bin"]
)
@pytest.mark.parametrize("packing", PACKED)
def test_what_a_file_is_packed_with_is_in_its_bytes(
    tmp_path: Path, packing: str, name: str
) -> None:
    file = File(write(tmp_path, name, PACKED[packing]))
    assert rows(file) == ROWS
    assert lines(file) == [2, 3, 4]
    said = packing.split(" of ")[0].split(" with ")[0]
    assert opened(file).read_as.compression == (None if said == "nothing" else said)


def test_parquet_may_be_packed_and_have_any_name(tmp_path: Path) -> None:
    content = parquet()
    packed = {"nothing": content, "gzip": gzip.compress(content), "zip": zipped({"a": content})}
    for name, each in packed.items():
        file = File(write(tmp_path, f"log-{name}", each))
        assert rows(file) == ROWS
        assert opened(file).read_as.format == "Parquet"


def test_fields_of_structs_in_parquet_are_columns(tmp_path: Path) -> None:
    context = [{"user": {"id": 1}, "page": "a"}, None, {"user": None, "page": "b"}]
    pq.write_table(pa.table({"context": context, "item": ["x", "y", "z"]}), tmp_path / "a.parquet")
    file = File(tmp_path / "a.parquet")
    assert opened(file).columns == ("context.user.id", "context.page", "item")
    assert rows(file) == [(1, "a", "x"), (None, None, "y"), (None, "b", "z")]


ENCODED = {
    "utf-8": "user,title\n1,Amélie €\n",
    "utf-8-sig": "user,title\n1,Amélie €\n",
    "utf-16": "user,title\n1,Amélie €\n",
    "utf-16-le": "user,title\n1,Amelie €\n",
    "utf-16-be": "user,title\n1,Amelie\n",
    "utf-32": "user,title\n1,Amélie €\n",
    "cp1252": "user,title\n1,Amélie – “à” 5 €\n2,Straße\n3,¿Qué?\n",
    "latin-1": "user,title\n1,Amélie\n2,Ça\x81\n",
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_encodings_are_recognised_and_said(tmp_path: Path, encoding: str) -> None:
    text = ENCODED[encoding]
    file = File(write(tmp_path, "log.csv", text.encode(encoding)))
    assert rows(file) == [tuple(line.split(",")) for line in text.splitlines()[1:]]
    assert rejects(file) == []
    assert opened(file).read_as.encoding == encoding.removesuffix("-sig")


@pytest.mark.parametrize("encoding", ["cp1251", "shift_jis", "gb18030"])
def test_other_encodings_are_named_or_their_rows_set_aside(tmp_path: Path, encoding: str) -> None:
    content = "user,title\n1,日本\n2,b\n" if encoding != "cp1251" else "user,title\n1,Привет\n2,b\n"
    path = write(tmp_path, "log.csv", content.encode(encoding))
    title = content.splitlines()[1].split(",")[1]
    assert rows(File(path, encoding=encoding)) == [("1", title), ("2", "b")]
    (reject,) = rejects(File(path))
    assert "--encoding" in reject.reason
    assert rows(File(path)) == [("2", "b")]


def test_a_byte_of_another_encoding_sets_its_row_aside(tmp_path: Path) -> None:
    path = write(tmp_path, "log.csv", "user,item\né,à\n".encode() + b"a\xe9b,m\nc,n\n")
    assert rows(File(path)) == [("é", "à"), ("c", "n")]
    assert [(r.line, r.row) for r in rejects(File(path))] == [(3, r"a\xe9b,m")]


def test_broken_bytes_in_a_column_that_is_not_read_do_no_harm(tmp_path: Path) -> None:
    path = write(tmp_path, "log.csv", b"user,note\n1,\xff\n2,x\n")
    with open_source(File(path), 100) as reading:
        (chunk,) = reading.chunks(["user"])
    assert chunk.rows.column("user").to_pylist() == ["1", "2"]


@pytest.mark.parametrize("encoding", ["nonsense", "base64"])
def test_an_unknown_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(DataError, match="correct --encoding"):
        rows(File(write(tmp_path, "log.csv", CSV), encoding=encoding))


DELIMITED = {
    "tab.csv": (TSV, "tab"),
    "comma.tsv": (CSV, "comma"),
    "semicolon.txt": (delimited(";"), "semicolon"),
    "colons.dat": (delimited("::"), "'::'"),
    "bar.log": (delimited("|"), "bar"),
    "hive.txt": (delimited("\x01"), r"'\x01'"),
    "one-blank.txt": (delimited(" "), "blanks"),
    "blanks.txt": (delimited("   "), "blanks"),
    "aligned.dat": (b"  user item   rating\nann   m1  5\n  bob  m2 3  \nann m3     4\n", "blanks"),
    "mac.csv": (delimited(",", "\r"), "comma"),
    "dos.txt": (delimited(" ", "\r\n"), "blanks"),
    "sep.csv": (b"sep=;\r\n" + delimited(";", "\r\n"), "semicolon"),
    "sep-quoted.csv": (b'"sep=\t"\n' + TSV, "tab"),
    "comments.csv": (b"# made by x, on a day\n#\n\n" + CSV, "comma"),
    "in-quotes.csv": (b'user,item,rating\nann,m1,"5"\n"bob",m2,3\nann,"m3","4"\n', "comma"),
    "more-of-another.csv": (
        b"user;item;rating\nann;m1;5\nbob;m2;3\nann;m3;4\n", "semicolon"
    ),
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("name", DELIMITED)
def test_delimiters_are_recognised_and_said(tmp_path: Path, name: str, size: int) -> None:
    content, delimiter = DELIMITED[name]
    file = File(write(tmp_path, name, content))
    assert rows(file, size) == ROWS
    assert rejects(file, size) == []
    assert opened(file).read_as.delimiter == delimiter
    before = content.split(b"user")[0].count(b"\n")
    assert lines(file, size) == [before + 2, before + 3, before + 4]


def test_any_delimiter_can_be_named(tmp_path: Path) -> None:
    for number, delimiter in enumerate(("^", "~|~", "#", " ", "\t", "é")):
        file = File(write(tmp_path, f"{number}.csv", delimited(delimiter)), delimiter=delimiter)
        assert rows(file) == ROWS


def test_the_delimiter_that_fits_all_lines_comes_before_the_most_frequent(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "user,item|x|y|z\n1,2\n3,4\n")
    assert opened(File(path)).columns == ("user", "item|x|y|z")


HEADERLESS = {
    "ratings.dat": ("1::1193::5::978300760\n1::661::3::978302109\n", "user,item,weight,time"),
    "UserBehavior.csv": (
        "1,2268318,2520377,pv,1511544070\n1,2333346,2520771,buy,1511561733\n",
        "user,item,column3,kind,time",
    ),
    "behaviors.tsv": (
        "1\tU13740\t11/11/2019 9:05:58 AM\tN55189 N42782\tN55689-1 N35729-0\n",
        "column1,user,time,item,column5",
    ),
    "spaces.txt": ("1 10 5\n2 20 4\n", "user,item,weight"),
    "one.csv": ("196\t242\t3\t881250949\n", "user,item,weight,time"),
    "checkins.txt": ("0\t2010-10-19T23:55:27Z\t30.23\t-97.79\t22847\n", None),
    "codes.csv": ("4fd1a4c9e0b2d3f4a5b6,m1\n00d1a4c9e0b2d3f4a5b7,m2\n", "user,item"),
    "mails.csv": ("ann@example.org,m1\nbob@example.org,m2\n", "user,item"),
    "again.csv": ("ann,milk\nbob,milk\nann,bread\n", "user,item"),
    "milliseconds.csv": ("7;8;1511544070123\n", "user,item,time"),
    "words.csv": ("ann,m1,view,2024-01-05\nbob,m2,cart,2024-01-06\n", "user,item,kind,time"),
}


@pytest.mark.parametrize("name", HEADERLESS)
def test_a_file_without_a_header_is_noticed(tmp_path: Path, name: str) -> None:
    text, names = HEADERLESS[name]
    path = write(tmp_path, name, text)
    with pytest.raises(DataError, match="looks like data") as caught:
        opened(File(path))
    advised = str(caught.value).split("--no-header --columns ")[1].split(", with")[0]
    assert names is None or advised == names
    # Who follows the advice loses no row.
    file = File(path, header=False, columns=tuple(advised.split(",")))
    assert len(rows(file)) == len(text.splitlines())
    assert lines(file)[0] == 1
    assert rejects(file) == []


HEADERS = {
    "usual.csv": "userId,movieId,rating,timestamp\n1,2,3,4\n",
    "words.csv": "kunde,artikel,menge\n17,18,2\n",
    "all-text.csv": "kunde,artikel\nann,milk\nbob,bread\n",
    "vector.csv": "item_id,0,1,2,3\na,0.1,0.2,0.3,0.4\n",
    "vector-of.csv": "code,0,1,2\na,0.1,0.2,0.3\n",
    "years.csv": "sku,2019,2020\na,1,2\n",
    "index.csv": ",user,item\n0,1,2\n1,3,4\n",
    "alone.csv": "user,item\n",
    "blank-names.csv": "user,item,,\n1,2,3,4\n",
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_is_a_header(tmp_path: Path, name: str) -> None:
    text = HEADERS[name]
    reading = opened(File(write(tmp_path, name, text)))
    assert [column for column in reading.columns if not column.startswith("column")] == [
        column for at, column in enumerate(text.splitlines()[0].split(",")) if column or at == 0
    ] or name == "blank-names.csv"
    assert reading.read_as.header == "line 1"


def test_names_of_columns_that_nobody_knows_come_with_a_hint(tmp_path: Path) -> None:
    reading = opened(File(write(tmp_path, "a.csv", "ann,milk\nbob,bread\n")))
    assert "--no-header --columns user,item" in reading.hint
    assert opened(File(write(tmp_path, "b.csv", CSV))).hint == ""


def test_options_of_headers(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "1,2\n3,4\n")
    assert rows(File(path, header=False)) == [("1", "2"), ("3", "4")]
    assert opened(File(path, header=False)).columns == ("column1", "column2")
    assert opened(File(path, header=True)).columns == ("1", "2")
    assert rows(File(path, header=True)) == [("3", "4")]
    named = File(path, columns=("user", "item"))
    assert rows(named) == [("1", "2"), ("3", "4")]
    assert "none" in str(opened(named).read_as.header)
    with pytest.raises(DataError, match="expected 3, one for each"):
        opened(File(path, columns=("user", "item", "time")))
    usual = write(tmp_path, "b.csv", CSV)
    with pytest.raises(DataError, match="add --header to replace"):
        opened(File(usual, columns=("a", "b", "c")))
    assert rows(File(usual, columns=("a", "b", "c"), header=True)) == ROWS
    twice = write(tmp_path, "c.csv", "user,item,item\n1,2,3\n")
    with pytest.raises(DataError, match="--header --columns"):
        opened(File(twice))
    assert rows(File(twice, header=True, columns=("user", "item", "x"))) == [("1", "2", "3")]


def test_a_header_in_a_comment(tmp_path: Path) -> None:
    file = File(write(tmp_path, "net.txt", "# A network\n# FromNodeId\tToNodeId\n0\t1\n0\t2\n"))
    assert opened(file).columns == ("FromNodeId", "ToNodeId")
    assert rows(file) == [("0", "1"), ("0", "2")]
    assert lines(file) == [3, 4]
    assert opened(file).read_as.header == "line 2"


def test_comments_are_counted_and_lines_that_are_rows_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "# x\nuser,item\n1,2\n# said\n#3,4\n5,6\n")
    with open_source(File(path), 1) as reading:
        chunks = list(reading.chunks(["user"]))
    assert sum(chunk.ignored for chunk in chunks) == 3
    assert [value for c in chunks for value in c.rows.column(0).to_pylist()] == ["1", "5"]
    tags = write(tmp_path, "b.csv", "user,item\n1,2\n#py,4\n")
    assert rows(File(tags)) == [("1", "2"), ("#py", "4")]
    free = write(tmp_path, "c.csv", "user,item\n1,2\n# a remark\n3,4\n")
    assert rows(File(free)) == [("1", "2"), ("3", "4")]
    assert rejects(File(free)) == []
    within = write(tmp_path, "d.csv", '# x\nuser,text\n1,"a\n# b"\n2,c\n')
    assert rows(File(within)) == [("1", "a\n# b"), ("2", "c")]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_quotes_after_a_backslash(tmp_path: Path, size: int) -> None:
    text = r"""user,title
1,"say \"hi\", ann"
2,"a \"b\""
3,\N
4,"c:\new \\ \"x\""
"""
    file = File(write(tmp_path, "a.csv", text))
    wanted = [("1", 'say "hi", ann'), ("2", 'a "b"'), ("3", r"\N"), ("4", 'c:\\new \\ "x"')]
    assert rows(file, size) == wanted
    assert rejects(file, size) == []
    assert "backslash" in str(opened(file).read_as.notes)


def test_one_row_with_backslash_quotes_among_doubled_ones(tmp_path: Path) -> None:
    text = 'user,title\n1,"a ""b"""\n2,"c"\n' + '3,"a ""b"""\n' * 300 + '9,"x \\"y\\" z"\n'
    assert rows(File(write(tmp_path, "a.csv", text)), 1000)[-1] == ("9", 'x "y" z')


def test_a_path_that_ends_with_a_backslash(tmp_path: Path) -> None:
    file = File(write(tmp_path, "a.csv", 'user,path\n1,"C:\\"\n2,"D:\\"\n'))
    assert rows(file) == [("1", "C:\\"), ("2", "D:\\")]


def test_fields_may_be_long(tmp_path: Path) -> None:
    long = "x" * 300_000
    path = write(tmp_path, "a.csv", f'user,text\n1,"{long}\n{long}"\n2,{long}\n')
    assert rows(File(path)) == [("1", f"{long}\n{long}"), ("2", long)]
    assert LONGEST > 300_000


def test_quotes_in_a_file_with_tabs_are_letters(tmp_path: Path) -> None:
    path = write(tmp_path, "a.tsv", 'item\ttitle\n1\t"Weird" Al\n2\t"Heroes" (live)\n3\tx "y"\n')
    assert [title for _, title in rows(File(path))] == ['"Weird" Al', '"Heroes" (live)', 'x "y"']
    quoted = write(tmp_path, "b.tsv", 'item\ttitle\n1\t"a\tb"\n2\t"c"\n')
    assert [title for _, title in rows(File(quoted))] == ["a\tb", "c"]


def test_decimal_commas_in_a_file_with_semicolons(tmp_path: Path) -> None:
    text = "user;item;rating;tags\n1;2;4,5;a,b\n1;3;5;c\n1;4;-0,5;d,e,f\n"
    file = File(write(tmp_path, "a.csv", text))
    assert [row[2:] for row in rows(file)] == [("4.5", "a,b"), ("5", "c"), ("-0.5", "d,e,f")]
    assert "decimal commas in 'rating'" in opened(file).read_as.notes
    ids = File(write(tmp_path, "b.csv", "user;tags\n1;1,2\n2;1,2,3\n"))
    assert rows(ids) == [("1", "1,2"), ("2", "1,2,3")]


def test_rejects_stand_as_they_stood(tmp_path: Path) -> None:
    text = 'user,item\n1,2\n "3" , 4,5\n"6,\n7",8,"9"\n\x00,1\n10\r\n'
    found = rejects(File(write(tmp_path, "a.csv", text)))
    assert [(reject.line, reject.row) for reject in found] == [
        (3, ' "3" , 4,5'),
        (4, '"6,\n7",8,"9"'),
        (6, "\x00,1"),
        (7, "10"),
    ]


def test_the_text_of_good_rows_can_be_had_too(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'user,item\n1,2\n"3","4"\n"5\n",6\n7,8\n')
    for size in (1, 2, 3, 100):
        with open_source(File(path), size) as reading:
            raw = [
                chunk.raw(row)
                for chunk in reading.chunks(["item"])
                if chunk.raw is not None
                for row in range(chunk.rows.num_rows)
            ]
        assert raw == ["1,2", '"3","4"', '"5\n",6', "7,8"]


cell = st.text(st.sampled_from('ab1 ,"\n\\#é'), max_size=5)


@given(st.lists(st.tuples(cell, cell), min_size=1, max_size=8), st.sampled_from([1, 2, 100]))
@pytest.mark.slow
def test_what_the_csv_module_writes_is_read_as_it_was(
    table: list[tuple[str, str]], size: int
) -> None:
    text = "user,item\n" + "".join(
        ",".join('"{}"'.format(value.replace('"', '""')) for value in row) + "\n" for row in table
    )
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), "a.csv", text)
        assert rows(File(path), size) == table
        assert rejects(File(path), size) == []


@given(
    st.lists(
        st.sampled_from(["1,2", '"3",4', "5", '"6,7', "8,9,10", "", '"a\nb",c', "é,x", '"q"r,s']),
        max_size=12,
    )
)
@pytest.mark.slow
def test_every_line_is_a_row_a_reject_or_blank_however_it_is_cut(parts: list[str]) -> None:
    text = "user,item\n" + "".join(part + "\n" for part in parts)
    with tempfile.TemporaryDirectory() as folder:
        file = File(write(Path(folder), "a.csv", text))
        whole = rows(file, 100), lines(file, 100), rejects(file, 100)
        for size in (1, 2, 3):
            assert (rows(file, size), lines(file, size), rejects(file, size)) == whole
        taken = {*whole[1], *(reject.line for reject in whole[2])}
        assert len(taken) == len(whole[1]) + len(whole[2])


def test_parts_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "log/day=2024-01-01/part-10.csv", "user,item\n3,c\n")
    write(tmp_path, "log/day=2024-01-01/part-2.csv.gz", gzip.compress(b"item,user\nb,2\n"))
    write(tmp_path, "log/day=__HIVE_DEFAULT_PARTITION__/part-0.csv", "user,item\n4,d\n5\n")
    write(tmp_path, "log/day=a%2Fb/part-0.jsonl", '{"user": 6, "item": "f", "extra": 1}\n')
    for hidden in ("log/_SUCCESS", "log/.part-0.crc", "log/_temporary/part-0.csv", "log/README.md"):
        write(tmp_path, hidden, "x,y\n1,2\n")
    write(tmp_path, "log/day=2024-01-01/part-11.csv", b"")
    file = File(tmp_path / "log")
    reading = opened(file)
    assert reading.columns == ("item", "user", "day", "extra")
    assert rows(file, 100) == [
        ("b", "2", "2024-01-01", None),
        ("c", "3", "2024-01-01", None),
        ("d", "4", None, None),
        ("f", 6, "a/b", 1),
    ]
    assert any("no column 'extra'" in note for note in reading.read_as.notes)
    (reject,) = rejects(file, 100)
    assert (reject.line, reject.row, Path(reject.file).parent.name) == (
        3, "5", "day=__HIVE_DEFAULT_PARTITION__",
    )  # fmt: skip
    assert reading.total is not None


def test_parts_of_parquet_and_of_an_archive(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / "log" / f"day={number}").mkdir(parents=True)
        pq.write_table(
            pa.table({"user": [number], "item": ["x"]}),
            tmp_path / f"log/day={number}/part-0000.parquet",
        )
    assert rows(File(tmp_path / "log")) == [(0, "x", "0"), (1, "x", "1"), (2, "x", "2")]
    members = {"a.csv": CSV, "b.csv": b"item,user,rating\nz,y,1\n"}
    archive = File(write(tmp_path, "both.zip", zipped(members)))
    assert rows(archive, 100) == [*ROWS, ("y", "z", "1")]
    with open_source(archive, 100) as reading:
        names = {chunk.file for chunk in reading.chunks(["user"])}
    assert {Path(name).name for name in names} == {"a.csv", "b.csv"}


def test_several_files(tmp_path: Path) -> None:
    first = File(write(tmp_path, "a.csv", CSV))
    second = File(write(tmp_path, "b.tsv", "rating\titem\tuser\n1\tx\ty\n2\n"))
    both = Files((first, second))
    assert rows(both, 100) == [*ROWS, ("y", "x", "1")]
    assert [(Path(r.file).name, r.line) for r in rejects(both)] == [("b.tsv", 3)]
    other = File(write(tmp_path, "c.csv", "title,year\na,1\n"))
    with pytest.raises(DataError, match="no column in common"):
        opened(Files((first, other)))
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="holds no file"):
        opened(File(tmp_path / "none"))


@pytest.mark.parametrize(
    "content",
    [CSV, PACKED["gzip"], PACKED["zip"], parquet()],
    ids=["csv", "gzip", "zip", "parquet"],
)
def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert rows(File(Path("-"))) == ROWS


def test_pipes_can_be_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(CSV,))
    writer.start()
    assert rows(File(pipe)) == ROWS
    writer.join()


@pytest.mark.parametrize("name", ["a.parquet", "b"])
def test_options_of_text_are_refused_for_parquet(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, parquet())
    with pytest.raises(DataError, match="leave these options out"):
        opened(File(path, columns=("a", "b", "c")))


def test_an_archive_that_is_locked_is_named(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.csv": CSV}))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        at = archive.start_dir
    content[at + 8] |= 1  # the flag in the directory
    with pytest.raises(DataError, match="encrypted"):
        opened(File(write(tmp_path, "a.zip", bytes(content))))
