"""`graphrec dump` and `graphrec restore`: the store, and the snapshot that serves, as one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from graphrec.cli.id_lists import ids_in
from graphrec.cli.options import AsJson, SettingsFile, Snapshots, StoreUrl
from graphrec.cli.output import OUT, print_json, stages, tell_waiting
from graphrec.cli.settings import load_settings, snapshots_of

from graphrec.backup import dump as dumping
from graphrec.backup import restore as restoring
from graphrec.counts import counted
from graphrec.errors import BackupError
from graphrec.snapshot.place import changing
from graphrec.snapshot.registry import CURRENT
from graphrec.snapshot.remote.mirror import serving
from graphrec.snapshot.types import types_of
from graphrec.store import open_store

WithSnapshot = Annotated[
    bool, typer.Option("--snapshot/--no-snapshot", help="With the snapshot that serves.")
]


def dump(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="File to write, such as backup.tar; .tar.gz is compressed."
        ),
    ],
    snapshot: WithSnapshot = True,
    store: StoreUrl = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Back up the store, and the snapshot that serves, into one file, while everything runs.

    The file has the state of one moment: nodes, events, links, how far streams were read, who was
    forgotten (as hashes), and SHA-256 sums. A store of any kind can be restored from it. Not in it:
    settings, keys, the exposure log and reports, which are files. While somebody is forgotten or a
    refresh publishes, it waits; a Neo4j store holds writers up at the end, for as long as it reads
    links and what was written meanwhile.

    **Examples:** `graphrec dump backup.tar`; `graphrec dump nightly.tar.gz --no-snapshot`
    """
    settings = load_settings(settings_file)
    place = snapshots_of(snapshots, settings)
    seconds = settings.privacy.wait_seconds
    held = (
        nullcontext(place)
        if isinstance(place, Path) and not place.is_dir()
        else changing(place, settings.cache, "graphrec dump", seconds, tell_waiting, needs=serving)
    )
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    with _disk_errors(file), source as opened, held as folder, stages() as progress:
        serves = snapshot and (folder / CURRENT).is_file()
        contents = dumping.dump(opened, file, folder if serves else None, progress)
    size = file.stat().st_size
    if as_json:
        print_json({**asdict(contents), "file": str(file), "bytes": size})
        return
    with_snapshot = f", and snapshot {contents.snapshot}" if contents.snapshot else ""
    OUT.print(
        f"Wrote {file} ({size:,} bytes): {_said(contents.counts)}{with_snapshot}.", soft_wrap=True
    )
    if snapshot and not serves:
        OUT.print(f"No snapshot serves in {str(place)!r}: the file has none.", soft_wrap=True)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File that `graphrec dump` wrote.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only check that the file is whole; nothing is changed.")
    ] = False,
    forgotten: Annotated[
        Path | None,
        typer.Option(
            help="File with ids of users, one per line, who were forgotten since the backup: they "
            "are taken out before anything is restored."
        ),
    ] = None,
    snapshot: WithSnapshot = True,
    store: StoreUrl = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a store, and a folder of snapshots, that hold nothing yet.

    First all of the file is checked: the SHA-256 of each part, the pages of the store, and how much
    it holds. Then the store takes it, SQLite in one transaction; a Neo4j store is refused by all
    commands until it has all of it, and the same command goes on where it was ended. A backup of a
    SQLite store restores into Neo4j, and the other way round; one of an older version is migrated.

    **Examples:** `graphrec restore backup.tar --check`; `graphrec restore backup.tar --store
    sqlite:///new.db --snapshots new-snapshots`
    """
    settings = load_settings(settings_file)
    place = snapshots_of(snapshots, settings)
    url = store or settings.store
    users = () if forgotten is None else ids_in(forgotten, settings.ids)
    with _disk_errors(file), restoring.opened(file, file.absolute().parent) as backup:
        contents = backup.contents
        if check:
            _show(as_json, "Whole", contents.counts, contents.snapshot, contents.created, 0)
            return
        removed = restoring.forget(backup, users)
        target = open_store(url, settings.kinds, settings.neo4j, unfinished=True)
        seconds = settings.privacy.wait_seconds
        held = (
            changing(place, settings.cache, "graphrec restore", seconds, tell_waiting)
            if snapshot and contents.snapshot
            else nullcontext()
        )
        with target as opened, held as folder:
            version = restoring.restore(backup, opened, folder, users, types_of(settings))
            counts = dict(opened.counts())
    _show(as_json, f"Restored {url}", counts, version, contents.created, removed)


def _show(
    as_json: bool,
    done: str,
    counts: Mapping[str, int],
    snapshot: str | None,
    created: str,
    removed: int,
) -> None:
    if as_json:
        print_json(
            {"counts": counts, "snapshot": snapshot, "created": created, "forgotten": removed}
        )
        return
    with_snapshot = f", and snapshot {snapshot}" if snapshot else ""
    OUT.print(f"{done}, as of {created}: {_said(counts)}{with_snapshot}.", soft_wrap=True)
    if removed:
        OUT.print(f"Without {counted(removed, 'user')} forgotten since.")


def _said(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())


@contextmanager
def _disk_errors(file: Path) -> Iterator[None]:
    """What the disk refuses, as a BackupError."""
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"backup {str(file)!r} failed: {error.strerror or error} ({error.filename or file}); "
            f"expected a folder with room for twice the store that this user may write to"
        ) from error
