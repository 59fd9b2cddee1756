"""Stores that earlier versions wrote, byte for byte, are brought to this one."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from graphrec.doctor import examine
from graphrec.snapshot.registry import publish
from graphrec.store import StreamBatch
from graphrec.store.batch import Move
from graphrec.store.sqlite.schema import MIGRATIONS
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.store.versions import schema_version
from graphrec.testing.stores import POLICY
from graphrec.testing.stores.copying import assert_same_store, filled
from tests.support.command import error_line, graphrec, inside
from tests.support.snapshots import reseal, small_snapshot

FILES = Path(__file__).parent / "files"
"""`version-N.db.gz`: what `filled` of graphrec.testing makes, written by the last code of version
N of the schema. Add one with each migration."""

HERE = "sqlite:///graphrec.db"


def put(version: int, folder: Path) -> Path:
    path = folder / "graphrec.db"
    path.write_bytes(gzip.decompress((FILES / f"version-{version}.db.gz").read_bytes()))
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    put(len(MIGRATIONS) - 1, tmp_path)
    return tmp_path


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def test_a_file_of_the_last_version_is_migrated_by_opening_it(old: Path) -> None:
    with (
        SQLiteStore(old / "graphrec.db", POLICY) as store,
        filled(SQLiteStore(old / "new.db", POLICY)) as new,
    ):
        # Streams came with this version.
        moves = {"0": Move(None, "7"), "1": Move(None, "2")}
        assert dict(store.stream_positions("clicks")) == {}
        assert store.deleted("user", ["gone"]) == {"gone"}
        assert store.deleted("item", ["dropped"]) == {"dropped"}
        store.write_batch(StreamBatch("clicks", moves))
        assert_same_store(store, new)
    assert version_of(old / "graphrec.db") == len(MIGRATIONS)


def test_upgrade_says_does_and_is_done(old: Path) -> None:
    checked = graphrec(old, "upgrade", "--check")
    assert (checked.code, "run `graphrec upgrade`" in checked.out) == (1, True)
    assert version_of(old / "graphrec.db") == len(MIGRATIONS) - 1
    done = graphrec(old, "upgrade", "--json").json()
    assert (done["found"], done["expected"], done["upgraded"]) == (
        len(MIGRATIONS) - 1,
        len(MIGRATIONS),
        True,
    )
    assert graphrec(old, "upgrade", "--check").code == 0
    assert graphrec(old, "upgrade", "--json").json()["upgraded"] is False


def test_the_doctor_does_not_migrate(old: Path) -> None:
    with inside(old):
        found = {each.about: each for each in examine()}
    assert found["store"].state == "warn"
    assert "graphrec upgrade" in found["store"].remedy
    assert version_of(old / "graphrec.db") == len(MIGRATIONS) - 1


def test_snapshots_of_the_last_format_are_named_with_the_command(old: Path) -> None:
    version = publish(small_snapshot(), old / "snapshots")

    def outdated(manifest: dict) -> None:
        manifest["format"] -= 1

    reseal(old / "snapshots", version, outdated)
    said = graphrec(old, "upgrade")
    assert f"Snapshot {version} is not of format" in said.out
    assert "graphrec train" in said.out
    assert graphrec(old, "upgrade", "--check").code == 1


def test_a_later_version_is_refused_and_none_is_made(tmp_path: Path) -> None:
    assert "is not there" in error_line(graphrec(tmp_path, "upgrade"))
    assert not (tmp_path / "graphrec.db").exists()
    with inside(tmp_path):
        assert schema_version(HERE) == (0, len(MIGRATIONS))
    SQLiteStore(tmp_path / "graphrec.db", POLICY).close()
    with closing(sqlite3.connect(tmp_path / "graphrec.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    for command in ("upgrade", "dump"):
        answer = graphrec(tmp_path, command, *(["backup.tar"] if command == "dump" else []))
        assert "has schema version 99" in error_line(answer)
