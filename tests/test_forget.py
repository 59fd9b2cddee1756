"""Forgetting: of who is forgotten nothing is left, and everybody else is answered as ever."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import fields, replace
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec import forget as forget_module
from graphrec.data import Vocabulary
from graphrec.data.tree import leaves
from graphrec.errors import SnapshotError
from graphrec.forget import Forgotten, Places, forget, forget_in_snapshots, without
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import RetrievalSettings
from graphrec.snapshot import codec, deletion, registry
from graphrec.snapshot.registry import current, load, publish, rollback, versions
from graphrec.snapshot.snapshot import Snapshot
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.traces import marks, traces
from tests.support.small_data import graph_of, ratings
from tests.support.snapshots import NOON, small_snapshot

USERS, ITEMS = 60, 50


def person(row: int) -> str:
    return f"person-{row:03}@example.org"


def named(seed: int = 0) -> Snapshot:
    """A snapshot whose people have ids that differ from all other bytes."""
    snapshot = small_snapshot(seed, users=USERS, items=ITEMS)
    users = Vocabulary(tuple(person(row) for row in range(len(snapshot.users))))
    return replace(snapshot, users=users)


class Shop(NamedTuple):
    store: SQLiteStore
    folder: Path
    path: Path


@pytest.fixture
def shop(tmp_path: Path):
    """A store, and three snapshots of which the second serves."""
    folder, path = tmp_path / "snapshots", tmp_path / "graph.db"
    with SQLiteStore(path, {}) as store:
        rows = [(person(int(user[1:])), *rest) for user, *rest in ratings(users=USERS)]
        store.write_events(graph_of(rows).interactions)
        for seed in range(3):
            publish(named(seed), folder, NOON.replace(hour=seed))
        rollback(folder)
        yield Shop(store, folder, path)


def answers(snapshot: Snapshot, users) -> list[object]:
    # From embeddings alone: those who are gone no longer vote as neighbours.
    recommender = Recommender.of(
        snapshot, RetrievalSettings(weights={"neighbours": 0, "embedding": 1, "popularity": 0})
    )
    return [
        [(r.item, r.sources) for r in recommender.recommend(Query(user, k=10))] for user in users
    ]


GONE = (person(7), person(20))


def test_nothing_of_the_forgotten_is_left_in_any_file_or_table(shop: Shop):
    sought = marks(shop.folder, GONE)
    assert min(len(mark.rows) for mark in sought) > 9  # of five arrays in three snapshots
    assert len(traces(shop.folder, sought)) > 20
    before = versions(shop.folder)

    done = forget(shop.store, Places(shop.folder), GONE)

    assert done.stored == 2
    assert tuple(done.rewritten) != ()
    assert set(done.rewritten) == set(before)
    assert traces(shop.folder, sought) == ()
    assert [shop.store.traces(user) for user in GONE] == [(), ()]
    # The others are where they were, and in order.
    stays = marks(shop.folder, [person(8)])
    assert len(stays[0].rows) > 9
    assert person(8).encode() in shop.path.read_bytes()


def test_the_same_snapshot_goes_on_serving_without_them(shop: Shop):
    before, others = current(shop.folder), [person(row) for row in (0, 8, 21, USERS - 1)]
    expected = {version: answers(load(shop.folder, version), others) for version in
                versions(shop.folder)}  # fmt: skip
    order = versions(shop.folder)

    done = forget(shop.store, Places(shop.folder), GONE)

    assert current(shop.folder) == done.rewritten[before] == done.serving
    assert versions(shop.folder) == tuple(done.rewritten[version] for version in order)
    for old, new in done.rewritten.items():
        snapshot = load(shop.folder, new)
        assert answers(snapshot, others) == expected[old]
        assert new.partition("-")[0] == old.partition("-")[0]
        assert snapshot.manifest.forgotten == 2
        assert snapshot.manifest.counts["users"] == len(snapshot.users) == USERS - 2
        assert snapshot.manifest.counts["likes"] == snapshot.likes.by_item.nnz
        strangers = answers(snapshot, [GONE[0], "nobody"])
        assert strangers[0] == strangers[1]


def test_forgetting_again_or_a_stranger_changes_nothing(shop: Shop):
    forget(shop.store, Places(shop.folder), GONE)
    before = {path: path.read_bytes() for path in shop.folder.rglob("*") if path.is_file()}
    again = forget(shop.store, Places(shop.folder), [*GONE, "never seen"])
    assert again == Forgotten(0, {}, current(shop.folder))
    assert before == {path: path.read_bytes() for path in shop.folder.rglob("*") if path.is_file()}


def test_without_snapshots_the_store_alone_forgets(shop: Shop, tmp_path: Path):
    assert forget(shop.store, Places(tmp_path / "none"), GONE) == Forgotten(2, {}, None)


def test_drafts_of_killed_publishers_go_too(shop: Shop):
    draft = shop.folder / ".draft-0123456789abcdef"
    draft.mkdir()
    (draft / "users.json").write_text(f'["{GONE[0]}"]')
    sought = marks(shop.folder, GONE[:1])
    assert f"an id in {draft.name}/users.json" in traces(shop.folder, sought)
    forget(shop.store, Places(shop.folder), GONE[:1])
    assert traces(shop.folder, sought) == ()


def test_a_snapshot_that_cannot_be_read_is_named_once_the_others_are_done(shop: Shop):
    broken = versions(shop.folder)[0]
    (shop.folder / broken / "arrays.safetensors").write_bytes(b"")
    with pytest.raises(SnapshotError, match=f"{broken}.*delete these folders.*forget again"):
        forget(shop.store, Places(shop.folder), GONE)
    left = traces(shop.folder, [*marks_of_ids(GONE)])
    assert left
    assert all(broken in place for place in left)


def marks_of_ids(users):
    return [replace(mark, rows={}) for mark in marks(Path("nowhere"), users)]


def killed_at(at: int, folder: Path, users) -> bool:
    """Forget in a process that kill -9 ends before its step `at`; says whether it came that far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    steps = count()

    def step(real):
        def call(*arguments, **named):
            if next(steps) == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        return call

    for module, name in (
        *((registry, name) for name in ("_rename", "_describe", "replace_file")),
        (codec, "save_file"),
        (deletion, "_erase"),
        (forget_module, "delete"),
    ):
        setattr(module, name, step(getattr(module, name)))
    try:
        forget_in_snapshots(folder, users)
    finally:
        os._exit(0)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="processes are forked")
def test_killed_at_any_step_a_version_serves_and_the_next_run_finishes(tmp_path: Path):
    for seed in range(2):
        publish(small_snapshot(seed), tmp_path / "whole", NOON.replace(hour=seed))
    rollback(tmp_path / "whole")
    for at in count():
        folder = tmp_path / str(at)
        shutil.copytree(tmp_path / "whole", folder)
        sought = marks(folder, ["u03"])
        killed = killed_at(at, folder, ["u03"])
        assert load(folder).manifest.seed == 0
        forget_in_snapshots(folder, ["u03"])
        assert traces(folder, sought) == ()
        kept = [load(folder, version).manifest for version in versions(folder)]
        assert [(manifest.seed, manifest.forgotten) for manifest in kept] == [(0, 1), (1, 1)]
        assert load(folder).manifest.seed == 0
        if not killed:
            break
    assert at > 10  # steps at which it was killed


@settings(deadline=None, max_examples=40)
@given(st.sets(st.integers(0, 11)), st.integers(0, 5))
def test_others_keep_their_rows_and_items_their_share(gone: set[int], seed: int):
    snapshot = small_snapshot(seed)
    ids = snapshot.users.ids
    users = [ids[row] for row in gone if row < len(ids)]
    left = without(snapshot, users)
    kept = [row for row, user in enumerate(ids) if user not in users]
    assert left.likes.users.ids == tuple(ids[row] for row in kept)
    for found, whole in (
        (left.likes.by_user, snapshot.likes.by_user),
        (left.likes.seen, snapshot.likes.seen),
        (left.history, snapshot.history),
        (left.seen, snapshot.seen),
        (filter_of(left).factors.votes, filter_of(snapshot).factors.votes),
    ):
        np.testing.assert_array_equal(found.toarray(), whole.toarray()[kept])
    np.testing.assert_array_equal(left.likes.by_item.toarray(), left.likes.by_user.toarray().T)
    np.testing.assert_allclose(filter_of(left).pairs, filter_of(left).factors.pairs(), atol=1e-6)
    weight = left.history.sum(axis=0)  # what popularity is made of here
    np.testing.assert_allclose(left.popularity.popularity, weight, rtol=1e-6)
    np.testing.assert_array_equal(left.embeddings.user, snapshot.embeddings.user[kept])


def filter_of(snapshot: Snapshot):
    """The fitted graph filter of a snapshot."""
    return snapshot.sources[0].scores


def test_all_that_a_snapshot_holds_of_people_is_known_here():
    """A field that is added must declare its axes, and be in docs/forgetting.md."""
    assert {field.name for field in fields(Snapshot)} == {
        *("manifest", "users", "items", "history", "seen", "popularity", "sources"),
        *("item_attributes", "user_attributes"),
        *("disliked", "disliked_at"),
        "links",  # of items, none of them to users
    }
    assert {leaf.path for leaf in leaves(small_snapshot()) if "user" in leaf.axes} == {
        *("users", "history", "seen", "disliked", "disliked_at"),
        "sources.0.scores.factors.votes",
        *(f"sources.1.vectors.{name}" for name in ("user", "friends", "kinds")),
    }
