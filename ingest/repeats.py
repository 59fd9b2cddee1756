"""Events of one source that have the same user, item, kind and time: counted, and added up.

A store holds one event of a user, item, kind and time. Which rows of a source share them is found
by a hash of 64 bits a row, kept in a temporary file, so that memory stays flat. Of a hundred
million rows, two that differ share one by a chance of some per cent: then the count is one too
high. What is added up is compared in full.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphrec.data.weighting import KindPolicy

Hashes = NDArray[np.uint64]

SORTED_AT_ONCE = 8_000_000
"""Hashes, 64 MB."""

HELD = 1_000_000
"""Rows that are held back before those that are alike are added up."""

KEY = ("user", "item", "kind", "time")


@dataclass(frozen=True)
class Repeats:
    """How many rows repeat the key of another row of the source."""

    replaced: int = 0
    """Rows of which a later one counts."""
    added: int = 0
    """Rows that were added to another one."""
    adding: frozenset[str] = frozenset()
    """Kinds whose events add up."""
    hashes: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    """Of the keys that repeat, of those kinds; ascending."""


NONE_REPEATED = Repeats()


def repeats_of(batches: Iterable[pa.RecordBatch], kinds: Mapping[str, KindPolicy]) -> Repeats:
    """What repeats in the batches of a source of events; `kinds` say whose events add up."""
    adding = frozenset(kind for kind, policy in kinds.items() if policy.same_time == "add")
    with tempfile.TemporaryFile() as others, tempfile.TemporaryFile() as added:
        for batch in batches:
            hashes, adds = hashes_of(batch), _adds(batch, adding)
            hashes[~adds].tofile(others)
            hashes[adds].tofile(added)
        replaced, _ = _repeated(others)
        count, found = _repeated(added)
    return Repeats(replaced, count, adding, found)


def added_up(batches: Iterable[pa.RecordBatch], repeats: Repeats) -> Iterator[pa.RecordBatch]:
    """The batches, with one row in place of those that are added up; these come last."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if not repeats.added:
            yield batch
            continue
        hold = _adds(batch, repeats.adding) & np.isin(hashes_of(batch), repeats.hashes)
        held.append(batch.filter(pa.array(hold)))
        if sum(each.num_rows for each in held) > HELD:
            held = _sums(held)
        yield batch.filter(pa.array(~hold))
    yield from _sums(held) if held else ()


def hashes_of(batch: pa.RecordBatch) -> Hashes:
    """A hash of the key of each row [N]."""
    parts = [_text_hashes(batch.column(name)) for name in ("user", "item", "kind")]
    parts.append(batch.column("time").to_numpy().astype(np.uint64))
    found = np.zeros(batch.num_rows, np.uint64)
    for part in parts:
        found = _mixed(found ^ part)
    return found


def _adds(batch: pa.RecordBatch, adding: frozenset[str]) -> NDArray[np.bool_]:
    if not adding:
        return np.zeros(batch.num_rows, bool)
    kinds = pa.array(sorted(adding), pa.string())
    adds: NDArray[np.bool_] = pc.is_in(batch.column("kind"), kinds).to_numpy(zero_copy_only=False)
    return adds


def _sums(held: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    table = pa.Table.from_batches(held)
    sums = table.group_by(list(KEY)).aggregate([("weight", "sum")])
    columns = {name: sums.column(name) for name in KEY}
    columns["weight"] = sums.column("weight_sum").cast(pa.float32())
    return list(pa.table(columns).select(table.column_names).cast(table.schema).to_batches())


def _repeated(file: IO[bytes]) -> tuple[int, Hashes]:
    """How many of the hashes in a file repeat another, and which repeat, ascending."""
    file.flush()
    size = file.seek(0, 2) // 8
    if not size:
        return 0, np.empty(0, np.uint64)
    hashes = np.memmap(file, np.uint64, "r", shape=(size,))
    parts = -(-size // SORTED_AT_ONCE)
    count, found = 0, []
    for part in range(parts):
        some = np.sort(hashes if parts == 1 else hashes[hashes % np.uint64(parts) == part])
        again = some[1:] == some[:-1]
        count += int(again.sum())
        found.append(np.unique(some[1:][again]))
    return count, np.sort(np.concatenate(found))


def _text_hashes(texts: pa.Array) -> Hashes:
    """A hash of each text: its bytes, each times a random number of its place, summed."""
    large = texts.cast(pa.large_string())
    _, offsets, data = large.buffers()
    ends = np.frombuffer(offsets, np.int64)[large.offset : large.offset + len(large) + 1]
    lengths = np.diff(ends)
    if data is None or not len(texts):
        return np.zeros(len(texts), np.uint64)
    values = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]].astype(np.uint64)
    place = np.arange(len(values)) - np.repeat(ends[:-1] - ends[0], lengths)
    values *= _random(int(lengths.max(initial=0)))[place]
    sums = np.add.reduceat(np.append(values, np.uint64(0)), ends[:-1] - ends[0])
    return np.where(lengths > 0, sums, 0).astype(np.uint64) + lengths.astype(np.uint64)


def _random(count: int) -> Hashes:
    """The same numbers each time."""
    return np.random.default_rng(2).integers(0, 2**64, count, np.uint64)


def _mixed(values: Hashes) -> Hashes:
    """Each value spread over all 64 bits (the finaliser of splitmix64)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
