"""What the events of blocks weigh, by the functions of `graphrec.data.weighting`.

Which events count is a matter of a user's own events, so a block is weighed by itself. Two things
are a matter of everyone's: the newest time, and where the events of a pair are clipped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from math import floor
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from graphrec.data.clipping import (
    CLIP_QUANTILE,
    UNKNOWN,
    Clipping,
    enough,
    largest_sums,
    most,
)
from graphrec.data.in_force import meanings_of
from graphrec.data.kinds import KindPolicy
from graphrec.data.times import newest
from graphrec.data.weighting import amounts, event_weights
from graphrec.spark.blocks import PACKED, array, batch, each_block, log_of, packed_row
from graphrec.spark.tallies import order_statistics, tally

Policies: TypeAlias = Mapping[str, KindPolicy]


def weighed(
    recorded: DataFrame, kinds: tuple[str, ...], policies: Policies, clock: int
) -> tuple[DataFrame, int, Clipping]:
    """Blocks with `value`, as recorded, beside `weight`; as of when, and what was clipped at.

    `recorded` are blocks of user, item, kind, time and weight; `clock` is now, in milliseconds.
    """
    times = each_block(recorded, partial(_newest, clock=clock), "newest long")
    now = times.agg(F.max("newest")).collect()[0][0] or 0
    clipping = _clipping(recorded, kinds, policies)
    weigh = partial(_weigh, kinds=kinds, policies=dict(policies), now=now, clipping=clipping)
    return each_block(recorded, weigh, PACKED), now, clipping


def _clipping(recorded: DataFrame, kinds: tuple[str, ...], policies: Policies) -> Clipping:
    """As `graphrec.data.clipping.clipping_of`, of blocks."""
    sums = each_block(
        recorded,
        partial(_largest, kinds=kinds, policies=dict(policies)),
        "kind int, user long, largest double",
    ).persist()
    people = sums.groupBy("user").agg(F.max("largest").alias("largest"))
    of_kinds, of_people = tally(sums, ("kind", "largest")), tally(people, ("largest",))
    everyone = _count(people, of_people)
    if not everyone:
        return UNKNOWN
    rules = meanings_of(kinds, policies).policies
    counts = _by_kind(sums, of_kinds)
    places, asked, start = list[int](), list[tuple[int, int]](), 0
    for code in sorted(counts):
        if enough(counts[code], everyone):
            places += [start + at for at in _ranks(counts[code], rules[code].clip_quantile)]
            asked.append((code, counts[code]))
        start += counts[code]
    values = [row[1] for row in order_statistics(sums, ("kind", "largest"), places, of_kinds)]
    pairs = zip(values[::2], values[1::2], asked, strict=True)
    by_kind = {kinds[code]: most(usual, high, count) for usual, high, (code, count) in pairs}
    ranks = _ranks(everyone, CLIP_QUANTILE)
    usual, high = order_statistics(people, ("largest",), ranks, of_people)
    return Clipping(by_kind, most(usual[0], high[0], everyone))


def _count(frame: DataFrame, tallied: list[tuple] | None) -> int:
    return frame.count() if tallied is None else sum(row[-1] for row in tallied)


def _by_kind(sums: DataFrame, tallied: list[tuple] | None) -> dict[int, int]:
    """How many people have events of each kind that count."""
    if tallied is None:
        return {row["kind"]: row["count"] for row in sums.groupBy("kind").count().collect()}
    found: Counter[int] = Counter()
    for code, _, count in tallied:
        found[code] += count
    return dict(found)


def _ranks(count: int, quantile: float) -> list[int]:
    """Where the median and a quantile are among so many, as NumPy's `lower` has it."""
    return [floor((count - 1) * share) for share in (0.5, quantile)]


def _newest(_block: int, rows: pa.Table, clock: int) -> Iterator[pa.RecordBatch]:
    found = newest(array(rows, "time"), clock)
    if found is not None:
        yield batch(newest=np.array([found]))


def _largest(
    _block: int, rows: pa.Table, kinds: tuple[str, ...], policies: Policies
) -> Iterator[pa.RecordBatch]:
    log = log_of(rows, _users(rows), _items(rows), kinds)
    owner, largest = largest_sums(log, amounts(log, policies)[1])
    user, kind = np.divmod(owner, len(kinds))
    yield batch(kind=kind.astype(np.int32), user=user, largest=largest)


def _weigh(
    block: int,
    rows: pa.Table,
    kinds: tuple[str, ...],
    policies: Policies,
    now: int,
    clipping: Clipping,
) -> Iterator[pa.RecordBatch]:
    log = log_of(rows, _users(rows), _items(rows), kinds)
    weight = event_weights(log, policies, now, clipping)
    names = ["value" if name == "weight" else name for name in rows.column_names]
    yield packed_row(block, rows.rename_columns(names).append_column("weight", pa.array(weight)))


def _users(rows: pa.Table) -> int:
    return 1 + (pc.max(rows.column("user")).as_py() or 0)


def _items(rows: pa.Table) -> int:
    return 1 + (pc.max(rows.column("item")).as_py() or 0)
