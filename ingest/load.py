"""Loading events, nodes and links into a graph store, in two steps: check, then write.

A source is read and checked to its end before anything of it is written, and so are several that
are loaded together (`write_all`). Then each batch is one durable write, and an upsert: a load that
was cut off, or repeated, is put right by running it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.attributes import AttributeColumn, attribute_columns, to_attribute
from graphrec.ingest.collected import Sink
from graphrec.ingest.late import Late
from graphrec.ingest.overview import first_rows, hints_of, overview
from graphrec.ingest.profile import Raw, event_profile, link_profile, node_profile
from graphrec.ingest.repeats import NONE_REPEATED, Repeats, added_up, repeats_of
from graphrec.ingest.schema import LinkType, event_columns, link_columns, node_column
from graphrec.ingest.sources import Source, open_source
from graphrec.ingest.spool import Spool, spooled
from graphrec.ingest.validate import check_events, check_links, check_nodes, to_interactions

from graphrec.data import MAX_KINDS, AttributeKind, Vocabulary
from graphrec.data.profile import SourceProfile
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
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
    replaced: int = 0
    """Events of which a later row with the same user, item, kind and time counts."""
    added: int = 0
    """Events that were added to another row with the same user, item, kind and time."""


@dataclass(frozen=True)
class Batches:
    """The good rows of a spool, to be taken once, and who is told how far they are written."""

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
    of_nodes: bool = False
    repeats: Repeats = NONE_REPEATED
    """Of events."""

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
            attributes={attribute.name: attribute.kind for attribute in self.attributes},
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
    kinds: Mapping[str, KindPolicy] = DEFAULT_POLICY,
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
            partial(check_events, columns=columns, unit=settings.time_unit, late=late)
        )
        chunks = reading.chunks(columns.names)
        with spooled(reading, chunks, check, settings, rejects, progress) as spool:
            peek = partial(first_rows, source)
            hints = hints_of(columns, reading.columns, peek)
            base = overview(reading, spool, columns.meanings, hints, rated=columns.rated)
            profile = event_profile(base, raw, spool.batches())
            _check_kinds(reading.name, columns.kind, profile.kinds)
            repeats = repeats_of(spool.batches(), kinds)
            once = replace(spool, batches=lambda: added_up(spool.batches(), repeats))
            seconds = time.perf_counter() - start
            yield CheckedSource(
                reading.name, once, seconds, _write_events, profile, peek, repeats=repeats
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
) -> Iterator[CheckedSource]:
    """Nodes of a type, with every other column as an attribute.

    The column of ids is found by its name, or given by `mapping` as `id`. The kinds of attributes
    are found by the rules of `graphrec.ingest.attributes`, or by `kinds`. `links` turns values into
    links: `{"genres": ("has_genre", "genre")}` links each node to one of type genre for each of its
    genres. A node that occurs more than once takes the last row. Raises as `checked_events` does.
    """
    start = time.perf_counter()
    with open_source(source, settings.batch_rows) as reading:
        column = node_column(reading.name, reading.columns, mapping or {}, node_type, reading.hint)
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
        raw = Raw({column: node_type})
        check = raw.observing(partial(check_nodes, column=column, attributes=attributes))
        everything = chain([head] if head else [], chunks)
        with spooled(reading, everything, check, settings, rejects, progress) as spool:
            write = partial(
                _write_nodes, node_type=node_type, attributes=attributes, links=links or {}
            )
            base = overview(reading, spool, {column: f"{node_type} id"})
            profile = node_profile(base, raw, node_type, attributes, spool.batches())
            seconds = time.perf_counter() - start
            peek = partial(first_rows, source)
            yield CheckedSource(
                reading.name, spool, seconds, write, profile, peek, attributes, of_nodes=True
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
            partial(check_links, columns=columns, relation=relation, late=late, types=types)
        )
        chunks = reading.chunks(columns.names)
        with spooled(reading, chunks, check, settings, rejects, progress) as spool:
            if columns.relation is not None:
                _check_relations(reading.name, columns.relation, edge_type, spool.batches())
            write = partial(_write_links, edge_type=edge_type)
            base = overview(reading, spool, columns.meanings(*types))
            profile = link_profile(base, raw, types, spool.batches())
            peek = partial(first_rows, source)
            yield CheckedSource(
                reading.name, spool, time.perf_counter() - start, write, profile, peek
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


def _write_nodes(
    store: Sink,
    batches: Batches,
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
