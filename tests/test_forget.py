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
from graphrec.experiments import exposure_log
from graphrec.experiments.exposures import Exposure
from graphrec.forget import Forgotten, Places, forget, forget_in_snapshots, without
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import RetrievalSettings
from graphrec.snapshot import codec, deletion, registry
from graphrec.snapshot.deletion import delete_drafts, prune
from graphrec.snapshot.registry import current, load, publish, rollback, versions
from graphrec.snapshot.snapshot import Snapshot
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.traces import marks, traces
from tests.support.small_data import graph_of, ratings
from tests.support.snapshots import NOON, small_snapshot

pytestmark = pytest.mark.slow

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


def contents(folder: Path) -> dict[Path, bytes]:
    """All files, but for the one that tells services to let go of lists."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "forgotten")
    return {path: path.read_bytes() for path in files}


def test_forgetting_again_or_a_stranger_changes_nothing(shop: Shop):
    forget(shop.store, Places(shop.folder), GONE)
    before, people = contents(shop.folder), (*GONE, "never seen")
    again = forget(shop.store, Places(shop.folder), people)
    assert again == Forgotten(0, {}, current(shop.folder), unknown=people)
    assert before == contents(shop.folder)


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
    sought = marks(shop.folder, GONE)  # of the others
    [said] = forget(shop.store, Places(shop.folder), GONE).unhandled
    path = shop.folder / broken
    assert said.startswith(f"snapshot {broken} cannot be written without them (")
    assert f"delete it (`rm -r {path}`), or restore it and forget them again" in said
    left = traces(shop.folder, sought)
    assert left
    assert all(broken in place for place in left)
    shutil.rmtree(path)
    assert forget(shop.store, Places(shop.folder), GONE).unhandled == ()
    assert traces(shop.folder, sought) == ()


def test_one_that_serves_and_is_broken_is_to_be_left_first(shop: Shop):
    (shop.folder / current(shop.folder) / "manifest.json").write_bytes(b"{")
    [said] = forget(shop.store, Places(shop.folder), GONE).unhandled
    assert "`graphrec rollback` to another version, then delete it" in said


def test_one_that_is_broken_and_lists_none_of_them_is_no_matter(shop: Shop):
    (shop.folder / versions(shop.folder)[0] / "arrays.safetensors").write_bytes(b"")
    assert forget(shop.store, Places(shop.folder), ["nobody"]).unhandled == ()


@pytest.mark.parametrize("name", ["current", "canary"])
def test_what_says_which_one_serves_may_be_broken(shop: Shop, name: str):
    (shop.folder / name).write_bytes(b"\xff")
    done = forget(shop.store, Places(shop.folder), GONE)
    assert (len(done.rewritten), done.unhandled) == (3, ())


STRAYS = {
    "a copy under another name": lambda folder, version: shutil.copytree(
        folder / version, folder / "before-the-move"
    ),
    "a version without its manifest": lambda folder, version: (
        shutil.copytree(folder / version, folder / "20200101T000000Z-abcdef"),
        (folder / "20200101T000000Z-abcdef" / "manifest.json").unlink(),
    ),
    "a link whose disk is not there": lambda folder, _: (
        folder / "20200101T000000Z-abcdef"
    ).symlink_to(folder.parent / "disk"),
}


@pytest.mark.parametrize("what", STRAYS)
def test_what_is_no_version_and_may_hold_them_is_named(shop: Shop, what: str):
    STRAYS[what](shop.folder, current(shop.folder))
    done = forget(shop.store, Places(shop.folder), GONE)
    [said] = done.unhandled
    assert "may hold rows of them: delete it (`rm -r " in said
    assert len(done.rewritten) == 3


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("linked", ["version", "file", "folder"])
def test_links_to_another_disk_are_followed(shop: Shop, tmp_path: Path, linked: str):
    disk, serving = tmp_path / "disk", current(shop.folder)
    disk.mkdir()
    moved = {
        "version": [shop.folder / version for version in versions(shop.folder)],
        "file": list((shop.folder / serving).iterdir()),
        "folder": [shop.folder],
    }[linked]
    for path in moved:
        shutil.move(path, disk / path.name)
        path.symlink_to(disk / path.name)
    sought = marks(shop.folder, GONE)
    assert forget(shop.store, Places(shop.folder), GONE).unhandled == ()
    assert traces(shop.folder, sought) == traces(disk, sought) == ()
    if linked != "folder":
        assert list(disk.iterdir()) == []
    assert not set(GONE) & set(load(shop.folder).users.ids)
    assert list(shop.folder.glob(".draft*")) == []
    for user in (person(1), person(2)):
        assert forget(shop.store, Places(shop.folder), [user]).stored == 1
    prune(shop.folder, 1, ())
    assert delete_drafts(shop.folder) == 0


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_draft_that_is_a_link_takes_along_nothing_but_files_of_a_snapshot(
    shop: Shop, tmp_path: Path
):
    """As a version before left one where it could not delete the link."""
    disk = tmp_path / "disk"
    shutil.move(shop.folder / versions(shop.folder)[0], disk)
    (disk / "My letters").touch()
    (disk / "more").mkdir()
    (shop.folder / ".draft-0123456789abcdef").symlink_to(disk)
    (shop.folder / ".draft-1123456789abcdef").symlink_to(tmp_path / "graph.db")
    assert delete_drafts(shop.folder) == 2
    assert sorted(path.name for path in disk.iterdir()) == ["My letters", "more"]
    assert shop.path.exists()


def test_exposures_and_rejected_rows_go_too(shop: Shop, tmp_path: Path):
    places = Places(shop.folder, tmp_path / "exposures", tmp_path / "rejects")
    exposure_log.append(places.exposures, [Exposure(1, "v", GONE[0], ("x",))])
    places.rejects.mkdir()
    (places.rejects / "log.csv").write_text(
        f'line,reason,row\n2,bad,"{GONE[0]},x"\n3,bad,"{person(8)},x"\n'
    )
    done = forget(shop.store, places, GONE)
    assert (done.exposures, done.rejects, done.unhandled) == (1, 1, ())
    assert person(8) in (places.rejects / "log.csv").read_text()


def test_what_fails_in_one_place_keeps_no_other_from_being_done(shop: Shop, tmp_path: Path):
    places = Places(shop.folder, tmp_path / "exposures", tmp_path / "rejects")
    places.exposures.mkdir()
    (places.exposures / "key").write_bytes(b"")
    done = forget(shop.store, places, GONE)
    assert (done.stored, len(done.rewritten)) == (2, 3)
    [said] = done.unhandled
    assert "the exposure log" in said
    assert "has 0 bytes: expected 1 to 64; then forget them again" in said


def test_a_disk_without_room_is_named(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(codec, "write_arrays", full)
    done = forget(shop.store, Places(shop.folder), GONE)
    assert len(done.unhandled) == 3
    assert "(No space left on device): make room" in done.unhandled[0]
    assert list(shop.folder.glob(".draft*")) == []


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
        (codec, "write_arrays"),
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
        *("disliked", "disliked_at", "liked_at"),
        "links",  # of items, none of them to users
        "ratings",  # each model's: tests/ratings
        "events",  # by kind
        "ranker",  # trees, which hold nothing of anybody
        "networks",  # nor do their weights
        "learned",  # counts of outcomes by action, which go with the first who is forgotten
    }
    assert {leaf.path for leaf in leaves(small_snapshot()) if "user" in leaf.axes} == {
        *("users", "history", "liked_at", "seen", "disliked", "disliked_at"),
        *("events.interaction.counted", "events.interaction.others"),
        "sources.0.scores.factors.votes",
        *(f"sources.1.vectors.{name}" for name in ("user", "friends", "kinds")),
    }
