"""Restoring a backup into a store, and a folder of snapshots, that hold nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graphrec.backup.archive import SNAPSHOT, STORE, Contents, unpack
from graphrec.backup.dump import read_copy
from graphrec.errors import BackupError
from graphrec.files import FOLDER_MODE, make_folder, sync
from graphrec.forget import forget_in_snapshots
from graphrec.snapshot.codec import Types
from graphrec.snapshot.registry import CURRENT, switch, verify, versions
from graphrec.snapshot.snapshot import TYPES
from graphrec.store import GraphStore
from graphrec.store.sqlite.store import SQLiteStore


@dataclass(frozen=True)
class Opened:
    """A backup that was unpacked and checked."""

    folder: Path
    contents: Contents

    @property
    def store(self) -> Path:
        """The file of the store."""
        return self.folder / STORE


@contextmanager
def opened(path: Path, room: Path) -> Iterator[Opened]:
    """A backup, unpacked for a while into a folder in `room`, with everything checked.

    That is: the SHA-256 of each file, the pages of the store and the counts of what it holds.
    Raises BackupError, and StoreError where the store is damaged or newer than this version.
    """
    with tempfile.TemporaryDirectory(prefix=".graphrec-", dir=room) as name:
        found = Opened(Path(name), unpack(path, Path(name)))
        _expect(path, read_copy(found.store), found.contents)
        yield found


def forget(backup: Opened, users: Collection[str]) -> int:
    """Take people out of what was unpacked, before it is restored; returns how many it held.

    The copy remembers them as forgotten, so that no event of theirs that comes late counts.
    """
    with SQLiteStore(backup.store, {}, create=False) as copy:
        return sum([copy.forget_user(user) for user in users])


def restore(
    backup: Opened,
    store: GraphStore,
    snapshots: Path | None = None,
    users: Collection[str] = (),
    types: Types = TYPES,
) -> str | None:
    """Put what was unpacked into a store, and its snapshot into a folder; both hold nothing yet.

    `users` were taken out by `forget`, and are taken out of the snapshot too. Returns the version
    that serves. Whoever calls it holds the lock of the folder. Raises StoreError where the store
    holds something, BackupError where the folder does, or where the store does not have
    afterwards what the backup has.
    """
    version = backup.contents.snapshot
    if snapshots is not None and version is not None and versions(snapshots):
        raise BackupError(
            f"snapshot folder {str(snapshots)!r} holds {versions(snapshots)[-1]!r}: expected an "
            f"empty one; name another with --snapshots, or give --no-snapshot"
        )
    held = read_copy(backup.store)
    store.restore(backup.store)
    found = store.position() or 0, dict(store.counts())
    if found[1] != held[1]:
        raise BackupError(f"the store holds {found[1]} now: expected {held[1]}, as in the backup")
    if snapshots is None or version is None:
        return None
    make_folder(snapshots)
    unpacked = snapshots / f".draft-{backup.folder.name.strip('.')}"
    _move(backup.folder / SNAPSHOT, unpacked)
    unpacked.rename(snapshots / version)
    sync(snapshots)
    verify(snapshots, version)
    switch(snapshots, version)
    if not users:
        return version
    replaced = forget_in_snapshots(snapshots, users, types)
    if replaced.unhandled:
        (snapshots / CURRENT).unlink(missing_ok=True)
        raise BackupError(f"people are left in the snapshot: {'; '.join(replaced.unhandled)}")
    return replaced.versions.get(version, version)


def _move(source: Path, target: Path) -> None:
    """Copy the files of a folder into a new one, durably: they may lie on different disks."""
    target.mkdir(FOLDER_MODE)
    for path in sorted(source.iterdir()):
        shutil.copyfile(path, target / path.name)
        sync(target / path.name)
    sync(target)


def _expect(path: Path, found: tuple[int, dict[str, int]], contents: Contents) -> None:
    expected = contents.position, dict(contents.counts)
    if found != expected:
        raise BackupError(
            f"backup {str(path)!r} holds a store at {found[0]} with {found[1]}: expected "
            f"{expected[0]} and {expected[1]}, as its manifest says; take another one"
        )
