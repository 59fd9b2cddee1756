"""The settings of tenants: a folder for each, in which commands work as they do in any.

::

    tenants/
    ├── shop/graphrec.toml, graphrec.db, snapshots/, keys.json
    └── news/graphrec.toml, …

Paths in the settings of a tenant, and those that are not set, are relative to its folder. No two
tenants may share a store or a folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphrec.api.rereading import Source

from graphrec.errors import SettingsError
from graphrec.locations import Location
from graphrec.settings import SETTINGS_FILE, ServeSettings, Settings, load_settings, values_of
from graphrec.store import stands

NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?")

OF_THE_PROCESS = (
    *("host", "port", "workers", "root_path", "tenants", "drain_seconds", "max_connections"),
    *("max_header_bytes", "header_seconds", "body_seconds", "idle_seconds"),
)
"""Keys of `[serve]` that hold for all tenants, and so belong into the settings of the process."""


def read_tenants(folder: Path, process: ServeSettings) -> Mapping[str, Source]:
    """The tenants in a folder, by name; each serves below /t/NAME, at the address of the process.

    Raises SettingsError for a folder without tenants, a name that cannot be in a path, settings
    that are wrong, and two tenants that share something.
    """
    files = sorted(folder.glob(f"*/{SETTINGS_FILE}"))
    if not files:
        raise SettingsError(
            f"serve.tenants is {str(folder)!r}, in which there are no tenants: expected a folder "
            f"for each, with its {SETTINGS_FILE}; make one, or leave serve.tenants out"
        )
    found = {file.parent.name: _read(file, process) for file in files}
    _refuse_shared(found)
    return found


def _read(file: Path, process: ServeSettings) -> Source:
    name = file.parent.name
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"tenant {name!r} cannot be a part of a path: expected at most 40 of a-z, 0-9, - and "
            f"_; rename its folder"
        )
    own = values_of(file).get("serve", {})
    for key in OF_THE_PROCESS:
        if isinstance(own, Mapping) and key in own:
            raise SettingsError(
                f"setting 'serve.{key}' of tenant {name!r} is one of the process: expected it in "
                f"the settings that `graphrec serve` reads; move it there"
            )
    try:
        settings = load_settings(file)
    except SettingsError as error:
        raise SettingsError(f"tenant {name!r}: {error}") from error
    below = _below(settings, file.parent.absolute(), process)
    named = "store" in settings.model_fields_set
    return Source(below, below.store if named or stands(below.store) else None)


def _below(settings: Settings, folder: Path, process: ServeSettings) -> Settings:
    """The settings with all paths in the folder of the tenant, at the path of the tenant."""
    serve = settings.serve
    update: dict[str, Any] = {
        "store": _store_below(settings.store, folder),
        "snapshots": _snapshots_below(settings.snapshots, folder),
        "ingest": settings.ingest.model_copy(update={"rejects": folder / settings.ingest.rejects}),
        "serve": serve.model_copy(
            update={
                **{key: getattr(process, key) for key in OF_THE_PROCESS},
                "keys": folder / serve.keys,
                "exposures": serve.exposures and folder / serve.exposures,
                "root_path": f"{process.root_path or ''}/t/{folder.name}",
                "tenants": None,
            }
        ),
    }
    return settings.model_copy(update=update)


def _snapshots_below(location: Location, folder: Path) -> Location:
    return folder / location if isinstance(location, Path) else location


def _store_below(url: str, folder: Path) -> str:
    scheme, _, rest = url.partition("://")
    if scheme != "sqlite":
        return url
    return f"sqlite:///{(folder / rest.removeprefix('/')).resolve()}"


def _refuse_shared(tenants: Mapping[str, Source]) -> None:
    """Raise SettingsError where something of one tenant is something of another one too."""
    owner: dict[tuple[str, object], str] = {}
    for name, source in tenants.items():
        for what, value in _own(source):
            other = owner.setdefault((what, value), name)
            if other != name:
                raise SettingsError(
                    f"{what} of tenants {other!r} and {name!r} is the same: expected one for "
                    f"each; set another in one of them, and no variable GRAPHREC_… that holds for "
                    f"both"
                )


def _own(source: Source) -> Iterator[tuple[str, object]]:
    settings = source.settings
    if source.store is not None:
        database = None if source.store.startswith("sqlite") else settings.neo4j.database
        yield "store", (source.store, database)
    if isinstance(settings.snapshots, str):
        yield "URL of snapshots", settings.snapshots
    else:
        yield "folder of snapshots", settings.snapshots.resolve()
    for what, path in (
        ("serve.keys", settings.serve.keys),
        ("serve.exposures", settings.serve.exposures),
        ("ingest.rejects", settings.ingest.rejects),
    ):
        if path is not None:
            yield what, path.resolve()
    if settings.online.url is not None:
        yield "online.prefix", (settings.online.url.get_secret_value(), settings.online.prefix)
    if settings.stream.url is not None:
        yield "stream", (settings.stream.url, settings.stream.group)
