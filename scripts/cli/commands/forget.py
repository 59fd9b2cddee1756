"""`graphrec forget`: deletes users from the store and from everything that was made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from graphrec.api.online.shared import EVENTS, SNAPSHOTS
from graphrec.cli.id_lists import given_ids, not_in_the_store, unknown_places
from graphrec.cli.news import teller
from graphrec.cli.options import AsJson, Rejects, SettingsFile, Snapshots, StoreUrl
from graphrec.cli.output import ERR, OUT, print_json, tell_waiting
from graphrec.cli.settings import load_settings, snapshots_of
from rich.markup import escape

from graphrec.counts import counted
from graphrec.experiments import exposure_log
from graphrec.forget import Forgotten, Places
from graphrec.forget import forget as forget_people
from graphrec.locations import Location
from graphrec.packings import STANDARD, Packing
from graphrec.person_lines.folder import find_in
from graphrec.person_lines.forms import People
from graphrec.settings import Settings
from graphrec.snapshot.place import changing
from graphrec.snapshot.registry import POLL_SECONDS, made_at
from graphrec.snapshot.types import types_of
from graphrec.store import GraphStore, open_store
from graphrec.traces import Mark, marks, traces

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
    wait: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Seconds to wait for a refresh that runs.",
            show_default="from the settings, 600",
        ),
    ] = None,
    rejects: Rejects = None,
    store: StoreUrl = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Delete users from the store, every snapshot, the exposure log and the rejected rows.

    Each snapshot that holds them is replaced by one without them; a running service loads the
    current one. Unknown ids are named by where they were given, and ignored, so that the command
    can be repeated. While a refresh or another deletion runs, it waits. What cannot be handled is
    named with a command, once all else is done; the exit status is then 1.

    **Examples:** `graphrec forget 42 --verify`; `graphrec forget - < ids.txt` keeps the ids out of
    the shell's history.
    """
    settings = load_settings(settings_file)
    place = snapshots_of(snapshots, settings)
    types, packings = types_of(settings), _packings()
    given = given_ids(users, settings.ids)
    people = sorted(each.id for each in given)
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    seconds = settings.privacy.wait_seconds if wait is None else wait
    # A running refresh has read them already, and would publish them again.
    changed = changing(place, settings.cache, "graphrec forget", seconds, tell_waiting)
    with source as opened, changed as folder:
        places = Places(folder, settings.serve.exposures, rejects or settings.ingest.rejects)
        sought = marks(places.snapshots, people, types) if verify else ()
        remember = settings.privacy.remember_forgotten
        done = forget_people(opened, places, people, types, remember, packings)
        left = _left(opened, places, sought, people, packings) if verify else None
    tell = teller(settings.online)
    for news in (EVENTS, SNAPSHOTS):
        tell(news)
    left = None if left is None else tuple(each for each in left if each not in done.unhandled)
    unknown = unknown_places(given, done.unknown)
    asked = len({each.place for each in given})
    if as_json:
        said = asdict(done)
        print_json({**said, "asked": asked, "unknown": unknown, "left": left})
    else:
        _show(done, unknown, left)
    if left or done.unhandled:
        raise typer.Exit(1)


def forget_wherever(
    store: GraphStore, settings: Settings, snapshots: Location, users: Sequence[str]
) -> Forgotten:
    """Delete people from a store that is open and from all places that the settings name.

    While a refresh runs, it waits for it; raises RefreshRunning where that takes too long.
    """
    seconds = settings.privacy.wait_seconds
    with changing(snapshots, settings.cache, "graphrec consume", seconds, tell_waiting) as folder:
        return forget_people(
            store,
            Places(folder, settings.serve.exposures, settings.ingest.rejects),
            users,
            types_of(settings),
            settings.privacy.remember_forgotten,
            _packings(),
        )


def _left(
    store: GraphStore,
    places: Places,
    sought: Sequence[Mark],
    people: Sequence[str],
    packings: Sequence[Packing],
) -> tuple[str, ...]:
    """Where something of the people is left, in words."""
    found = [place for user in people for place in store.traces(user)]
    found += traces(places.snapshots, sought)
    if places.exposures is not None:
        found += exposure_log.traces(places.exposures, people, packings)
    if places.rejects is not None and places.rejects.is_dir():
        names = exposure_log.names_of(places.exposures, people)
        rejects = find_in(places.rejects, People(names), packings)
        found += [f"a user in {path}" for path in rejects.files]
        found += rejects.unhandled
    return tuple(dict.fromkeys(found))


def _packings() -> Sequence[Packing]:
    """All packings that can be read and written here."""
    try:
        from graphrec.ingest.packed import PACKINGS
    except ModuleNotFoundError:
        return STANDARD
    return PACKINGS


def _show(done: Forgotten, unknown: Sequence[str], left: tuple[str, ...] | None) -> None:
    OUT.print(f"Deleted {counted(done.stored, 'user')}.{not_in_the_store(unknown)}")
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
    if done.rejects:
        OUT.print(f"Deleted {counted(done.rejects, 'rejected row')}.")
    if done.stored or done.rewritten:
        OUT.print(
            f"Services that run drop their lists within {POLL_SECONDS:g} s, and leave them out "
            f"once the new snapshot is loaded."
        )
    for each in done.unhandled:
        ERR.print(f"[bold red]error:[/] {escape(each)}", soft_wrap=True)
    if left:
        ERR.print(
            f"[bold red]error:[/] traces are left: {escape('; '.join(left))}. A process that still "
            f"reads an older state may keep them: run the command again once it has ended",
            soft_wrap=True,
        )
    elif left is not None and not done.unhandled:
        OUT.print("Verified: no table and no file holds any of them.")
