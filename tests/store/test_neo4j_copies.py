"""Copies of a Neo4j store while others write, and a restore that is interrupted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from graphrec.data import Attribute, Interactions, Vocabulary
from graphrec.errors import StoreError
from graphrec.store import EventKey, open_store
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import SMALL, Event, log_of
from graphrec.testing.stores import POLICY
from graphrec.testing.stores.copying import assert_same_store, filled
from tests.support.neo4j_server import TestServer

pytestmark = pytest.mark.slow

neo4j_store = pytest.importorskip("graphrec.store.neo4j.store")
dumping = pytest.importorskip("graphrec.store.neo4j.dumping")
restoring = pytest.importorskip("graphrec.store.neo4j.restoring")


@pytest.fixture
def store(neo4j_server: TestServer) -> Iterator[Any]:
    neo4j_server.empty()
    with neo4j_store.Neo4jStore(neo4j_server.url, POLICY, neo4j_server.settings) as store:
        yield store


def users_of(copy: Path) -> tuple[str, ...]:
    with SQLiteStore(copy, {}) as found:
        return found.ids("user")


def changed_meanwhile(monkeypatch: pytest.MonkeyPatch, *changes: Any) -> None:
    """Each time all was read, the next change is made before the rest is."""
    read, left = dumping._read_all, list(changes)

    def read_all(*arguments: Any) -> None:
        read(*arguments)
        if left:
            left.pop(0)()

    monkeypatch.setattr(dumping, "_read_all", read_all)


def test_what_is_written_meanwhile_is_in_it(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(store)

    def write() -> None:
        store.write_events(log_of([Event("late", "later"), Event(SMALL[0].user, "heat", 5.0)]))
        store.delete_events([EventKey(SMALL[0].user, SMALL[0].item)])
        store.write_nodes("item", Vocabulary(("heat",)), {"plot": Attribute("text", ("anew",))})
        store.delete_item(SMALL[2].item)
        store.write_events(log_of([SMALL[2]]))  # which came late: it is left out
        store.write_nodes("item", Vocabulary((SMALL[2].item,)), {})
        store.write_links(("late type", "of", "item"), [("x", "heat", 1)])

    changed_meanwhile(monkeypatch, write)
    store.dump(tmp_path / "copy.db")
    with SQLiteStore(tmp_path / "copy.db", POLICY) as copy:
        assert_same_store(store, copy)


def test_who_is_forgotten_meanwhile_is_not_in_it(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_events(log_of([Event(name, "heat") for name in ("one", "two", "three")]))
    changed_meanwhile(
        monkeypatch, lambda: store.forget_user("one"), lambda: store.forget_user("two", False)
    )
    store.dump(tmp_path / "copy.db")
    assert users_of(tmp_path / "copy.db") == ("three",)
    with SQLiteStore(tmp_path / "copy.db", POLICY) as copy:
        assert_same_store(store, copy)


def test_it_is_as_of_one_moment(store: Any, tmp_path: Path) -> None:
    """Each write adds an event of each of two users: no copy has one without the other."""
    stop = threading.Event()

    def write() -> None:
        for number in range(10_000):
            if stop.is_set():
                return
            pair = [f"a{number}", f"b{number}"]
            store.write_events(Interactions.of(pair, ["item"] * 2, time=[number] * 2))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(5):
            store.dump(tmp_path / f"{n}.db")
    finally:
        stop.set()
        writer.join()
    for n in range(5):
        users = users_of(tmp_path / f"{n}.db")
        assert {u[1:] for u in users if u[0] == "a"} == {u[1:] for u in users if u[0] == "b"}
    assert users


def test_a_part_of_a_copy_is_no_store(
    store: Any, neo4j_server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with filled(SQLiteStore(tmp_path / "graph.db", POLICY)) as source:
        source.dump(tmp_path / "copy.db")
    with SQLiteStore(tmp_path / "other.db", POLICY) as other:
        other.write_events(log_of(SMALL[:1]))
        other.dump(tmp_path / "other-copy.db")
    pages = restoring._pages
    with monkeypatch.context() as patched:

        def some(*arguments: Any) -> Iterator[Any]:
            yield from islice(pages(*arguments), 9)
            raise KeyboardInterrupt

        patched.setattr(restoring, "_pages", some)
        with pytest.raises(KeyboardInterrupt):
            store.restore(tmp_path / "copy.db")

    said = "not restored to its end: expected a whole one; run `graphrec restore`"
    url, settings = neo4j_server.url, neo4j_server.settings
    with pytest.raises(StoreError, match=said):
        open_store(url, POLICY, settings)
    with pytest.raises(StoreError, match=said):
        store.write_events(log_of(SMALL))
    with open_store(url, POLICY, settings, unfinished=True) as again:
        with pytest.raises(StoreError, match="holds a part of another copy"):
            again.restore(tmp_path / "other-copy.db")
        again.restore(tmp_path / "copy.db")
    with (
        open_store(url, POLICY, settings) as whole,
        SQLiteStore(tmp_path / "graph.db", POLICY) as source,
    ):
        assert_same_store(whole, source)
        with pytest.raises(StoreError, match="holds something"):
            whole.restore(tmp_path / "copy.db")
