"""`graphrec upgrade`: brings what an earlier version wrote to this one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from graphrec.cli.options import AsJson, SettingsFile, Snapshots, StoreUrl
from graphrec.cli.output import OUT, print_json
from graphrec.cli.settings import load_settings, snapshots_of

from graphrec.errors import OutdatedSnapshot, StoreError
from graphrec.snapshot.manifest import FORMAT
from graphrec.snapshot.place import local
from graphrec.snapshot.registry import CURRENT, current, verify, versions
from graphrec.snapshot.remote.mirror import everything
from graphrec.store import stands
from graphrec.store.versions import schema_version
from graphrec.store.versions import upgrade as upgrade_store


@dataclass(frozen=True)
class Upgrade:
    """What there was to bring to this version."""

    store: str
    found: int
    expected: int
    upgraded: bool
    outdated: tuple[str, ...]
    """Snapshots of earlier formats, which are not read."""
    serves: str | None
    """The one among them that would serve."""


def upgrade(
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only say what there is to do; nothing is changed. Exit status 1 if so."
        ),
    ] = False,
    store: StoreUrl = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Bring the store to the format of this version, and say which snapshots are of an earlier one.

    The first command that opens an older store would do so too; this one does it at a time of
    yours, such as before services of the new version start. Earlier versions refuse the store
    afterwards: back it up first, with the earlier version's `graphrec dump`. A snapshot is not
    migrated: `graphrec train` publishes one of this version.

    **Examples:** `graphrec upgrade --check`; `graphrec upgrade --store neo4j://localhost:7687`
    """
    settings = load_settings(settings_file)
    url = store or settings.store
    if not stands(url):
        raise StoreError(
            f"store {url!r} is not there: expected one to upgrade; a new one needs no upgrade"
        )
    version = schema_version(url, settings.neo4j)
    if version.older and not check:
        upgrade_store(url, settings.kinds, settings.neo4j)
    folder = local(snapshots_of(snapshots, settings), settings.cache, everything, must=False)
    old = tuple(each for each in versions(folder) if _outdated(folder, each))
    serves = current(folder) if (folder / CURRENT).is_file() else None
    done = Upgrade(
        url, *version, version.older and not check, old, serves if serves in old else None
    )
    if as_json:
        print_json(asdict(done))
    else:
        _show(done)
    if check and (version.older or done.serves):
        raise typer.Exit(1)


def _show(done: Upgrade) -> None:
    at = f"Store {done.store}: schema version {done.found}"
    if done.upgraded:
        OUT.print(f"{at} was brought to {done.expected}.", soft_wrap=True)
    elif 0 < done.found < done.expected:
        OUT.print(
            f"{at}: expected {done.expected}; run `graphrec upgrade`, after a backup with the "
            f"version that wrote it",
            soft_wrap=True,
        )
    elif done.found:
        OUT.print(f"{at}, as this version writes it.", soft_wrap=True)
    else:
        OUT.print(f"Store {done.store}: nothing to upgrade yet.", soft_wrap=True)
    for each in done.outdated:
        serving = " and serves: run `graphrec train`" if each == done.serves else ""
        OUT.print(f"Snapshot {each} is not of format {FORMAT}{serving}.", soft_wrap=True)


def _outdated(folder: Path, version: str) -> bool:
    try:
        verify(folder, version)
    except OutdatedSnapshot:
        return True
    return False
