"""Data sets in memory: from data frames, files, named data sets and stores.

They go through the checks of `graphrec ingest`, so that a frame, the same events in a file, and
the file loaded into a store are one graph. `graphrec.data.dataset.Dataset` calls these functions.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from graphrec.ingest.collected import Collected
from graphrec.ingest.datasets import checked_dataset, open_dataset, open_folder
from graphrec.ingest.formats.opened import DataSet
from graphrec.ingest.formats.table import PLAIN, recognised
from graphrec.ingest.frames import as_table
from graphrec.ingest.load import (
    CheckedSource,
    checked_events,
    checked_links,
    checked_nodes,
    write_all,
)
from graphrec.ingest.report import report_of
from graphrec.ingest.schema import LinkType
from graphrec.ingest.sources import File, Frame, Source, open_source

from graphrec.data import AttributeKind
from graphrec.data.dataset import Dataset
from graphrec.data.kinds import overridden
from graphrec.data.profile import TakenFor
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
from graphrec.errors import DataError
from graphrec.progress import Progress
from graphrec.settings import IngestSettings, Neo4jSettings, Settings
from graphrec.store import open_store

Attributes = Mapping[str, Mapping[str, AttributeKind]]
"""Kinds of attributes by node type and name, where they are not inferred from the values."""


def from_frames(
    events: object,
    items: object | None,
    users: object | None,
    links: Mapping[LinkType, object],
    kinds: Mapping[str, KindPolicy] | None,
    columns: Mapping[str, str],
    default_kind: str | None,
    attributes: Attributes,
    settings: Settings | None,
) -> Dataset:
    """See `Dataset.from_frame`; `columns` are those of events by role."""
    nodes = {
        node_type: _frame(frame, f"{node_type}s")
        for node_type, frame in (("item", items), ("user", users))
        if frame is not None
    }
    edges = {
        edge_type: _frame(frame, f"links {':'.join(part or '' for part in edge_type)}")
        for edge_type, frame in links.items()
    }
    source = _frame(events, "events")
    rules = _rules(settings, kinds)
    return _checked(source, nodes, edges, rules, columns, default_kind, attributes, None)


def read_files(
    events: str | PathLike[str],
    items: str | PathLike[str] | None,
    users: str | PathLike[str] | None,
    kinds: Mapping[str, KindPolicy] | None,
    columns: Mapping[str, str],
    default_kind: str | None,
    attributes: Attributes,
    progress: Progress | None,
    form: str | None,
    settings: Settings | None,
) -> Dataset:
    """See `Dataset.read`; `form` is the name of a format."""
    rules = _rules(settings, kinds)
    given = items is not None or users is not None or columns or default_kind or attributes
    if form not in (None, PLAIN):
        if given:
            raise DataError(
                f"format {form!r} says what the files hold: expected no items, users, columns, "
                f"default_kind or attributes beside it; leave these out, or the format"
            )
        return _of_format(open_folder(Path(events), form), rules, progress)
    found = None if given or form == PLAIN else recognised(Path(events))
    if found is not None:
        return _of_format(found, rules, progress)
    nodes = {
        node_type: File(Path(path))
        for node_type, path in (("item", items), ("user", users))
        if path is not None
    }
    source = File(Path(events))
    return _checked(source, nodes, {}, rules, columns, default_kind, attributes, progress)


def load_named(
    name: str,
    cache: str | PathLike[str] | None,
    kinds: Mapping[str, KindPolicy] | None,
    progress: Progress | None,
    settings: Settings | None,
) -> Dataset:
    """See `Dataset.load`."""
    folder = Path(Settings.model_fields["cache"].default if cache is None else cache)
    dataset = open_dataset(name, folder.expanduser(), progress)
    return _of_format(dataset, _rules(settings, kinds), progress)


@dataclass(frozen=True)
class _Rules:
    """How data is read, and what its events mean."""

    settings: IngestSettings
    kinds: Mapping[str, KindPolicy]


def _rules(settings: Settings | None, kinds: Mapping[str, KindPolicy] | None) -> _Rules:
    """Those of the settings; `kinds` override single fields of theirs."""
    ingest = IngestSettings() if settings is None else settings.ingest
    given = DEFAULT_POLICY if settings is None else settings.kinds
    return _Rules(ingest, given if kinds is None else overridden(given, kinds))


def _of_format(dataset: DataSet, rules: _Rules, progress: Progress | None) -> Dataset:
    """The data set of a format; kinds mean what it says, where the rules do not say otherwise."""
    policies = overridden(dataset.kinds, rules.kinds)
    with checked_dataset(dataset, rules.settings, None, progress, policies) as checked:
        return _dataset(checked, policies, progress, stacklevel=5, taken=dataset.taken)


def from_store(
    url: str, kinds: Mapping[str, KindPolicy] | None, neo4j: Neo4jSettings | None
) -> Dataset:
    """See `Dataset.from_store`."""
    policies = DEFAULT_POLICY if kinds is None else kinds
    with open_store(url, policies, neo4j, create=False) as store:
        return Dataset(store.read_graph(), policies)


def _frame(frame: object, name: str) -> Frame:
    return Frame(as_table(frame, name), name)


def _checked(
    events: Source,
    nodes: Mapping[str, Source],
    links: Mapping[LinkType, Source],
    rules: _Rules,
    columns: Mapping[str, str],
    default_kind: str | None,
    attributes: Attributes,
    progress: Progress | None,
) -> Dataset:
    """All sources checked, then collected; a row that cannot be used is an error."""
    settings = rules.settings
    for node_type in attributes:
        if node_type not in nodes:
            raise DataError(
                f"attributes of {node_type!r} are named: expected node types whose attributes are "
                f"given, {', '.join(map(repr, nodes)) or 'here none'}"
            )
    with ExitStack() as opened:
        checked = {
            "events": opened.enter_context(
                checked_events(events, settings, None, columns, default_kind, progress, rules.kinds)
            )
        }
        for node_type, source in nodes.items():
            checked[node_type] = opened.enter_context(
                checked_nodes(
                    node_type,
                    source,
                    settings,
                    None,
                    _id_column(source, columns.get(node_type)),
                    attributes.get(node_type),
                    progress=progress,
                )
            )
        for edge_type, source in links.items():
            checked[" ".join(map(str, edge_type))] = opened.enter_context(
                checked_links(source, edge_type, settings, None, progress=progress)
            )
        return _dataset(checked, rules.kinds, progress, stacklevel=5)


def _id_column(source: Source, named: str | None) -> Mapping[str, str] | None:
    """Nodes have their ids in the column that events name, where they have one of that name."""
    with open_source(source, 1) as reading:
        return {"id": named} if named in reading.columns else None


def _dataset(
    checked: Mapping[str, CheckedSource],
    policies: Mapping[str, KindPolicy],
    progress: Progress | None,
    stacklevel: int,
    taken: TakenFor | None = None,
) -> Dataset:
    """The data set of sources; warns of what is doubtful about them."""
    report = report_of(checked, policies, taken=taken)
    collected = Collected()
    write_all(collected, checked, progress)
    graph = collected.graph()
    if not len(graph.interactions):
        raise DataError("events have no rows: expected at least one event of a user with an item")
    for doubt in report.doubts:
        warnings.warn(str(doubt), stacklevel=stacklevel)
    return Dataset(graph, policies, report=report)
