"""Loading events, nodes and links into a graph store.

Everything is read and checked before anything is written. Then each batch is one durable write, and
an upsert: a load that was cut off, or repeated, is put right by running it again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec.config import IngestSettings
from graphrec.data import AttributeKind, Vocabulary
from graphrec.errors import DataError
from graphrec.progress import Progress
from graphrec.store.protocol import GraphStore
from ingest.attributes import AttributeColumn, attribute_columns, to_attribute
from ingest.chunks import Reading
from ingest.schema import event_columns, link_columns, node_column
from ingest.sources import Source, open_source
from ingest.spool import Spool, spooled
from ingest.validate import check_events, check_links, check_nodes, to_interactions

MAX_KINDS = 255


@dataclass(frozen=True)
class LoadReport:
    """What came of loading a source."""

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


def load_events(
    store: GraphStore,
    source: Source,
    settings: IngestSettings,
    rejects: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    kind: str | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Events of users and items, in batches of `settings.batch_rows`.

    Columns are found by their names (`ingest.schema`), or given by `mapping` from user, item,
    weight, time and kind. `kind` is the kind of all events of a log that does not say. Rows that
    cannot be used go to the file `rejects`. Raises DataError, and TooManyRejects where there are
    more of them than the settings allow; then nothing has been written.
    """
    start = time.perf_counter()
    checked = checked_events(source, settings, rejects, mapping, kind, progress)
    with checked as (reading, spool):
        new = sum(store.write_events(to_interactions(batch)) for batch in _told(spool, progress))
    return _report(reading, spool, new, start)


def load_nodes(
    store: GraphStore,
    node_type: str,
    source: Source,
    settings: IngestSettings,
    rejects: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    kinds: Mapping[str, AttributeKind] | None = None,
    links: Mapping[str, tuple[str, str]] | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Nodes of a type, with every other column as an attribute.

    The column of ids is found by its name, or given by `mapping` as `id`. The kinds of attributes
    are told by the rules of `ingest.attributes`, or by `kinds`. `links` turns values into links:
    `{"genres": ("has_genre", "genre")}` links each node to one of type genre for each of its
    genres. A node that occurs more than once takes the last row. Raises as `load_events` does.
    """
    start = time.perf_counter()
    checked = checked_nodes(node_type, source, settings, rejects, mapping, kinds, progress)
    with checked as (reading, spool, attributes):
        _check_links(reading.name, attributes, links or {})
        before = store.counts().get(node_type, 0)
        for batch in _told(spool, progress):
            _write_nodes(store, node_type, last_of_each(batch), attributes, links or {})
        new = store.counts().get(node_type, 0) - before
    found = {attribute.name: attribute.kind for attribute in attributes}
    return _report(reading, spool, new, start, found)


@contextmanager
def checked_events(
    source: Source,
    settings: IngestSettings,
    rejects: Path,
    mapping: Mapping[str, str] | None = None,
    kind: str | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[Reading, Spool]]:
    """The events of a source, read and checked to the end; see `load_events`."""
    with open_source(source, settings.batch_rows) as reading:
        columns = event_columns(reading.name, reading.columns, mapping or {}, kind)
        check = partial(check_events, columns=columns, unit=settings.time_unit)
        chunks = reading.chunks(columns.names)
        with spooled(reading, chunks, check, settings, rejects, progress) as spool:
            if columns.kind is not None:
                _check_kinds(reading.name, columns.kind, spool.batches())
            yield reading, spool


@contextmanager
def checked_nodes(
    node_type: str,
    source: Source,
    settings: IngestSettings,
    rejects: Path,
    mapping: Mapping[str, str] | None = None,
    kinds: Mapping[str, AttributeKind] | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[Reading, Spool, tuple[AttributeColumn, ...]]]:
    """The nodes of a source, read and checked to the end; see `load_nodes`.

    The first column of the spool holds the ids, the others the attributes in their order.
    """
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
        check = partial(check_nodes, column=column, attributes=attributes)
        everything = chain([head] if head else [], chunks)
        with spooled(reading, everything, check, settings, rejects, progress) as spool:
            yield reading, spool, attributes


def load_links(
    store: GraphStore,
    source: Source,
    edge_type: tuple[str, str | None, str],
    settings: IngestSettings,
    rejects: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Links between nodes, with an optional weight.

    `edge_type` is such as ("user", "follows", "user"); with None for the relation, each row names
    its own, as in a knowledge graph of (head, relation, tail). Columns are found by their names, or
    given by `mapping` from source, target, weight and relation. Raises as `load_events` does.
    """
    start = time.perf_counter()
    source_type, relation, target_type = edge_type
    with open_source(source, settings.batch_rows) as reading:
        columns = link_columns(
            reading.name,
            reading.columns,
            mapping or {},
            source_type,
            target_type,
            relation=relation is None,
        )
        check = partial(check_links, columns=columns, relation=relation)
        chunks = reading.chunks(columns.names)
        with spooled(reading, chunks, check, settings, rejects, progress) as spool:
            new = 0
            for batch in _told(spool, progress):
                for name in pc.unique(batch.column("relation")).to_pylist():
                    links = batch.filter(pc.equal(batch.column("relation"), name))
                    ends = (links.column(end).to_pylist() for end in ("source", "target", "weight"))
                    new += store.write_links(
                        (source_type, name, target_type), list(zip(*ends, strict=True))
                    )
    return _report(reading, spool, new, start)


def _told(spool: Spool, progress: Progress | None) -> Iterator[pa.RecordBatch]:
    """The batches of the spool; tells of each when it has been written."""
    done = 0
    for batch in spool.batches():
        yield batch
        done += batch.num_rows
        if progress:
            progress("writing", done, spool.accepted)


def _check_kinds(name: str, column: str, batches: Iterable[pa.RecordBatch]) -> None:
    kinds: set[str] = set()
    for batch in batches:
        kinds.update(pc.unique(batch.column("kind")).to_pylist())
    if len(kinds) > MAX_KINDS:
        raise DataError(
            f"column {column!r} of {name} holds {len(kinds)} kinds of events: expected at most "
            f"{MAX_KINDS}; name the column of kinds with `--map kind=COLUMN`"
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


def _write_nodes(
    store: GraphStore,
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


def _report(
    reading: Reading,
    spool: Spool,
    new: int,
    start: float,
    attributes: Mapping[str, AttributeKind] | None = None,
) -> LoadReport:
    return LoadReport(
        source=reading.name,
        rows=spool.rows,
        accepted=spool.accepted,
        new=new,
        rejected=spool.rejected,
        reasons=spool.reasons,
        rejects=spool.rejects,
        seconds=time.perf_counter() - start,
        attributes=attributes or {},
    )
