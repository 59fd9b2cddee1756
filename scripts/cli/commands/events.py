"""`graphrec events delete`: takes events back."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timezone
from typing import Annotated

import typer
from graphrec.cli.confirm import confirm
from graphrec.cli.id_lists import typed
from graphrec.cli.options import AsJson, SettingsFile, StoreUrl
from graphrec.cli.output import OUT, print_json, print_table
from graphrec.cli.settings import load_settings

from graphrec.counts import counted
from graphrec.data.times import moment
from graphrec.errors import DataError
from graphrec.store import EventKey, GraphStore, open_store
from graphrec.store.delta import Event, events_by_user

SHOWN = 20
"""Events that are listed before the question."""

events = typer.Typer(help="Take events back.", no_args_is_help=True)


@events.callback()
def _group() -> None:
    """Take events back."""


@events.command()
def delete(
    user: Annotated[str, typer.Option(help="Whose events.")],
    item: Annotated[str, typer.Option(help="On which item.")],
    kind: Annotated[str | None, typer.Option(help="Of which kind; by default any.")] = None,
    time: Annotated[
        str | None,
        typer.Option(help="Of what time, as in a file or as it is shown; by default any."),
    ] = None,
    yes: Annotated[bool, typer.Option(help="Do not ask where several events match.")] = False,
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Take back what a user did with an item, as if it had never been sent.

    A running service knows it within a second, the next refresh and training too. Where several
    events match, they are listed, and you are asked. None is no error, so that the command can be
    repeated.

    **Example:** `graphrec events delete --user 42 --item 50 --kind purchase`
    """
    settings = load_settings(settings_file)
    at = () if time is None else _milliseconds(time)
    asked = user, item
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    with source as opened:
        # As ids are stored; or as it was typed, where a store from before has it so.
        for form in (typed, lambda text, _: text):
            user, item = (form(each, settings.ids) for each in asked)
            found = _matching(opened, user, item, kind and form(kind, settings.ids), at)
            if found:
                break
        if len(found) > 1 and not yes:
            _show(found, as_json)
            confirm(f"Take back these {len(found)} events?", yes)
        keys = [EventKey(user, item, each.kind, each.time) for each in found]
        deleted = opened.delete_events(keys)
    if as_json:
        print_json({"deleted": deleted, "events": [each._asdict() for each in found]})
    elif not found:
        OUT.print("No event matches: nothing was taken back.")
    else:
        _show(found, as_json)
        OUT.print(f"Took back {counted(deleted, 'event')} of user {user}.", markup=False)


def _matching(
    store: GraphStore, user: str, item: str, kind: str | None, times: Collection[int]
) -> list[Event]:
    log = events_by_user(store.user_events(user)).get(user, ())
    return [
        each
        for each in log
        if each.item == item and kind in (None, each.kind) and (not times or each.time in times)
    ]


def _milliseconds(text: str) -> tuple[int, ...]:
    """A time as in a file of events, and one that cannot be as it is shown; raises DataError."""
    shown = (int(text),) if re.fullmatch(r"-?[0-9]{1,19}", text) else ()
    try:
        return (moment(text), *shown)
    except DataError:
        if not shown:
            raise
        return shown


def _show(found: list[Event], as_json: bool) -> None:
    rows = [[each.item, each.kind, _shown(each.time), f"{each.value:g}"] for each in found[:SHOWN]]
    if not as_json:
        print_table("Events", ["item", "kind", "time", "value"], rows)
        if len(found) > SHOWN:
            OUT.print(f"and {len(found) - SHOWN:,} more")


def _shown(time: int) -> str:
    """A time as `--time` takes it."""
    try:
        at = datetime.fromtimestamp(time / 1000, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return str(time)
    return at.strftime("%Y-%m-%dT%H:%M:%S") + (f".{time % 1000:03}" if time % 1000 else "")
