"""`graphrec serve`: the HTTP service."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from graphrec.cli.options import SettingsFile, Snapshots
from graphrec.cli.settings import load_settings, snapshots_of

from graphrec.errors import MissingExtra, SettingsError
from graphrec.settings import Settings, changed
from graphrec.store import stands

if TYPE_CHECKING:
    from graphrec.api.rereading import Source

NO_STORE = "none"
"""In place of the URL of a store."""


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0: a free one.", show_default="8000")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes that serve at this address.", show_default="1"),
    ] = None,
    root_path: Annotated[
        str | None,
        typer.Option(help="Path under which a proxy serves it, such as /rec.", show_default="/"),
    ] = None,
    tenants: Annotated[
        Path | None,
        typer.Option(
            help="Folder of tenants, each a folder with its graphrec.toml, served at /t/NAME.",
            show_default="none",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="URL of the graph store, for new events and live queries; none: without one.",
            show_default="from the settings",
        ),
    ] = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
) -> None:
    """Serve the current snapshot over HTTP; the API is described at /openapi.json.

    **Example:** `graphrec serve --port 8000`, then
    `curl 'http://127.0.0.1:8000/v1/users/42/recommendations?k=5'`

    Clients can send events, items and users: they are kept in the graph store, and the next answer
    uses them. Related items can also be queried from the store. Recommendations keep working while
    the store is unreachable. Without a store in the settings or the options, and without the file
    `graphrec.db`, it serves the snapshot alone.

    SIGHUP (`kill -HUP PID`) reads the settings again and takes them over without dropping a
    request; if they are wrong, the log says so and the old ones hold.
    """
    try:
        from graphrec.api.server import serve_source as run
    except ModuleNotFoundError as error:
        raise MissingExtra("the service", error.name or "fastapi", "api") from error
    given = {
        "host": host,
        "port": port,
        "workers": workers,
        "root_path": root_path,
        "tenants": tenants,
    }
    options = {name: value for name, value in given.items() if value is not None}
    read = partial(read_source, settings_file, options, store, snapshots)
    found = read()
    run(found, read)


def read_source(
    settings_file: Path | None, options: dict[str, Any], store: str | None, snapshots: str | None
) -> Source:
    """The settings with the options of the command over them, and the store; again at SIGHUP."""
    from graphrec.api.rereading import Source
    from graphrec.api.tenant_settings import read_tenants

    settings = load_settings(settings_file)
    update = {
        "serve": changed(settings.serve, options),
        "snapshots": snapshots_of(snapshots, settings),
    }
    found = settings.model_copy(update=update)
    if found.serve.tenants is None:
        return Source(found, chosen_store(store, settings))
    if store is not None or snapshots is not None:
        raise SettingsError(
            "--store and --snapshots are given, and serve.tenants is set: expected either; each "
            "tenant has its own, in its graphrec.toml"
        )
    return Source(found, None, read_tenants(found.serve.tenants, found.serve))


def chosen_store(given: str | None, settings: Settings) -> str | None:
    """The URL of the store that serves, if any.

    One that was named is always used, and the service is degraded while it is not there. The
    default is nobody's choice: it is used where its file is there, as after `graphrec ingest`.
    """
    if given is not None:
        return None if given == NO_STORE else given
    named = "store" in settings.model_fields_set
    return settings.store if named or stands(settings.store) else None
