"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

SettingsFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--settings", help="Settings file.", show_default="graphrec.toml, if it exists"),
]
StoreUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="URL of the graph store, such as sqlite:///graphrec.db or neo4j://localhost:7687.",
        show_default="from the settings",
    ),
]
Snapshots: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--snapshots",
        help="Folder of published snapshots, or a URL such as s3://bucket/folder.",
        show_default="from the settings",
    ),
]
Rejects: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--rejects", help="Folder for rejected rows.", show_default="from the settings, rejects"
    ),
]
PseudonymKey: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--key",
        help="File with the key of the exposures' pseudonyms.",
        show_default="the one in the folder; a file names users by id",
    ),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON, for programs, instead of tables.")
]
ListLength: TypeAlias = Annotated[int, typer.Option("-k", min=1, help="Length of the list.")]
