"""Data sets as a whole: loading all of their files with one call.

A data set is one of those that can be fetched by name, or a folder, an archive or a file of one's
own in a format of the field (`graphrec.ingest.formats`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from graphrec.ingest.download import ORIGINS, fetch_files
from graphrec.ingest.formats.opened import DataSet
from graphrec.ingest.formats.table import open_format, recognised
from graphrec.ingest.late import Late
from graphrec.ingest.load import (
    CheckedSource,
    LoadReport,
    checked_events,
    checked_links,
    checked_nodes,
    write_all,
)
from graphrec.ingest.shop.files import made_shop

from graphrec.data import AttributeKind
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy, overridden
from graphrec.errors import DataError
from graphrec.progress import Progress
from graphrec.settings import IngestSettings
from graphrec.store.protocol import GraphStore

SHOP = "shop"
"""The data set that is made up, from a seed: `graphrec.ingest.shop`."""


def open_dataset(
    name: str, cache: Path, progress: Progress | None = None, *, seed: int = 0
) -> DataSet:
    """A data set by its name, fetched or made in `cache` the first time, or by its folder.

    `seed` is that of a shop that is made up.

    A folder beside the working folder that has the name of a data set is given as `./NAME`. Raises
    DataError where there is no such thing, or it cannot be fetched.
    """
    if name == SHOP:
        return open_folder(made_shop(cache / SHOP, seed))
    if name in ORIGINS:
        return open_folder(fetch_files(name, cache, progress=progress))
    return open_folder(Path(name))


def open_folder(path: Path, name: str | None = None) -> DataSet:
    """The data set at a path, of the format that is named or that the names of its files give away.

    Raises DataError where the files are not of that format, or of none that is known.
    """
    found = recognised(path) if name is None else open_format(name, path)
    if found is None:
        raise DataError(
            f"{str(path)!r} is no data set: expected one of {', '.join((*ORIGINS, SHOP))}, or a "
            f"folder with the files of a format, such as ratings.csv and movies.csv of MovieLens; "
            f"name the format with --format"
        )
    return found


def load_dataset(
    store: GraphStore,
    dataset: DataSet,
    settings: IngestSettings,
    rejects: Path,
    progress: Progress | None = None,
    policies: Mapping[str, KindPolicy] = DEFAULT_POLICY,
) -> Mapping[str, LoadReport]:
    """Check everything in a data set, then write it; see `checked_dataset`."""
    known = {nodes.node_type: store.attribute_kinds(nodes.node_type) for nodes in dataset.nodes}
    late = Late(store.deleted)
    with checked_dataset(dataset, settings, rejects, progress, policies, late, known) as checked:
        return write_all(store, checked, progress)


@contextmanager
def checked_dataset(
    dataset: DataSet,
    settings: IngestSettings,
    rejects: Path | None,
    progress: Progress | None = None,
    policies: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    late: Late | None = None,
    known: Mapping[str, Mapping[str, AttributeKind]] | None = None,
) -> Iterator[Mapping[str, CheckedSource]]:
    """Everything in a data set, by what it is: "events", then types.

    `rejects` is a folder for files of rejected rows; where it is None there may be none. `policies`
    and `late` are those of `checked_events`; its nodes come back where they were deleted. `known`
    are the kinds of attributes that a store has, by type of node. Entering raises DataError and
    TooManyRejects, as the functions of `graphrec.ingest.load` do.
    """

    def file(what: str) -> Path | None:
        return rejects and rejects / f"{dataset.name}-{what.replace(' ', '-')}.csv"

    given = overridden(dataset.kinds, policies)
    with ExitStack() as opened:
        nodes: dict[str, CheckedSource] = {}
        for each in dataset.nodes:
            what = free(each.node_type, nodes)
            nodes[what] = opened.enter_context(
                checked_nodes(
                    each.node_type,
                    each.source,
                    settings,
                    file(what),
                    each.columns,
                    kinds=each.kinds,
                    links=each.links,
                    progress=progress,
                    known=(known or {}).get(each.node_type),
                    long=each.long,
                    late=late,
                )
            )
            if each.from_log:
                profile = replace(nodes[what].profile, repeated=0)
                nodes[what] = replace(nodes[what], profile=profile)
            if late is not None:
                late = late.but_for(each.node_type, nodes[what].back)
        checked: dict[str, CheckedSource] = {}
        for log in dataset.events:
            what = free("events", checked)
            events = checked_events(
                log.source,
                _with_times(settings, log.times),
                file(what),
                log.columns,
                log.kind,
                progress,
                given,
                late,
            )
            checked[what] = opened.enter_context(events)
        checked |= nodes
        for link in dataset.links:
            what = free(" ".join(part for part in link.edge_type if part), checked)
            checked[what] = opened.enter_context(
                checked_links(
                    link.source,
                    link.edge_type,
                    settings,
                    file(what),
                    link.columns,
                    progress=progress,
                    late=late,
                )
            )
        yield checked


def free(name: str, taken: Collection[str]) -> str:
    """The name, with a number where a source before has it."""
    names = (f"{name} {number}" for number in count(2))
    return name if name not in taken else next(n for n in names if n not in taken)


def _with_times(settings: IngestSettings, times: Mapping[str, object]) -> IngestSettings:
    """The settings, with what a format says of times where they say nothing."""
    usual = IngestSettings()
    own = {name: v for name, v in times.items() if getattr(settings, name) == getattr(usual, name)}
    return settings.model_copy(update=own)
