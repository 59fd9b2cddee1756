"""What a store holds, as a report like that of loading it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
from graphrec.ingest.attributes import AttributeColumn
from graphrec.ingest.profile import Raw, event_profile, node_profile

from graphrec.data import Graph, Vocabulary
from graphrec.data.frames import node_table
from graphrec.data.match import match_ids
from graphrec.data.profile import IdProfile, Match, SourceProfile
from graphrec.data.report import DataReport
from graphrec.data.weighting import KindPolicy

_ROWS = 100_000
WITH_ATTRIBUTES = "{}s with attributes"


def stored_report(graph: Graph, policies: Mapping[str, KindPolicy], name: str) -> DataReport:
    """The report of a recorded graph, whose store is called `name`.

    Nodes with events are matched with those that have attributes.
    """
    events = len(graph.interactions)
    sources = {"events": event_profile(_base(name, events), Raw({}), _events(graph))}
    matches: list[Match] = []
    for node_type in ("item", "user", *graph.others):
        profile, described = _nodes(graph, node_type, name)
        sources[node_type] = profile
        logged = sources["events"].ids.get(node_type)
        if logged is not None and logged.ids and described is not None:
            against = WITH_ATTRIBUTES.format(node_type)
            matches.append(match_ids(node_type, ("events", logged), (against, described))[0])
    return DataReport(sources, tuple(matches), policies, stored=True)


def _base(name: str, rows: int) -> SourceProfile:
    return SourceProfile(source=name, rows=rows, rejected=0)


def _events(graph: Graph) -> Iterator[pa.RecordBatch]:
    """The events as they are loaded, some at a time."""
    log = graph.interactions
    users, items, kinds = (_ids(v) for v in (log.users, log.items, Vocabulary(log.kinds)))
    for first in range(0, len(log), _ROWS):
        part = log.take(np.arange(first, min(first + _ROWS, len(log))))
        yield pa.RecordBatch.from_pydict(
            {
                "user": users.take(pa.array(part.user)),
                "item": items.take(pa.array(part.item)),
                "weight": part.weight,
                "time": part.time,
                "kind": kinds.take(pa.array(part.kind.astype(np.int32))),
            }
        )


def _nodes(graph: Graph, node_type: str, name: str) -> tuple[SourceProfile, IdProfile | None]:
    """The nodes of a type, and the ids of those with attributes; None without any such."""
    attributes = [
        AttributeColumn(each, each, attribute.kind, "|")
        for each, attribute in graph.attributes.get(node_type, {}).items()
    ]
    table = node_table(graph, node_type).combine_chunks()
    base = _base(name, table.num_rows)
    profile = node_profile(
        base, Raw({}), node_type, attributes, table.to_batches(max_chunksize=_ROWS)
    )
    given = np.zeros(table.num_rows, bool)
    for column in table.columns[1:]:
        given |= column.is_valid().to_numpy()
    profile = replace(profile, bare=int((~given).sum()))
    if not given.any():
        return profile, None
    described = table.select([node_type]).filter(pa.array(given)).to_batches(max_chunksize=_ROWS)
    return profile, node_profile(base, Raw({}), node_type, (), described).ids[node_type]


def _ids(vocabulary: Vocabulary) -> pa.Array:
    return pa.array(vocabulary.ids, pa.string())
