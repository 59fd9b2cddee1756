"""What only the whole of a source tells: how rows that were checked one by one are to be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
from graphrec.ingest.id_columns import settled_ids
from graphrec.ingest.spool import Spool
from graphrec.ingest.time_columns import TimeRules

from graphrec.data.ids import IdRules
from graphrec.data.profile import Doubt
from graphrec.data.times import latest
from graphrec.settings import IngestSettings


def time_rules(settings: IngestSettings, now: int | None = None) -> TimeRules:
    """How times are read by the settings, at a time in milliseconds; None: now."""
    return TimeRules(
        settings.time_unit,
        settings.time_format,
        settings.day_first,
        latest(settings.future_days, now),
    )


def settled(
    spool: Spool, columns: Mapping[str, str], rules: IdRules
) -> tuple[Spool, tuple[Doubt, ...]]:
    """The spool with its ids read as their whole columns show, and what says so.

    `columns` are the names of the columns in the spool by role.
    """
    reads: dict[str, Callable[[pa.Array], pa.Array]] = {}
    readings: list[Doubt] = []
    for role, column in columns.items():
        reads[column], more = settled_ids(spool.seen, role, rules)
        readings += more

    def settle(rows: pa.RecordBatch) -> pa.RecordBatch:
        read = [
            reads.get(name, _same)(column)
            for name, column in zip(rows.schema.names, rows.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(read, names=rows.schema.names)

    return spool.settled(settle), tuple(readings)


def _same(column: pa.Array) -> pa.Array:
    return column
