"""Reading a source that is wanted in memory, such as one side of a split, and not in a store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from graphrec.ingest.attribute_values import to_attribute
from graphrec.ingest.collected import Collected, as_rows
from graphrec.ingest.load import checked_events, checked_links, checked_nodes
from graphrec.ingest.nodes import last_of_each
from graphrec.ingest.schema import LinkType
from graphrec.ingest.sources import Source
from graphrec.ingest.validate import to_interactions
from numpy.typing import NDArray

from graphrec.data import Attribute, EdgeType, Graph, Interactions, Rows, Vocabulary, last_of_equal
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy
from graphrec.errors import DataError
from graphrec.progress import Progress
from graphrec.settings import IngestSettings


def read_events(
    source: Source,
    settings: IngestSettings,
    rejects: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    policies: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    in_file_order: bool = False,
) -> Interactions:
    """The events of a source as a store would give them back: in canonical order, each once.

    With `in_file_order`, events of one user at one time are told apart by milliseconds, in the
    order of the file, unless all events have one time.

    Raises DataError and TooManyRejects as `graphrec.ingest.load.checked_events` does, and DataError
    where there are no events.
    """
    with checked_events(source, settings, rejects, mapping, None, progress, policies) as checked:
        name, batches = checked.name, list(checked.spool.batches())
    rows = pa.Table.from_batches(batches).combine_chunks() if batches else None
    if rows is None or not rows.num_rows:
        raise DataError(f"{name} has no events: expected at least one row beside the header")
    log = to_interactions(rows.to_batches()[0])
    users = Vocabulary(tuple(sorted(log.users.ids)))
    items = Vocabulary(tuple(sorted(log.items.ids)))
    log = log.recode(users, items)
    order = np.lexsort((log.kind, log.time, log.item, log.user))
    ordered = log.take(order)
    last = last_of_equal([ordered.user, ordered.item, ordered.time, ordered.kind])
    if in_file_order and log.time.min() < log.time.max():
        once = log.take(np.sort(order[last]))
        return replace(once, time=told_apart(once.user, once.time)).sorted()
    return ordered.take(last)


def told_apart(user: Rows, time: NDArray[np.int64]) -> NDArray[np.int64]:
    """Times [E] at which no two events of one user are: equal ones in order, a millisecond apart.

    Later ones move as far as that takes.
    """
    order = np.lexsort((time, user))
    found = time.copy()
    for mine in np.split(order, np.flatnonzero(np.diff(user[order])) + 1):
        steps = np.arange(len(mine))
        found[mine] = np.maximum.accumulate(time[mine] - steps) + steps
    return found


def read_attributes(
    node_type: str,
    source: Source,
    vocabulary: Vocabulary,
    settings: IngestSettings,
    rejects: Path,
    *,
    progress: Progress | None = None,
) -> dict[str, Attribute]:
    """The attributes that a source of nodes gives to the nodes of `vocabulary`.

    Nodes that the vocabulary does not hold are passed over, and those that the source does not hold
    have no values. Raises as `graphrec.ingest.load.checked_nodes` does.
    """
    with checked_nodes(node_type, source, settings, rejects, progress=progress) as checked:
        columns, batches = checked.attributes, list(checked.spool.batches())
    if not batches:
        return {}
    nodes = last_of_each(pa.Table.from_batches(batches).combine_chunks().to_batches()[0])
    at = {node_id: place for place, node_id in enumerate(nodes.column(0).to_pylist())}
    place = [at.get(node_id) for node_id in vocabulary.ids]
    order = pa.array(place, pa.int64())
    return {
        column.name: to_attribute(values.take(order), column.kind)
        for column, values in zip(columns, nodes.columns[1:], strict=True)
    }


def with_links(
    graph: Graph,
    sources: Iterable[tuple[LinkType, Source]],
    settings: IngestSettings,
    rejects: Path,
) -> Graph:
    """The graph with the links of sources, and with the nodes of other types that they name.

    Links of users and items that the graph does not hold are passed over. Raises as
    `graphrec.ingest.load.checked_links` does.
    """
    found = Collected()
    for edge_type, source in sources:
        with checked_links(source, edge_type, settings, rejects) as checked:
            checked.write(found)
    known = {"user": graph.users.rows, "item": graph.items.rows}
    links = {
        edge_type: kept
        for edge_type, of_type in sorted(found.links.items())
        if (kept := _among(known, edge_type, of_type))
    }
    far: dict[str, set[str]] = {}
    for (source_type, _, target_type), of_type in links.items():
        for node_type, ids in zip(
            (source_type, target_type), zip(*of_type, strict=True), strict=True
        ):
            far.setdefault(node_type, set()).update(ids)
    others = {t: Vocabulary(tuple(sorted(ids))) for t, ids in far.items() if t not in known}
    whole = replace(graph, others=others)
    return replace(whole, links={t: as_rows(whole, t, each) for t, each in links.items()})


def _among(
    known: Mapping[str, Collection[str]],
    edge_type: EdgeType,
    links: Mapping[tuple[str, str], float],
) -> dict[tuple[str, str], float]:
    """The links whose ends are among the `known` ids of their type, where there are some."""
    sources, targets = known.get(edge_type[0]), known.get(edge_type[2])
    return {
        (source, target): weight
        for (source, target), weight in links.items()
        if (sources is None or source in sources) and (targets is None or target in targets)
    }
