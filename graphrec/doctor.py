"""Checks of an installation, its settings, its store and its snapshots, each with a remedy.

Checks change nothing. A finding is `ok`, `warn` (it works now, and may soon not), or `fail`
(something will not work).
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Literal

from graphrec.counts import all_counted, counted
from graphrec.data.times import latest, written
from graphrec.errors import GraphrecError, MissingExtra, SettingsError, SnapshotError
from graphrec.locations import Location
from graphrec.recommend.setting_names import (
    known_in_store,
    known_in_view,
    setting_problems,
    together,
)
from graphrec.settings import SETTINGS_FILE, Settings, load_settings
from graphrec.snapshot.canary import canary
from graphrec.snapshot.place import local, mirror_of
from graphrec.snapshot.registry import current, load, verify, versions
from graphrec.snapshot.types import types_of
from graphrec.snapshot.view import View
from graphrec.store import GraphStore, open_store
from graphrec.store.versions import schema_version

PACKAGES = ("numpy", "scipy", "faiss-cpu", "fastapi", "torch", "dgl", "neo4j", "optuna")
"""Packages whose versions are shown; WITHOUT says what a missing one is needed for."""

WITHOUT = {
    "fastapi": "`graphrec serve` needs graphrec[api]",
    "torch": "training `mf` and `graphsage` needs graphrec[train]; serving does not",
    "dgl": "training `graphsage` needs graphrec[train] on Python 3.11 or older; serving does not",
    "neo4j": "a Neo4j store needs graphrec[neo4j]",
    "optuna": "`graphrec tune` needs graphrec[tune]",
}

DGL = "1.1.3"
"""The version that works with current torch; 2.x imports with torch 2.0 to 2.2 only."""

MANY = 1000
"""Events of odd times that are counted."""

ROOM = 2
"""Free disk needed, in sizes of the serving snapshot: a new one, and a copy during a rewrite."""


@dataclass(frozen=True)
class Finding:
    """The result of a check."""

    about: str
    state: Literal["ok", "warn", "fail"]
    said: str
    remedy: str = ""


def examine(
    settings_file: Path | None = None,
    *,
    store: str | None = None,
    snapshots: Location | None = None,
) -> Iterator[Finding]:
    """All findings, each after those that it depends on."""
    yield from packages()
    try:
        settings = load_settings(settings_file)
    except SettingsError as error:
        yield Finding(
            "settings", "fail", str(error), "correct the settings; nothing else was checked"
        )
        return
    yield from settings_found(settings, settings_file or SETTINGS_FILE)
    yield from store_found(settings, store or settings.store)
    location, folder = snapshots or settings.snapshots, None
    try:
        folder = local(location, settings.cache)
    except (GraphrecError, OSError) as error:
        yield Finding("snapshots", "fail", str(error))
    else:
        yield from elsewhere_found(location, settings)
        yield from snapshots_found(folder, settings, whole=folder == location)
    yield from names_found(settings, store or settings.store, folder)
    yield port(settings)


def packages() -> Iterator[Finding]:
    """Python, and the packages whose versions matter."""
    known = {name: _installed(name) for name in PACKAGES}
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.platform()}")
    for name, found in known.items():
        if found is not None:
            yield Finding(name, "ok", found)
        elif name in WITHOUT:
            yield Finding(name, "ok", f"not installed: {WITHOUT[name]}")
        else:
            yield Finding(name, "fail", "not installed", "install graphrec again")
    yield from pairing(known, sys.version_info[:2])


def pairing(known: Mapping[str, str | None], python: tuple[int, int]) -> Iterator[Finding]:
    """Whether torch and DGL are compatible, by their versions and that of Python."""
    torch, dgl = known.get("torch"), known.get("dgl")
    if torch is None or dgl is None:
        return
    old_torch = tuple(map(int, torch.split("+")[0].split(".")[:2])) <= (2, 2)
    if dgl.startswith("2.") and not old_torch:
        yield Finding(
            "torch and dgl",
            "fail",
            f"dgl {dgl} cannot be imported with torch {torch}",
            f"pip install dgl=={DGL}",
        )
    elif python > (3, 11) and not dgl.startswith("2."):
        yield Finding(
            "torch and dgl",
            "fail",
            f"dgl {dgl} has no wheels for Python {python[0]}.{python[1]}",
            "use Python 3.11, or train `mf`",
        )


def settings_found(settings: Settings, file: Path) -> Iterator[Finding]:
    """Where settings come from, and who may read a password in them."""
    names = sorted(name for name in os.environ if name.upper().startswith("GRAPHREC_"))
    source = str(file) if file.is_file() else "no file, so defaults"
    yield Finding("settings", "ok", "; ".join([source, *names]))
    in_file = file.is_file() and "password" in file.read_text("utf-8")
    if settings.neo4j.password is not None and in_file:
        yield from secret(file)


def secret(path: Path) -> Iterator[Finding]:
    """Whether others may read a file that holds a secret; nothing on Windows."""
    if os.name != "nt" and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield Finding(
            "permissions",
            "warn",
            f"{path} holds a secret, and users other than its owner can read it",
            f"chmod 600 {path}",
        )


def store_found(settings: Settings, url: str) -> Iterator[Finding]:
    """Whether the store opens, and how much it holds; one that is older is not opened."""
    try:
        version = schema_version(url, settings.neo4j)
        if version.older:
            yield Finding(
                "store",
                "warn",
                f"{url} has schema version {version.found}, of an earlier graphrec: this one "
                f"brings it to {version.expected}, and earlier ones then refuse it",
                "`graphrec dump` it with the earlier one, then `graphrec upgrade`",
            )
            return
        with open_store(url, settings.kinds, settings.neo4j, create=False) as store:
            counts, position = store.counts(), store.position()
            odd = [
                *odd_times(store, "before 1970", -(2**63), 0),
                *odd_times(
                    store, "in the future", latest(settings.ingest.future_days) + 1, 2**63 - 1
                ),
            ]
    except MissingExtra as error:
        yield Finding("store", "fail", str(error))
        return
    except GraphrecError as error:
        yield Finding("store", "fail", str(error))
        return
    said = all_counted(counts)
    if counts.get("events"):
        yield Finding("store", "ok", f"{url}: {said}; position {position}")
    else:
        yield Finding("store", "warn", f"{url} holds no events", "load some: `graphrec ingest`")
    yield from odd


def odd_times(store: GraphStore, when: str, since: int, until: int) -> Iterator[Finding]:
    """Whether the store holds events of times that cannot be, with one of them."""
    log = store.events_between(since, until, MANY)
    if not len(log):
        return
    first = f"user {log.users.ids[log.user[0]]} and item {log.items.ids[log.item[0]]}"
    many = f"at least {MANY:,} events" if len(log) == MANY else counted(len(log), "event")
    yield Finding(
        "times",
        "warn",
        f"times {when}: {many}, such as that of {first} at {written(int(log.time[0]))}: "
        f"they were stored before times were checked, or by a program",
        "no weight is taken as of them; take them back with "
        "`graphrec events delete --user USER --item ITEM --time TIME`, or load the log into a new "
        "store",
    )


def snapshots_found(folder: Path, settings: Settings, *, whole: bool = True) -> Iterator[Finding]:
    """Whether a snapshot can serve, the checksums of all versions, leftover drafts, free disk.

    Not `whole` is a folder into which only the version that serves was fetched.
    """
    kept = versions(folder)
    if whole:
        yield from (found for version in kept for found in _broken(folder, version))
    try:
        serving, tried = current(folder), canary(folder)
        manifest = load(folder, serving, types=types_of(settings)).manifest
        if tried is not None:
            verify(folder, tried.version)
            share = f"{tried.share:.0%} of users"
            yield Finding("canary", "ok", f"{tried.version} serves {share}", "`graphrec promote`, "
                          "or `graphrec rollback`")  # fmt: skip
    except (SnapshotError, SettingsError) as error:
        yield Finding("serving", "fail", str(error))
        return
    said = f"{serving}: {all_counted(manifest.counts)}"
    if manifest.forgotten:
        remedy = "train again to remove what was learned from them: `graphrec train`"
        yield Finding(
            "serving",
            "ok",
            f"{said}; {counted(manifest.forgotten, 'user')} forgotten since",
            remedy,
        )
    else:
        yield Finding("serving", "ok", said)
    yield Finding("snapshots", "ok", f"{len(kept)} kept in {folder}")
    drafts = len(list(folder.glob(".draft-*")))
    if drafts:
        yield Finding(
            "drafts",
            "warn",
            f"{drafts} left by publishers that were killed or are still running",
            f"once nothing publishes: rm -r {folder}/.draft-*",
        )
    size = sum(path.stat().st_size for path in (folder / serving).iterdir())
    free = shutil.disk_usage(folder).free
    state: Literal["ok", "warn"] = "ok" if free >= ROOM * size else "warn"
    yield Finding(
        "disk",
        state,
        f"{free / 2**20:,.0f} MiB free; the serving snapshot takes {size / 2**20:,.1f} MiB",
        "" if state == "ok" else "delete old snapshots, or free disk space",
    )


def elsewhere_found(location: Location, settings: Settings) -> Iterator[Finding]:
    """Whether all that a URL names is there; nothing for a folder."""
    mirror = mirror_of(location, settings.cache)
    if mirror is None:
        return
    try:
        kept, lacking = mirror.inspect()
    except SnapshotError as error:
        yield Finding("place of snapshots", "fail", str(error))
        return
    if lacking:
        yield Finding(
            "place of snapshots",
            "fail",
            f"{location} lacks {counted(len(lacking), 'part')} of "
            f"{', '.join(sorted(set(lacking)))}",
            "roll back to another version, or publish again with `graphrec train`",
        )
    else:
        said = f"{location}: {counted(len(kept), 'version')}, all parts of which are there"
        yield Finding("place of snapshots", "ok", said)


def names_found(settings: Settings, url: str, folder: Path | None) -> Iterator[Finding]:
    """Whether the store, or the snapshot that serves, has what the settings name.

    Nothing where neither can be read: other checks say so.
    """
    found, sources = [], frozenset[str]()
    try:
        if folder is None:
            raise SnapshotError("there is none")
        snapshot = load(folder, types=types_of(settings))
        found.append(known_in_view(View.of(snapshot, kinds=settings.kinds)))
        sources = frozenset(source.name for source in snapshot.all_sources)
    except (SnapshotError, SettingsError):
        pass
    try:
        if schema_version(url, settings.neo4j).older:
            return
        with open_store(url, settings.kinds, settings.neo4j, create=False) as store:
            found.append(known_in_store(store, settings))
    except GraphrecError:
        pass
    if not found:
        return
    problems = tuple(setting_problems(settings, reduce(together, found), sources))
    for each in problems:
        about = f"setting {each.key}"
        yield Finding(about, "fail" if each.unknown else "warn", each.said)
    if not problems:
        yield Finding("names", "ok", "all that the settings name is there")


def _broken(folder: Path, version: str) -> Iterator[Finding]:
    try:
        verify(folder, version)
    except SnapshotError as error:
        yield Finding("snapshot", "fail", str(error), f"or delete {folder / version}")


def port(settings: Settings) -> Finding:
    """Whether the service can listen on its port."""
    host, number = settings.serve.host, settings.serve.port
    try:
        with socket.create_server((host, number)):
            return Finding("port", "ok", f"{host}:{number} is free")
    except OSError as error:
        return Finding(
            "port",
            "warn",
            f"{host}:{number} cannot be listened on: {error.strerror or error}",
            f"fine if the service runs already: curl http://{host}:{number}/health/ready; "
            f"else choose another serve.port",
        )


def _installed(name: str) -> str | None:
    try:
        return installed(name)
    except PackageNotFoundError:
        return None
