"""A store is copied into a file, and restored from one, whichever store it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from graphrec.data import Attribute, Vector, Vocabulary
from graphrec.errors import StoreError
from graphrec.store import EventKey, GraphStore, Move, StreamBatch
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import SMALL, Event, listed, log_of
from graphrec.testing.stores.comparing import POLICY, FreshStore, assert_same_graph, position_of


def filled(store: GraphStore) -> GraphStore:
    """A store with something of all that there is."""
    store.write_events(log_of(SMALL))
    values = {
        "year": Attribute("number", (1995.0, None)),
        "plot": Attribute("text", ("„Große“ Hitze", "snow")),
        "tags": Attribute("tags", (("crime", "la"), ())),
        "look": Attribute("vector", (Vector.of([0.5, 1.5]), None)),
        "odd name": Attribute("category", ("a", None)),
    }
    store.write_nodes("item", Vocabulary(("heat", "no events")), values)
    store.write_links(("item", "has_genre", "genre"), [("heat", "crime", 0.5)])
    store.write_links(("user", "knows", "user"), [("ann", "bob", 1)])
    store.delete_events([EventKey(SMALL[1].user, SMALL[1].item)])
    store.write_events(log_of([Event("gone", "heat"), Event("ann", "dropped")]))
    store.forget_user("gone")
    store.delete_item("dropped")
    store.write_batch(StreamBatch("clicks", {"0": Move(None, "7"), "1": Move(None, "2")}))
    return store


def assert_same_store(one: GraphStore, other: GraphStore) -> None:
    """Two stores give the same graph, changes and memories."""
    assert_same_graph(one.read_graph(), other.read_graph())
    assert dict(one.counts()) == dict(other.counts())
    assert one.position() == other.position()
    assert set(one.event_kinds()) == set(other.event_kinds())
    for stream in ("clicks", "orders"):
        assert dict(one.stream_positions(stream)) == dict(other.stream_positions(stream))
    for node_type, ids in (("user", ["gone", "ann"]), ("item", ["dropped", "heat"])):
        assert one.deleted(node_type, ids) == other.deleted(node_type, ids)
        assert one.attribute_kinds(node_type) == other.attribute_kinds(node_type)
    for since in (0, position_of(one) // 2, position_of(one)):
        assert one.nodes_since(since) == other.nodes_since(since)
        mine, theirs = one.events_since(since), other.events_since(since)
        assert sorted(mine.taken_back) == sorted(theirs.taken_back)
        assert int(mine.changed.sum()) == int(theirs.changed.sum())
        assert sorted(listed(mine.events)) == sorted(listed(theirs.events))


class CopyContract:
    """A store is copied into a file, and restored from one."""

    def test_what_is_copied_is_restored(self, fresh: FreshStore, tmp_path: Path) -> None:
        copy = tmp_path / "copy.db"
        with filled(fresh()) as store:
            store.dump(copy)
            with SQLiteStore(tmp_path / "beside.db", POLICY) as beside:
                beside.restore(copy)
                assert_same_store(store, beside)
        with fresh() as other, SQLiteStore(tmp_path / "beside.db", POLICY) as beside:
            other.restore(copy)
            assert_same_store(other, beside)
            assert other.related_items("heat") == beside.related_items("heat")
            assert other.write_events(log_of([Event("gone", "heat")])) == 0
            assert other.write_events(log_of([Event("new", "heat")])) == 1

    def test_a_store_that_holds_something_is_not_written_over(
        self, fresh: FreshStore, tmp_path: Path
    ) -> None:
        copy = tmp_path / "copy.db"
        with filled(fresh()) as store:
            store.dump(copy)
            before = dict(store.counts()), store.position()
            with pytest.raises(StoreError, match="holds something: expected an empty one"):
                store.restore(copy)
            assert (dict(store.counts()), store.position()) == before

    def test_an_empty_store_is_copied(self, fresh: FreshStore, tmp_path: Path) -> None:
        with fresh() as store:
            store.dump(tmp_path / "copy.db")
        with fresh() as store:
            store.restore(tmp_path / "copy.db")
            assert store.counts() == {"user": 0, "item": 0, "events": 0, "links": 0}

    def test_nobody_who_was_forgotten_is_in_a_copy(self, store: GraphStore, tmp_path: Path) -> None:
        store.write_events(log_of([Event("somebody-long", "heat"), *SMALL]))
        store.forget_user("somebody-long")
        store.dump(tmp_path / "copy.db")
        assert b"somebody-long" not in (tmp_path / "copy.db").read_bytes()

    def test_a_damaged_copy_is_refused(self, fresh: FreshStore, tmp_path: Path) -> None:
        copy = tmp_path / "copy.db"
        with filled(fresh()) as store:
            store.dump(copy)
        with closing(sqlite3.connect(copy)) as connection:
            (size,) = connection.execute("PRAGMA page_size").fetchone()
            (root,) = connection.execute(
                "SELECT rootpage FROM sqlite_master WHERE name = 'nodes_by_position'"
            ).fetchone()
        content = bytearray(copy.read_bytes())
        content[(root - 1) * size : root * size] = bytes(size)
        copy.write_bytes(content)
        with fresh() as other:
            with pytest.raises(StoreError, match=r"damaged|malformed"):
                other.restore(copy)
            assert other.counts()["events"] == 0
