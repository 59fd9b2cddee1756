"""Deltas read from a store, after users were forgotten."""

from __future__ import annotations

from pathlib import Path

from graphrec.data import Attribute, Interactions, Vocabulary
from graphrec.settings import Settings
from graphrec.store.delta_log import read_delta
from graphrec.store.sqlite.store import SQLiteStore


def test_events_of_others_are_read_where_users_were_forgotten(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "graph.db", Settings().kinds) as store:
        store.write_events(Interactions.of(["ann", "bob", "cat"], ["alien", "alien", "brazil"]))
        since = store.position()
        assert since is not None
        store.write_events(Interactions.of(["ann", "dan"], ["brazil", "alien"]))
        towns = Attribute("category", ("here",))
        store.write_nodes("user", Vocabulary(("dan",)), {"town": towns})
        store.forget_user("bob")
        store.forget_user("cat")
        delta = read_delta(store, since)
        assert {user: {e.item for e in each.events} for user, each in delta.users.items()} == {
            "ann": {"brazil"},
            "dan": {"alien"},
        }
        assert delta.users["dan"].attributes == {"town": "here"}
        assert (delta.written, delta.deletions) == (2, 2)
        assert sum(delta.kinds.values()) == 2
        assert read_delta(store, delta.position or 0).users == {}
