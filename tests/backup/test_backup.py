"""`graphrec dump` and `restore`: what is in the file, and what is refused."""

from __future__ import annotations

import io
import shutil
import sqlite3
import tarfile
import threading
import tracemalloc
from contextlib import closing
from pathlib import Path

import numpy as np
import orjson
import pytest

from graphrec.backup import archive
from graphrec.backup.dump import dump
from graphrec.backup.restore import opened, restore
from graphrec.data import Interactions
from graphrec.errors import BackupError, StoreError
from graphrec.snapshot.registry import current, load, publish
from graphrec.store import StreamBatch
from graphrec.store.batch import Move
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import SMALL, Event, log_of
from graphrec.testing.stores import POLICY, assert_same_graph
from graphrec.testing.stores.copying import assert_same_store, filled
from tests.support.command import error_line, graphrec
from tests.support.snapshots import NOON, small_snapshot

URL = "sqlite:///new.db"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store, and a snapshot that serves beside an older one."""
    folder = tmp_path_factory.mktemp("made")
    filled(SQLiteStore(folder / "graphrec.db", POLICY)).close()
    publish(small_snapshot(1), folder / "snapshots", NOON.replace(hour=1))
    publish(small_snapshot(2), folder / "snapshots", NOON.replace(hour=2))
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_what_is_dumped_is_restored(shop: Path) -> None:
    made = graphrec(shop, "dump", "backup.tar", "--json").json()
    assert made["snapshot"] == current(shop / "snapshots")
    assert made["counts"]["events"] > 0
    assert (shop / "backup.tar").stat().st_mode & 0o077 == 0
    whole = graphrec(shop, "restore", "backup.tar", "--check", "--json").json()
    assert whole["counts"] == made["counts"]
    done = graphrec(
        shop, "restore", "backup.tar", "--store", URL, "--snapshots", "new", "--json"
    ).json()
    assert (done["counts"], done["snapshot"]) == (made["counts"], made["snapshot"])
    with (
        SQLiteStore(shop / "graphrec.db", POLICY) as one,
        SQLiteStore(shop / "new.db", POLICY) as other,
    ):
        assert_same_store(one, other)
    assert load(shop / "new").users == load(shop / "snapshots").users
    assert sorted(path.name for path in shop.iterdir() if path.name.startswith(".")) == []


def test_without_a_snapshot(shop: Path) -> None:
    graphrec(shop, "dump", "all.tar.gz")
    assert graphrec(shop, "dump", "store.tar", "--no-snapshot", "--json").json()["snapshot"] is None
    assert (shop / "all.tar.gz").read_bytes()[:2] == b"\x1f\x8b"
    for file, name in (("store.tar", "a"), ("all.tar.gz", "b")):
        answer = graphrec(
            shop, "restore", file, "--store", f"sqlite:///{name}.db", "--snapshots", name,
            *(["--no-snapshot"] if name == "b" else []),
        )  # fmt: skip
        assert (answer.code, (shop / name).exists()) == (0, False)


def test_nothing_is_written_over(shop: Path) -> None:
    assert graphrec(shop, "dump", "backup.tar").code == 0
    before = (shop / "backup.tar").read_bytes()
    again = graphrec(shop, "dump", "backup.tar")
    assert "is there already: expected a new file" in error_line(again)
    assert (shop / "backup.tar").read_bytes() == before
    into = graphrec(shop, "restore", "backup.tar")
    assert "holds" in error_line(into)
    assert "expected an empty one" in error_line(into)
    full = graphrec(shop, "restore", "backup.tar", "--snapshots", "new")
    assert "store 'graphrec.db' holds something" in error_line(full)
    assert not (shop / "new" / "current").exists()


def test_who_was_forgotten_since_does_not_come_back(shop: Path) -> None:
    with SQLiteStore(shop / "graphrec.db", POLICY) as store:
        store.write_events(log_of([Event("u03", "heat")]))
    graphrec(shop, "dump", "backup.tar")
    (shop / "ids.txt").write_text("ann\nu03\nnobody\n")
    done = graphrec(
        shop, "restore", "backup.tar", "--store", URL, "--snapshots", "new",
        "--forgotten", "ids.txt", "--json",
    ).json()  # fmt: skip
    assert done["forgotten"] == 2
    with SQLiteStore(shop / "new.db", POLICY) as store:
        assert store.traces("ann") == ()
        assert store.deleted("user", ["ann", "bob"]) == {"ann"}
    assert done["snapshot"] == current(shop / "new")
    assert "u03" in load(shop / "snapshots").users
    assert "u03" not in load(shop / "new").users


def rewritten(source: Path, target: Path, change) -> Path:
    """A backup with other members: `change` maps a name and content to another pair, or None."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            pair = change(member.name, old.extractfile(member).read())
            if pair is not None:
                header = tarfile.TarInfo(pair[0])
                header.size = len(pair[1])
                new.addfile(header, io.BytesIO(pair[1]))
    return target


def flipped(content: bytes) -> bytes:
    return content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda n, c: (n, flipped(c) if n == "store.db" else c), "'store.db' is not as"),
        (lambda n, c: (n, c + b" " if n.endswith("users.json") else c), "is not as its manifest"),
        (lambda n, c: None if n == "manifest.json" else (n, c), "no manifest at its end"),
        (lambda n, c: None if n == "store.db" else (n, c), "'store.db' is not as its manifest"),
        (lambda n, c: ("../evil" if n == "store.db" else n, c), r"holds '\.\./evil'"),
        (lambda n, c: ("/etc/evil" if n == "store.db" else n, c), r"holds '/etc/evil'"),
        (
            lambda n, c: (n, c.replace(b'"format": 1', b'"format": 9')),
            "has format 9: expected 1",
        ),
        (lambda n, c: (n, b"{}" if n == "manifest.json" else c), "manifest cannot be read"),
    ],
)  # fmt: skip
def test_what_is_not_whole_is_refused(shop: Path, change, said: str) -> None:
    graphrec(shop, "dump", "backup.tar")
    bad = rewritten(shop / "backup.tar", shop / "bad.tar", change)
    with pytest.raises(BackupError, match=said), opened(bad, shop):
        pass
    assert [path.name for path in shop.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["backup.tar", "backup.tar.gz"])
@pytest.mark.parametrize("kept", [0, 0.5, 0.99])
def test_a_cut_file_is_refused(shop: Path, name: str, kept: float) -> None:
    graphrec(shop, "dump", name)
    content = (shop / name).read_bytes()
    with tarfile.open(shop / name) as tar:  # a tar ends in zeros that nobody misses
        end = tar.getmembers()[-1].offset_data if name.endswith("r") else len(content)
    (shop / name).write_bytes(content[: int(end * kept)])
    answer = graphrec(shop, "restore", name, "--check")
    assert "is not whole" in error_line(answer)


def test_links_and_other_files_are_refused(shop: Path) -> None:
    with tarfile.open(shop / "bad.tar", "w") as tar:
        header = tarfile.TarInfo("store.db")
        header.type, header.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(header)
    (shop / "text.tar").write_text("no tar at all" * 100)
    for name in ("bad.tar", "text.tar"):
        assert "is not whole" in error_line(graphrec(shop, "restore", name, "--check"))
    assert "cannot be unpacked" in error_line(graphrec(shop, "restore", "none.tar", "--check"))


def test_what_does_not_fit_its_manifest_is_refused(shop: Path) -> None:
    """Files that are whole, and counts of another store."""
    graphrec(shop, "dump", "backup.tar")

    def change(name: str, content: bytes):
        if name != "manifest.json":
            return name, content
        values = orjson.loads(content)
        values["counts"]["events"] += 1
        return name, orjson.dumps(values)

    rewritten(shop / "backup.tar", shop / "bad.tar", change)
    assert "as its manifest says" in error_line(graphrec(shop, "restore", "bad.tar", "--check"))


def test_a_store_of_the_last_schema_is_migrated(shop: Path) -> None:
    """A backup of before streams were read, whose store has no table of them."""
    with closing(sqlite3.connect(shop / "graphrec.db")) as connection:
        connection.execute("DROP TABLE streams")
        connection.execute("PRAGMA user_version = 3")
        connection.commit()
    shutil.copy(shop / "graphrec.db", shop / "old.db")
    size, digest = archive.described(shop / "old.db")
    with SQLiteStore(shop / "graphrec.db", POLICY) as store:
        counts, position = dict(store.counts()), store.position()
    with archive.writing(shop / "old.tar") as writer:
        writer.add(shop / "old.db", archive.STORE)
        assert writer.files == {"store.db": archive.Stored(size, digest)}
        writer.finish(archive.Contents("0.0", "2026", position, counts, None, writer.files))
    assert graphrec(shop, "restore", "old.tar", "--store", URL, "--snapshots", "new").code == 0
    with SQLiteStore(shop / "new.db", POLICY) as store:
        store.write_batch(StreamBatch("clicks", {"0": Move(None, "1")}))


def test_it_is_as_of_one_moment_while_events_come(tmp_path: Path) -> None:
    """Each write adds an event of each of two users: no backup has one without the other."""
    stop = threading.Event()
    with SQLiteStore(tmp_path / "graph.db", {}) as store:

        def write() -> None:
            for number in range(10_000):
                if stop.is_set():
                    return
                pair = [f"a{number}", f"b{number}"]
                store.write_events(Interactions.of(pair, ["item"] * 2, time=[number] * 2))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            taken = [dump(store, tmp_path / f"{n}.tar") for n in range(4)]
        finally:
            stop.set()
            writer.join()
    assert len({each.position for each in taken}) > 1
    for n, contents in enumerate(taken):
        with opened(tmp_path / f"{n}.tar", tmp_path) as backup:
            with SQLiteStore(backup.store, {}) as copy:
                users = copy.ids("user")
            assert contents.counts["events"] == len(users)
            assert {u[1:] for u in users if u[0] == "a"} == {u[1:] for u in users if u[0] == "b"}


def test_memory_does_not_grow_with_the_store(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "graph.db", {}) as store:
        rng = np.random.default_rng(0)
        users, items = rng.integers(0, 20_000, 150_000), rng.integers(0, 900, 150_000)
        log = Interactions.of([f"u{u}" for u in users], [f"i{i}" for i in items])
        store.write_log([log], len(log))
        tracemalloc.start()
        dump(store, tmp_path / "backup.tar")
        with (
            opened(tmp_path / "backup.tar", tmp_path) as backup,
            SQLiteStore(tmp_path / "new.db", {}) as new,
        ):
            restore(backup, new)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert_same_graph(store.read_graph(), new.read_graph())
    assert (tmp_path / "backup.tar").stat().st_size > 9e6
    assert peak < 6e6


def test_a_failed_dump_leaves_nothing(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(SQLiteStore, "dump", fail)
    assert "error: the disk is full" in graphrec(shop, "dump", "backup.tar").err
    assert not [path for path in shop.iterdir() if "backup" in path.name or path.name[0] == "."]


def test_no_store_no_backup(tmp_path: Path) -> None:
    assert "not there" in error_line(graphrec(tmp_path, "dump", "backup.tar"))
    assert not (tmp_path / "backup.tar").exists()
    assert SMALL
