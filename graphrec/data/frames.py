"""A graph as Arrow tables: its events, and the nodes of a type with their attributes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from graphrec.data.graph import AttributeKind, Graph, Rows, Vocabulary
from graphrec.data.vector import Vector

_TYPES: dict[AttributeKind, pa.DataType] = {
    "number": pa.float64(),
    "category": pa.string(),
    "tags": pa.list_(pa.string()),
    "text": pa.string(),
    "vector": pa.list_(pa.float32()),
}


def event_table(graph: Graph) -> pa.Table:
    """The columns user, item, weight, time and kind of E events, in their order.

    Times are timestamps in milliseconds, UTC; ids and kinds are strings.
    """
    log = graph.interactions
    return pa.table(
        {
            "user": _ids(log.users, log.user),
            "item": _ids(log.items, log.item),
            "weight": pa.array(log.weight),
            "time": pa.array(log.time).cast(pa.timestamp("ms", "UTC")),
            "kind": _ids(Vocabulary(log.kinds), log.kind.astype("int32")),
        }
    )


def node_table(graph: Graph, node_type: str) -> pa.Table:
    """The ids of the nodes of a type, in a column of the type's name, and their attributes."""
    columns = {node_type: pa.array(graph.vocabulary(node_type).ids, pa.string())}
    for name, attribute in graph.attributes.get(node_type, {}).items():
        values = (v.array if isinstance(v, Vector) else v for v in attribute.values)
        columns[name] = pa.array(values, _TYPES[attribute.kind])
    return pa.table(columns)


def write_parquet(graph: Graph, folder: Path) -> tuple[Path, ...]:
    """Write `events.parquet`, a file of the nodes of each type, and one of each type of links.

    Links have the columns source, target and weight, in a file such as `user-follows-user.parquet`.
    Returns the paths.
    """
    tables = {"events": event_table(graph)}
    for node_type in ("user", "item", *graph.others):
        tables[node_type] = node_table(graph, node_type)
    for (source, relation, target), links in graph.links.items():
        tables[f"{source}-{relation}-{target}".replace("/", "_")] = pa.table(
            {
                "source": _ids(graph.vocabulary(source), links.source),
                "target": _ids(graph.vocabulary(target), links.target),
                "weight": pa.array(links.weight),
            }
        )
    folder.mkdir(parents=True, exist_ok=True)
    paths = {folder / f"{name}.parquet": table for name, table in tables.items()}
    for path, table in paths.items():
        pq.write_table(table, path)
    return tuple(paths)


def _ids(vocabulary: Vocabulary, rows: Rows) -> pa.Array:
    return pa.array(vocabulary.ids, pa.string()).take(pa.array(rows))
