"""Facts about a source, gathered chunk by chunk: of rows set aside and of times as they were
written while it is checked, of all others from the rows that were accepted.

Memory is bounded: ids, and the numbers by which repeated rows are found, are kept up to a bound,
and beyond it a sample of them that is the same for every source (`graphrec.ingest.hashing`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.attributes import AttributeColumn
from graphrec.ingest.chunks import Chunk
from graphrec.ingest.hashing import Repeats, mixed, numbers_of
from graphrec.ingest.id_collector import IdCollector
from graphrec.ingest.units import unit_counts
from graphrec.ingest.validate import Checked
from numpy.typing import NDArray

from graphrec.data.odd_ids import spelled_as_nothing
from graphrec.data.profile import (
    DAY,
    LONG_AGO,
    AttributeProfile,
    SourceProfile,
    TimeProfile,
    ValueCounts,
)

VALUES = 1000
"""How many distinct values of a kind are counted as they are."""
_SAMPLE = 500
"""Rows of a chunk by which the units of times are told."""
_SHOWN = 3
_WIDTH = 40
"""Characters of an example."""


@dataclass
class Raw:
    """What only the rows as they stood show, chunk by chunk."""

    roles: Mapping[str, str]
    """By column of ids, the type of node."""
    time: str | None = None
    """The column of times."""
    nothing: dict[str, Counter[str]] = field(default_factory=dict)
    """By type of node, ids of rows set aside that look like none."""
    units: Counter[str] = field(default_factory=Counter)

    def observing(self, check: Callable[[Chunk], Checked]) -> Callable[[Chunk], Checked]:
        """The check, of whose chunks this takes note."""

        def checked(chunk: Chunk) -> Checked:
            found = check(chunk)
            self._add(chunk, found)
            return found

        return checked

    def _add(self, chunk: Chunk, checked: Checked) -> None:
        aside = np.zeros(chunk.rows.num_rows, bool)
        if len(checked.rejects) > len(chunk.rejects):
            aside = np.isin(chunk.line, [reject.line for reject in checked.rejects])
            refused = chunk.rows.filter(pa.array(aside))
            for column, node_type in self.roles.items():
                words = map(spelled_as_nothing, refused.column(column).to_pylist())
                counts = self.nothing.setdefault(node_type, Counter())
                counts.update(word for word in words if word)
        good = np.flatnonzero(~aside)
        if self.time is not None and len(good) == checked.rows.num_rows:
            some = np.arange(0, len(good), max(len(good) // _SAMPLE, 1))
            raw = chunk.rows.column(self.time).take(pa.array(good[some]))
            read = checked.rows.column("time").take(pa.array(some)).to_numpy()
            self.units.update(unit_counts(raw, read))


def event_profile(
    base: SourceProfile, raw: Raw, batches: Iterable[pa.RecordBatch]
) -> SourceProfile:
    """`base` with what batches of accepted events show: user, item, weight, time and kind."""
    users, items = IdCollector(), IdCollector()
    values, times = ValueCollector(), TimeCollector()
    for rows in batches:
        kinds = rows.column("kind").dictionary_encode()
        users.add(rows.column("user"))
        items.add(rows.column("item"))
        values.add(kinds, rows.column("weight").to_numpy())
        times.add(rows.column("time").to_numpy())
    return replace(
        base,
        kinds=values.profile(),
        times=times.profile(raw.units),
        ids={
            node_type: ids.profile(raw.nothing.get(node_type, {}))
            for node_type, ids in (("user", users), ("item", items))
        },
    )


def node_profile(
    base: SourceProfile,
    raw: Raw,
    node_type: str,
    attributes: Sequence[AttributeColumn],
    batches: Iterable[pa.RecordBatch],
) -> SourceProfile:
    """`base` with what batches of nodes show: a column of ids, then one for each attribute."""
    ids, repeats = IdCollector(), Repeats()
    missing: Counter[str] = Counter()
    examples: dict[str, dict[str, None]] = {each.name: {} for each in attributes}
    nodes = 0
    for rows in batches:
        repeats.add(ids.add(rows.column(0)))
        nodes += rows.num_rows
        for attribute, values in zip(attributes, rows.columns[1:], strict=True):
            missing[attribute.name] += values.null_count
            shown = examples[attribute.name]
            if len(shown) < _SHOWN:
                shown.update(dict.fromkeys(map(shown_value, values.drop_null()[:100].to_pylist())))
    read = {each.column for each in attributes}
    return _with(
        base,
        repeats,
        ignored=tuple(column for column in base.ignored if column not in read),
        attributes={
            each.name: AttributeProfile(
                each.column,
                each.kind,
                nodes,
                missing[each.name],
                tuple(examples[each.name])[:_SHOWN],
                why_of(each),
            )
            for each in attributes
        },
        ids={node_type: ids.profile(raw.nothing.get(node_type, {}))},
    )  # fmt: skip


def link_profile(
    base: SourceProfile, raw: Raw, types: tuple[str, str], batches: Iterable[pa.RecordBatch]
) -> SourceProfile:
    """`base` with what batches of links show: source, relation, target."""
    ids = {node_type: IdCollector() for node_type in types}
    repeats, relations = Repeats(), Counter[str]()
    for rows in batches:
        relation = rows.column("relation").dictionary_encode()
        names, code = relation.dictionary.to_pylist(), relation.indices.to_numpy()
        counts = np.bincount(code, minlength=len(names)).tolist()
        relations.update(dict(zip(names, counts, strict=True)))
        ends = [ids[t].add(rows.column(end)) for t, end in zip(types, _ENDS, strict=True)]
        repeats.add(mixed(*ends, numbers_of(relation.dictionary)[code]))
    return _with(
        base,
        repeats,
        relations=dict(relations),
        ids={t: each.profile(raw.nothing.get(t, {})) for t, each in ids.items()},
    )


_REASONS = {
    "given": "given",
    "store": "as in the store",
    "name": "by its name",
    "file": "by the types of the file",
    "empty": "no values: its kind is still open",
}


def why_of(attribute: AttributeColumn) -> str:
    """Why an attribute is of its kind, in words; empty where there is nothing to say."""
    return _REASONS.get(attribute.reason, attribute.because)


_ENDS = ("source", "target")


@dataclass
class ValueCollector:
    """The values of events by kind."""

    values: dict[str, Counter[float]] = field(default_factory=dict)
    rounded: set[str] = field(default_factory=set)

    def add(self, kinds: pa.DictionaryArray, weight: NDArray[np.float32]) -> None:
        """Add the kinds and the values of events [N]."""
        names = kinds.dictionary.to_pylist()
        code = kinds.indices.to_numpy().astype(np.uint64) << np.uint64(32)
        found = pc.value_counts(pa.array(code | weight.view(np.uint32)))
        if len(found) > VALUES * max(len(names), 1):
            found = pc.value_counts(pa.array(code | _rounded(weight).view(np.uint32)))
            self.rounded.update(names)
        key, count = found.field("values").to_numpy(), found.field("counts").to_pylist()
        value = (key & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.float32).tolist()
        place = (key >> np.uint64(32)).tolist()
        for at, number, times in zip(place, value, count, strict=True):
            self.values.setdefault(names[at], Counter())[number] += times
        for name in names:
            if len(self.values[name]) > VALUES:
                self.rounded.add(name)
                self.values[name] = _round_values(self.values[name])

    def profile(self) -> dict[str, ValueCounts]:
        """What was found."""
        return {
            kind: ValueCounts(dict(sorted(counts.items())), kind in self.rounded)
            for kind, counts in sorted(self.values.items())
        }


@dataclass
class TimeCollector:
    """The times of events."""

    first: int | None = None
    last: int | None = None
    unknown: int = 0
    whole_days: bool = True
    long_ago: int = 0
    ahead: int = 0
    latest: float = field(default_factory=lambda: time.time() * 1000 + DAY)

    def add(self, times: NDArray[np.int64]) -> None:
        """Add the times of events [N]."""
        known = times[times != 0]
        self.unknown += len(times) - len(known)
        if len(known):
            first, last = int(known.min()), int(known.max())
            self.first = first if self.first is None else min(first, self.first)
            self.last = last if self.last is None else max(last, self.last)
            self.whole_days = self.whole_days and not (known % DAY).any()
            self.long_ago += int((known < LONG_AGO).sum()) if first < LONG_AGO else 0
            self.ahead += int((known > self.latest).sum()) if last > self.latest else 0

    def profile(self, units: Counter[str]) -> TimeProfile:
        """What was found."""
        shares = {unit: count / units.total() for unit, count in units.most_common()}
        days = self.first is not None and self.whole_days
        return TimeProfile(
            self.first, self.last, self.unknown, shares, days, self.long_ago, self.ahead
        )


def shown_value(value: object) -> str:
    """A value as an example, cut short."""
    if isinstance(value, float):
        return f"{value:g}"
    text = "|".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _with(base: SourceProfile, repeats: Repeats, **found: Any) -> SourceProfile:
    exact = repeats.sampled == 1
    return replace(base, repeated=repeats.repeated(), repeated_exact=exact, **found)


def _rounded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """To two significant digits."""
    with np.errstate(divide="ignore"):
        power = np.floor(np.log10(np.abs(values.astype(np.float64))))
    unit = 10.0 ** np.where(np.isfinite(power), power - 1, 0)
    return (np.round(values / unit) * unit).astype(np.float32)


def _round_values(counts: Mapping[float, int]) -> Counter[float]:
    fewer: Counter[float] = Counter()
    rounded = _rounded(np.array(list(counts), np.float32)).tolist()
    for value, count in zip(rounded, counts.values(), strict=True):
        fewer[value] += count
    return fewer
