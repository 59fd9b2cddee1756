"""Events of messages, checked by the rules of files, each by itself.

The columns of a message are its own keys, so that it is read alike whatever comes before or after
it, and from wherever the stream is read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from graphrec.ingest.chunks import Chunk, array
from graphrec.ingest.formats.declare import Events, Format
from graphrec.ingest.json_values import getter
from graphrec.ingest.late import LATE, REASONS, WITHHELD, Late
from graphrec.ingest.schema import EventColumns, event_columns
from graphrec.ingest.streams.parts import Part, in_streams
from graphrec.ingest.time_columns import TimeRules
from graphrec.ingest.validate import check_events, to_interactions
from numpy.typing import NDArray

from graphrec.data import Interactions
from graphrec.data.ids import IdRules
from graphrec.data.kinds import KindPolicy, policy_of
from graphrec.errors import DataError
from graphrec.store import EventKey

SHAPES = 10_000
"""Shapes of messages that are remembered."""

EITHER = (
    "time may begin with the day or the month: say which with ingest.day_first in the settings, or "
    "with --day-first or --month-first"
)


@dataclass(frozen=True)
class EventRules:
    """How the events of a stream are read."""

    name: str
    """What messages call the stream."""
    ids: IdRules
    times: TimeRules
    policies: Mapping[str, KindPolicy]
    mapping: Mapping[str, str] = field(default_factory=dict)
    """The keys of user, item, weight, time and kind, where they are given."""
    kind: str | None = None
    """Of all events."""
    format: Format | None = None
    """What makes events out of messages of others' formats."""
    known: dict[tuple[str, ...], EventColumns | str] = field(default_factory=dict)
    """By the keys of a message, its columns, or why it has none. It is found once."""


@dataclass(frozen=True)
class FoundEvents:
    """The events of a batch."""

    events: Interactions
    taken_back: tuple[EventKey, ...]
    wrong: Mapping[int, str]
    """By the place of a message, what is wrong with it: then none of its events counts."""
    late: Mapping[str, int]
    """Events of what was deleted, by reason."""
    left_out: Mapping[str, int]
    """Messages that nothing was made from, by reason."""


class _Group(NamedTuple):
    """Rows with the same columns."""

    columns: EventColumns
    chunk: Chunk  # [N], whose lines are the numbers of the rows
    places: NDArray[np.int64]  # [N], of the messages
    deleted: NDArray[np.bool_]  # [N]
    times: NDArray[np.int64]  # [N], of events that name none


def events_of(parts: Sequence[Part], rules: EventRules, late: Late) -> FoundEvents:
    """The events that parts put, and those that they take back.

    Of events of one message that are identified alike, the last one counts, or they add up where
    their kind says so; of those of several messages the last one counts, so that reading a stream
    again changes nothing.
    """
    wrong: dict[int, str] = {}
    left_out: dict[str, int] = {}
    counted: dict[str, int] = {}
    tables: list[pa.Table] = []
    groups = _shaped(parts, rules, left_out) if rules.format else _grouped(parts, rules, wrong)
    for columns, chunk, places, deleted, times in groups:
        checked = check_events(chunk, columns, rules.ids, rules.times, rules.policies, late)
        for reject in checked.rejects:
            # A message about somebody who was forgotten is kept nowhere, whatever is wrong with it.
            late_by = REASONS["user"] if reject.row == WITHHELD else reject.reason
            if late_by in LATE:
                counted[late_by] = counted.get(late_by, 0) + 1
            else:
                wrong.setdefault(int(places[reject.line]), reject.reason)
        kept = np.ones(len(places), bool)
        kept[[reject.line for reject in checked.rejects]] = False
        rows = checked.rows
        either = rows.column("day_first").is_valid().to_numpy(zero_copy_only=False)
        for place in places[kept][either].tolist():
            wrong.setdefault(place, EITHER)
        time = pa.array(times[kept]) if columns.time is None else rows.column("time")
        names = ["user", "item", "weight", "kind"]
        named = {name: rows.column(name) for name in names}
        tables.append(
            pa.table(
                {
                    **named,
                    "time": time,
                    "timed": pa.array(np.full(rows.num_rows, columns.time is not None)),
                    "at": pa.array(places[kept]),
                    "order": pa.array(np.flatnonzero(kept)),
                    "deleted": pa.array(deleted[kept]),
                }
            )
        )
    if not tables:
        return FoundEvents(Interactions.of([], []), (), wrong, counted, left_out)
    table = pa.concat_tables(tables)
    if wrong:
        bad = np.isin(table.column("at").to_numpy(), list(wrong))
        table = table.filter(pa.array(~bad))
    if len(tables) > 1:
        table = table.sort_by([("at", "ascending"), ("order", "ascending")])
    taken_back: tuple[EventKey, ...] = ()
    at = table.column("at").to_numpy()
    if any(part.deleted for part in parts) or (len(at) and len(np.unique(at)) < len(at)):
        table, taken_back = _folded(table, rules.policies)
    batch = table.combine_chunks().to_batches()
    events = to_interactions(batch[0]) if batch else Interactions.of([], [])
    return FoundEvents(events, taken_back, wrong, counted, left_out)


def _grouped(parts: Sequence[Part], rules: EventRules, wrong: dict[int, str]) -> list[_Group]:
    """Parts by their columns."""
    groups: dict[EventColumns, list[Part]] = {}
    for part in parts:
        columns = _columns(part.value, rules)
        if isinstance(columns, str):
            wrong[part.at] = columns
        else:
            groups.setdefault(columns, []).append(part)
    return [_group(columns, of) for columns, of in groups.items()]


def _group(columns: EventColumns, parts: Sequence[Part]) -> _Group:
    values = [part.value for part in parts]
    made = [array(list(map(getter(name), values))) for name in columns.names]
    batch = pa.RecordBatch.from_arrays(made, names=list(columns.names))
    return _Group(
        columns,
        Chunk(batch, np.arange(len(parts)), (), len(parts)),
        np.array([part.at for part in parts], np.int64),
        np.array([part.deleted for part in parts], bool),
        np.array([part.time for part in parts], np.int64),
    )


def _shaped(parts: Sequence[Part], rules: EventRules, left_out: dict[str, int]) -> list[_Group]:
    """The rows that a format makes of parts."""
    found = []
    for table in rules.format.tables if rules.format else ():
        if not isinstance(table, Events) or table.shape is None or callable(table.shape):
            continue
        values = [part.value for part in parts]
        arrays = [array(list(map(getter(name), values))) for name in table.shape.reads]
        batch = pa.RecordBatch.from_arrays(arrays, names=list(table.shape.reads))
        for made in table.shape.derive(iter((batch,))):
            of = np.arange(made.rows.num_rows) if made.of is None else made.of
            for reason, count in made.left_out.items():
                left_out[reason] = left_out.get(reason, 0) + count
            columns = EventColumns(
                table.user, table.item, table.weight, table.time, table.kind, table.each or ""
            )
            chunk = Chunk(made.rows, np.arange(len(of)), (), len(of))
            places = np.array([part.at for part in parts], np.int64)[of]
            times = np.array([part.time for part in parts], np.int64)[of]
            found.append(_Group(columns, chunk, places, np.zeros(len(of), bool), times))
    return found


def _columns(value: Mapping[str, Any], rules: EventRules) -> EventColumns | str:
    """The columns of a message, by its keys that have a value; or why it has none."""
    keys = tuple(_keys(value))
    found = rules.known.get(keys)
    if found is None:
        # A key that is named counts as there: then its value is missing.
        names = list(dict.fromkeys([*keys, *rules.mapping.values()]))
        try:
            found = event_columns("the message", names, rules.mapping, rules.kind)
            absent = set(names) - set(keys)
            found = EventColumns(
                found.user,
                found.item,
                None if found.weight in absent else found.weight,
                None if found.time in absent else found.time,
                None if found.kind in absent else found.kind,
                found.default_kind,
            )
        except DataError as error:
            found = in_streams(str(error))
        if len(rules.known) < SHAPES:
            rules.known[keys] = found
    return found


def _keys(value: Mapping[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key, part in value.items():
        if isinstance(part, dict):
            found += _keys(part, f"{prefix}{key}.")
        elif part is not None:
            found.append(prefix + key)
    return found


def _folded(
    table: pa.Table, policies: Mapping[str, KindPolicy]
) -> tuple[pa.Table, tuple[EventKey, ...]]:
    """The rows that are left once each has replaced, added to or deleted those before it."""
    adds = {k: policy_of(k, policies).same_time == "add" for k in set(table["kind"].to_pylist())}
    kept: dict[EventKey, tuple[int, float, int]] = {}
    gone: dict[EventKey, None] = {}
    columns = [table[name].to_pylist() for name in ("user", "item", "kind", "time")]
    others = [table[name].to_pylist() for name in ("weight", "at", "deleted", "timed")]
    for row, (user, item, kind, time, weight, at, deleted, timed) in enumerate(
        zip(*columns, *others, strict=True)
    ):
        key = EventKey(user, item, kind, time)
        if not deleted:
            before = kept.pop(key, None)
            same = before is not None and before[2] == at and adds[kind]
            kept[key] = (row, weight + before[1] if same and before else weight, at)
        elif timed:
            kept.pop(key, None)
            gone[key] = None
        else:  # whatever its time was
            for each in [each for each in kept if each[:3] == key[:3]]:
                del kept[each]
            gone[EventKey(user, item, kind)] = None
    rows = table.take(pa.array([row for row, _, _ in kept.values()], pa.int64()))
    weight = pa.array([weight for _, weight, _ in kept.values()], pa.float32())
    return rows.set_column(rows.schema.get_field_index("weight"), "weight", weight), tuple(gone)
