"""Whole logs in the SQLite store: sorted, made into pages, copied; all or nothing."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from graphrec.data import Interactions
from graphrec.errors import DataError, StoreError
from graphrec.store.sqlite import btree, runs
from graphrec.store.sqlite import store as sqlite_store
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import SMALL, Event, log_of
from graphrec.testing.stores import POLICY, FreshStore, assert_same_graph, events_after
from graphrec.testing.stores.whole_logs import WholeLogContract


@pytest.mark.slow
class TestLargeLogs(WholeLogContract):
    """Every log counts as large."""

    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Iterator[FreshStore]:
        stores: list[SQLiteStore] = []

        def fresh() -> SQLiteStore:
            stores.append(SQLiteStore(tmp_path / f"{len(stores)}.db", POLICY, bulk_rows=0))
            return stores[-1]

        yield fresh
        for store in stores:
            store.close()
            assert sound(store._path)

    @pytest.fixture
    def store(self, fresh: FreshStore):
        return fresh()

    @pytest.fixture
    def small(self, store):
        store.write_events(log_of(SMALL))
        return store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "graph.db"


def sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def random_log(
    rows: int, seed: int, users: int = 300, items: int = 200, weights: int = 5
) -> Interactions:
    rng = np.random.default_rng(seed)
    return Interactions.of(
        [f"u{n}" for n in rng.integers(0, users, rows)],
        [f"i{n}" for n in rng.integers(0, items, rows)],
        rng.integers(0, weights, rows),
        rng.integers(0, 4, rows) * 10**12,
        [("view", "rating")[n] for n in rng.integers(0, 2, rows)],
    )


def in_batches(log: Interactions, size: int) -> list[Interactions]:
    return [log.take(np.arange(at, min(at + size, len(log)))) for at in range(0, len(log), size)]


@pytest.mark.parametrize("held", [0, 50, 3000])
def test_a_large_log_is_as_its_batches(tmp_path: Path, held: int):
    log = random_log(5000, seed=1)
    with (
        SQLiteStore(tmp_path / "whole.db", POLICY, bulk_rows=0) as whole,
        SQLiteStore(tmp_path / "batched.db", POLICY) as batched,
    ):
        for store in (whole, batched):
            store.write_events(random_log(held, seed=2, weights=3))
        before = whole.position()
        new = whole.write_log(in_batches(log, 700), len(log))
        assert new == sum(map(batched.write_events, in_batches(log, 700)))
        assert_same_graph(whole.read_graph(), batched.read_graph())
        found = events_after(whole, before, 1000)
        assert set(found) <= set(events_after(batched, before, 1000))
        assert len(found) >= new
        assert whole.write_log(in_batches(log, 700), len(log)) == 0
    assert sound(tmp_path / "whole.db")


@pytest.mark.parametrize("weight", [0.1, 127, 128, -128, -129, 1e30, 2**24 + 2])
def test_weights_and_times_stay_exact(path: Path, weight: float):
    times = (-(2**62), -1, 0, 127, 128, 2**40, 2**62)
    weight = float(np.float32(weight))
    log = log_of([Event("ann", "heat", weight, time) for time in times])
    with SQLiteStore(path, POLICY, bulk_rows=0) as store:
        assert store.write_log([log], len(log)) == len(times)
        found = store.read_graph().interactions
        assert found.time.tolist() == list(times)
        assert set(found.weight.tolist()) == {weight}
        assert store.write_events(log) == 0
        assert store.position() == store.position()
    with closing(sqlite3.connect(path)) as connection:
        for index in ("", "INDEXED BY events_by_item"):
            query = f"SELECT DISTINCT typeof(weight) FROM events {index} WHERE item > 0"
            assert connection.execute(query).fetchall() == [("real",)]
    assert sound(path)


def test_a_large_log_that_fails_leaves_the_store_as_it_was(path: Path):
    with SQLiteStore(path, POLICY, bulk_rows=0) as store:
        store.write_events(log_of(SMALL))
        before, position = store.counts(), store.position()
        batches = [random_log(1000, seed=3), log_of([Event("zoe", "heat", np.inf)])]
        with pytest.raises(DataError, match="finite"):
            store.write_log(batches, 1001)
        assert (store.counts(), store.position()) == (before, position)
        assert store.write_log(batches[:1], 1000) > 0
    assert sound(path)


@pytest.mark.parametrize("stage", ["sorting", "indexing"])
def test_a_disk_that_is_full_leaves_the_store_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    module, name = {"sorting": (runs.SortedRuns, "add"), "indexing": (btree.Tree, "add")}[stage]
    with SQLiteStore(path, POLICY, bulk_rows=0) as store:
        store.write_events(log_of(SMALL))
        with monkeypatch.context() as patched:
            patched.setattr(module, name, full)
            with pytest.raises(StoreError, match=r"No space left.*nothing of the log.*TMPDIR"):
                store.write_log([random_log(1000, seed=3)], 1000)
        assert store.counts()["events"] == len(SMALL)
        assert store.write_log([random_log(1000, seed=3)], 1000) > 0
    assert sound(path)


def test_others_read_the_old_state_while_a_large_log_is_written(path: Path):
    with SQLiteStore(path, POLICY, bulk_rows=0) as store, SQLiteStore(path, POLICY) as reader:
        store.write_events(log_of(SMALL))
        seen: list[int] = []

        def batches() -> Iterator[Interactions]:
            for batch in in_batches(random_log(3000, seed=4), 500):
                seen.append(reader.counts()["events"])
                assert reader.related_items("heat")
                yield batch

        store.write_log(batches(), 3000)
        assert set(seen) == {len(SMALL)}
        assert reader.counts() == store.counts()
        assert reader.counts()["events"] > len(SMALL)


def test_another_writer_waits_for_a_large_log(path: Path):
    with SQLiteStore(path, POLICY, bulk_rows=0) as store, SQLiteStore(path, POLICY) as other:
        writer = threading.Thread(
            target=other.write_events, args=[log_of([Event("late", "heat", 1, 5)])]
        )

        def batches() -> Iterator[Interactions]:
            yield random_log(1000, seed=5)
            writer.start()
            yield random_log(1000, seed=6)

        new = store.write_log(batches(), 2000)
        writer.join()
        assert store.counts()["events"] == new + 1
    assert sound(path)


def test_what_is_deleted_after_a_large_log_leaves_no_trace(path: Path):
    log = Interactions.of([f"person-{n:05d}" for n in range(2000)], ["heat"] * 2000)
    with SQLiteStore(path, POLICY, bulk_rows=0) as store:
        store.write_log([log], len(log))
        assert store.forget_user("person-00077")
        assert store.traces("person-00077") == ()
        assert store.counts()["events"] == 1999
    assert sound(path)


LOADER = """
import sys, numpy as np
from pathlib import Path
from graphrec.data import Interactions
from graphrec.store.sqlite.store import SQLiteStore
rng = np.random.default_rng(7)
rows = 60_000
log = Interactions.of(
    [f"u{n}" for n in rng.integers(0, 5000, rows)],
    [f"i{n}" for n in rng.integers(0, 500, rows)],
    time=range(rows),
)
with SQLiteStore(Path(sys.argv[1]), {}, bulk_rows=0) as store:
    print("begun", flush=True)
    def tell(stage, done, total):
        print(stage, flush=True)
    def batches():
        for at in range(0, rows, 10_000):
            yield log.take(np.arange(at, at + 10_000))
            tell("taken", 0, 0)
    store.write_log(batches(), rows, tell)
"""


@pytest.mark.slow
@pytest.mark.parametrize("line", ["taken", "sorting", "indexing", "storing"])
def test_a_large_log_that_is_killed_can_be_written_again(path: Path, line: str):
    with SQLiteStore(path, {}) as store:
        store.write_events(log_of(SMALL))
    loader = subprocess.Popen(
        [sys.executable, "-c", LOADER, path], stdout=subprocess.PIPE, text=True
    )
    with loader, loader.stdout:
        while loader.stdout.readline().strip() != line:
            pass
        loader.send_signal(signal.SIGKILL)
    with SQLiteStore(path, {}) as store:
        assert store.counts()["events"] in (len(SMALL), len(SMALL) + 60_000)
        assert (store.counts()["events"] == len(SMALL)) or line in ("indexing", "storing")
    subprocess.run([sys.executable, "-c", LOADER, path], check=True, stdout=subprocess.DEVNULL)
    with SQLiteStore(path, {}) as store:
        assert store.counts()["events"] == len(SMALL) + 60_000
    assert sound(path)


# What a row costs


def pages_written(path: Path) -> int:
    """Pages in the write-ahead log: each was written once since it was emptied."""
    return max(path.with_name(f"{path.name}-wal").stat().st_size, 0) // (8192 + 24)


@pytest.mark.slow
def test_what_a_row_costs_does_not_grow_with_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Counted in pages that are written; each batch once wrote most of the store's anew."""
    monkeypatch.setattr(SQLiteStore, "_empty_log", lambda _: None)
    each = []
    for rows in (40_000, 320_000):
        path = tmp_path / f"{rows}.db"
        with SQLiteStore(path, {}, bulk_rows=0) as store:
            log = random_log(rows, seed=8, users=rows // 10, items=rows // 30)
            store.write_log(in_batches(log, 10_000), rows)
            each.append(pages_written(path) / rows)
            size = path.stat().st_size
        assert size  # a page is written to the log, and from there to the file
    assert each[1] < 1.2 * each[0]


def test_a_log_that_is_small_beside_the_store_is_added_to_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite_store.bulk, "load", None)  # would fail
    monkeypatch.setattr(sqlite_store, "MANY", 50)
    with SQLiteStore(path, POLICY, bulk_rows=10) as store:
        store.write_events(random_log(1000, seed=9))
        held = store.counts()["events"]
        log = random_log(100, seed=10, users=10**6)
        assert store.write_log(in_batches(log, 30), 100) == 100
        assert store.counts()["events"] == held + 100
