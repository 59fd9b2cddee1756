"""`graphrec export`: the graph of the store, or what the snapshot says, in files for others."""

from __future__ import annotations

import os
import time
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from graphrec.cli.commands import export_lists
from graphrec.cli.options import SettingsFile, Snapshots, StoreUrl
from graphrec.cli.output import OUT, progress_bars
from graphrec.cli.settings import folder_of, load_settings

from graphrec.data.dataset import Dataset
from graphrec.errors import DataError, MissingExtra, SettingsError
from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.snapshot.registry import load
from graphrec.snapshot.types import types_of


def export(
    dgl: Annotated[
        Path | None,
        typer.Option(
            help="File for a DGL heterograph, in DGL's own format. The ids of its nodes and the "
            "kinds of its events go into a JSON file beside it.",
        ),
    ] = None,
    parquet: Annotated[
        Path | None,
        typer.Option(
            help="Folder for Parquet files: events, and the nodes of each type with attributes."
        ),
    ] = None,
    placement: Annotated[
        str | None,
        typer.Option(
            help="Placement, such as for-you, whose lists for many users are written to --out."
        ),
    ] = None,
    related: Annotated[
        bool, typer.Option("--related", help="Write the related items of all items to --out.")
    ] = False,
    embeddings: Annotated[
        bool,
        typer.Option("--embeddings", help="Write the vectors of users and items to --out."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="File for them: .parquet, .csv or .jsonl.")
    ] = None,
    k: Annotated[int | None, typer.Option("-k", "--k", min=1, help="Length of each list.")] = None,
    users: Annotated[
        str, typer.Option(help="Whose lists: all, or a file with an id on each line.")
    ] = "all",
    reasons: Annotated[
        bool, typer.Option("--reasons", help="Give the reason of each item; takes longer.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that make lists.", show_default="one a core"),
    ] = None,
    snapshots: Snapshots = None,
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
) -> None:
    """Write the graph of the store into files, or the lists, related items or embeddings of the
    snapshot that serves.

    Lists are written block by block: one that is stopped goes on where it was when it is started
    again with the same options, as long as the same snapshot serves. They are no exposures.

    **Example:** `graphrec export --placement for-you --k 10 --users all --out lists.parquet`

    A DGL graph has the edges of each type in both directions: `user interacted item` and
    `item rev_interacted user`, and links by their relation. Edges carry `weight` (a rating, a
    count), those of events also `time` (milliseconds since 1970) and `kind`. Node numbers are
    places in the lists of ids in the JSON file.

    **Example:** `graphrec export --dgl graph.bin`, then in Python
    `graphs, _ = dgl.load_graphs("graph.bin")`

    **Example:** `graphrec export --parquet tables`, then in Python
    `gr.Dataset.read("tables/events.parquet", "tables/item.parquet")`
    """
    settings = load_settings(settings_file)
    wanted = [
        name
        for name, given in (
            ("--placement", placement is not None),
            ("--related", related),
            ("--embeddings", embeddings),
        )
        if given
    ]
    if wanted or out is not None:
        if len(wanted) != 1 or out is None or dgl is not None or parquet is not None:
            raise SettingsError(
                f"export is given {', '.join(wanted) or 'nothing to write'}"
                f"{'' if out else ' and no --out'}: expected one of --placement, --related and "
                f"--embeddings, with --out FILE; graphs are exported by themselves"
            )
        _export_snapshot(
            settings,
            folder_of(snapshots, settings),
            out,
            placement,
            related,
            k,
            users,
            reasons,
            workers or os.cpu_count() or 1,
        )
        return
    if dgl is None and parquet is None:
        raise SettingsError(
            "nothing to export: expected --dgl FILE or --parquet FOLDER for the graph, or "
            "--placement NAME, --related or --embeddings with --out FILE"
        )
    with progress_bars() as progress:
        steps = 1 + (dgl is not None) + (parquet is not None)
        progress("reading the store", 0, steps)
        data = Dataset.from_store(store or settings.store, settings.kinds, settings.neo4j)
        lines = []
        if dgl is not None:
            progress("writing", 1, steps)
            lines.append(_write_dgl(data, dgl))
        if parquet is not None:
            progress("writing", steps - 1, steps)
            lines.append(_write_parquet(data, parquet))
        progress("writing", steps, steps)
    OUT.print(repr(data), markup=False)
    for line in lines:
        OUT.print(line, markup=False)


def _export_snapshot(
    settings: Settings,
    folder: Path,
    out: Path,
    placement: str | None,
    related: bool,
    k: int | None,
    users: str,
    reasons: bool,
    workers: int,
) -> None:
    engine = Recommender.serving(load(folder, types=types_of(settings)), settings)
    now, began = time.time_ns() // 1_000_000, time.monotonic()
    try:
        with progress_bars() as progress:
            if placement is not None:
                rows, count, before = export_lists.lists(
                    out,
                    settings,
                    folder,
                    engine,
                    placement,
                    k=k,
                    users=users,
                    reasons=reasons,
                    now=now,
                    workers=workers,
                    progress=progress,
                )
            elif related:
                rows, count, before = export_lists.related(
                    out,
                    settings,
                    folder,
                    engine,
                    k=k or 10,
                    now=now,
                    workers=workers,
                    progress=progress,
                )
            else:
                rows, count, before = export_lists.embeddings(out, engine, progress)
    except OSError as error:
        raise _unwritten(out, error) from error
    seconds = time.monotonic() - began
    of = "items" if related else "users and items" if placement is None else "users"
    said = f"{rows:,} rows of {count:,} {of} in {out}, in {seconds:.1f} s"
    if before:
        said += f"; {before:,} of them were there from an export that was stopped"
    OUT.print(said, markup=False)


def _write_dgl(data: Dataset, path: Path) -> str:
    try:
        graphs = import_module("graphrec.data.dgl_graph")  # not before: it imports torch
    except ModuleNotFoundError as error:
        raise MissingExtra("a DGL graph", error.name or "torch", "train") from error
    try:
        beside = graphs.save_dgl(data.recorded, path)
    except OSError as error:
        raise _unwritten(path, error) from error
    return f"DGL graph in {path}, ids in {beside}"


def _write_parquet(data: Dataset, folder: Path) -> str:
    try:
        frames = import_module("graphrec.data.frames")
    except ModuleNotFoundError as error:
        raise MissingExtra("Parquet files", error.name or "pyarrow", "ingest") from error
    try:
        files = frames.write_parquet(data.recorded, folder)
    except OSError as error:
        raise _unwritten(folder, error) from error
    return "Parquet files " + ", ".join(str(file) for file in files)


def _unwritten(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{str(path)!r} cannot be written: {error}; expected a place that can be written to, with "
        f"room; name another"
    )
