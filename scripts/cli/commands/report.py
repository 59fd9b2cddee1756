"""`graphrec report`: a page on a snapshot."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from graphrec.cli.options import AsJson, SettingsFile, Snapshots
from graphrec.cli.output import OUT, print_json
from graphrec.cli.settings import after, load_settings, snapshots_of
from rich.markup import escape

from graphrec.report.archive import keep, kept
from graphrec.report.figures import Report, report_of
from graphrec.settings import Settings
from graphrec.snapshot.place import changing
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
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Write the report on a snapshot: one self-contained HTML page.

    It compares the snapshot with the previous one, and shows the checks and stages of the job. A
    refused run has no snapshot: its page is made from the figures that were kept.

    **Example:** `graphrec report`, then open the printed path.
    """
    settings = load_settings(settings_file)
    place = snapshots_of(snapshots, settings)
    work: AbstractContextManager[Path] = (
        nullcontext(place)
        if isinstance(place, Path)
        else changing(place, settings.cache, "graphrec report")
    )
    with work as folder:
        name, path = _kept(folder, version, people, settings)
    path = after(path, folder, snapshots, settings)
    if as_json:
        print_json({"version": name, "page": str(path), "figures": str(path.with_suffix(".json"))})
    else:
        OUT.print(escape(str(path)), soft_wrap=True)


def _kept(folder: Path, version: str | None, people: bool, settings: Settings) -> tuple[str, Path]:
    """The name of a report, and its page, which is written."""
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
    return name, keep(found if people else replace(found, people=()), folder, name)
