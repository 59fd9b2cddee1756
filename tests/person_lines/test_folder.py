"""People's lines are found in every file of a folder, whatever it is called and however packed."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from graphrec.ingest.packed import PACKINGS
from hypothesis import given
from hypothesis import strategies as st

from graphrec.id_search import BLOCK, stream_holds
from graphrec.packings import STANDARD
from graphrec.person_lines.folder import find_in, take_out
from graphrec.person_lines.forms import People

ANN, BOB = "person-ann@example.org", "person-bob@example.org"
GONE = People(frozenset({ANN, "7"}))


def line(user: object, item: str = "x") -> bytes:
    return json.dumps({"time": 1, "user": user, "item": item}).encode() + b"\n"


MIXED = b"".join(map(line, (ANN, BOB, ANN, "7", 7, "77")))
LEFT = b"".join(map(line, (BOB, "77")))


def zstd(content: bytes, name: str = "zstd") -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, name) as out:
        out.write(content)
    return sink.getvalue().to_pybytes()


def unzstd(content: bytes, name: str = "zstd") -> bytes:
    return pa.CompressedInputStream(io.BytesIO(content), name).read()


def zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("days/1.jsonl", content)
        archive.writestr("days/2.jsonl.gz", gzip.compress(content))
    return out.getvalue()


def unzipped(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert gzip.decompress(archive.read("days/2.jsonl.gz")) == archive.read("days/1.jsonl")
        return archive.read("days/1.jsonl")


WAYS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "plain": (bytes, bytes),
    "gzip": (gzip.compress, gzip.decompress),
    "two gzips in one": (
        lambda content: gzip.compress(content[:40]) + gzip.compress(content[40:]),
        gzip.decompress,
    ),
    "bz2": (bz2.compress, bz2.decompress),
    "xz": (lzma.compress, lzma.decompress),
    "gzip of xz": (
        lambda content: gzip.compress(lzma.compress(content)),
        lambda content: lzma.decompress(gzip.decompress(content)),
    ),
    "zip": (zipped, unzipped),
    "zstd": (zstd, unzstd),
    "lz4": (lambda c: zstd(c, "lz4"), lambda c: unzstd(c, "lz4")),
}


@pytest.mark.parametrize("name", ["2026-11-22.jsonl", "old.bak", ".hidden", "a/b/c.gz", "key.txt"])
@pytest.mark.parametrize("way", WAYS)
def test_their_lines_go_and_all_else_stays(tmp_path: Path, way: str, name: str) -> None:
    pack, unpack = WAYS[way]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pack(MIXED))
    path.chmod(0o640)
    assert find_in(tmp_path, GONE, PACKINGS).files == (path,)
    done = take_out(tmp_path, GONE, PACKINGS)
    assert (done.lines, done.files) == (4 * (2 if way == "zip" else 1), (path,))
    assert unpack(path.read_bytes()) == LEFT
    assert path.stat().st_mode & 0o777 == 0o640
    assert find_in(tmp_path, GONE, PACKINGS) == take_out(tmp_path, GONE, PACKINGS)
    assert find_in(tmp_path, GONE, PACKINGS).files == ()
    assert list(tmp_path.rglob(".draft*")) == []


FORMS = {
    "with a byte order mark": b"\xef\xbb\xbf" + line(ANN) + line(BOB),
    "with the line ends of Windows": line(ANN).replace(b"\n", b"\r\n") + line(BOB),
    "without a last line end": line(BOB) + line(ANN).strip(),
    "whose first line was cut off": b'er": "x"}\n' + line(ANN) + line(BOB),
    "a table": f"time,user,item\n1,{ANN},x\n2,{BOB},y\n".encode(),
    "a table with quotes": f'user;item\n"{ANN}";"x\ny"\n"{BOB}";y\n'.encode(),
    "a table of tabs": f"item\tUser_ID\nx\t{ANN}\ny\t{BOB}\n".encode(),
    "rejects": f'line,reason,row\n2,bad,"5,{ANN},x"\n3,bad,"{BOB},x"\n'.encode(),
    "rejects of several files": f'file,line,reason,row\na,2,bad,"{ANN};x\ny"\n'.encode(),
    "rejects in JSON": f'line,reason,row\n2,bad,"{{""user"":""{ANN}""}}"\n'.encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_in_any_form(tmp_path: Path, form: str) -> None:
    path = tmp_path / "some file"
    path.write_bytes(FORMS[form])
    assert find_in(tmp_path, GONE).files == (path,)
    assert take_out(tmp_path, GONE).lines == 1
    left = path.read_bytes()
    assert ANN.encode() not in left
    assert (BOB.encode() in left) == (BOB.encode() in FORMS[form])
    assert left.split(b"\n")[0] in FORMS[form]
    assert find_in(tmp_path, GONE).files == ()


def test_a_short_id_is_a_whole_word_of_a_rejected_row(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = ["7,x", "77,x", "x7,y", '"7",x', "5;7;x", "7.5,x", "user7,x"]
    path.write_text("line,reason,row\n" + "".join(f'{n},7 is bad,"{r}"\n' for n, r in [(1, "x")]))
    assert take_out(tmp_path, GONE).lines == 1  # the reason names it
    path.write_text("line,reason,row\n" + "".join(f"2,bad,'{row}'\n" for row in rows))
    take_out(tmp_path, GONE)
    assert "77,x" in path.read_text()
    assert "'7,x'" not in path.read_text()


HANDLED_BY_HAND = {
    "a gzip file that was cut off": (gzip.compress(MIXED)[:-20], "cannot be read to its end"),
    "an xz file that was changed": (lzma.compress(MIXED)[:-9] + b"?" * 9, "cannot be read to its"),
    "bytes": (b"\x00\x01\x02" * 99, "is of a format that cannot be searched"),
    "another encoding": (MIXED.decode().encode("utf-16"), "is of a format that cannot be searched"),
    "a cipher": (b"-----BEGIN PGP MESSAGE-----\nabcd", "is of a format that cannot be searched"),
    "notes": (f"asked for by {ANN}".encode(), "holds an id in a text of no known form"),
    "a list": (json.dumps([{"user": ANN}]).encode(), "holds an id in a text of no known form"),
    "notes in gzip": (gzip.compress(ANN.encode()), "holds an id in a text of no known form"),
    "zstd without its package": (zstd(MIXED), "run `graphrec forget - --verify` where"),
}


@pytest.mark.parametrize("what", HANDLED_BY_HAND)
def test_what_cannot_be_handled_is_named_with_a_command_and_left_as_it_is(
    tmp_path: Path, what: str
) -> None:
    content, why = HANDLED_BY_HAND[what]
    path, other = tmp_path / "it's this", tmp_path / "z.jsonl"
    path.write_bytes(content)
    other.write_bytes(MIXED)
    for done in (find_in(tmp_path, GONE, STANDARD), take_out(tmp_path, GONE, STANDARD)):
        [said] = done.unhandled
        assert why in said
        assert str(path) in said
        assert "`" in said
        assert ANN not in said
    assert path.read_bytes() == content
    assert other.read_bytes() == LEFT  # all else is done


def test_a_text_that_names_nobody_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "README").write_text(f"who is {ANN}x? 7 days")
    (tmp_path / "empty").touch()
    (tmp_path / "empty.gz").write_bytes(gzip.compress(b""))
    assert take_out(tmp_path, GONE).unhandled == ()


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_are_followed_and_those_that_lead_nowhere_are_named(tmp_path: Path) -> None:
    folder, disk = tmp_path / "exposures", tmp_path / "disk"
    folder.mkdir()
    (disk / "more").mkdir(parents=True)
    (disk / "day").write_bytes(MIXED)
    (disk / "more" / "day").write_bytes(MIXED)
    (folder / "day.jsonl").symlink_to(disk / "day")
    (folder / "more").symlink_to(disk / "more")
    (disk / "more" / "round").symlink_to(folder)
    assert take_out(folder, GONE).lines == 8
    assert (disk / "day").read_bytes() == (disk / "more" / "day").read_bytes() == LEFT
    assert (folder / "day.jsonl").is_symlink()
    (disk / "day").unlink()
    [said] = take_out(folder, GONE).unhandled
    assert "day.jsonl leads nowhere (No such file or directory); mount what it leads to" in said


@given(
    st.integers(-60, 60),
    st.sampled_from([b"", b" ", b'"', b"a", b".", b"9", b"user"]),
    st.sampled_from([b"", b" ", b'"', b"a", b"."]),
)
@pytest.mark.slow
def test_a_stream_is_searched_across_its_blocks(at: int, before: bytes, after: bytes) -> None:
    padding = b"-" * (BLOCK + at - len(before))
    content = padding + before + ANN.encode() + after + b"-" * (BLOCK - 2 * at)
    if after == b"":
        content = content[: len(padding) + len(before) + len(ANN)]
    is_word = before in (b"", b" ", b'"', b"user") and after != b"a"
    assert stream_holds(io.BytesIO(content), [ANN]) == is_word
