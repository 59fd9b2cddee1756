"""`graphrec items delete`: deletes items for good."""

from __future__ import annotations

from typing import Annotated

import typer
from graphrec.cli.id_lists import given_ids, not_in_the_store, unknown_places
from graphrec.cli.options import AsJson, SettingsFile, StoreUrl
from graphrec.cli.output import OUT, print_json
from graphrec.cli.settings import load_settings

from graphrec.counts import counted
from graphrec.store import open_store

items = typer.Typer(help="Delete items.", no_args_is_help=True)


@items.callback()
def _group() -> None:
    """Delete items."""


@items.command()
def delete(
    ids: Annotated[
        list[str],
        typer.Argument(help="Ids of items; - reads them from standard input, one per line."),
    ],
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Delete items with their events and links: all of them, or none where it fails.

    A running service leaves them out within a second. They stay deleted: events and links that come
    later are left out, until a file of items or a PUT names them. Ids that are not in the store
    count as deleted too.

    **Examples:** `graphrec items delete 50 172`; `graphrec items delete - < ids.txt`
    """
    settings = load_settings(settings_file)
    given = given_ids(ids, settings.ids)
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    with source as opened:
        known = {each.id for each in given} & set(opened.ids("item"))
        unknown = unknown_places(given, {each.id for each in given} - known)
        deleted = opened.delete_items([each.id for each in given])
    if as_json:
        asked = len({each.place for each in given})
        print_json({"asked": asked, "deleted": deleted, "unknown": unknown})
        return
    OUT.print(f"Deleted {counted(deleted, 'item')}.{not_in_the_store(unknown)}")
