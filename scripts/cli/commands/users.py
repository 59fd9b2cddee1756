"""`graphrec users delete`: another name of `graphrec forget`."""

from __future__ import annotations

import typer
from graphrec.cli.commands.forget import forget

users = typer.Typer(help="Delete users.", no_args_is_help=True)


@users.callback()
def _group() -> None:
    """Delete users."""


users.command("delete")(forget)
