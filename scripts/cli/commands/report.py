"""`graphrec report`: a page on a snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer
from graphrec.cli.options import AsJson, SettingsFile, SnapshotFolder
from graphrec.cli.output import OUT, print_json
from graphrec.cli.settings import load_settings
from rich.markup import escape

from graphrec.report.archive import keep, kept
from graphrec.report.figures import Report, report_of
from graphrec.snapshot.registry import current, load, versions
from graphrec.snapshot.reports import REPORTS
from graphrec.snapshot.types import types_of


def report(
    version: Annotated[
        str | None,
        typer.Argument(help="A snapshot, or a refused run.", show_default="the current one"),
    ] = None,
    people: Annotated[
        bool, typer.Option(help="Show recommendations for a few users, without ids.")
    ] = True,
    snapshots: SnapshotFolder = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Write the report on a snapshot: one self-contained HTML page.

    It compares the snapshot with the previous one, and shows the checks and stages of the job. A
    refused run has no snapshot: its page is made from the figures that were kept.

    **Example:** `graphrec report`, then open the printed path.
    """
    settings = load_settings(settings_file)
    folder = snapshots or settings.snapshots
    name = version or current(folder)
    earlier = kept(folder, name) if (folder / REPORTS / f"{name}.json").is_file() else None
    published = versions(folder)
    if earlier is not None and name not in published:
        found: Report = earlier
    else:
        types = types_of(settings)
        older = published[: published.index(name)] if name in published else ()
        before = load(folder, older[-1], types=types) if older else None
        job = None if earlier is None else earlier.job
        found = report_of(load(folder, name, types=types), before, settings.retrieval, job)
    path = keep(found if people else replace(found, people=()), folder, name)
    if as_json:
        print_json({"version": name, "page": str(path), "figures": str(path.with_suffix(".json"))})
    else:
        OUT.print(escape(str(path)), soft_wrap=True)
