"""`graphrec forget`: people out of the store and of every kept snapshot."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer
from graphrec.cli.options import AsJson, SettingsFile, SnapshotFolder, StoreUrl
from graphrec.cli.output import ERR, OUT, print_json
from rich.markup import escape

from graphrec.experiments import exposure_log
from graphrec.forget import Forgotten, marks, traces
from graphrec.forget import forget as forget_people
from graphrec.settings import load_settings
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import made_at
from graphrec.store import open_store

STAYS = (
    "What was learnt from everyone together stays in its weights until the next full training: "
    "item embeddings, encoder, what the graph filter knows of items, metrics; no id and nobody's "
    "row is in them. The next `graphrec refresh` trains anew, also with --since-last."
)


def forget(
    users: Annotated[
        list[str],
        typer.Argument(help="Ids of users; - reads them from standard input, one a line."),
    ],
    verify: Annotated[
        bool,
        typer.Option(
            help="Then search every table and every file for them; exit status 1 where any is left."
        ),
    ] = False,
    store: StoreUrl = None,
    snapshots: SnapshotFolder = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Delete users from the store, from every kept snapshot and from the log of exposures.

    Each snapshot that holds them is replaced by one without them; a running service takes up the
    one that serves. Who is not there, or not any more, is passed over: it can be run again.

    **Examples:** `graphrec forget 42 --verify`; `graphrec forget - < ids.txt` keeps the ids out of
    the shell's history.
    """
    settings = load_settings(settings_file)
    folder, shown = snapshots or settings.snapshots, settings.serve.exposures
    people = sorted({id_ for user in users for id_ in (_lines() if user == "-" else [user])})
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    # A refresh that is running has read them, and would publish them again.
    with source as opened, refresh_lock(folder):
        sought = marks(folder, people) if verify else ()
        done = forget_people(opened, folder, people, shown)
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
    OUT.print(f"Of {asked} users the store held {done.stored}; they are deleted.")
    for old, new in done.rewritten.items():
        OUT.print(f"Snapshot {old} is replaced by {new}, without them.")
    if not done.rewritten:
        OUT.print("No kept snapshot holds any of them.")
    elif done.serving is not None:
        OUT.print(
            f"Snapshot {done.serving} is of {made_at(done.serving):%Y-%m-%d %H:%M} UTC. {STAYS}"
        )
    if done.exposures:
        OUT.print(f"{done.exposures:,} lines of the log of exposures are deleted.")
    if left:
        places = "; ".join(dict.fromkeys(left))
        ERR.print(
            f"[bold red]error:[/] something is left: {escape(places)}. A reader of an older state "
            f"keeps what it reads: forget again once it is done",
            soft_wrap=True,
        )
    elif left is not None:
        OUT.print("Every table and every file was searched: nothing of them is left.")
