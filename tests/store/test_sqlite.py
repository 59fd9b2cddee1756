"""The SQLite store: the contract, and what only a file on a disk can do."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.data import Interactions
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
from graphrec.errors import DataError, StoreError
from graphrec.store import open_store
from graphrec.store.sqlite import file as sqlite_file
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import SMALL, Event, log_of
from graphrec.testing.stores import POLICY, FreshStore, StoreContract, events_after


class TestSQLiteStore(StoreContract):
    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Iterator[FreshStore]:
        stores: list[SQLiteStore] = []

        def fresh() -> SQLiteStore:
            stores.append(SQLiteStore(tmp_path / f"{len(stores)}.db", POLICY))
            return stores[-1]

        yield fresh
        for store in stores:
            store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "graph.db"


# Durability

BATCH = 500

LOADER = f"""
import sys
from functools import partial
from pathlib import Path
from graphrec.data import Interactions
from graphrec.store.sqlite.store import SQLiteStore
store = SQLiteStore(Path(sys.argv[1]), {{}})
for batch in range(1000):
    users = [f"u{{batch % 7}}"] * {BATCH}
    items = [f"i{{n}}" for n in range({BATCH})]
    store.write_events(Interactions.of(users, items, time=[batch] * {BATCH}))
    print(batch, flush=True)
"""


@pytest.mark.parametrize("batches", [1, 4, 9, 17])
@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9(path: Path, batches: int):
    loader = subprocess.Popen([sys.executable, "-c", LOADER, path], stdout=subprocess.PIPE)
    with loader, loader.stdout:
        for _ in range(batches):
            assert loader.stdout.readline()
        loader.send_signal(signal.SIGKILL)
        acknowledged = batches + len(loader.stdout.readlines())
    assert loader.returncode == -signal.SIGKILL
    with SQLiteStore(path, {}) as store:
        times = store.read_graph().interactions.time
        assert len(times) % BATCH == 0
        assert len(times) // BATCH in (acknowledged, acknowledged + 1)
        assert set(range(acknowledged)) <= set(times.tolist())
        # and the load goes on where it was
        assert store.write_events(log_of(SMALL)) == len(SMALL)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_batch_that_fails_is_not_stored(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite_file, "SETUP", (*sqlite_file.SETUP, "PRAGMA max_page_count = 30"))
    with SQLiteStore(path, POLICY) as store:
        store.write_events(log_of(SMALL))
        before = store.counts()
        many = [Event(f"user {n}", f"item {n}") for n in range(5000)]
        with pytest.raises(StoreError, match=r"disk is full; .* free some space"):
            store.write_events(log_of(many))
        assert store.counts() == before
        assert store.write_events(log_of(many[:3])) == 3


def test_a_store_opened_again_has_everything(path: Path):
    with SQLiteStore(path, POLICY) as store:
        store.write_events(log_of(SMALL))
        before = store.counts()
    assert not path.with_name("graph.db-wal").exists()
    with open_store(f"sqlite:///{path}") as again:
        assert again.counts() == before


def test_the_policy_is_the_opener_s(path: Path):
    any_rating = {"rating": KindPolicy(threshold=None)}
    with SQLiteStore(path, any_rating) as everything, SQLiteStore(path, DEFAULT_POLICY) as strict:
        everything.write_events(log_of([Event("ann", "heat", 2, 0, "rating")]))
        assert everything.popular_items() == [("heat", 1)]
        assert strict.popular_items() == []


@settings(max_examples=25)
@given(st.floats(-1e30, 1e30))
def test_any_value_equal_to_its_threshold_is_positive(tmp_path_factory, value: float):
    path = tmp_path_factory.mktemp("store") / "graph.db"
    with SQLiteStore(path, {"score": KindPolicy(threshold=value)}) as store:
        store.write_events(log_of([Event("ann", "heat", value, 0, "score")]))
        assert store.popular_items() == [("heat", 1)]


def test_a_store_that_is_not_there_is_created_only_where_that_is_meant(path: Path):
    with pytest.raises(StoreError, match=r"is not there: expected a graph .* `graphrec ingest`"):
        open_store(f"sqlite:///{path}", create=False)
    assert not path.exists()
    open_store(f"sqlite:///{path}").close()
    with open_store(f"sqlite:///{path}", create=False) as store:
        assert store.counts()["events"] == 0


# Several threads and processes


LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("INSERT INTO kinds (name) VALUES ('vote')")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
"""


def test_a_store_is_opened_and_read_while_another_process_writes(path: Path):
    """Even under a policy of kinds that the store has yet to meet."""
    with SQLiteStore(path, {}) as store:
        store.write_events(log_of(SMALL))
    locker = subprocess.Popen(
        [sys.executable, "-c", LOCKER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with locker, locker.stdout, locker.stdin:
        assert locker.stdout.readline() == b"locked\n"
        with SQLiteStore(path, POLICY, busy_seconds=0) as store:
            assert store.counts()["events"] == len(SMALL)
            assert store.popular_items(1) == [("heat", 3)]
            assert len(store.read_graph().interactions) == len(SMALL)


def test_the_policy_holds_for_kinds_that_another_adds_later(path: Path):
    with SQLiteStore(path, POLICY) as reader, SQLiteStore(path, {}) as writer:
        assert reader.popular_items() == []
        events = [Event("ann", "heat", 1, 0, "skip"), Event("ann", "fargo", 2, 0, "rating")]
        writer.write_events(log_of([*events, Event("ann", "alien", 4, 0, "rating")]))
        assert reader.popular_items() == [("alien", 1)]


def count_in_another_process(path: Path) -> str:
    script = (
        "import sys; from graphrec.store import open_store;"
        "print(open_store('sqlite:///' + sys.argv[1]).counts()['events'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_others_read_the_old_state_during_a_write(path: Path):
    with SQLiteStore(path, DEFAULT_POLICY) as store:
        store.write_events(log_of(SMALL))
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("DELETE FROM events")
            assert count_in_another_process(path) == str(len(SMALL))
            writer.execute("COMMIT")
        assert count_in_another_process(path) == "0"


def test_a_graph_is_read_in_one_state(path: Path):
    with SQLiteStore(path, POLICY) as store:

        def write() -> None:
            for time in range(30):
                store.write_events(log_of([Event(f"u{n}", "heat", 1, time) for n in range(40)]))

        writer = threading.Thread(target=write)
        writer.start()
        while writer.is_alive():
            assert len(store.read_graph().interactions) % 40 == 0
        writer.join()
        assert store.counts()["events"] == 30 * 40


def test_threads_may_share_a_store(path: Path):
    failures: list[BaseException] = []

    with SQLiteStore(path, POLICY) as store:

        def write(thread: int) -> None:
            try:
                for n in range(10):
                    store.write_events(log_of([Event(f"u{thread}", f"i{n}")]))
                    assert store.similar_users(f"u{thread}", k=1) is not None
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert store.counts() == {"user": 6, "item": 10, "events": 60, "links": 0}


def create(path: Path, number: int, barrier: multiprocessing.synchronize.Barrier) -> None:
    barrier.wait()
    with SQLiteStore(path, POLICY) as store:
        store.write_events(log_of([Event(f"u{number}", "heat")]))


@pytest.mark.slow
def test_many_processes_may_create_a_store_at_once(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    rounds, width = 5, 3
    with context.Pool(width) as pool, context.Manager() as manager:
        barrier = manager.Barrier(width)
        for turn in range(rounds):
            path = tmp_path / f"{turn}.db"
            pool.starmap(create, [(path, n, barrier) for n in range(width)], chunksize=1)
            with SQLiteStore(path, POLICY) as store:
                assert store.counts()["events"] == width


def test_waiting_for_a_lock_ends(path: Path):
    with SQLiteStore(path, POLICY, busy_seconds=0.05) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match=r"locked; another process is writing"):
                store.write_events(log_of(SMALL))
        assert store.write_events(log_of(SMALL)) == len(SMALL)


# Files that are no store


def test_a_file_of_another_kind_is_refused(path: Path):
    path.write_text("user_id,item_id\n" * 1000)
    with pytest.raises(StoreError, match="file is not a database; expected a graph store"):
        SQLiteStore(path, POLICY)
    assert path.read_text().startswith("user_id")


@pytest.mark.parametrize("statement", ["CREATE TABLE nodes (a)", "PRAGMA user_version = 1"])
def test_a_file_of_another_program_is_refused_and_left_alone(path: Path, statement: str):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="of another program"):
        SQLiteStore(path, POLICY)
    assert path.read_bytes() == before


def test_a_file_of_a_later_version_is_refused(path: Path):
    SQLiteStore(path, POLICY).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="has schema version 99: expected at most 4"):
        SQLiteStore(path, POLICY)


def test_a_file_from_before_there_were_positions_is_brought_up_to_date(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    old = sqlite_file.schema.MIGRATIONS[:1]
    with monkeypatch.context() as patched:
        patched.setattr(sqlite_file.schema, "MIGRATIONS", old)
        with closing(sqlite_file.connect(path, 1)) as connection:
            connection.executescript("""
                INSERT INTO nodes (row, type, id) VALUES (1, 'user', 'ann'), (2, 'item', 'heat');
                INSERT INTO kinds VALUES (1, 'view');
                INSERT INTO events (user, item, kind, time, weight) VALUES (1, 2, 1, 0, 1);
            """)
    with SQLiteStore(path, POLICY) as store:
        assert store.position() == 0
        assert len(store.events_since(0).events) == 0
        assert store.counts()["events"] == 1
        assert store.write_events(log_of([Event("ann", "heat"), Event("bob", "heat")])) == 1
        assert events_after(store, 0) == [Event("bob", "heat")]


def test_an_item_that_was_deleted_before_deletions_were_kept_stays_deleted(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    old = sqlite_file.schema.MIGRATIONS[:2]
    with monkeypatch.context() as patched:
        patched.setattr(sqlite_file.schema, "MIGRATIONS", old)
        with closing(sqlite_file.connect(path, 1)) as connection:
            connection.executescript("""
                INSERT INTO nodes (row, type, id) VALUES (1, 'user', 'ann'), (2, 'item', 'heat');
                INSERT INTO deletions (position, type, id)
                VALUES (1, 'item', 'heat'), (2, 'item', 'fargo'), (3, 'item', 'fargo'),
                       (4, 'user', NULL);
                UPDATE position SET last = 5;
            """)
    with SQLiteStore(path, POLICY) as store:
        assert store.deleted("item", ["heat", "fargo"]) == {"fargo"}
        assert store.write_events(log_of([Event("ann", "heat"), Event("ann", "fargo")])) == 1


def test_an_empty_file_becomes_a_store(path: Path):
    path.touch()
    with SQLiteStore(path, POLICY) as store:
        assert store.counts()["events"] == 0


def test_a_folder_is_refused(tmp_path: Path):
    with pytest.raises(StoreError, match="is a folder: expected a file; add a name"):
        SQLiteStore(tmp_path, POLICY)


def test_a_missing_folder_is_named(tmp_path: Path):
    with pytest.raises(StoreError, match=r"missing.*expected a file in a folder that exists"):
        SQLiteStore(tmp_path / "missing" / "graph.db", POLICY)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_file_that_may_not_be_written_is_refused(path: Path):
    SQLiteStore(path, POLICY).close()
    path.chmod(0o444)
    with pytest.raises(StoreError, match="may write to"), SQLiteStore(path, POLICY) as store:
        store.write_events(log_of(SMALL))


def test_a_closed_store_says_so(path: Path):
    store = SQLiteStore(path, POLICY)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed: open it again"):
        store.counts()


def test_half_a_character_is_refused(path: Path):
    with SQLiteStore(path, POLICY) as store:
        with pytest.raises(DataError, match="surrogate"):
            store.write_events(log_of([Event("ann", "heat"), Event("\ud800", "heat")]))
        assert store.counts()["user"] == 0


# Forgetting


def test_a_forgotten_user_leaves_no_trace_in_the_files(path: Path):
    people = [f"person-{n * 7919 % 20011:05d}@example.org" for n in range(3000)]
    with SQLiteStore(path, POLICY) as store:
        for start in range(0, len(people), 300):  # out of order, so that pages are split
            batch = people[start : start + 300]
            store.write_events(log_of([Event(person, "heat") for person in batch]))
            store.write_links(("user", "follows", "user"), [(people[0], p, 1) for p in batch])
        gone = people[5::100]
        assert all(person.encode() in files_beside(path) for person in gone)
        for person in gone:
            assert store.forget_user(person)
        left = files_beside(path)
        assert not any(person.encode() in left for person in gone)
        assert people[6].encode() in left


def test_forgetting_does_not_fail_where_another_reads(path: Path):
    with SQLiteStore(path, POLICY, busy_seconds=0.05) as store:
        store.write_events(log_of(SMALL))
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT COUNT(*) FROM events").fetchone() == (len(SMALL),)
            assert store.forget_user("ann")
            assert reader.execute("SELECT COUNT(*) FROM events").fetchone() == (len(SMALL),)
        assert store.counts()["user"] == 2


def files_beside(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


# What the file may lose


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def without_log(path: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


@pytest.mark.parametrize("lose", [emptied, without_log])
@pytest.mark.slow
def test_a_file_that_holds_less_than_was_acknowledged_is_not_opened(
    tmp_path: Path, lose: Callable[[Path], None]
):
    path = tmp_path / "graph.db"
    script = (
        "import os, sys\nfrom pathlib import Path\n"
        "from graphrec.store.sqlite.store import SQLiteStore\n"
        "from graphrec.testing.logs import Event, log_of\n"
        "store = SQLiteStore(Path(sys.argv[1]), {})\n"
        "store.write_events(log_of([Event(sys.argv[2], 'heat')])); os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path), "ann"], check=False)
    SQLiteStore(path, POLICY).close()  # whole until then
    subprocess.run([sys.executable, "-c", script, str(path), "bob"], check=False)
    lose(path)
    with pytest.raises(StoreError, match=r"expected \d+, which was acknowledged|is empty"):
        SQLiteStore(path, POLICY, create=False)
    with pytest.raises(StoreError, match=r"expected \d+, which was acknowledged"):
        SQLiteStore(path, POLICY)
    path.with_name("graph.db-position").unlink()
    SQLiteStore(path, POLICY).close()


def test_a_copy_that_was_put_back_is_taken_as_it_is(tmp_path: Path):
    path, copy = tmp_path / "graph.db", tmp_path / "copy.db"
    with SQLiteStore(path, POLICY) as store:
        store.write_events(log_of(SMALL[:2]))
    shutil.copy(path, copy)
    store = SQLiteStore(path, POLICY)
    store.write_events(log_of(SMALL))
    copy.replace(path)
    for ask in (store.counts, partial(store.write_events, log_of(SMALL))):
        with pytest.raises(StoreError, match="another file put in its place"):
            ask()
    store.close()
    for rest in ("-wal", "-shm"):  # of the file before, as whoever puts a copy back has to
        path.with_name(path.name + rest).unlink(missing_ok=True)
    with SQLiteStore(path, POLICY) as store:
        assert store.counts()["events"] == 2
        store.write_events(log_of(SMALL))
        assert store.counts()["events"] == len(SMALL)


def test_what_is_written_into_a_file_that_was_deleted_is_not_acknowledged(tmp_path: Path):
    path = tmp_path / "graph.db"
    store = SQLiteStore(path, POLICY)
    store.write_events(log_of(SMALL[:2]))

    def batches() -> Iterator[Interactions]:
        path.unlink()
        yield log_of(SMALL)

    with pytest.raises(StoreError, match="was deleted"):
        store.write_log(batches(), 1)
    store.close()
