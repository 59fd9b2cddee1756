"""`graphrec export`: the graph of the store, in files for other tools."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from graphrec.cli.options import SettingsFile, StoreUrl
from graphrec.cli.output import OUT, progress_bars
from graphrec.cli.settings import load_settings

from graphrec.data.dataset import Dataset
from graphrec.errors import DataError, MissingExtra, SettingsError


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
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
) -> None:
    """Write the graph of the store into files: for DGL, or as Parquet tables.

    A DGL graph has the edges of each type in both directions: `user interacted item` and
    `item rev_interacted user`, and links by their relation. Edges carry `weight` (a rating, a
    count), those of events also `time` (milliseconds since 1970) and `kind`. Node numbers are
    places in the lists of ids in the JSON file.

    **Example:** `graphrec export --dgl graph.bin`, then in Python
    `graphs, _ = dgl.load_graphs("graph.bin")`

    **Example:** `graphrec export --parquet tables`, then in Python
    `gr.Dataset.read("tables/events.parquet", "tables/item.parquet")`
    """
    if dgl is None and parquet is None:
        raise SettingsError("nothing to export to: expected --dgl FILE or --parquet FOLDER")
    settings = load_settings(settings_file)
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
