"""Nodes on their way into a store: what their columns are, and writing them.

A source is looked at until each of its columns has shown a value, so that a column which begins
with a gap is not taken for an empty one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.attribute_values import example_of, fault_of, to_attribute
from graphrec.ingest.attributes import AttributeColumn
from graphrec.ingest.chunks import Chunk
from graphrec.ingest.collected import Sink
from graphrec.ingest.spool import Spool

from graphrec.data import Vocabulary
from graphrec.data.amounts import is_absent
from graphrec.errors import DataError

LOOK = 8
"""Chunks that are looked at for a value of each column."""

EXAMPLES = 3

DOUBTFUL = 20
"""Values of a column from which on it is an error that most of them cannot be read."""


@dataclass(frozen=True)
class NodeReport:
    """What the columns of a source of nodes are, and what is doubtful about its rows."""

    attributes: tuple[AttributeColumn, ...]
    """With examples, and the share of rows without a value."""
    repeated: int = 0
    """Ids that occur again with other values; the last row of each counts."""
    ignored: Mapping[str, str] | None = None
    """Columns that are left out, and why."""


def looked_at(chunks: Iterator[Chunk]) -> list[Chunk]:
    """The first chunks, until each column has shown a value; up to LOOK of them."""
    found: list[Chunk] = []
    open_columns: set[str] | None = None
    for chunk in chunks:
        found.append(chunk)
        names = chunk.rows.schema.names if open_columns is None else open_columns
        open_columns = {name for name in names if _all_missing(chunk.rows.column(name))}
        if not open_columns or len(found) == LOOK:
            break
    return found


def report_on(
    name: str,
    attributes: Sequence[AttributeColumn],
    spool: Spool,
    ignored: Mapping[str, str],
) -> NodeReport:
    """The columns as they turned out; raises DataError where most values cannot be read."""
    nulls: Counter[str] = Counter()
    examples: dict[str, dict[str, None]] = {each.name: {} for each in attributes}
    ids: Counter[str] = Counter()
    for batch in spool.batches():
        ids.update(batch.column(0).to_pylist())
        for each, column in zip(attributes, batch.columns[1:], strict=True):
            nulls[each.name] += column.null_count
            shown = examples[each.name]
            if len(shown) < EXAMPLES:
                shown.update(_examples(column))
    found = tuple(
        _described(each, nulls[each.name], list(examples[each.name])[:EXAMPLES], spool.accepted)
        for each in attributes
    )
    for each in attributes:
        unread = spool.left_out.get(f"{fault_of(each)}: loaded without it", 0)
        given = spool.accepted - nulls[each.name] + unread
        if unread >= DOUBTFUL and unread > given / 2:
            raise DataError(
                f"attribute {each.name!r} of {name}: {unread:,} of {given:,} values cannot be read "
                f"as {each.kind}, which {_origin(each)}: expected most of them to; name another "
                f"column, or change the kind with `--attribute {each.name}=KIND` and "
                f"`--change-kind {each.name}`"
            )
    again = {node_id for node_id, times in ids.items() if times > 1}
    return NodeReport(found, _repeated(again, spool) if again else 0, dict(ignored))


def last_of_each(nodes: pa.RecordBatch) -> pa.RecordBatch:
    """The last row of each id."""
    encoded = nodes.column(0).dictionary_encode()
    if len(encoded.dictionary) == nodes.num_rows:
        return nodes
    row = np.zeros(len(encoded.dictionary), np.int64)
    row[encoded.indices.to_numpy()] = np.arange(nodes.num_rows)
    return nodes.take(pa.array(np.sort(row)))


def write_nodes(
    store: Sink,
    batches: Iterator[pa.RecordBatch],
    node_type: str,
    attributes: Sequence[AttributeColumn],
    links: Mapping[str, tuple[str, str]],
) -> int:
    """Write nodes and the links that their values stand for; returns how many nodes are new.

    A column without any value is not written: it has no kind yet.
    """
    before = store.counts().get(node_type, 0)
    for batch in batches:
        _write_batch(store, node_type, last_of_each(batch), attributes, links)
    return store.counts().get(node_type, 0) - before


def _write_batch(
    store: Sink,
    node_type: str,
    nodes: pa.RecordBatch,
    attributes: Sequence[AttributeColumn],
    links: Mapping[str, tuple[str, str]],
) -> None:
    ids = nodes.column(0).to_pylist()
    values = {
        attribute.name: to_attribute(column, attribute.kind)
        for attribute, column in zip(attributes, nodes.columns[1:], strict=True)
        if not attribute.empty
    }
    store.write_nodes(node_type, Vocabulary(tuple(ids)), values)
    for name, (relation, target_type) in links.items():
        pairs = [
            (node_id, target, 1.0)
            for node_id, value in zip(ids, values[name].values, strict=True)
            for target in (value if isinstance(value, tuple) else [value])
            if isinstance(target, str)
        ]
        store.write_links((node_type, relation, target_type), pairs)


def _described(
    column: AttributeColumn, nulls: int, examples: Sequence[str], rows: int
) -> AttributeColumn:
    reason = column.reason
    if reason == "empty" and not all(map(is_absent, examples)):
        reason = "values"
    return replace(
        column, reason=reason, examples=tuple(examples), missing=nulls / rows if rows else 0.0
    )


def _examples(column: pa.Array) -> dict[str, None]:
    first = column.drop_null().slice(0, 100).to_pylist()
    return dict.fromkeys(map(example_of, first))


def _all_missing(column: pa.Array) -> bool:
    if column.null_count == len(column):
        return True
    if not pa.types.is_string(column.type):
        return False
    return all(map(is_absent, pc.unique(column.drop_null()).to_pylist()))


def _repeated(again: set[str], spool: Spool) -> int:
    """How many of these ids have rows that differ."""
    rows: dict[str, object] = {}
    differing: set[str] = set()
    wanted = pa.array(sorted(again))
    for batch in spool.batches():
        for row in batch.filter(pc.is_in(batch.column(0), wanted)).to_pylist():
            node_id, *values = row.values()
            if rows.setdefault(node_id, values) != values:
                differing.add(node_id)
    return len(differing)


def _origin(column: AttributeColumn) -> str:
    return {
        "store": "is its kind in the store",
        "file": "is its type in the file",
        "values": f"its first values are ({column.because})",
    }.get(column.reason, "it is given as")
