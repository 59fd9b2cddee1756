"""Loading events, nodes and links into a graph store, in two steps: check, then write.

A source is read and checked to its end before anything of it is written, and so are several that
are loaded together (`write_all`). Then each batch is one durable write, and an upsert: a load that
was cut off, or repeated, is put right by running it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.attributes import AttributeColumn, attribute_columns, index_columns
from graphrec.ingest.collected import Sink
from graphrec.ingest.late import Late
from graphrec.ingest.long import LongTable, gathered
from graphrec.ingest.nodes import looked_at, report_on, write_nodes
from graphrec.ingest.overview import first_rows, hints_of, overview
from graphrec.ingest.profile import Raw, event_profile, link_profile, node_profile
from graphrec.ingest.repeats import NONE_REPEATED, Repeats, added_up, repeats_of
from graphrec.ingest.schema import LinkType, event_columns, link_columns, node_column
from graphrec.ingest.settle import settled, time_rules
from graphrec.ingest.sources import Source, open_source
from graphrec.ingest.spool import Spool, spooled
from graphrec.ingest.time_columns import settled_times
from graphrec.ingest.validate import check_events, check_links, check_nodes, to_interactions

from graphrec.data import MAX_KINDS, AttributeKind
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy
from graphrec.data.profile import Doubt, SourceProfile
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
    replaced: int = 0
    """Events of which a later row with the same user, item, kind and time counts."""
    added: int = 0
    """Events that were added to another row with the same user, item, kind and time."""


@dataclass(frozen=True)
class Batches:
    """The good rows of a spool, to be taken once, and what reports how far they are written."""

    spool: Spool
    progress: Progress | None

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.spool.accepted

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batch by batch; one counts as written when the next is asked for."""
        done = 0
        for batch in self.spool.batches():
            yield batch
            done += batch.num_rows
            if self.progress:
                self.progress("writing", done, self.rows)


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
    write_rows: Callable[[Sink, Batches], int]
    """Writes batches of the spool; returns how much was new, as in LoadReport."""
    profile: SourceProfile
    """What the source was taken for."""
    peek: Callable[[], pa.RecordBatch | None]
    """The first rows with all columns; None where the source cannot be read again."""
    attributes: tuple[AttributeColumn, ...] = ()
    """As in LoadReport."""
    readings: tuple[Doubt, ...] = ()
    """How what may be read in two ways was read."""
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Columns that are left out, and why."""
    repeated: int = 0
    """As in `LoadReport`."""
    gathered: LongTable | None = None
    """As in `LoadReport`."""
    of_nodes: bool = False
    repeats: Repeats = NONE_REPEATED
    """Of events."""
    back: frozenset[str] = frozenset()
    """Its nodes that were deleted, and come back by it."""

    def ids(self) -> Iterator[pa.Array]:
        """The ids of its nodes, batch by batch."""
        return (batch.column(0) for batch in self.spool.batches())

    def write(self, store: Sink, progress: Progress | None = None) -> LoadReport:
        """Write the good rows and report on them."""
        start = time.perf_counter()
        new = self.write_rows(store, Batches(self.spool, progress))
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
            replaced=self.repeats.replaced,
            added=self.repeats.added,
        )


def write_all(
    store: Sink,
    checked: Mapping[str, CheckedSource],
    progress: Progress | None = None,
    after_nodes: Callable[[], object] = lambda: None,
) -> dict[str, LoadReport]:
    """Write sources that were all checked before; the reports under the same names.

    Nodes are written first: a store may refuse an attribute that it has as another kind, and then
    no event has been written; and what was deleted comes back with them, before its events do.
    `after_nodes` is called before all else is written.
    """
    nodes = [name for name, source in checked.items() if source.of_nodes]
    reports = {name: checked[name].write(store, progress) for name in nodes}
    after_nodes()
    others = [name for name in checked if name not in reports]
    reports |= {name: checked[name].write(store, progress) for name in others}
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
    policies: Mapping[str, KindPolicy] = DEFAULT_POLICY,
) -> LoadReport:
    """Check the events of a source, then write them; see `checked_events`."""
    with checked_events(source, settings, rejects, mapping, kind, progress, policies) as checked:
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
    policies: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    late: Late | None = None,
) -> Iterator[CheckedSource]:
    """Events of users and items, in batches of `settings.batch_rows`.

    Columns are found by their names (`graphrec.ingest.schema`), or given by `mapping` from user,
    item, weight, time and kind. `kind` is the kind of all events of a log without a column of
    kinds. Rows that cannot be used go to the file `rejects`, or one beside it
    (`graphrec.ingest.spool`); where
    it is None there may be none. Rows with the same user, item, kind and time are one event, as
    `same_time` of their kind in `kinds` says. Rows that name what `late` knows to be deleted are
    rejects, but no bad rows.
    Entering raises DataError, and TooManyRejects where there are more of them than the settings
    allow.
    """
    start = time.perf_counter()
    with open_source(source, settings.batch_rows) as reading:
        columns = event_columns(reading.name, reading.columns, mapping or {}, kind, reading.hint)
        raw = Raw({columns.user: "user", columns.item: "item"}, columns.time)
        check = raw.observing(
            partial(
                check_events,
                columns=columns,
                rules=settings.ids,
                time_rules=time_rules(settings),
                policies=policies,
                late=late,
            )
        )
        chunks = reading.chunks(columns.names)
        with spooled(reading, chunks, check, settings, rejects, progress) as read:
            settle, of_times = settled_times(read.seen, reading.name, columns.time or "")
            spool, of_ids = settled(
                read.settled(settle), {"user": "user", "item": "item"}, settings.ids
            )
            peek = partial(first_rows, source)
            hints = hints_of(columns, reading.columns, peek)
            base = overview(reading, spool, columns.meanings, hints, rated=columns.rated)
            profile = event_profile(base, raw, spool.batches())
            _check_kinds(reading.name, columns.kind, profile.kinds)
            repeats = repeats_of(spool.batches(), policies)
            profile = replace(profile, repeated=repeats.replaced, added=repeats.added)
            once = replace(spool, batches=lambda: added_up(spool.batches(), repeats))
            seconds = time.perf_counter() - start
            yield CheckedSource(
                reading.name,
                once,
                seconds,
                _write_events,
                profile,
                peek,
                readings=(*of_times, *of_ids),
                repeats=repeats,
            )


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
    late: Late | None = None,
) -> Iterator[CheckedSource]:
    """Nodes of a type, with every other column as an attribute.

    The column of ids is found by its name, or given by `mapping` as `id`. The kinds of attributes
    are found by the rules of `graphrec.ingest.attributes`, by `kinds`, or are those of the store,
    `known`; `separators` are between the tags of a column. `long` says that a row has one property
    of a node, and so does a table that looks like that. `links` turns values into links:
    `{"genres": ("has_genre", "genre")}` links each node to one of type genre for each of its
    genres. A node that occurs more than once takes the last row. Of nodes that `late` knows to be
    deleted, those of the types that stay so are rejects; the others come back. Raises as
    `checked_events` does.
    """
    start = time.perf_counter()
    with open_source(source, settings.batch_rows) as opened:
        column = node_column(opened.name, opened.columns, mapping or {}, node_type, opened.hint)
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
        raw = Raw({column: node_type})
        check = raw.observing(
            partial(
                check_nodes,
                column=column,
                attributes=attributes,
                rules=settings.ids,
                strict=rejects is None,
                late=(late, node_type) if late and node_type in late.stays else None,
            )
        )
        everything = chain(head, chunks)
        with spooled(reading, everything, check, settings, rejects, progress) as read:
            spool, readings = settled(read, {"id": column}, settings.ids)
            report = report_on(reading.name, attributes, spool, ignored)
            write = partial(
                write_nodes,
                node_type=node_type,
                attributes=report.attributes,
                links=links or {},
            )
            base = overview(reading, spool, {column: f"{node_type} id"})
            profile = node_profile(base, raw, node_type, report.attributes, spool.batches())
            ids = (batch.column(0) for batch in spool.batches())
            back = frozenset[str]() if late is None else late.back(node_type, ids)
            if node_type == "user":
                profile = replace(profile, returned=len(back))
            yield CheckedSource(
                reading.name,
                spool,
                time.perf_counter() - start,
                write,
                profile,
                partial(first_rows, source),
                report.attributes,
                readings,
                ignored,
                report.repeated,
                table.table,
                of_nodes=True,
                back=back,
            )


@contextmanager
def checked_links(
    source: Source,
    edge_type: LinkType,
    settings: IngestSettings,
    rejects: Path | None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    late: Late | None = None,
) -> Iterator[CheckedSource]:
    """Links between nodes, with an optional weight.

    `edge_type` is such as ("user", "follows", "user"); with None for the relation, each row names
    its own, as in a knowledge graph of (head, relation, tail). Columns are found by their names, or
    given by `mapping` from source, target, weight and relation. Raises as `checked_events` does,
    and DataError where rows name another relation than that of `edge_type`.
    """
    start = time.perf_counter()
    source_type, relation, target_type = edge_type
    with open_source(source, settings.batch_rows) as reading:
        columns = link_columns(
            reading.name, reading.columns, mapping or {}, edge_type, reading.hint
        )
        types = source_type, target_type
        raw = Raw({columns.source: source_type, columns.target: target_type})
        check = raw.observing(
            partial(
                check_links,
                columns=columns,
                rules=settings.ids,
                relation=relation,
                late=late,
                types=types,
            )
        )
        chunks = reading.chunks(columns.names)
        with spooled(reading, chunks, check, settings, rejects, progress) as spool:
            if columns.relation is not None:
                _check_relations(reading.name, columns.relation, edge_type, spool.batches())
            spool, readings = settled(spool, {"source": "source", "target": "target"}, settings.ids)
            write = partial(_write_links, edge_type=edge_type)
            base = overview(reading, spool, columns.meanings(*types))
            profile = link_profile(base, raw, types, spool.batches())
            peek = partial(first_rows, source)
            seconds = time.perf_counter() - start
            yield CheckedSource(
                reading.name, spool, seconds, write, profile, peek, readings=readings
            )


def _check_kinds(name: str, column: str | None, kinds: Collection[str]) -> None:
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


def _write_events(store: Sink, batches: Batches) -> int:
    return store.write_log(map(to_interactions, batches), batches.rows, batches.progress)


def _write_links(store: Sink, batches: Batches, edge_type: LinkType) -> int:
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
