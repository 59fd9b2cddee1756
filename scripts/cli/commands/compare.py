"""`graphrec compare`: an A/B comparison of two snapshots."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from graphrec.cli.files import rejects_file
from graphrec.cli.options import AsJson, PseudonymKey, Rejects, SettingsFile, StoreUrl
from graphrec.cli.output import OUT, print_json, print_table
from graphrec.cli.settings import load_settings
from graphrec.ingest.read import read_events
from graphrec.ingest.sources import File
from rich.markup import escape

from graphrec.data import Graph, Interactions, Vocabulary
from graphrec.data.weighting import weigh
from graphrec.errors import SettingsError
from graphrec.experiments.comparison import (
    CLICK_THROUGH,
    USERS_WHO_CLICKED,
    Comparison,
    pooled,
)
from graphrec.experiments.comparison import compare as compare_versions
from graphrec.experiments.exposure_log import KEY, files, read_key
from graphrec.experiments.exposures import pseudonym
from graphrec.settings import Settings
from graphrec.store import open_store

DAY = 86_400_000
"""Milliseconds."""

COLUMNS = {"kind": "version", "weight": "rank", "user": "user", "item": "item", "time": "time"}
"""How exposures are read: as events, with the version as kind and the rank as weight."""


LABELS = {CLICK_THROUGH: "click-through", USERS_WHO_CLICKED: "users who clicked"}


def compare(
    first: Annotated[str, typer.Argument(help="Version to compare with, such as the one before.")],
    second: Annotated[str, typer.Argument(help="Version to judge, such as the canary.")],
    exposures: Annotated[
        Path | None,
        typer.Option(
            help="Exposure log: the folder of the service, or a file with the columns version, "
            "user, item, rank and time; JSON Lines, CSV or Parquet.",
            show_default="serve.exposures of the settings",
        ),
    ] = None,
    share: Annotated[
        float, typer.Option(help="Share of users assigned to the second version, 0 to 1.")
    ] = 0.5,
    days: Annotated[
        float, typer.Option(min=0, help="Days after an exposure within which an event counts.")
    ] = 7.0,
    events: Annotated[
        Path | None,
        typer.Option(help="File of events.", show_default="those in the store"),
    ] = None,
    key: PseudonymKey = None,
    rejects: Rejects = None,
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare two snapshots by click-through and users who clicked, with 95 % intervals over users.

    A click is a positive event, as defined by `[kinds]` in the settings. If the versions did not
    get the users they should have got, there is no verdict, and the exit status is 1.

    **Example:** `graphrec compare OLD NEW --share 0.1`, for a canary at 10 % of users
    """
    settings = load_settings(settings_file)
    aside = rejects or settings.ingest.rejects
    if not 0 < share < 1:
        raise SettingsError(f"--share is {share}: expected more than 0 and less than 1")
    folder = exposures or settings.serve.exposures
    if folder is None:
        raise SettingsError(
            "no exposure log: expected --exposures, or serve.exposures in the settings; "
            "see docs/compare.md"
        )
    if key is None and (folder / KEY).is_file():
        key = folder / KEY
    logs = [
        read_events(File(path), settings.ingest, rejects_file(aside, path), mapping=COLUMNS)
        for path in (files(folder) if folder.is_dir() else [folder])
    ]
    shown = pooled(logs, [first, second])
    log = _events(events, store, settings, aside)
    if key is not None:
        log = _under_pseudonyms(log, key)
    found = compare_versions(
        shown,
        log,
        first,
        second,
        share=share,
        window=round(days * DAY),
        resamples=settings.evaluation.resamples,
        rng=np.random.default_rng(settings.seed),
    )
    if as_json:
        print_json(asdict(found))
    else:
        _show(found)
    if found.verdict == "not to be trusted":
        raise typer.Exit(1)


def _events(
    file: Path | None, store: str | None, settings: Settings, rejects: Path
) -> Interactions:
    """Weighted events, from a file or from the store."""
    if file is not None:
        aside = rejects_file(rejects, file)
        graph = Graph(read_events(File(file), settings.ingest, aside, policies=settings.kinds))
    else:
        source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
        with source as opened:
            graph = opened.read_graph()
    return weigh(graph, settings.kinds).interactions


def _under_pseudonyms(log: Interactions, key: Path) -> Interactions:
    secret = read_key(key)
    return replace(log, users=Vocabulary(tuple(pseudonym(user, secret) for user in log.users.ids)))


def _show(found: Comparison) -> None:
    rows = [
        [
            arm.version,
            *(f"{n:,}" for n in (arm.users, arm.shown, arm.clicked, arm.users_who_clicked)),
        ]
        for arm in found.arms
    ]
    print_table("Exposures", ["version", "users", "items", "clicked", "users who clicked"], rows)
    rows = [
        [
            LABELS[name],
            f"{effect.first:.4f}",
            f"{effect.second:.4f}",
            f"{effect.difference:+.4f} [{effect.low:+.4f}, {effect.high:+.4f}]",
            f"{effect.detectable:.4f}",
        ]
        for name, effect in found.effects.items()
    ]
    title = "Second minus first, 95 % bootstrap over users"
    print_table(title, ["", "first", "second", "difference", "detectable"], rows)
    OUT.print(
        f"Sample ratio: p = {found.ratio_p:.3g}. Users who saw both versions, left out: "
        f"{found.crossed:,}."
    )
    OUT.print(f"[bold]{found.arms[1].version}: {found.verdict}[/]; {escape(found.why)}")
