"""Data sets as a whole: what their files are, and loading all of them with one call.

A data set is one of those that can be fetched by name, or a folder of one's own with MovieLens
files or RecBole's atomic files in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from graphrec.ingest import movielens
from graphrec.ingest.download import FILES, fetch_files
from graphrec.ingest.late import Late
from graphrec.ingest.load import (
    CheckedSource,
    LoadReport,
    checked_events,
    checked_links,
    checked_nodes,
    write_all,
)
from graphrec.ingest.schema import LinkType
from graphrec.ingest.sources import File, Source, open_source

from graphrec.data import AttributeKind
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy
from graphrec.errors import DataError
from graphrec.progress import Progress
from graphrec.settings import IngestSettings
from graphrec.store.protocol import GraphStore


@dataclass(frozen=True)
class Nodes:
    """A file of nodes, and how `checked_nodes` is to read it."""

    node_type: str
    source: Source
    kinds: Mapping[str, AttributeKind] = field(default_factory=dict)
    links: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class DataSet:
    """What a data set is made of."""

    name: str
    events: Source
    nodes: tuple[Nodes, ...] = ()
    links: tuple[tuple[LinkType, Source], ...] = ()


@dataclass(frozen=True)
class _Form:
    """A form of MovieLens: its files, and what reads them."""

    ratings: tuple[str, Callable[[Path], Source]]
    movies: tuple[str, Callable[[Path], Source]]
    users: tuple[str, Callable[[Path], Source]] | None


_FORMS = (
    _Form(
        ("u.data", movielens.ratings_100k),
        ("u.item", movielens.movies_100k),
        ("u.user", movielens.users_100k),
    ),
    _Form(
        ("ratings.dat", movielens.ratings_dat),
        ("movies.dat", movielens.movies_dat),
        ("users.dat", movielens.users_dat),
    ),
    _Form(("ratings.csv", File), ("movies.csv", movielens.movies_csv), None),
)


def open_dataset(name: str, cache: Path, progress: Progress | None = None) -> DataSet:
    """A data set by its name, fetched into `cache` the first time, or by its folder.

    A folder beside the working folder that has the name of a data set is given as `./NAME`. Raises
    DataError where there is no such thing, or it cannot be fetched.
    """
    if name in FILES:
        return open_folder(fetch_files(name, cache, progress=progress))
    return open_folder(Path(name))


def open_folder(folder: Path) -> DataSet:
    """The data set whose files are in a folder; raises DataError where they are not known."""
    for form in _FORMS:
        file, read = form.ratings
        if (folder / file).is_file():
            return DataSet(folder.resolve().name, read(folder / file), _movielens(folder, form))
    logs = sorted(folder.glob("*.inter"))
    if len(logs) == 1:
        return _recbole(logs[0])
    raise DataError(
        f"{str(folder)!r} is no data set: expected one of {', '.join(FILES)}, or a folder with "
        f"{'; '.join(FILES.values())}; or one NAME.inter and its NAME.item, NAME.user"
    )


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

    with ExitStack() as opened:
        found: dict[str, CheckedSource] = {}
        for nodes in dataset.nodes:
            found[nodes.node_type] = opened.enter_context(
                checked_nodes(
                    nodes.node_type,
                    nodes.source,
                    settings,
                    file(nodes.node_type),
                    kinds=nodes.kinds,
                    links=nodes.links,
                    progress=progress,
                    known=(known or {}).get(nodes.node_type),
                    late=late,
                )
            )
            if late is not None:
                late = late.but_for(nodes.node_type, found[nodes.node_type].back)
        events = checked_events(
            dataset.events,
            settings,
            file("events"),
            progress=progress,
            policies=policies,
            late=late,
        )
        checked = {"events": opened.enter_context(events), **found}
        for edge_type, source in dataset.links:
            what = " ".join(part for part in edge_type if part)
            checked[what] = opened.enter_context(
                checked_links(source, edge_type, settings, file(what), progress=progress, late=late)
            )
        yield checked


def _movielens(folder: Path, form: _Form) -> tuple[Nodes, ...]:
    nodes = []
    file, read = form.movies
    if (folder / file).is_file():
        nodes.append(_movies(read(folder / file)))
    if form.users is not None:
        file, read = form.users
        if (folder / file).is_file():
            nodes.append(_users(read(folder / file)))
    return tuple(nodes)


def _recbole(log: Path) -> DataSet:
    nodes = []
    items, users = log.with_suffix(".item"), log.with_suffix(".user")
    if items.is_file():
        films = set(movielens.RECBOLE_COLUMNS) <= _columns(items)
        nodes.append(
            _movies(movielens.movies_recbole(items)) if films else Nodes("item", File(items))
        )
    if users.is_file():
        people = set(movielens.USER_COLUMNS) <= _columns(users)
        nodes.append(
            _users(movielens.users_recbole(users)) if people else Nodes("user", File(users))
        )
    graph: tuple[tuple[LinkType, File], ...] = (
        (("entity", None, "entity"), File(log.with_suffix(".kg"))),
        (("item", "is", "entity"), File(log.with_suffix(".link"))),
    )
    links = tuple((kind, file) for kind, file in graph if file.path.is_file())
    return DataSet(log.stem, File(log), tuple(nodes), links)


def _movies(source: Source) -> Nodes:
    return Nodes("item", source, movielens.MOVIE_KINDS, movielens.MOVIE_LINKS)


def _users(source: Source) -> Nodes:
    return Nodes("user", source, movielens.USER_KINDS)


def _columns(path: Path) -> set[str]:
    with open_source(File(path), 1) as reading:
        return set(reading.columns)
