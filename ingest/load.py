"""Loading events, nodes and links into a graph store, in two steps: check, then write.

A source is read and checked to its end before anything of it is written, and so are several that
are loaded together (`write_all`). Then each batch is one durable write, and an upsert: a load that
was cut off, or repeated, is put right by running it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.attributes import AttributeColumn, attribute_columns, index_columns
from graphrec.ingest.collected import Sink
from graphrec.ingest.long import LongTable, gathered
from graphrec.ingest.nodes import looked_at, report_on, write_nodes
from graphrec.ingest.schema import LinkType, event_columns, link_columns, node_column
from graphrec.ingest.sources import Source, open_source
from graphrec.ingest.spool import Spool, spooled
from graphrec.ingest.validate import check_events, check_links, check_nodes, to_interactions

from graphrec.data import MAX_KINDS, AttributeKind
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
    columns: tuple[AttributeColumn, ...] = ()
    """Of nodes: what each column was taken for, why, and examples of its values."""
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Columns that were left out, and why."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Values that were left out of rows that were loaded, by reason."""
    repeated: int = 0
    """Of nodes: ids that occur again with other values; the last row of each counts."""
    gathered: LongTable | None = None
    """Of nodes: how rows with one property each were gathered, where they were."""


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
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Columns that are left out, and why."""
    repeated: int = 0
    """As in `LoadReport`."""
    gathered: LongTable | None = None
    """As in `LoadReport`."""

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
            attributes={each.name: each.kind for each in self.attributes if not each.empty},
            columns=self.attributes,
            ignored=self.ignored,
            left_out=self.spool.left_out,
            repeated=self.repeated,
            gathered=self.gathered,
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
    known = store.attribute_kinds(node_type)
    with checked_nodes(
        node_type, source, settings, rejects, mapping, kinds, links, progress, known=known
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
        check = partial(check_events, columns=columns, unit=settings.time_unit)
        chunks = reading.chunks(columns.names)
        with spooled(reading, chunks, check, settings, rejects, progress) as spool:
            if columns.kind is not None:
                _check_kinds(reading.name, columns.kind, spool.batches())
            yield CheckedSource(reading.name, spool, time.perf_counter() - start, _write_events)


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
    *,
    known: Mapping[str, AttributeKind] | None = None,
    separators: Mapping[str, str] | None = None,
    long: LongTable | None = None,
) -> Iterator[CheckedSource]:
    """Nodes of a type, with every other column as an attribute.

    The column of ids is found by its name, or given by `mapping` as `id`. The kinds of attributes
    are found by the rules of `graphrec.ingest.attributes`, by `kinds`, or are those of the store,
    `known`; `separators` are between the tags of a column. `long` says that a row has one property
    of a node, and so does a table that looks like that. `links` turns values into links:
    `{"genres": ("has_genre", "genre")}` links each node to one of type genre for each of its
    genres. A node that occurs more than once takes the last row. Raises as `checked_events` does.
    """
    start = time.perf_counter()
    with open_source(source, settings.batch_rows) as opened:
        column = node_column(opened.name, opened.columns, mapping or {}, node_type)
        table = gathered(opened, column, long, settings.batch_rows)
        reading, ignored = table.reading, dict(table.ignored)
        others = [name for name in reading.columns if name != column]
        chunks = reading.chunks([column, *others])
        head = looked_at(chunks)
        samples = [chunk.rows.select(others) for chunk in head] or [
            pa.RecordBatch.from_pydict({name: pa.nulls(0) for name in others})
        ]
        index = index_columns(samples[0])
        ignored |= dict.fromkeys(index, "the index of a data frame")
        samples = [each.select([n for n in others if n not in index]) for each in samples]
        attributes = attribute_columns(reading, samples, kinds or {}, known, separators)
        _check_links(reading.name, attributes, links or {})
        check = partial(check_nodes, column=column, attributes=attributes, strict=rejects is None)
        everything = chain(head, chunks)
        with spooled(reading, everything, check, settings, rejects, progress) as spool:
            report = report_on(reading.name, attributes, spool, ignored)
            write = partial(
                write_nodes,
                node_type=node_type,
                attributes=report.attributes,
                links=links or {},
            )
            yield CheckedSource(
                reading.name,
                spool,
                time.perf_counter() - start,
                write,
                report.attributes,
                ignored,
                report.repeated,
                table.table,
            )


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
        check = partial(check_links, columns=columns, relation=relation)
        chunks = reading.chunks(columns.names)
        with spooled(reading, chunks, check, settings, rejects, progress) as spool:
            if columns.relation is not None:
                _check_relations(reading.name, columns.relation, edge_type, spool.batches())
            write = partial(_write_links, edge_type=edge_type)
            yield CheckedSource(reading.name, spool, time.perf_counter() - start, write)


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
