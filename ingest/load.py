"""Loading events, nodes and links into a graph store, in two steps: check, then write.

A source is read and checked to its end before anything of it is written, and so are several that
are loaded together (`write_all`). Then each batch is one durable write, and an upsert: a load that
was cut off, or repeated, is put right by running it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.attributes import AttributeColumn, attribute_columns, to_attribute
from graphrec.ingest.collected import Sink
from graphrec.ingest.schema import LinkType, event_columns, link_columns, node_column
from graphrec.ingest.settle import settled, time_rules
from graphrec.ingest.sources import Source, open_source
from graphrec.ingest.spool import Spool, spooled
from graphrec.ingest.time_columns import settled_times
from graphrec.ingest.validate import check_events, check_links, check_nodes, to_interactions

from graphrec.data import MAX_KINDS, AttributeKind, Vocabulary
from graphrec.errors import DataError
from graphrec.progress import Progress
from graphrec.settings import IngestSettings


@dataclass(frozen=True)
class LoadReport:
    """The result of loading a source."""

    source: str
    rows: int
    accepted: int
    new: int
    """Events or links that the store did not have; nodes of the type that it did not have."""
    rejected: int
    reasons: Mapping[str, int]
    """Rejected rows by reason, the most frequent first."""
    rejects: Path | None
    """The file of rejected rows (line, reason, row), where there are any."""
    seconds: float
    attributes: Mapping[str, AttributeKind] = field(default_factory=dict)
    """The attributes of the nodes, and their kinds."""
    notes: tuple[str, ...] = ()
    """How what may be read in two ways was read, and the option that says otherwise."""


@dataclass(frozen=True)
class CheckedSource:
    """A source that was read and checked to its end, and of which nothing has been written yet.

    It can be used as long as the context that gave it is open.
    """

    name: str
    """What messages call the source."""
    spool: Spool
    """Its good rows. Of nodes, the first column holds the ids, the others `attributes`."""
    seconds: float
    """What reading and checking took."""
    write_rows: Callable[[Sink, Iterator[pa.RecordBatch]], int]
    """Writes batches of the spool; returns how much was new, as in LoadReport."""
    attributes: tuple[AttributeColumn, ...] = ()
    notes: tuple[str, ...] = ()
    """As in LoadReport."""

    def write(self, store: Sink, progress: Progress | None = None) -> LoadReport:
        """Write the good rows and report on them."""
        start = time.perf_counter()
        new = self.write_rows(store, self._told(progress))
        return LoadReport(
            source=self.name,
            rows=self.spool.rows,
            accepted=self.spool.accepted,
            new=new,
            rejected=self.spool.rejected,
            reasons=self.spool.reasons,
            rejects=self.spool.rejects,
            seconds=self.seconds + time.perf_counter() - start,
            attributes={attribute.name: attribute.kind for attribute in self.attributes},
            notes=self.notes,
        )

    def _told(self, progress: Progress | None) -> Iterator[pa.RecordBatch]:
        """The batches of the spool; reports each once it has been written."""
        done = 0
        for batch in self.spool.batches():
            yield batch
            done += batch.num_rows
            if progress:
                progress("writing", done, self.spool.accepted)


def write_all(
    store: Sink, checked: Mapping[str, CheckedSource], progress: Progress | None = None
) -> dict[str, LoadReport]:
    """Write sources that were all checked before; the reports under the same names.

    Nodes are written first: a store may refuse an attribute that it has as another kind, and then
    no event has been written.
    """
    first = sorted(checked, key=lambda name: not checked[name].attributes)
    reports = {name: checked[name].write(store, progress) for name in first}
    return {name: reports[name] for name in checked}


def load_events(
    store: Sink,
    source: Source,
    settings: IngestSettings,
    rejects: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    kind: str | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Check the events of a source, then write them; see `checked_events`."""
    with checked_events(source, settings, rejects, mapping, kind, progress) as checked:
        return checked.write(store, progress)


def load_nodes(
    store: Sink,
    node_type: str,
    source: Source,
    settings: IngestSettings,
    rejects: Path | None,
    *,
    mapping: Mapping[str, str] | None = None,
    kinds: Mapping[str, AttributeKind] | None = None,
    links: Mapping[str, tuple[str, str]] | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Check the nodes of a source, then write them; see `checked_nodes`."""
    with checked_nodes(
        node_type, source, settings, rejects, mapping, kinds, links, progress
    ) as checked:
        return checked.write(store, progress)


def load_links(
    store: Sink,
    source: Source,
    edge_type: LinkType,
    settings: IngestSettings,
    rejects: Path | None,
    *,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Check the links of a source, then write them; see `checked_links`."""
    with checked_links(source, edge_type, settings, rejects, mapping, progress) as checked:
        return checked.write(store, progress)


@contextmanager
def checked_events(
    source: Source,
    settings: IngestSettings,
    rejects: Path | None,
    mapping: Mapping[str, str] | None = None,
    kind: str | None = None,
    progress: Progress | None = None,
) -> Iterator[CheckedSource]:
    """Events of users and items, in batches of `settings.batch_rows`.

    Columns are found by their names (`graphrec.ingest.schema`), or given by `mapping` from user,
    item, weight, time and kind. `kind` is the kind of all events of a log without a column of
    kinds. Rows that cannot be used go to the file `rejects`, or one beside it
    (`graphrec.ingest.spool`); where
    it is None there may be none.
    Entering raises DataError, and TooManyRejects where there are more of them than the settings
    allow.
    """
    start = time.perf_counter()
    with open_source(source, settings.batch_rows) as reading:
        columns = event_columns(reading.name, reading.columns, mapping or {}, kind)
        check = partial(
            check_events, columns=columns, rules=settings.ids, time_rules=time_rules(settings)
        )
        chunks = reading.chunks(columns.names)
        with spooled(reading, chunks, check, settings, rejects, progress) as spool:
            settle, notes = settled_times(spool.seen, reading.name, columns.time or "")
            spool = spool.settled(settle)
            spool, more = settled(spool, {"user": "user", "item": "item"}, settings.ids)
            if columns.kind is not None:
                _check_kinds(reading.name, columns.kind, spool.batches())
            seconds = time.perf_counter() - start
            notes = (*notes, *more)
            yield CheckedSource(reading.name, spool, seconds, _write_events, notes=notes)


@contextmanager
def checked_nodes(
    node_type: str,
    source: Source,
    settings: IngestSettings,
    rejects: Path | None,
    mapping: Mapping[str, str] | None = None,
    kinds: Mapping[str, AttributeKind] | None = None,
    links: Mapping[str, tuple[str, str]] | None = None,
    progress: Progress | None = None,
) -> Iterator[CheckedSource]:
    """Nodes of a type, with every other column as an attribute.

    The column of ids is found by its name, or given by `mapping` as `id`. The kinds of attributes
    are found by the rules of `graphrec.ingest.attributes`, or by `kinds`. `links` turns values into
    links: `{"genres": ("has_genre", "genre")}` links each node to one of type genre for each of its
    genres. A node that occurs more than once takes the last row. Raises as `checked_events` does.
    """
    start = time.perf_counter()
    with open_source(source, settings.batch_rows) as reading:
        column = node_column(reading.name, reading.columns, mapping or {}, node_type)
        others = [name for name in reading.columns if name != column]
        chunks = reading.chunks([column, *others])
        head = next(chunks, None)
        sample = (
            head.rows.select(others)
            if head
            else pa.RecordBatch.from_pydict({name: pa.nulls(0) for name in others})
        )
        attributes = attribute_columns(reading, sample, kinds or {})
        _check_links(reading.name, attributes, links or {})
        check = partial(check_nodes, column=column, attributes=attributes, rules=settings.ids)
        everything = chain([head] if head else [], chunks)
        with spooled(reading, everything, check, settings, rejects, progress) as spool:
            write = partial(
                _write_nodes, node_type=node_type, attributes=attributes, links=links or {}
            )
            spool, notes = settled(spool, {"id": column}, settings.ids)
            seconds = time.perf_counter() - start
            yield CheckedSource(reading.name, spool, seconds, write, attributes, notes)


@contextmanager
def checked_links(
    source: Source,
    edge_type: LinkType,
    settings: IngestSettings,
    rejects: Path | None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Iterator[CheckedSource]:
    """Links between nodes, with an optional weight.

    `edge_type` is such as ("user", "follows", "user"); with None for the relation, each row names
    its own, as in a knowledge graph of (head, relation, tail). Columns are found by their names, or
    given by `mapping` from source, target, weight and relation. Raises as `checked_events` does,
    and DataError where rows name another relation than that of `edge_type`.
    """
    start = time.perf_counter()
    _, relation, _ = edge_type
    with open_source(source, settings.batch_rows) as reading:
        columns = link_columns(reading.name, reading.columns, mapping or {}, edge_type)
        check = partial(check_links, columns=columns, relation=relation, rules=settings.ids)
        chunks = reading.chunks(columns.names)
        with spooled(reading, chunks, check, settings, rejects, progress) as spool:
            if columns.relation is not None:
                _check_relations(reading.name, columns.relation, edge_type, spool.batches())
            spool, notes = settled(spool, {"source": "source", "target": "target"}, settings.ids)
            write = partial(_write_links, edge_type=edge_type)
            seconds = time.perf_counter() - start
            yield CheckedSource(reading.name, spool, seconds, write, notes=notes)


def _check_kinds(name: str, column: str, batches: Iterable[pa.RecordBatch]) -> None:
    kinds: set[str] = set()
    for batch in batches:
        kinds.update(pc.unique(batch.column("kind")).to_pylist())
    if len(kinds) > MAX_KINDS:
        raise DataError(
            f"column {column!r} of {name} holds {len(kinds)} kinds of events: expected at most "
            f"{MAX_KINDS}; name another with `graphrec ingest --map kind=COLUMN`, or rename it"
        )


def _check_links(
    name: str, attributes: Iterable[AttributeColumn], links: Mapping[str, tuple[str, str]]
) -> None:
    possible = {a.name for a in attributes if a.kind in ("tags", "category")}
    for attribute in links:
        if attribute not in possible:
            raise DataError(
                f"attribute {attribute!r} of {name} cannot become links: expected tags or a "
                f"category, such as {', '.join(sorted(possible)) or 'none here'}; set its kind"
            )


def last_of_each(nodes: pa.RecordBatch) -> pa.RecordBatch:
    """The last row of each id."""
    encoded = nodes.column(0).dictionary_encode()
    if len(encoded.dictionary) == nodes.num_rows:
        return nodes
    row = np.zeros(len(encoded.dictionary), np.int64)
    row[encoded.indices.to_numpy()] = np.arange(nodes.num_rows)
    return nodes.take(pa.array(np.sort(row)))


def _check_relations(
    name: str, column: str, edge_type: LinkType, batches: Iterable[pa.RecordBatch]
) -> None:
    source_type, relation, target_type = edge_type
    for batch in batches if relation is not None else ():
        others = [r for r in pc.unique(batch.column("relation")).to_pylist() if r != relation]
        if others:
            raise DataError(
                f"column {column!r} of {name} holds the relation {others[0]!r}: expected "
                f"{relation!r} in every row; keep the relations of the rows with "
                f"`--links {source_type}::{target_type}=FILE`, or drop the column"
            )


def _write_events(store: Sink, batches: Iterator[pa.RecordBatch]) -> int:
    return sum(store.write_events(to_interactions(batch)) for batch in batches)


def _write_links(store: Sink, batches: Iterator[pa.RecordBatch], edge_type: LinkType) -> int:
    source_type, _, target_type = edge_type
    new = 0
    for batch in batches:
        for name in pc.unique(batch.column("relation")).to_pylist():
            links = batch.filter(pc.equal(batch.column("relation"), name))
            ends = (links.column(end).to_pylist() for end in ("source", "target", "weight"))
            new += store.write_links(
                (source_type, name, target_type), list(zip(*ends, strict=True))
            )
    return new


def _write_nodes(
    store: Sink,
    batches: Iterator[pa.RecordBatch],
    node_type: str,
    attributes: Sequence[AttributeColumn],
    links: Mapping[str, tuple[str, str]],
) -> int:
    before = store.counts().get(node_type, 0)
    for batch in batches:
        _write_batch(store, node_type, last_of_each(batch), attributes, links)
    return store.counts().get(node_type, 0) - before


def _write_batch(
    store: Sink,
    node_type: str,
    nodes: pa.RecordBatch,
    attributes: Sequence[AttributeColumn],
    links: Mapping[str, tuple[str, str]],
) -> None:
    ids = nodes.column(0).to_pylist()
    values = {
        attribute.name: to_attribute(column, attribute.kind)
        for attribute, column in zip(attributes, nodes.columns[1:], strict=True)
    }
    store.write_nodes(node_type, Vocabulary(tuple(ids)), values)
    for name, (relation, target_type) in links.items():
        pairs = [
            (node_id, target, 1.0)
            for node_id, value in zip(ids, values[name].values, strict=True)
            for target in (value if isinstance(value, tuple) else [value])
            if isinstance(target, str)
        ]
        store.write_links((node_type, relation, target_type), pairs)
