"""`graphrec spark prepare`: from a log to rows, weights, a split, and blocks of users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from graphrec.data import last_of_equal
from graphrec.data.kinds import KindPolicy, check_cancels, policy_of
from graphrec.data.times import clock
from graphrec.errors import DataError
from graphrec.settings import Settings
from graphrec.spark.blocks import PACKED, array, each_group, opened, packed_row
from graphrec.spark.checked import Checked, checked
from graphrec.spark.numbering import numbered
from graphrec.spark.prepared import About, Prepared, exists, write_line
from graphrec.spark.sources import ORDER, Source, read
from graphrec.spark.split import cutoff_of, train_and_test
from graphrec.spark.weights import weighed

EVENTS_OF_BLOCK = 500_000
"""About so many events are one block, where no other size is given."""

EDGES = "user int, item int, kind short, time long, value float, weight float"
TEST = "user int, item int, kind short, time long, weight float"


@dataclass(frozen=True)
class Options:
    """What `prepare` is asked for."""

    mapping: Mapping[str, str]
    """Columns by role: user, item, weight, time, kind."""
    kind: str | None = None
    """Of all events of a log without a column of kinds."""
    test_share: float | None = None
    cutoff: int | None = None
    """Milliseconds since 1970; None with a share: the time that brings the test closest to it."""
    block_users: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What `prepare` did."""

    prepared: Prepared
    rows: int
    rejected: Mapping[str, int]
    """Rejected rows by reason."""
    readings: tuple[str, ...]
    """How what may be read in two ways was read, a sentence each."""


def prepare(
    spark: SparkSession,
    source: Source,
    out: str,
    settings: Settings,
    options: Options,
    now: int | None = None,
) -> Outcome:
    """Read, check, number, weigh and split the events of a source, and write them to a folder.

    `now` is the clock, in milliseconds since 1970. Raises DataError, TooManyRejects and
    SettingsError as `graphrec ingest`, and DataError where `out` holds prepared data.
    """
    if exists(spark, f"{out}/about"):
        raise DataError(
            f"{out!r} holds prepared data: expected a new folder; name another, or delete it"
        )
    now = clock() if now is None else now
    found = checked(
        read(spark, source),
        source.name,
        options.mapping,
        options.kind,
        settings.ingest,
        settings.kinds,
        now,
    )
    check_cancels(settings.kinds, found.kinds)
    ids = {role: _ids(found.events, role) for role in ("user", "item")}
    for role, (numbers, _) in ids.items():
        numbers.write.mode("overwrite").parquet(f"{out}/{role}s")
    counts = {role: count for role, (_, count) in ids.items()}
    good = found.rows - sum(found.reasons.values())
    size = options.block_users or _block_users(counts["user"], good)
    recorded = _recorded(spark, found, out, size, settings.kinds).persist()
    about = _write(spark, recorded, found, out, settings.kinds, options, size, counts, now)
    found.rejects.write.mode("overwrite").parquet(f"{out}/rejects")
    write_line(spark, about.written(), f"{out}/about")
    spark.catalog.clearCache()
    return Outcome(
        Prepared(spark, out, about),
        found.rows,
        found.reasons,
        tuple(str(doubt) for doubt in found.readings),
    )


def _block_users(users: int, events: int) -> int:
    """So that a block has about EVENTS_OF_BLOCK events."""
    blocks = max(1, -(-events // EVENTS_OF_BLOCK))
    return -(-users // blocks)


def _ids(events: DataFrame, role: str) -> tuple[DataFrame, int]:
    found, count = numbered(events.select(F.col(role).alias("id")).distinct(), ("id",), "row")
    return found.select(F.col("row").cast("int"), "id"), count


def _recorded(
    spark: SparkSession,
    found: Checked,
    out: str,
    size: int,
    policies: Mapping[str, KindPolicy],
) -> DataFrame:
    """Blocks of the events as recorded, each once, by user, item, time and kind."""
    named = {
        role: spark.read.parquet(f"{out}/{role}s").select(
            F.col("row").alias(f"{role}_row"), F.col("id").alias(role)
        )
        for role in ("user", "item")
    }
    kinds = F.array(*[F.lit(kind) for kind in found.kinds])
    rows = (
        found.events.join(named["user"], "user")
        .join(named["item"], "item")
        .select(
            F.floor(F.col("user_row") / size).cast("long").alias("block"),
            F.col("user_row").alias("user"),
            F.col("item_row").alias("item"),
            (F.array_position(kinds, F.col("kind")) - 1).cast("short").alias("kind"),
            "time",
            "weight",
            *ORDER,
        )
    )
    adding = [policy_of(kind, policies).same_time == "add" for kind in found.kinds]
    once = partial(_once, adding=tuple(adding))
    return each_group(rows, ("block",), once, PACKED)


def _write(
    spark: SparkSession,
    recorded: DataFrame,
    found: Checked,
    out: str,
    policies: Mapping[str, KindPolicy],
    options: Options,
    size: int,
    counts: Mapping[str, int],
    now: int,
) -> About:
    """Write edges and test, weighed; the test by the whole log, the edges as of its beginning."""
    whole, as_of, clipping = weighed(recorded, found.kinds, policies, now)
    cutoff, test_events = options.cutoff, 0
    if cutoff is not None or options.test_share is not None:
        whole = whole.persist()
        if cutoff is None:
            cutoff = cutoff_of(whole, options.test_share or 0.0)
        before, test = train_and_test(recorded, whole, cutoff, size, counts["item"])
        _save(opened(test, TEST), f"{out}/test")
        test_events = spark.read.parquet(f"{out}/test").count()
        whole, as_of, clipping = weighed(before.persist(), found.kinds, policies, now)
    _save(opened(whole, EDGES), f"{out}/edges")
    return About(
        counts["user"],
        counts["item"],
        spark.read.parquet(f"{out}/edges").count(),
        size,
        found.kinds,
        as_of,
        clipping,
        dict(policies),
        cutoff,
        test_events,
    )


def _save(rows: DataFrame, folder: str) -> None:
    rows.write.mode("overwrite").partitionBy("block").parquet(folder)


def _once(table: pa.Table, adding: Sequence[bool]) -> pa.Table:
    """A block's events as stored: of those with the same user, item, time and kind the last one, or
    their sum where their kind adds up.
    """
    block = table.column("block")[0].as_py()
    keys = [array(table, name) for name in ("user", "item", "time", "kind")]
    files = table.column("_file").combine_chunks().dictionary_encode()
    names = np.array(files.dictionary.to_pylist(), object)
    file = np.argsort(np.argsort(names))[files.indices.to_numpy()]
    order = np.lexsort(
        (
            array(table, "weight"),  # where rows have no order, the largest counts
            array(table, "_place"),
            array(table, "_start"),
            file,
            *reversed(keys),
        )
    )
    keys = [key[order] for key in keys]
    weight = array(table, "weight")[order]
    last = last_of_equal(keys)
    adds = np.array(adding, bool)[keys[3]]
    value = np.where(adds, _sums(weight, last), weight)[last]
    kept = {
        "user": keys[0][last].astype(np.int32),
        "item": keys[1][last].astype(np.int32),
        "kind": keys[3][last].astype(np.int16),
        "time": keys[2][last],
        "weight": value.astype(np.float32),
    }
    return pa.Table.from_batches([packed_row(block, pa.table(kept))])


def _sums(weight: NDArray[np.float32], last: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The sum of each run of rows, which ends where `last` says, at all of its rows [E]."""
    ends = np.flatnonzero(last)
    starts = np.concatenate([[0], ends[:-1] + 1])
    sums = np.add.reduceat(weight.astype(np.float64), starts)
    return np.repeat(sums, ends - starts + 1)
