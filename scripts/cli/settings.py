"""The settings of a command, which also say who may read the files that it makes."""

from __future__ import annotations

import os
from pathlib import Path

from graphrec import settings
from graphrec.locations import Location, location_of
from graphrec.settings import Settings
from graphrec.snapshot.place import local, mirror_of
from graphrec.snapshot.remote.mirror import also

UMASK = {"owner": 0o077, "group": 0o027}


def load_settings(path: Path | None) -> Settings:
    """As `graphrec.settings.load_settings`; from then on files of this process are private."""
    found = settings.load_settings(path)
    before = os.umask(0o077)
    os.umask(before | UMASK[found.readers])
    return found


def snapshots_of(given: str | Path | None, found: Settings) -> Location:
    """Where snapshots are: as an option says, or else the settings."""
    return found.snapshots if given is None else location_of(given)


def folder_of(given: str | Path | None, found: Settings, *versions: str) -> Path:
    """The folder to read snapshots from; for a URL, what serves is fetched from there first.

    With it those that are named. Raises SnapshotError where a URL has none.
    """
    return local(snapshots_of(given, found), found.cache, also(versions))


def after(page: Path, copy: Path, given: str | Path | None, found: Settings) -> Path:
    """Where a file is that was written into a folder of snapshots, once that was changed."""
    mirror = mirror_of(snapshots_of(given, found), found.cache)
    return page if mirror is None else mirror.folder / page.relative_to(copy)
