"""The same of a folder, a shared disk and a bucket: publishing, going back, trying, forgetting."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from graphrec.errors import SnapshotError, SnapshotsChanged
from graphrec.forget import Places, forget
from graphrec.locations import Location, location_of
from graphrec.report.archive import drop_people
from graphrec.settings import Settings
from graphrec.snapshot.canary import canary, promote, start_canary
from graphrec.snapshot.deletion import prune
from graphrec.snapshot.place import changing, local, objects_at
from graphrec.snapshot.registry import current, load, publish, rollback, versions
from graphrec.snapshot.remote.mirror import everything
from graphrec.store.sqlite.store import SQLiteStore
from tests.support.snapshots import NOON, small_snapshot

pytestmark = pytest.mark.slow


@pytest.fixture(params=["folder", "shared", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    if request.param == "folder":
        return tmp_path / "snapshots"
    return location_of(request.getfixturevalue(request.param))


@pytest.fixture(params=["folder", "shared"])
def near(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """Those that ask for no server: for what the others show by the way."""
    return tmp_path / "snapshots" if request.param == "folder" else f"file://{tmp_path}/shared"


def published(place: Location, cache: Path, seed: int, *, serve: bool = True) -> str:
    with changing(place, cache, "graphrec train") as folder:
        return publish(small_snapshot(seed), folder, NOON + timedelta(hours=seed), serve=serve)


def test_what_is_published_here_is_read_elsewhere(near: Location, tmp_path: Path) -> None:
    place = near
    here, there = tmp_path / "here", tmp_path / "there"
    first = published(place, here, 1)
    assert current(local(place, there)) == first
    second = published(place, there, 2)
    folder = local(place, here)
    assert current(folder) == second
    assert versions(folder) == (first, second)
    found = load(folder)
    assert found.users == small_snapshot(2).users
    assert (found.history != small_snapshot(2).history).nnz == 0


def test_going_back_trying_and_pruning(place: Location, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    first, second = published(place, here, 1), published(place, here, 2)
    with changing(place, there, "graphrec rollback") as folder:
        assert rollback(folder) == first
    assert load(local(place, here)).manifest.version == first
    with changing(place, here, "graphrec refresh") as folder:
        start_canary(folder, second, 0.25)
    found = canary(local(place, there))
    assert found is not None
    assert (found.version, found.share) == (second, 0.25)
    assert load(local(place, there), second).manifest.version == second
    with changing(place, there, "graphrec promote") as folder:
        assert promote(folder) == second
    third = published(place, here, 3)
    with changing(place, here, "graphrec refresh") as folder:
        assert canary(folder) is None
        assert prune(folder, 1, ()) == (first, second)
    folder = local(place, there)
    assert (versions(folder), current(folder)) == ((third,), third)
    assert not [*folder.glob(f"{second}/*")]


def test_what_fails_changes_nothing(near: Location, tmp_path: Path) -> None:
    place = near
    first = published(place, tmp_path / "here", 1)
    with (
        pytest.raises(SnapshotError, match="none before it"),
        changing(place, tmp_path / "there") as folder,
    ):
        rollback(folder)
    assert current(local(place, tmp_path / "other")) == first


def test_who_is_forgotten_is_nowhere(place: Location, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    published(place, here, 1)
    published(place, here, 2)
    local(place, there, everything)
    with (
        SQLiteStore(tmp_path / "graph.db", Settings().kinds) as graph,
        changing(place, here, "graphrec forget") as folder,
    ):
        drop_people(folder)
        done = forget(graph, Places(folder), ["u03"])
    assert len(done.rewritten) == 2
    assert not done.unhandled
    for folder in (local(place, there, everything), local(place, here, everything)):
        assert set(versions(folder)) == {*done.rewritten.values()}
        assert all("u03" not in load(folder, each).users.rows for each in versions(folder))
        assert (folder / "forgotten").is_file()
    kept = place if isinstance(place, Path) else tmp_path
    if isinstance(place, Path) or place.startswith("file:"):
        files = (path for path in kept.rglob("*") if path.is_file())
        contents = [path.read_bytes() for path in files if path.suffix != ".db"]
    else:
        objects = objects_at(place)
        contents = [objects.get(name) for name in objects.names()]
    assert any(b"u04" in each for each in contents)
    assert not any(b"u03" in each for each in contents)


def test_of_two_publishers_at_once_one_wins_and_the_other_is_told(
    place: Location, tmp_path: Path
) -> None:
    if isinstance(place, Path):
        pytest.skip("a folder has a lock: the second waits")
    published(place, tmp_path / "0", 0)
    won: list[str] = []

    def comes_second() -> None:
        with changing(place, tmp_path / "1", "graphrec refresh") as mine:
            publish(small_snapshot(1), mine)
            won.append(published(place, tmp_path / "2", 2))

    with pytest.raises(SnapshotsChanged, match=r"changed by `graphrec train` on .*refresh` ran"):
        comes_second()
    [second] = won
    folder = local(place, tmp_path / "1")
    assert current(folder) == second
    assert load(folder).manifest.version == second
    # What the first one sent in vain is there no more.
    there = {name for name in objects_at(place).names() if name.startswith("parts/")}
    published(place, tmp_path / "2", 3)
    assert there <= {*objects_at(place).names()}
