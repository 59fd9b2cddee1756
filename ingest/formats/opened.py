"""The files of a format as sources: a declaration, applied to what there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce

import numpy as np
import pyarrow as pa
from graphrec.ingest.formats.declare import Events, Format, Links, Nodes, Shape, Table, Text
from graphrec.ingest.formats.files import Found, matching
from graphrec.ingest.formats.shapes import completed, distinct, picked, recoded
from graphrec.ingest.long import LongTable
from graphrec.ingest.schema import LinkType
from graphrec.ingest.sources import Derived, File, Files, Made, Source, open_source
from graphrec.ingest.values import missing, texts

from graphrec.data import AttributeKind
from graphrec.data.kinds import KindPolicy
from graphrec.data.profile import TakenFor
from graphrec.errors import DataError

_NO_ID = "no id, which the events say too"

Stage = Callable[[Iterator[Made]], Iterator[Made]]


@dataclass(frozen=True)
class EventSource:
    """A source of events, and how `checked_events` is to read it."""

    source: Source
    columns: Mapping[str, str] = field(default_factory=dict)
    """By role; others are found by their names."""
    kind: str | None = None
    times: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeSource:
    """A source of nodes, and how `checked_nodes` is to read it."""

    node_type: str
    source: Source
    columns: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, AttributeKind] = field(default_factory=dict)
    links: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    long: LongTable | None = None
    from_log: bool = False
    """Whether several rows of a node are as they should be, since its rows are those of a log."""


@dataclass(frozen=True)
class LinkSource:
    """A source of links, and how `checked_links` is to read it."""

    edge_type: LinkType
    source: Source
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DataSet:
    """What a data set is made of."""

    name: str
    format: Format
    title: str
    events: tuple[EventSource, ...] = ()
    nodes: tuple[NodeSource, ...] = ()
    links: tuple[LinkSource, ...] = ()
    absent: tuple[str, ...] = ()
    """Optional files that are not there."""
    unread: tuple[str, ...] = ()
    """Files that are there, and none of the format's."""
    used: tuple[str, ...] = ()
    """Patterns or names of the files that are read."""

    @property
    def kinds(self) -> Mapping[str, KindPolicy]:
        """What its kinds of events mean, as of its format."""
        return self.format.kinds

    @property
    def taken(self) -> TakenFor:
        """What the files were taken for, for a report."""
        form = self.format
        return TakenFor(
            form.name, self.title, self.used, self.absent, self.unread, form.says, form.kinds
        )


def sources_of(form: Format, title: str, name: str, where: str, files: Sequence[Found]) -> DataSet:
    """The tables that the files of a format hold.

    A single file whose name fits no table is taken for the events, where there is one table of
    them. `where` is what messages call the place. Raises DataError where a file is missing.
    """
    files = tuple(files)
    alone = _renamed(form, files)
    taken: set[tuple[object, Found]] = set()
    read: dict[Found, None] = {}
    data = DataSet(name, form, title)
    absent: list[str] = []
    lacking: list[str] = []
    for table in form.tables:
        named = files if table is alone else matching(files, table.files, table.but)
        if not named:
            (absent if table.optional else lacking).append(_shown(table))
        of = tuple(file for file in named if (_what(table), file) not in taken)
        if not of:
            continue
        beside = [matching(files, (pattern,)) for pattern in table.beside]
        lacking += [p for p, found in zip(table.beside, beside, strict=True) if not found]
        if lacking or (table.having and not _has(_files(of, table.text, form), table.having)):
            continue
        taken |= {(_what(table), file) for file in of}
        read |= dict.fromkeys([*of, *(file for found in beside for file in found)])
        if isinstance(table, Nodes) and any(("events", file) in taken for file in of):
            # A row without an id is a bad event, and is set aside as one.
            table = replace(table, skips={**table.skips, table.id: _NO_ID})
        data = _with(data, table, of, beside)
    if lacking or not data.events:
        raise DataError(
            f"{where} is not {title} ({form.name}): expected files {', '.join(lacking)}; found "
            f"{_listed([file.name for file in files]) or 'none'}; name another format with "
            f"--format, or say --format none to read it as any files"
        )
    unread = [file.name for file in files if file not in read]
    return replace(
        data,
        absent=tuple(dict.fromkeys(absent)),
        unread=tuple(dict.fromkeys(unread)),
        used=tuple(dict.fromkeys(file.name for file in read)),
    )


def _with(
    data: DataSet, table: Table, of: Sequence[Found], beside: Sequence[Sequence[Found]]
) -> DataSet:
    joined = [_files(found, Text(), data.format) for found in beside]
    shape = table.shape(joined) if callable(table.shape) else table.shape
    match table:
        case Events():
            roles = ("user", "item", "weight", "time", "kind")
            columns = {role: c for role in roles if (c := getattr(table, role))}
            stages: list[Stage] = []
            if table.codes:
                stages.append(partial(_coded, column=columns["kind"], codes=table.codes))
            kept = tuple(columns.values())
            source = _source(data.format, table, of, shape, kept, kept, stages)
            if not isinstance(source, Derived):
                columns = {}
            each = EventSource(source, columns, table.each, table.times)
            return replace(data, events=(*data.events, each))
        case Nodes():
            names = {name: table.called.get(name, name) for name in table.attributes}
            kept = (table.id, *names.values()) if table.id else ()
            needs = (table.id,) if table.id else ()
            source = _source(data.format, table, of, shape, kept, needs, names=names)
            kinds = {name: kind for name, kind in table.attributes.items() if kind is not None}
            columns = {"id": table.id} if table.id else {}
            nodes = NodeSource(
                table.node_type, source, columns, kinds, table.links, table.long, table.distinct
            )
            return replace(data, nodes=(*data.nodes, nodes))
        case Links():
            ends = {e: c for e in ("source", "target") if (c := getattr(table, e))}
            kept = tuple(ends.values())
            source = _source(data.format, table, of, shape, kept, kept)
            return replace(data, links=(*data.links, LinkSource(table.edge_type, source, ends)))
    raise AssertionError(table)


def _source(
    form: Format,
    table: Table,
    of: Sequence[Found],
    shape: Shape | None,
    kept: Sequence[str],
    needs: Sequence[str],
    stages: Sequence[Stage] = (),
    names: Mapping[str, str] | None = None,
) -> Source:
    """The rows of a table's files: all columns, or those that are kept, under their names.

    Without a shape, `kept` are the columns that are read, and `needs` those that must be there.
    """
    if table.skips:
        stages = [*stages, partial(_kept, needed=table.skips)]
    if table.distinct:
        stages = [*stages, distinct]
    if isinstance(table, Nodes) and table.in_pieces:
        stages = [*stages, completed]
    if shape is None and not kept:
        return _files(of, table.text, form)
    if shape is None:
        columns = {column: name for name, column in (names or {}).items()}
        makes = tuple(columns.get(column, column) for column in kept)
        shape = Shape(tuple(kept), makes, partial(_selected, names=makes), tuple(needs))

    def derive(batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
        assert shape is not None  # noqa: S101
        return reduce(lambda made, stage: stage(made), stages, shape.derive(batches))

    files = _files(of, table.text, form, shape.reads)
    return Derived(files, shape.makes, derive, shape.reads, shape.needs, shape.several)


def _files(found: Sequence[Found], text: Text, form: Format, keys: tuple[str, ...] = ()) -> Source:
    files = tuple(
        File(
            file.path,
            text.delimiter,
            text.columns,
            text.encoding,
            text.quotes,
            member=file.member,
            keys=keys,
            declared=f"format {form.name}",
        )
        for file in found
    )
    return files[0] if len(files) == 1 else Files(files)


def _selected(batches: Iterator[pa.RecordBatch], names: Sequence[str]) -> Iterator[Made]:
    for rows in batches:
        yield Made(pa.RecordBatch.from_arrays(rows.columns, names=list(names)))


def _coded(made: Iterator[Made], column: str, codes: Mapping[str, str]) -> Iterator[Made]:
    for each in made:
        at = each.rows.schema.get_field_index(column)
        yield each._replace(
            rows=each.rows.set_column(at, column, recoded(each.rows.column(at), codes))
        )


def _kept(made: Iterator[Made], needed: Mapping[str, str]) -> Iterator[Made]:
    """Without rows that have nothing in one of the columns."""
    for each in made:
        for column, why in needed.items():
            keep = ~missing(texts(each.rows.column(column)))
            each = picked(each, keep, {why: int(np.count_nonzero(~keep))})
        yield each


def _renamed(form: Format, files: Sequence[Found]) -> Table | None:
    """The table that a single file of any name is."""
    logs = [table for table in form.tables if isinstance(table, Events)]
    if len(files) != 1 or len(logs) != 1:
        return None
    named = any(matching(files, table.files, table.but) for table in form.tables)
    return None if named else logs[0]


def _what(table: Table) -> object:
    """Of what a table is: a file is read once for each."""
    match table:
        case Nodes():
            return table.node_type
        case Links():
            return table.edge_type
    return "events"


def _has(source: Source, columns: Sequence[str]) -> bool:
    with open_source(source, 1) as reading:
        return set(columns) <= set(reading.columns)


def _shown(table: Table) -> str:
    return " or ".join(table.files)


def _listed(names: Sequence[str], most: int = 12) -> str:
    distinct_names = list(dict.fromkeys(names))
    rest = len(distinct_names) - most
    return ", ".join(distinct_names[:most]) + (f" and {rest} more" if rest > 0 else "")
