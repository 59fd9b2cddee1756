"""`graphrec items delete`: deletes items for good."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
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
    named = dict.fromkeys(id_ for item in ids for id_ in (_lines() if item == "-" else [item]))
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    with source as opened:
        deleted = opened.delete_items(list(named))
    if as_json:
        print_json({"asked": len(named), "deleted": deleted})
        return
    unknown = len(named) - deleted
    OUT.print(
        f"Deleted {counted(deleted, 'item')}."
        + (f" Not in the store: {counted(unknown, 'id')}." if unknown else "")
    )


def _lines() -> list[str]:
    return [line for line in sys.stdin.read().splitlines() if line]
