"""A folder of one's own: a file each of events, items and users, whatever their columns."""

from __future__ import annotations

from graphrec.ingest.formats.declare import Events, Format, Nodes


def _files(name: str) -> tuple[str, ...]:
    return tuple(f"{name}.{ending}" for ending in ("csv", "tsv", "jsonl", "parquet"))


TABLES = Format(
    "tables",
    "tables of events, items and users",
    (
        Events(files=_files("events"), user="", item=""),
        Nodes(files=_files("items"), node_type="item"),
        Nodes(files=_files("users"), node_type="user"),
    ),
    signs=("|".join(_files("events")), "|".join(_files("items"))),
    unless=("item_properties*.csv", "category_tree.csv"),
    says=("columns are found by their names, as of any file",),
)

FORMATS = (TABLES,)
