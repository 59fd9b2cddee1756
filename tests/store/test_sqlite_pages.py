"""What a whole log is made with: rows sorted on the disk, b-trees, known ids."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.data import Vocabulary
from graphrec.store.sqlite import btree, known, runs
from graphrec.store.sqlite.btree import PageFile, Tree, cells_of, integer_type
from graphrec.store.sqlite.file import connect
from graphrec.store.sqlite.known import KnownRows
from graphrec.store.sqlite.rows import Positions
from graphrec.store.sqlite.runs import SortedRuns

SCHEMA = ["CREATE TABLE pairs (a INTEGER, b REAL, PRIMARY KEY (a, b)) WITHOUT ROWID"]


def made(path: Path, columns: list[np.ndarray], types: tuple[int, ...], step: int) -> None:
    file = PageFile(path, SCHEMA)
    tree = Tree(file, file.roots["pairs"])
    for at in range(0, len(columns[0]), step):
        tree.add(cells_of([column[at : at + step] for column in columns], types))
    tree.finish()
    file.close()


# A leaf takes 2340 of these records, and an interior page 1637.
@pytest.mark.parametrize("rows", [0, 1, 2, 2339, 2340, 2341, 2342, 4681, 4682, 4683, 100_000])
@pytest.mark.parametrize("step", [999, 100_000])
def test_a_tree_of_any_size_is_sound(tmp_path: Path, rows: int, step: int):
    a, b = np.arange(rows) - 5, np.arange(rows) % 7 / 2
    path = tmp_path / "made.db"
    made(path, [a, b], (3, 7), step)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() in (
            [("ok",)],
            [("*** in database main ***\nPage 3 is never used",)],
        )
        found = connection.execute("SELECT a, b FROM pairs").fetchall()
    assert found == list(zip(a.tolist(), b.tolist(), strict=True))


@pytest.mark.slow
def test_a_tree_has_three_levels_and_leaves_the_page_of_locks_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(btree, "PAGE", 512)  # 35 records a leaf
    monkeypatch.setattr(btree, "LOCK_PAGE", 40)
    a = np.arange(100_000)
    path = tmp_path / "made.db"
    made(path, [a, a], (3, 7), 5000)
    pages = path.stat().st_size // 512
    with path.open("rb") as file:
        file.seek(39 * 512)
        assert file.read(512) == bytes(512)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT COUNT(*), SUM(a), SUM(b) FROM pairs").fetchone() == (
            len(a), a.sum(), a.sum(),
        )  # fmt: skip
        assert connection.execute("SELECT b FROM pairs WHERE a = 77777").fetchall() == [(77777.0,)]
        # Here SQLite's own page of locks is elsewhere.
        assert connection.execute("PRAGMA integrity_check").fetchall() == [
            ("*** in database main ***\nPage 40 is never used",)
        ]
        assert connection.execute("PRAGMA page_count").fetchone() == (pages,)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (0, 0, 1),
        (0, 127, 1),
        (0, 128, 2),
        (-129, 0, 2),
        (0, 2**23, 4),
        (0, 2**31, 5),
        (0, 2**47, 6),
    ],
)
def test_integers_take_no_more_bytes_than_they_need(low: int, high: int, kind: int):
    assert integer_type(low, high) == kind


# Rows sorted on the disk

ROW = np.dtype([("a", "i4"), ("b", "i4"), ("c", "f4"), ("n", "i8")])


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 2)), max_size=80),
    part=st.sampled_from([4, 16, 64, 1000]),
    by=st.sampled_from([("a", "b", "c"), ("b", "a", "c"), ("a",)]),
    batch=st.integers(1, 30),
)
def test_rows_come_back_sorted(rows: list[tuple[int, int, int]], part: int, by, batch: int):
    table = np.array([(*row, n) for n, row in enumerate(rows)], ROW)
    with pytest.MonkeyPatch.context() as patch, closing(SortedRuns(ROW, by)) as sorted_runs:
        patch.setattr(runs, "PART", part)
        patch.setattr(runs, "BLOCK", 4)
        for at in range(0, len(table), batch):
            sorted_runs.add(table[at : at + batch])
        parts = [each.copy() for each in sorted_runs.parts()]
    found = np.concatenate(parts)
    expected = table[np.lexsort([table[name] for name in reversed(by)])]
    assert found.tolist() == expected.tolist()
    # what is equal in the key is in one part
    keys = [set(zip(*(each[name].tolist() for name in by[:2]), strict=True)) for each in parts]
    assert sum(map(len, keys)) == len(set().union(*keys))


# Known ids


@settings(max_examples=30, deadline=None)
@given(batches=st.lists(st.lists(st.text(max_size=2), min_size=1, max_size=30), max_size=8))
def test_an_id_has_one_row(tmp_path_factory, batches: list[list[str]]):
    path = tmp_path_factory.mktemp("known") / "graph.db"
    with pytest.MonkeyPatch.context() as patch, closing(connect(path, 1)) as connection:
        patch.setattr(known, "FIRST_SIZE", 2)
        connection.execute("INSERT INTO nodes (row, type, id) VALUES (7, 'user', 'a')")
        rows = {"a": 7}
        users = KnownRows(connection, "user")
        for ids in batches:
            vocabulary = Vocabulary(tuple(dict.fromkeys(ids)))
            column = np.array([vocabulary.rows[each] for each in ids], np.int32)
            found = users.of(Positions(0), vocabulary, column).tolist()
            for each, row in zip(ids, found, strict=True):
                assert rows.setdefault(each, row) == row
        stored = dict(connection.execute("SELECT id, row FROM nodes WHERE type = 'user'"))
        assert stored == rows


def test_ids_of_equal_hash_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def digests(ids):
        return np.zeros(len(ids), np.uint64), np.array([len(each) for each in ids], np.uint32)

    monkeypatch.setattr(known, "_digests", digests)
    with closing(connect(tmp_path / "graph.db", 1)) as connection:
        users = KnownRows(connection, "user")
        vocabulary = Vocabulary(("a", "aa", "aaa"))
        found = [
            users.of(Positions(0), vocabulary, np.arange(3, dtype=np.int32)).tolist()
            for _ in range(2)
        ]
        assert found[0] == found[1]
        assert len(set(found[0])) == 3
