"""Facts about a source, gathered chunk by chunk while it is checked.

Memory is bounded: ids, and the numbers by which repeated rows are found, are kept up to a bound,
and beyond it a sample of them that is the same for every source (`graphrec.ingest.hashing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.attributes import AttributeColumn
from graphrec.ingest.chunks import Chunk
from graphrec.ingest.hashing import Numbers, Repeats, mixed, numbers_of
from graphrec.ingest.schema import EventColumns, LinkColumns
from graphrec.ingest.units import unit_counts
from graphrec.ingest.validate import Checked
from numpy.typing import NDArray

from graphrec.data.odd_ids import EMPTY, PLACEHOLDERS, spelled_as_nothing, spellings
from graphrec.data.profile import (
    DAY,
    AttributeProfile,
    IdProfile,
    SourceProfile,
    TimeProfile,
    ValueCounts,
)

IDS = 1 << 15
"""How many ids of a type are kept; of more, about half of that or more."""
VALUES = 1000
"""How many distinct values of a kind are counted as they are."""
_SAMPLE = 500
"""Rows of a chunk by which the units of times are told."""
_SHOWN = 3
_WIDTH = 40
"""Characters of an example."""
_ODD = pa.array(
    sorted({spell(w) for w in EMPTY | PLACEHOLDERS for spell in (str, str.upper, str.title)})
)
"""Ids that are looked for."""


@dataclass
class IdCollector:
    """The ids of one type of node."""

    limit: int = 1 << 64
    drawn: dict[str, int] = field(default_factory=dict)
    nothing: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    placeholders: Counter[str] = field(default_factory=Counter)
    busy: Counter[str] = field(default_factory=Counter)

    def add(self, ids: pa.Array) -> Numbers:
        """Add the ids of rows that were accepted [N]; a number for each of them."""
        if not len(ids):
            return np.zeros(0, np.uint64)
        encoded = ids if pa.types.is_dictionary(ids.type) else ids.dictionary_encode()
        distinct, row = encoded.dictionary, encoded.indices.to_numpy()
        self._draw(distinct)
        rows = np.bincount(row, minlength=len(distinct))
        most = int(rows.argmax())
        self.busy[distinct[most].as_py()] += int(rows[most])
        odd = pc.is_in(distinct, value_set=_ODD).to_numpy(zero_copy_only=False)
        for place in np.flatnonzero(odd).tolist():
            self._odd(distinct[place].as_py(), int(rows[place]))
        return numbers_of(distinct)[row]

    def refuse(self, raw: Iterable[object]) -> None:
        """Add the ids of rows that were set aside, as they stood."""
        self.nothing.update(word for word in map(spelled_as_nothing, raw) if word)

    def profile(self) -> IdProfile:
        """What was found."""
        sampled = self.limit / (1 << 64)
        return IdProfile(
            distinct=round(len(self.drawn) / sampled),
            sampled=sampled,
            ids=self.drawn,
            nothing=dict(self.nothing.most_common()),
            taken=dict(self.taken.most_common()),
            placeholders=dict(self.placeholders.most_common()),
            busiest=self.busy.most_common(1)[0] if self.busy else None,
            spellings=spellings(self.drawn),
        )

    def _draw(self, distinct: pa.Array) -> None:
        numbers = numbers_of(distinct, spelled=False)
        if self.limit < 1 << 64:
            small = numbers < np.uint64(self.limit)
            distinct, numbers = distinct.filter(pa.array(small)), numbers[small]
        self.drawn.update(zip(distinct.to_pylist(), numbers.tolist(), strict=True))
        while len(self.drawn) > IDS:
            self.limit //= 2
            self.drawn = {i: number for i, number in self.drawn.items() if number < self.limit}

    def _odd(self, node_id: str, rows: int) -> None:
        if node_id.lower() in EMPTY:
            self.nothing[node_id] += rows
            self.taken[node_id] += rows
        else:
            self.placeholders[node_id] += rows


@dataclass
class EventCollector:
    """The events of a source."""

    columns: EventColumns
    users: IdCollector = field(default_factory=IdCollector)
    items: IdCollector = field(default_factory=IdCollector)
    repeats: Repeats = field(default_factory=Repeats)
    values: dict[str, Counter[float]] = field(default_factory=dict)
    rounded: set[str] = field(default_factory=set)
    first: int | None = None
    last: int | None = None
    unknown: int = 0
    whole_days: bool = True
    units: Counter[str] = field(default_factory=Counter)

    def add(self, chunk: Chunk, checked: Checked) -> None:
        """Add a chunk, and what was accepted of it."""
        rows = checked.rows
        kinds = rows.column("kind").dictionary_encode()
        time = rows.column("time").to_numpy()
        kind = numbers_of(kinds.dictionary)[kinds.indices.to_numpy()] if len(kinds) else time
        user, item = self.users.add(rows.column("user")), self.items.add(rows.column("item"))
        self.repeats.add(mixed(user, item, kind, time))
        self._add_values(kinds, rows.column("weight").to_numpy())
        self._add_times(chunk, checked, time)
        refused = _refused(chunk, checked)
        for ids, column in ((self.users, self.columns.user), (self.items, self.columns.item)):
            ids.refuse(refused.column(column).to_pylist() if refused else ())

    def profile(self, base: SourceProfile) -> SourceProfile:
        """`base` with what was found."""
        return _with(
            base,
            kinds={
                kind: ValueCounts(dict(sorted(counts.items())), kind in self.rounded)
                for kind, counts in sorted(self.values.items())
            },
            times=TimeProfile(
                self.first,
                self.last,
                self.unknown,
                {unit: n / self.units.total() for unit, n in self.units.most_common()},
                self.first is not None and self.whole_days,
            ),
            ids={"user": self.users.profile(), "item": self.items.profile()},
            repeats=self.repeats,
        )

    def _add_values(self, kinds: pa.DictionaryArray, weight: NDArray[np.float32]) -> None:
        code = kinds.indices.to_numpy().astype(np.uint64) << np.uint64(32)
        for counted in (False, True):
            bits = (_rounded(weight) if counted else weight).view(np.uint32)
            found = pc.value_counts(pa.array(code | bits))
            if len(found) <= VALUES * len(kinds.dictionary):
                break
        key = found.field("values").to_numpy()
        value = (key & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.float32)
        names = kinds.dictionary.to_pylist()
        for place, number, count in zip(
            (key >> np.uint64(32)).tolist(), value.tolist(), found.field("counts").to_pylist(),
            strict=True,
        ):  # fmt: skip
            self.values.setdefault(names[place], Counter())[number] += count
        if counted:
            self.rounded.update(names)
        for name in names:
            if len(self.values[name]) > VALUES:
                self.rounded.add(name)
                self.values[name] = _round_values(self.values[name])

    def _add_times(self, chunk: Chunk, checked: Checked, time: NDArray[np.int64]) -> None:
        known = time[time != 0]
        self.unknown += len(time) - len(known)
        if not len(known):
            return
        first, last = int(known.min()), int(known.max())
        self.first = first if self.first is None else min(first, self.first)
        self.last = last if self.last is None else max(last, self.last)
        self.whole_days = self.whole_days and not (known % DAY).any()
        if self.columns.time is not None:
            step = max(len(time) // _SAMPLE, 1)
            raw = _accepted(chunk, checked).column(self.columns.time)
            some = np.arange(0, len(time), step)
            self.units.update(unit_counts(raw.take(pa.array(some)), time[some]))


@dataclass
class NodeCollector:
    """The nodes of a source, and their attributes."""

    node_type: str
    column: str
    attributes: Sequence[AttributeColumn]
    ids: IdCollector = field(default_factory=IdCollector)
    repeats: Repeats = field(default_factory=Repeats)
    nodes: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    examples: dict[str, dict[str, None]] = field(default_factory=dict)

    def add(self, chunk: Chunk, checked: Checked) -> None:
        """Add a chunk, and what was accepted of it."""
        rows = checked.rows
        self.repeats.add(self.ids.add(rows.column(0)))
        self.nodes += rows.num_rows
        for attribute, values in zip(self.attributes, rows.columns[1:], strict=True):
            self.missing[attribute.name] += values.null_count
            shown = self.examples.setdefault(attribute.name, {})
            if len(shown) < _SHOWN:
                some = values.drop_null()[:100].to_pylist()
                shown.update(dict.fromkeys(map(_shown, some)))
        refused = _refused(chunk, checked)
        self.ids.refuse(refused.column(self.column).to_pylist() if refused else ())

    def profile(self, base: SourceProfile) -> SourceProfile:
        """`base` with what was found."""
        attributes = {
            each.name: AttributeProfile(
                each.column,
                each.kind,
                self.nodes,
                self.missing[each.name],
                tuple(self.examples.get(each.name, ()))[:_SHOWN],
            )
            for each in self.attributes
        }
        read = {self.column, *(each.column for each in self.attributes)}
        return _with(
            base,
            ignored=tuple(column for column in base.ignored if column not in read),
            attributes=attributes,
            ids={self.node_type: self.ids.profile()},
            repeats=self.repeats,
        )


@dataclass
class LinkCollector:
    """The links of a source."""

    columns: LinkColumns
    types: tuple[str, str]
    ids: dict[str, IdCollector] = field(default_factory=dict)
    repeats: Repeats = field(default_factory=Repeats)
    relations: Counter[str] = field(default_factory=Counter)

    def add(self, chunk: Chunk, checked: Checked) -> None:
        """Add a chunk, and what was accepted of it."""
        rows = checked.rows
        relation = rows.column("relation").dictionary_encode()
        names = relation.dictionary.to_pylist()
        counts = np.bincount(relation.indices.to_numpy(), minlength=len(names)).tolist()
        self.relations.update(dict(zip(names, counts, strict=True)))
        refused = _refused(chunk, checked)
        ends = []
        for end, column, node_type in (
            ("source", self.columns.source, self.types[0]),
            ("target", self.columns.target, self.types[1]),
        ):
            ids = self.ids.setdefault(node_type, IdCollector())
            ends.append(ids.add(rows.column(end)))
            ids.refuse(refused.column(column).to_pylist() if refused else ())
        if rows.num_rows:
            kind = numbers_of(relation.dictionary)[relation.indices.to_numpy()]
            self.repeats.add(mixed(*ends, kind))

    def profile(self, base: SourceProfile) -> SourceProfile:
        """`base` with what was found."""
        ids = {node_type: each.profile() for node_type, each in self.ids.items()}
        return _with(base, relations=dict(self.relations), ids=ids, repeats=self.repeats)


Collector = EventCollector | NodeCollector | LinkCollector


def observed(check: Callable[[Chunk], Checked], collector: Collector) -> Callable[[Chunk], Checked]:
    """The check, which tells the collector of each chunk."""

    def checked(chunk: Chunk) -> Checked:
        found = check(chunk)
        collector.add(chunk, found)
        return found

    return checked


def _with(base: SourceProfile, repeats: Repeats, **found: Any) -> SourceProfile:
    exact = repeats.sampled == 1
    return replace(base, repeated=repeats.repeated(), repeated_exact=exact, **found)


def _accepted(chunk: Chunk, checked: Checked) -> pa.RecordBatch:
    """The raw rows that were accepted."""
    if len(checked.rejects) == len(chunk.rejects):
        return chunk.rows
    aside = [reject.line for reject in checked.rejects]
    return chunk.rows.filter(pa.array(~np.isin(chunk.line, aside)))


def _refused(chunk: Chunk, checked: Checked) -> pa.RecordBatch | None:
    """The raw rows that were set aside; None without any."""
    if len(checked.rejects) == len(chunk.rejects):
        return None
    aside = [reject.line for reject in checked.rejects]
    return chunk.rows.filter(pa.array(np.isin(chunk.line, aside)))


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


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    text = "|".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
