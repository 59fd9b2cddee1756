"""`graphrec serve`: the HTTP service."""

from __future__ import annotations

from typing import Annotated

import typer
from graphrec.cli.options import SettingsFile, SnapshotFolder
from graphrec.cli.settings import load_settings

from graphrec.errors import MissingExtra
from graphrec.settings import changed


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0: a free one.", show_default="8000")
    ] = None,
    root_path: Annotated[
        str | None,
        typer.Option(help="Path under which a proxy serves it, such as /rec.", show_default="/"),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="URL of a graph store, for new events and live queries."),
    ] = None,
    snapshots: SnapshotFolder = None,
    settings_file: SettingsFile = None,
) -> None:
    """Serve the current snapshot over HTTP; the API is described at /openapi.json.

    **Example:** `graphrec serve --port 8000`, then
    `curl 'http://127.0.0.1:8000/v1/users/42/recommendations?k=5'`

    With `--store sqlite:///graphrec.db` or `--store neo4j://localhost:7687`, clients can send
    events, items and users: they are stored, and the next answer uses them. Related items can also
    be queried from the store. Recommendations keep working while the store is unreachable.
    """
    try:
        from graphrec.api.server import serve as run
    except ModuleNotFoundError as error:
        raise MissingExtra("the service", error.name or "fastapi", "api") from error
    settings = load_settings(settings_file)
    given = {"host": host, "port": port, "root_path": root_path}
    changes = {name: value for name, value in given.items() if value is not None}
    update = {
        "serve": changed(settings.serve, changes),
        "snapshots": snapshots or settings.snapshots,
    }
    run(settings.model_copy(update=update), store)
