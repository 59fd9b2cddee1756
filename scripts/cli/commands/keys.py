"""`graphrec keys`: the API keys of the service."""

from __future__ import annotations

from typing import Annotated

import typer
from graphrec.api.middleware.keys import Scope, create_key, read_keys, revoke_key
from graphrec.cli.options import AsJson, SettingsFile
from graphrec.cli.output import ERR, OUT, print_json, print_table
from graphrec.cli.settings import load_settings

keys = typer.Typer(no_args_is_help=True, help="Create, list and revoke API keys of the service.")


@keys.command()
def create(
    name: Annotated[str, typer.Option(help="Name of the key in lists and logs.")],
    scope: Annotated[
        Scope, typer.Option(help="What it allows; each scope includes those before it.")
    ],
    settings_file: SettingsFile = None,
) -> None:
    """Create a key and print it; it is shown only this once.

    **Example:** `graphrec keys create --scope read --name shop`, then
    `curl -H 'Authorization: Bearer KEY' http://…/v1/users/42/recommendations`

    The file of keys (`serve.keys`) holds a hash of it. A running service accepts it within a
    second; once there is a key, requests without one are refused.
    """
    path = load_settings(settings_file).serve.keys
    secret = create_key(path, name, scope)
    typer.echo(secret)
    ERR.print(f"Created key {name!r} with scope {scope}. Save it now: {path} holds only its hash.")


@keys.command("list")
def list_(settings_file: SettingsFile = None, as_json: AsJson = False) -> None:
    """List the keys and their scopes.

    **Example:** `graphrec keys list`
    """
    path = load_settings(settings_file).serve.keys
    found = read_keys(path) if path.exists() else ()
    if as_json:
        print_json([{"name": k.name, "scope": k.scope, "created": k.created} for k in found])
    elif found:
        print_table(
            "Keys", ["name", "scope", "created"], [[k.name, k.scope, k.created] for k in found]
        )
    else:
        OUT.print(f"No keys in {path}: the service needs none, and listens on loopback only.")


@keys.command()
def revoke(
    name: Annotated[str, typer.Argument(help="Name of the key.")],
    settings_file: SettingsFile = None,
) -> None:
    """Revoke a key; a running service refuses it within a second.

    **Example:** `graphrec keys revoke shop`
    """
    revoke_key(load_settings(settings_file).serve.keys, name)
    OUT.print(f"Revoked key {name!r}.")
