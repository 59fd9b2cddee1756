"""Raw chunks to rows that can be stored; what cannot be is set aside, with the reason.

Checks are pure: a chunk in, its good rows and its rejects out. A row that fails several checks is
counted under the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from graphrec.ingest.attribute_values import attribute_values, fault_of
from graphrec.ingest.attributes import AttributeColumn
from graphrec.ingest.chunks import Chunk, Reject, as_json
from graphrec.ingest.id_columns import Fault, IdColumn, ids
from graphrec.ingest.late import WITHHELD, Late, forgotten_users
from graphrec.ingest.schema import EventColumns, LinkColumns
from graphrec.ingest.seen import Seen, together
from graphrec.ingest.time_columns import TimeRules, times
from graphrec.ingest.values import missing, numbers, texts
from numpy.typing import NDArray

from graphrec.data import Interactions, Rows, Vocabulary
from graphrec.data.ids import IdRules
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy, policy_of

REFUSED = (
    "weight is negative: say with {}.negative in the settings what that means: rating, dislike, "
    "cancel or seen"
)

NAMED_KINDS = 10
"""Kinds whose setting is named, each in a reason of its own."""


@dataclass(frozen=True)
class Checked:
    """A chunk, parted."""

    rows: pa.RecordBatch
    rejects: tuple[Reject, ...]
    seen: Seen
    """What its columns show of the whole ones."""
    left_out: tuple[Reject, ...] = ()
    """Rows that are kept without one of their values, which cannot be read."""


def check_events(
    chunk: Chunk,
    columns: EventColumns,
    rules: IdRules,
    time_rules: TimeRules,
    policies: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    late: Late | None = None,
) -> Checked:
    """Events: user, item and kind as strings, weight as float32, time as int64 milliseconds.

    Where a date may be two days, `day_first` has the other reading, else null; see
    `graphrec.ingest.time_columns.settled_times`.

    An empty weight is 1 where there is a column of kinds: a log of many kinds has stars for its
    ratings and nothing for its views. One below 0 is for kinds whose policy says what it means.
    """
    size = chunk.rows.num_rows
    user = ids(chunk.rows.column(columns.user), "user", rules)
    item = ids(chunk.rows.column(columns.item), "item", rules)
    weight, unreadable = _weight(chunk, columns.weight, may_miss=columns.kind is not None)
    faults = [*user.faults, *item.faults]
    seen = together(user.seen, item.seen)
    time, day_first = pa.array(np.zeros(size, np.int64)), pa.nulls(size, pa.int64())
    if columns.time is not None:
        found = times(chunk.rows.column(columns.time), time_rules)
        time, day_first, seen = found.time, found.day_first, together(seen, found.seen)
        faults += found.faults
    faults.append(unreadable)
    if columns.kind is None:
        kind = pa.repeat(columns.default_kind, size)
    else:
        named = _names(chunk.rows.column(columns.kind), "kind", rules)
        kind = named.text
        faults += named.faults
    faults += _negative(weight, kind, policies)
    if late is not None:
        faults += late.faults({"item": item.text, "user": user.text})
    rows = {
        "user": user.text,
        "item": item.text,
        "weight": weight,
        "kind": kind,
        "time": time,
        "day_first": day_first,
    }
    return _parted(chunk, pa.RecordBatch.from_pydict(rows), faults, seen)


def check_nodes(
    chunk: Chunk,
    column: str,
    attributes: Sequence[AttributeColumn],
    rules: IdRules,
    strict: bool = False,
    late: tuple[Late, str] | None = None,
) -> Checked:
    """Nodes: a column of their ids, then one for each attribute, of its type.

    `late` knows which nodes of the type beside it do not come back.

    A value that cannot be read as the kind of its attribute is left out of its row. The row is
    rejected where `strict`, where the caller gave the kind, and where it is a vector.
    """
    node = ids(chunk.rows.column(column), "id", rules)
    faults = list(node.faults)
    values = []
    doubtful: list[Fault] = []
    for attribute in attributes:
        value, fault = attribute_values(chunk.rows.column(attribute.column), attribute)
        values.append(value)
        rejects = strict or attribute.reason == "given" or attribute.kind == "vector"
        (faults if rejects else doubtful).append((fault_of(attribute), fault))
    if late is not None:
        known, node_type = late
        faults += known.faults({node_type: node.text})
    names = [column, *(attribute.name for attribute in attributes)]
    rows = pa.RecordBatch.from_arrays([node.text, *values], names=names)
    checked = _parted(chunk, rows, faults, node.seen)
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
    rules: IdRules,
    relation: str | None = None,
    late: Late | None = None,
    types: tuple[str, str] = ("", ""),
) -> Checked:
    """Links: source, target and relation as strings, weight as float32.

    `relation` is that of rows that name none; without it they are rejects. `types` are those of the
    nodes at the ends.
    """
    source = ids(chunk.rows.column(columns.source), "source", rules)
    target = ids(chunk.rows.column(columns.target), "target", rules)
    weight, unreadable = _weight(chunk, columns.weight)
    faults = [*source.faults, *target.faults, unreadable, ("weight is negative", weight < 0)]
    relations = pa.nulls(chunk.rows.num_rows, pa.string())
    if columns.relation is not None:
        named = _names(chunk.rows.column(columns.relation), "relation", rules)
        relations = named.text
        # What is refused is no relation; what is missing may be that of the option.
        faults += named.faults[1:]
    if relation is not None:
        relations = relations.fill_null(relation)
    faults.append(("missing relation", missing(relations)))
    if late is not None:
        for node_type, end in zip(types, (source.text, target.text), strict=True):
            faults += late.faults({node_type: end})
    rows = {"source": source.text, "relation": relations, "target": target.text, "weight": weight}
    seen = together(source.seen, target.seen)
    return _parted(chunk, pa.RecordBatch.from_pydict(rows), faults, seen)


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


def _names(column: pa.Array, role: str, rules: IdRules) -> IdColumn:
    """Kinds or relations: as ids, but that true and false are names of them."""
    if pa.types.is_boolean(column.type):
        column = texts(column)
    return ids(column, role, rules.of_names)


def _weight(
    chunk: Chunk, column: str | None, *, may_miss: bool = False
) -> tuple[NDArray[np.float32], Fault]:
    what = "weight is not a number"
    if column is None:
        return np.ones(chunk.rows.num_rows, np.float32), (what, np.zeros(chunk.rows.num_rows, bool))
    with np.errstate(over="ignore"):
        weight = numbers(chunk.rows.column(column)).astype(np.float32)
    if may_miss:
        weight[missing(texts(chunk.rows.column(column)))] = 1
    return weight, (what, ~np.isfinite(weight))


def _negative(
    weight: NDArray[np.float32], kind: pa.Array, policies: Mapping[str, KindPolicy]
) -> list[Fault]:
    """Weights below 0 of kinds whose policy does not say what that means, kind by kind."""
    below = weight < 0
    if not below.any():
        return []
    kinds = kind.dictionary_encode()
    codes = kinds.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    found: list[Fault] = []
    others = np.zeros(len(weight), bool)
    for code, name in enumerate(kinds.dictionary.to_pylist()):
        refused = below & (codes == code)
        if not refused.any() or policy_of(name, policies).negative != "reject":
            continue
        if len(found) < NAMED_KINDS:
            found.append((REFUSED.format(f"kinds.{name}"), refused))
        else:
            others |= refused
    return [*found, (REFUSED.format("[kinds]"), others)]


def _parted(chunk: Chunk, rows: pa.RecordBatch, faults: Sequence[Fault], seen: Seen) -> Checked:
    first = np.full(rows.num_rows, len(faults))
    for position in reversed(range(len(faults))):
        first[faults[position][1]] = position
    bad = np.flatnonzero(first < len(faults))
    if not len(bad):
        return Checked(rows, chunk.rejects, seen)
    forgotten = forgotten_users(faults, rows.num_rows)
    rejects = [
        Reject(
            int(chunk.line[row]),
            faults[first[row]][0],
            WITHHELD if forgotten[row] else _raw(chunk, row),
            chunk.file,
        )
        for row in bad.tolist()
    ]
    return Checked(
        rows.filter(pa.array(first == len(faults))),
        tuple(sorted([*rejects, *chunk.rejects])),
        seen,
    )


def _raw(chunk: Chunk, row: int) -> str:
    """A row as it was found."""
    return chunk.raw(row) if chunk.raw else as_json(chunk.rows, row)
