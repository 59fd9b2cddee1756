"""`graphrec forget`: deletes users from the store and from every snapshot."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer
from graphrec.cli.options import AsJson, SettingsFile, SnapshotFolder, StoreUrl
from graphrec.cli.output import ERR, OUT, print_json
from graphrec.cli.settings import load_settings
from rich.markup import escape

from graphrec.counts import counted
from graphrec.experiments import exposure_log
from graphrec.forget import Forgotten, marks, traces
from graphrec.forget import forget as forget_people
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import made_at
from graphrec.snapshot.types import types_of
from graphrec.store import open_store

STAYS = (
    "What was learned from all users together stays until the next full training: item "
    "embeddings, encoder, the item matrix of the graph filter, metrics. They hold no user's id or "
    "row. The next `graphrec refresh` trains in full, also with --since-last."
)


def forget(
    users: Annotated[
        list[str],
        typer.Argument(help="Ids of users; - reads them from standard input, one per line."),
    ],
    verify: Annotated[
        bool,
        typer.Option(
            help="Search every table and file for them afterwards; exit status 1 if any is left."
        ),
    ] = False,
    store: StoreUrl = None,
    snapshots: SnapshotFolder = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Delete users from the store, from every snapshot and from the exposure log.

    Each snapshot that holds them is replaced by one without them; a running service loads the
    current one. Unknown ids are ignored, so the command can be repeated.

    **Examples:** `graphrec forget 42 --verify`; `graphrec forget - < ids.txt` keeps the ids out of
    the shell's history.
    """
    settings = load_settings(settings_file)
    folder, shown = snapshots or settings.snapshots, settings.serve.exposures
    types = types_of(settings)
    people = sorted({id_ for user in users for id_ in (_lines() if user == "-" else [user])})
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    # A running refresh has read them already, and would publish them again.
    with source as opened, refresh_lock(folder):
        sought = marks(folder, people, types) if verify else ()
        remember = settings.privacy.remember_forgotten
        done = forget_people(opened, folder, people, shown, types, remember)
        left = (
            (
                *(place for user in people for place in opened.traces(user)),
                *traces(folder, sought),
                *(exposure_log.traces(shown, people) if shown is not None else ()),
            )
            if verify
            else None
        )
    if as_json:
        print_json({**asdict(done), "asked": len(people), "left": left})
    else:
        _show(done, len(people), left)
    if left:
        raise typer.Exit(1)


def _lines() -> list[str]:
    return [line for line in sys.stdin.read().splitlines() if line]


def _show(done: Forgotten, asked: int, left: tuple[str, ...] | None) -> None:
    unknown = asked - done.stored
    OUT.print(
        f"Deleted {counted(done.stored, 'user')}."
        + (f" Not in the store: {counted(unknown, 'id')}." if unknown else "")
    )
    for old, new in done.rewritten.items():
        OUT.print(f"Snapshot {old} is replaced by {new}, without them.")
    if not done.rewritten:
        OUT.print("No snapshot held any of them.")
    elif done.serving is not None:
        OUT.print(
            f"Snapshot {done.serving} was trained at {made_at(done.serving):%Y-%m-%d %H:%M} UTC. "
            f"{STAYS}"
        )
    if done.exposures:
        OUT.print(f"Deleted {counted(done.exposures, 'line')} of the exposure log.")
    if left:
        places = "; ".join(dict.fromkeys(left))
        ERR.print(
            f"[bold red]error:[/] traces are left: {escape(places)}. A process that still reads an "
            f"older state may keep them: run the command again once it has ended",
            soft_wrap=True,
        )
    elif left is not None:
        OUT.print("Verified: no table and no file holds any of them.")
