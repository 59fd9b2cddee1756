"""The report of sources that were read and checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from graphrec.ingest.load import CheckedSource
from graphrec.ingest.matching import Side, matches

from graphrec.data.profile import SourceProfile, TakenFor
from graphrec.data.report import DataReport
from graphrec.data.weighting import KindPolicy
from graphrec.store.protocol import GraphStore


def report_of(
    checked: Mapping[str, CheckedSource],
    policies: Mapping[str, KindPolicy],
    store: GraphStore | None = None,
    accepted: Collection[str] = (),
    taken: TakenFor | None = None,
) -> DataReport:
    """What the sources were taken for, before any of them is written.

    Ids are matched with those of `store` where it is given. Doubts whose code is in `accepted` are
    left out. `taken` is the format that the files were taken for.
    """
    logs: dict[str, Side] = {}
    nodes: dict[str, dict[str, Side]] = {}
    for name, source in checked.items():
        side = Side(source.profile, source.peek)
        if source.profile.times is not None or source.profile.relations:
            logs[name] = side
        else:
            for node_type in source.profile.ids:
                nodes.setdefault(node_type, {})[name] = side
    return DataReport(
        sources={n: _named(each, n) for n, each in checked.items()},
        matches=matches(logs, nodes, store),
        policies=policies,
        taken=taken,
        accepted=frozenset(accepted),
    )


def _named(source: CheckedSource, name: str) -> SourceProfile:
    """The profile of a source, with how it was read under the name that it has here."""
    readings = tuple(replace(each, subject=name) for each in source.readings)
    return replace(source.profile, readings=readings)
