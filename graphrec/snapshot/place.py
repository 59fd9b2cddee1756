"""Snapshots wherever they are: a folder as it is, or what was fetched of a URL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from graphrec.errors import SnapshotError
from graphrec.locations import Location
from graphrec.locks import Holder
from graphrec.snapshot.lock import REFRESH, SHORT_SECONDS, refresh_lock
from graphrec.snapshot.remote.buckets import Bucket
from graphrec.snapshot.remote.mirror import (
    Mirror,
    Needs,
    also,
    everything,
    serving,
    with_reports,
)
from graphrec.snapshot.remote.objects import Objects
from graphrec.snapshot.remote.shared_folder import SharedFolder


def mirror_of(location: Location, cache: Path) -> Mirror | None:
    """What fetches from a URL into a folder of `cache`; None for a folder.

    Raises MissingExtra.
    """
    return None if isinstance(location, Path) else Mirror(objects_at(location), cache.expanduser())


def objects_at(url: str) -> Objects:
    """The objects at a URL that `graphrec.locations` accepts; raises MissingExtra."""
    scheme, _, path = url.partition("://")
    return SharedFolder(Path(path)) if scheme == "file" else Bucket(scheme, path)


def local(location: Location, cache: Path, needs: Needs = serving, *, must: bool = True) -> Path:
    """A folder to read snapshots from: for a URL, with what is needed of it as of now.

    Raises SnapshotError where nothing was published at a URL, unless it need not be, or what is
    there is broken; and SnapshotsAway.
    """
    mirror = mirror_of(location, cache)
    if mirror is None:
        assert isinstance(location, Path)  # noqa: S101 - a URL has a mirror
        return location
    if mirror.pull(needs) is None:
        if not must:
            return mirror.home / "nothing"
        raise SnapshotError(_nothing_at(location))
    return mirror.folder


def fetched_folder(
    location: Location, cache: Path, wanted: Callable[[], Collection[str]]
) -> tuple[Path, Callable[[], object] | None]:
    """The folder that a service reads, and for a URL what brings it up to date.

    With what serves, and what is `wanted` by name, it has the latest reports.
    """
    mirror = mirror_of(location, cache)
    if mirror is None:
        assert isinstance(location, Path)  # noqa: S101 - a URL has a mirror
        return location, None

    def fetch() -> None:
        if mirror.pull(with_reports(also(wanted())), tries=1) is None:
            raise SnapshotError(_nothing_at(location))

    return mirror.folder, fetch


@contextmanager
def changing(
    location: Location,
    cache: Path,
    work: str = REFRESH,
    seconds: float = 0.0,
    waiting: Callable[[Holder], object] = lambda _: None,
    *,
    short: float = SHORT_SECONDS,
    needs: Needs = everything,
) -> Iterator[Path]:
    """A folder of snapshots to change, one at a time: see `graphrec.snapshot.lock`.

    At a URL, the change is there once the context ends, all of it at once, if nobody else changed
    it meanwhile: else SnapshotsChanged is raised. It works on what `needs` says was fetched. Raises
    RefreshRunning and Locked, for a URL where it is a process of this machine, and SnapshotsAway.
    """
    mirror = mirror_of(location, cache)
    if mirror is None:
        assert isinstance(location, Path)  # noqa: S101 - a URL has a mirror
        with refresh_lock(location, work, seconds, waiting, short=short):
            yield location
        return
    with (
        refresh_lock(mirror.home, work, seconds, waiting, short=short),
        mirror.change(work, needs) as copy,
    ):
        yield copy


def _nothing_at(location: Location) -> str:
    return (
        f"no snapshot is at {location}: expected one that was published there; run `graphrec train`"
    )
