"""Writing a backup, while everything runs."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from graphrec.backup.archive import SNAPSHOT, STORE, Contents, writing
from graphrec.errors import StoreError
from graphrec.progress import Progress
from graphrec.snapshot.registry import CHECKSUM, MANIFEST, current, verify
from graphrec.store import GraphStore
from graphrec.store.sqlite.store import SQLiteStore


def dump(
    store: GraphStore, path: Path, snapshots: Path | None = None, progress: Progress | None = None
) -> Contents:
    """Write the store as of one moment, and the snapshot that serves in `snapshots`, into a file.

    Events may come in meanwhile. With `snapshots`, who calls it holds the lock of that folder, so
    that nobody is forgotten between the snapshot and the store. Beside the file it needs room for
    the store. Raises BackupError where the file is there, StoreError for a mapped graph or where
    the copy is not what the store said, SnapshotError where no snapshot serves, and OSError.
    """

    def tell(stage: str) -> None:
        if progress is not None:
            progress(stage, 0, None)

    with ExitStack() as stack:
        archive = stack.enter_context(writing(path))
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix=".graphrec-", dir=path.parent))
        )
        serving = None
        if snapshots is not None:  # first: it may know less than the store, and never more
            tell("snapshot")
            serving = current(snapshots)
            for name in (*verify(snapshots, serving).files, MANIFEST, CHECKSUM):
                archive.add(snapshots / serving / name, f"{SNAPSHOT}/{name}")
        tell("copying")
        copy = folder / STORE
        store.dump(copy)
        position, counts = read_copy(copy)
        tell("packing")
        archive.add(copy, STORE)
        contents = Contents(
            version("graphrec"),
            datetime.now(timezone.utc).isoformat(timespec="seconds"),
            position,
            counts,
            serving,
            archive.files,
        )
        archive.finish(contents)
    return contents


def read_copy(path: Path) -> tuple[int, dict[str, int]]:
    """Position and counts of a copy of a store; raises StoreError where it is damaged."""
    with SQLiteStore(path, {}, create=False) as copy:
        position, counts = copy.position(), dict(copy.counts())
    if not path.is_file():
        raise StoreError(f"copy {str(path)!r} is gone: expected nobody else to touch it")
    return position, counts
