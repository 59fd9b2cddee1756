"""`graphrec keys`: who may ask the service for what."""

from __future__ import annotations

from typing import Annotated

import typer
from graphrec.api.middleware.keys import Scope, create_key, read_keys, revoke_key
from graphrec.cli.options import AsJson, SettingsFile
from graphrec.cli.output import ERR, OUT, print_json, print_table

from graphrec.settings import load_settings

keys = typer.Typer(no_args_is_help=True, help="Make, list and revoke the API keys of the service.")


@keys.command()
def create(
    name: Annotated[str, typer.Option(help="Who it is for, to be known by in lists and logs.")],
    scope: Annotated[Scope, typer.Option(help="What it allows; each holds those before it.")],
    settings_file: SettingsFile = None,
) -> None:
    """Make a key, and print it: this is the only time that it is shown.

    **Example:** `graphrec keys create --scope read --name shop`, then
    `curl -H 'Authorization: Bearer KEY' http://…/v1/users/42/recommendations`

    The file of keys (`serve.keys`) holds a hash of it. A service that runs takes it within a
    second; from its first key on, it answers nobody without one.
    """
    path = load_settings(settings_file).serve.keys
    secret = create_key(path, name, scope)
    typer.echo(secret)
    ERR.print(f"Key {name!r} may {scope}. Keep it: only its hash is in {path}.")


@keys.command("list")
def list_(settings_file: SettingsFile = None, as_json: AsJson = False) -> None:
    """Show whose keys there are, and what they allow.

    **Example:** `graphrec keys list`
    """
    path = load_settings(settings_file).serve.keys
    found = read_keys(path) if path.exists() else ()
    if as_json:
        print_json([{"name": k.name, "scope": k.scope, "created": k.created} for k in found])
    elif found:
        print_table(
            "Keys", ["name", "scope", "made"], [[k.name, k.scope, k.created] for k in found]
        )
    else:
        OUT.print(f"There are no keys in {path}: the service is open, and on loopback only.")


@keys.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The name that the key was made with.")],
    settings_file: SettingsFile = None,
) -> None:
    """Make a key worth nothing, in a second at most for a service that runs.

    **Example:** `graphrec keys revoke shop`
    """
    revoke_key(load_settings(settings_file).serve.keys, name)
    OUT.print(f"Key {name!r} is revoked.")
