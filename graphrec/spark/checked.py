"""Rows of a source, checked and read by the rules of `graphrec ingest`, on the workers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from graphrec.data import MAX_KINDS
from graphrec.data.ids import IdRules
from graphrec.data.kinds import KindPolicy
from graphrec.data.profile import Doubt
from graphrec.errors import DataError, TooManyRejects
from graphrec.ingest.chunks import Chunk
from graphrec.ingest.id_columns import settled_ids
from graphrec.ingest.schema import EventColumns, event_columns
from graphrec.ingest.seen import Form, Seen, together
from graphrec.ingest.settle import time_rules
from graphrec.ingest.time_columns import TimeRules, settled_times
from graphrec.ingest.validate import check_events
from graphrec.settings import IngestSettings
from graphrec.spark.sources import ORDER

_CHECKED = pa.schema(
    [
        *((name, pa.string()) for name in ("user", "item")),
        ("weight", pa.float32()),
        ("kind", pa.string()),
        *((name, pa.int64()) for name in ("time", "day_first")),
        ("_file", pa.string()),
        *((name, pa.int64()) for name in ("_start", "_place")),
        *((name, pa.string()) for name in ("reason", "row", "seen")),
    ]
)
_DDL = (
    "user string, item string, weight float, kind string, time long, day_first long, "
    "_file string, _start long, _place long, reason string, row string, seen string"
)
_SETTLED = (
    "user string, item string, weight float, kind string, time long, "
    "_file string, _start long, _place long"
)
SHOWN = 3
"""Rejects that a message shows."""


@dataclass(frozen=True)
class Checked:
    """The rows of a source of events that can be used."""

    events: DataFrame
    """user, item, weight, kind, time, and `ORDER`."""
    rejects: DataFrame
    """reason and row."""
    reasons: Mapping[str, int]
    """Rejected rows by reason."""
    rows: int
    kinds: tuple[str, ...]
    """By name, in code-point order."""
    readings: tuple[Doubt, ...]
    """How what may be read in two ways was read."""


def checked(
    rows: DataFrame,
    name: str,
    mapping: Mapping[str, str],
    kind: str | None,
    settings: IngestSettings,
    policies: Mapping[str, KindPolicy],
    now: int,
) -> Checked:
    """The events of a source, checked as `graphrec ingest` checks them.

    Raises DataError for a missing column and TooManyRejects where more rows than the settings allow
    cannot be used.
    """
    own = tuple(c for c in rows.columns if c not in ORDER)
    columns = event_columns(name, own, mapping, kind)
    check = partial(
        _check,
        columns=columns,
        rules=settings.ids,
        times=time_rules(settings, now),
        policies=dict(policies),
    )
    wanted = [F.col(f"`{each}`") for each in dict.fromkeys(columns.names)]
    found = rows.select(*wanted, *ORDER).mapInArrow(check, _DDL).persist()
    # A few rows: each kind, each reason, and what each partition shows of the columns.
    counts = found.groupBy("kind", "reason", "seen").count().collect()
    reasons = {row["reason"]: int(row["count"]) for row in counts if row["reason"] is not None}
    of_kind = {row["kind"]: int(row["count"]) for row in counts if row["kind"] is not None}
    good = sum(of_kind.values())
    rejects = found.where("reason is not null").select("reason", "row")
    total = good + sum(reasons.values())
    _refuse_many(name, rejects, reasons, total, settings.max_rejected_share)
    if not good:
        raise DataError(f"{name} has no events: expected at least one event of a user with an item")
    seen = _seen([row["seen"] for row in counts if row["seen"] is not None])
    _, of_times = settled_times(seen, name, columns.time or "")
    of_ids = [settled_ids(seen, role, settings.ids)[1] for role in ("user", "item")]
    settle = partial(_settle, seen=seen, name=name, column=columns.time or "", rules=settings.ids)
    events = found.where("reason is null and seen is null").select(
        "user", "item", "weight", "kind", "time", "day_first", *ORDER
    )
    settled = events.mapInArrow(settle, _SETTLED)
    kinds = sorted(of_kind)
    if len(kinds) > MAX_KINDS:
        raise DataError(
            f"column {columns.kind!r} of {name} holds {len(kinds)} kinds of events: expected at "
            f"most {MAX_KINDS}; name another with `--map kind=COLUMN`, or rename it"
        )
    readings = (*of_times, *(doubt for each in of_ids for doubt in each))
    return Checked(settled, rejects, reasons, total, tuple(kinds), readings)


def _check(
    batches: Iterator[pa.RecordBatch],
    columns: EventColumns,
    rules: IdRules,
    times: TimeRules,
    policies: Mapping[str, KindPolicy],
) -> Iterator[pa.RecordBatch]:
    """Good rows, rejects, and at the end what the columns of this partition show."""
    seen: Seen = {}
    for batch in batches:
        line = np.arange(batch.num_rows)
        chunk = Chunk(batch.select(columns.names), line, (), 0)
        found = check_events(chunk, columns, rules, times, policies)
        kept = np.ones(batch.num_rows, bool)
        kept[[reject.line for reject in found.rejects]] = False
        order = batch.select(ORDER).filter(pa.array(kept))
        seen = together(seen, found.seen)
        yield _filled(
            {name: found.rows.column(name) for name in found.rows.schema.names}
            | {name: order.column(name) for name in ORDER}
        )
        if found.rejects:
            yield _filled(
                {
                    "reason": pa.array([reject.reason for reject in found.rejects], pa.string()),
                    "row": pa.array([reject.row for reject in found.rejects], pa.string()),
                }
            )
    if seen:
        text = json.dumps([[*key, asdict(form)] for key, form in seen.items()])
        yield _filled({"seen": pa.array([text], pa.string())})


def _settle(
    batches: Iterator[pa.RecordBatch], seen: Seen, name: str, column: str, rules: IdRules
) -> Iterator[pa.RecordBatch]:
    """The rows, read as only the whole source could tell."""
    of_time, _ = settled_times(seen, name, column)
    reads = {role: settled_ids(seen, role, rules)[0] for role in ("user", "item")}
    order = ("user", "item", "weight", "kind", "time", *ORDER)
    for batch in batches:
        rows = of_time(batch)
        for role, read in reads.items():
            at = rows.schema.get_field_index(role)
            rows = rows.set_column(at, role, read(rows.column(at)))
        yield rows.select(order)


def _filled(columns: Mapping[str, Any]) -> pa.RecordBatch:
    """Some of the columns of `_CHECKED`; the others are null."""
    size = len(next(iter(columns.values())))
    return pa.RecordBatch.from_arrays(
        [
            columns[each.name].cast(each.type)
            if each.name in columns
            else pa.nulls(size, each.type)
            for each in _CHECKED
        ],
        schema=_CHECKED,
    )


def _seen(texts: list[str]) -> Seen:
    """What all partitions show, in an order that does not depend on them."""
    found: Seen = {}
    parts = [(role, name, form) for text in texts for role, name, form in json.loads(text)]
    for role, name, form in sorted(parts, key=lambda part: (part[0], part[1], part[2]["example"])):
        found = together(found, {(role, name): Form(**form)})
    return found


def _refuse_many(
    name: str, rejects: DataFrame, reasons: Mapping[str, int], rows: int, limit: float
) -> None:
    bad = sum(reasons.values())
    if not bad or bad <= limit * rows:
        return
    shown = rejects.sort("reason", "row").limit(SHOWN).collect()
    counted = ", ".join(f"{count} × {reason}" for reason, count in sorted(reasons.items()))
    first = "; ".join(f"{row['reason']}: {row['row']}" for row in shown)
    raise TooManyRejects(
        f"{name}: {bad} of {rows} rows ({bad / rows:.1%}) cannot be used ({counted}), expected at "
        f"most {limit:.1%}; nothing was written. Some are {first}. Mend the rows, or raise "
        f"ingest.max_rejected_share"
    )
