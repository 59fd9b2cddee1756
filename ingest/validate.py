"""Raw chunks to rows that can be stored; what cannot be is set aside, with the reason.

Checks are pure: a chunk in, its good rows and its rejects out. A row that fails several checks is
counted under the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np
import orjson
import pyarrow as pa
from graphrec.ingest.attribute_values import attribute_values, fault_of
from graphrec.ingest.attributes import AttributeColumn
from graphrec.ingest.chunks import Chunk, Reject
from graphrec.ingest.late import Late
from graphrec.ingest.schema import EventColumns, LinkColumns
from graphrec.ingest.values import TimeUnit, inexact, missing, numbers, texts, times
from numpy.typing import NDArray

from graphrec.data import Interactions, Rows, Vocabulary

Fault: TypeAlias = tuple[str, NDArray[np.bool_]]
"""A reason, and the rows that it applies to [N]."""

INEXACT = "id is a float of 2^53 or more, which stands for several integers"
"""A column of 64-bit integers that was read as floats, as pandas does where values are missing."""


@dataclass(frozen=True)
class Checked:
    """A chunk, parted."""

    rows: pa.RecordBatch
    rejects: tuple[Reject, ...]
    left_out: tuple[Reject, ...] = ()
    """Rows that are kept without one of their values, which cannot be read."""


def check_events(
    chunk: Chunk, columns: EventColumns, unit: TimeUnit = "auto", late: Late | None = None
) -> Checked:
    """Events: user, item and kind as strings, weight as float32, time as int64 milliseconds.

    An empty weight is 1 where there is a column of kinds: a log of many kinds has stars for its
    ratings and nothing for its views.
    """
    size = chunk.rows.num_rows
    user = texts(chunk.rows.column(columns.user))
    item = texts(chunk.rows.column(columns.item))
    weight, weight_faults = _weight(chunk, columns.weight, may_miss=columns.kind is not None)
    faults = [("missing user id", missing(user)), ("missing item id", missing(item))]
    faults += [(INEXACT, inexact(chunk.rows.column(c))) for c in (columns.user, columns.item)]
    time = np.zeros(size, np.int64)
    if columns.time is not None:
        time, readable = times(chunk.rows.column(columns.time), unit)
        faults.append(("time missing, not readable, or not in 1970 to 2261", ~readable))
    faults += weight_faults
    if columns.kind is None:
        kind = pa.repeat(columns.default_kind, size)
    else:
        kind = texts(chunk.rows.column(columns.kind))
        faults.append(("missing kind", missing(kind)))
    if late is not None:
        faults += late.faults({"item": item, "user": user})
    rows = {"user": user, "item": item, "weight": weight, "time": time, "kind": kind}
    return _parted(chunk, pa.RecordBatch.from_pydict(rows), faults)


def check_nodes(
    chunk: Chunk, column: str, attributes: Sequence[AttributeColumn], strict: bool = False
) -> Checked:
    """Nodes: a column of their ids, then one for each attribute, of its type.

    A value that cannot be read as the kind of its attribute is left out of its row. The row is
    rejected where `strict`, where the caller gave the kind, and where it is a vector.
    """
    ids = texts(chunk.rows.column(column))
    faults = [("missing id", missing(ids)), (INEXACT, inexact(chunk.rows.column(column)))]
    values = []
    doubtful: list[Fault] = []
    for attribute in attributes:
        value, fault = attribute_values(chunk.rows.column(attribute.column), attribute)
        values.append(value)
        rejects = strict or attribute.reason == "given" or attribute.kind == "vector"
        (faults if rejects else doubtful).append((fault_of(attribute), fault))
    names = [column, *(attribute.name for attribute in attributes)]
    checked = _parted(chunk, pa.RecordBatch.from_arrays([ids, *values], names=names), faults)
    rejected = {reject.line for reject in checked.rejects}
    left_out = (
        Reject(int(chunk.line[row]), f"{reason}: loaded without it", _raw(chunk, row))
        for reason, fault in doubtful
        for row in np.flatnonzero(fault).tolist()
        if int(chunk.line[row]) not in rejected
    )
    return replace(checked, left_out=tuple(sorted(left_out)))


def check_links(
    chunk: Chunk,
    columns: LinkColumns,
    relation: str | None = None,
    late: Late | None = None,
    types: tuple[str, str] = ("", ""),
) -> Checked:
    """Links: source, target and relation as strings, weight as float32.

    `relation` is that of rows that name none; without it they are rejects. `types` are those of the
    nodes at the ends.
    """
    source = texts(chunk.rows.column(columns.source))
    target = texts(chunk.rows.column(columns.target))
    weight, weight_faults = _weight(chunk, columns.weight)
    faults = [("missing source id", missing(source)), ("missing target id", missing(target))]
    faults += [(INEXACT, inexact(chunk.rows.column(c))) for c in (columns.source, columns.target)]
    faults += weight_faults
    relations = (
        pa.nulls(chunk.rows.num_rows, pa.string())
        if columns.relation is None
        else texts(chunk.rows.column(columns.relation))
    )
    if relation is not None:
        relations = relations.fill_null(relation)
    faults.append(("missing relation", missing(relations)))
    if late is not None:
        for node_type, ids in zip(types, (source, target), strict=True):
            faults += late.faults({node_type: ids})
    rows = {"source": source, "relation": relations, "target": target, "weight": weight}
    return _parted(chunk, pa.RecordBatch.from_pydict(rows), faults)


def to_interactions(rows: pa.RecordBatch) -> Interactions:
    """Events that were checked; the vocabularies hold just the ids that occur, unsorted."""
    users, user = _encoded(rows.column("user"))
    items, item = _encoded(rows.column("item"))
    kinds, kind = _encoded(rows.column("kind"))
    return Interactions(
        users,
        items,
        user,
        item,
        rows.column("weight").to_numpy(),
        rows.column("time").to_numpy(),
        kind.astype(np.uint8),
        kinds.ids,
    )


def _encoded(ids: pa.Array) -> tuple[Vocabulary, Rows]:
    encoded = ids.dictionary_encode()
    distinct = encoded.dictionary.to_numpy(zero_copy_only=False).tolist()
    return Vocabulary(tuple(distinct)), encoded.indices.to_numpy()


def _weight(
    chunk: Chunk, column: str | None, *, may_miss: bool = False
) -> tuple[NDArray[np.float32], list[Fault]]:
    if column is None:
        return np.ones(chunk.rows.num_rows, np.float32), []
    with np.errstate(over="ignore"):
        weight = numbers(chunk.rows.column(column)).astype(np.float32)
    if may_miss:
        weight[missing(texts(chunk.rows.column(column)))] = 1
    return weight, [
        ("weight is not a number", ~np.isfinite(weight)),
        ("weight is negative", weight < 0),
    ]


def _as_json(rows: pa.RecordBatch, row: int) -> str:
    """A row of a source that has no text."""
    return orjson.dumps(rows.slice(row, 1).to_pylist()[0], default=str).decode()


def _parted(chunk: Chunk, rows: pa.RecordBatch, faults: Sequence[Fault]) -> Checked:
    first = np.full(rows.num_rows, len(faults))
    for position in reversed(range(len(faults))):
        first[faults[position][1]] = position
    bad = np.flatnonzero(first < len(faults))
    if not len(bad):
        return Checked(rows, chunk.rejects)
    raw = chunk.raw or partial(_as_json, chunk.rows)
    rejects = [
        Reject(int(chunk.line[row]), faults[first[row]][0], raw(row), chunk.file)
        for row in bad.tolist()
    ]
    return Checked(
        rows.filter(pa.array(first == len(faults))),
        tuple(sorted([*rejects, *chunk.rejects])),
    )


def _raw(chunk: Chunk, row: int) -> str:
    """A row as it was found."""
    (found,) = chunk.rows.slice(row, 1).to_pylist()
    return orjson.dumps(found, default=str).decode()
