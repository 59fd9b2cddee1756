"""`python -m scripts.benchmark stores`: how fast the stores are, on your data and machine."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer
from graphrec.cli.options import AsJson, SettingsFile
from graphrec.cli.output import OUT, print_json, print_table, progress_bars
from graphrec.ingest.read import read_events
from graphrec.ingest.sources import File

from graphrec.data import Graph, Interactions
from graphrec.data.weighting import weigh
from graphrec.errors import SettingsError
from graphrec.progress import Progress
from graphrec.retrieval import neighbours
from graphrec.retrieval.neighbours import Likes
from graphrec.settings import load_settings
from graphrec.store import GraphStore, open_store
from graphrec.store.delta_log import read_log

WARM_UP = 2
"""Rounds of the queries that are not timed: caches fill, and servers compile."""

ROUNDS = 3
"""Rounds that are."""


@dataclass(frozen=True)
class Latency:
    """Of one kind of query, in milliseconds."""

    p50: float
    p95: float


@dataclass(frozen=True)
class Figures:
    """What was measured of one store."""

    store: str
    load_rate: float | None
    """Events a second, written in batches of `ingest.batch_rows`."""
    export_rate: float | None
    """Events a second, read as a Graph; the better of two."""
    catch_up_rate: float | None
    """Events a second, read as a delta, as a service does that starts; the median of three."""
    queries: Mapping[str, Latency]


Query = Callable[[], object]
Asked = Mapping[str, Sequence[Query]]
"""Queries by what they are called."""


def stores(
    events: Annotated[Path, typer.Argument(help="Events to load: any file that `ingest` takes.")],
    store: Annotated[
        list[str] | None,
        typer.Option(
            help="URL of a store to compare with SQLite; it must be empty, and is left "
            "with the events in it."
        ),
    ] = None,
    queries: Annotated[int, typer.Option(min=1, help="Queries of each kind per round.")] = 20,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare the stores: load rate, export rate, and how long queries take.

    SQLite is measured in a temporary file, then each --store, then the neighbourhoods in memory,
    which the service asks. All get the same events and the same queries.

    **Example:** `python -m scripts.benchmark stores events.csv --store neo4j://localhost:7687`
    """  # fmt: skip
    settings = load_settings(settings_file)
    with tempfile.TemporaryDirectory(prefix="graphrec-") as folder, progress_bars() as progress:
        log = read_events(File(events), settings.ingest, Path(folder) / "rejects.csv")
        graph = weigh(Graph(log), settings.kinds)
        sample = _sample(graph, queries)
        figures = []
        for url in (f"sqlite:///{folder}/graphrec.db", *(store or ())):
            name = url.partition(":")[0]
            with open_store(url, settings.kinds, settings.neo4j) as opened:
                if opened.counts()["user"]:
                    raise SettingsError(
                        f"store {url!r} is not empty: expected an empty one to load the events "
                        f"into; name another server or database"
                    )
                figures.append(
                    _measure(name, opened, log, sample, settings.ingest.batch_rows, progress)
                )
        likes = Likes.of(graph)
        figures.append(
            Figures("memory", None, None, None, _timed(_in_memory(likes, graph, sample)))
        )
    if as_json:
        print_json([asdict(each) for each in figures])
    else:
        _show(figures, log)


@dataclass(frozen=True)
class _Sample:
    """Ids of those who are asked about."""

    median_items: Sequence[str]
    top_items: Sequence[str]
    median_users: Sequence[str]


def _sample(graph: Graph, size: int) -> _Sample:
    """Items of median degree, items of the highest degree, users of median degree."""

    def around(ids: Sequence[str], degrees: np.ndarray, share: float) -> list[str]:
        liked = np.flatnonzero(degrees)
        order = liked[np.argsort(degrees[liked], kind="stable")]
        start = min(int(share * len(order)), max(len(order) - size, 0))
        return [ids[row] for row in order[start : start + size]]

    by_user = np.diff(graph.matrix.indptr)
    by_item = np.bincount(graph.matrix.indices, minlength=len(graph.items))
    return _Sample(
        around(graph.items.ids, by_item, 0.5),
        around(graph.items.ids, by_item, 1.0),
        around(graph.users.ids, by_user, 0.5),
    )


def _measure(
    name: str,
    store: GraphStore,
    log: Interactions,
    sample: _Sample,
    batch: int,
    progress: Progress,
) -> Figures:
    start = time.perf_counter()

    def batches() -> Iterator[Interactions]:
        for at in range(0, len(log), batch):
            yield log.take(np.arange(at, min(at + batch, len(log))))
            progress(f"loading into {name}", min(at + batch, len(log)), len(log))

    store.write_log(batches(), len(log))
    load = time.perf_counter() - start
    exports = []
    for _ in range(2):
        start = time.perf_counter()
        store.read_graph()
        exports.append(time.perf_counter() - start)
    deltas = []
    for _ in range(3):
        start = time.perf_counter()
        read_log(store, 0).fold()
        deltas.append(time.perf_counter() - start)
    asked = _of_store(store, sample)
    return Figures(
        name, len(log) / load, len(log) / min(exports), len(log) / median(deltas), _timed(asked)
    )


def _of_store(store: GraphStore, sample: _Sample) -> Asked:
    return _asked(
        sample,
        store.related_items,
        store.similar_users,
        store.neighbour_recommendations,
        store.paths,
        store.popular_items,
    )


def _in_memory(likes: Likes, graph: Graph, sample: _Sample) -> Asked:
    return _asked(
        sample,
        partial(neighbours.related_items, likes),
        partial(neighbours.similar_users, likes),
        partial(neighbours.neighbour_recommendations, likes),
        partial(neighbours.paths, likes),
        partial(neighbours.popular_items, graph),
    )


def _asked(
    sample: _Sample,
    related: Callable[[str], object],
    similar: Callable[[str], object],
    recommend: Callable[[str], object],
    paths: Callable[[str, str], object],
    popular: Query,
) -> Asked:
    pairs = zip(sample.median_users, sample.top_items, strict=False)
    return {
        "related, median item": [partial(related, item) for item in sample.median_items],
        "related, top item": [partial(related, item) for item in sample.top_items],
        "similar users": [partial(similar, user) for user in sample.median_users],
        "recommend": [partial(recommend, user) for user in sample.median_users],
        "paths": [partial(paths, user, item) for user, item in pairs],
        "popular": [popular],
    }


def _timed(asked: Asked) -> dict[str, Latency]:
    found = {}
    for name, queries in asked.items():
        seconds = []
        for turn in range(WARM_UP + ROUNDS):
            for query in queries:
                start = time.perf_counter()
                query()
                if turn >= WARM_UP:
                    seconds.append(time.perf_counter() - start)
        p50, p95 = np.percentile(seconds, (50, 95)) * 1000
        found[name] = Latency(float(p50), float(p95))
    return found


def _show(figures: Sequence[Figures], log: Interactions) -> None:
    def rate(value: float | None) -> str:
        return "–" if value is None else f"{value:,.0f}"

    rows = [
        ["load, events/s", *(rate(each.load_rate) for each in figures)],
        ["export, events/s", *(rate(each.export_rate) for each in figures)],
        ["catching up, events/s", *(rate(each.catch_up_rate) for each in figures)],
    ]
    for name in figures[0].queries:
        latencies = (each.queries[name] for each in figures)
        rows.append([f"{name}, ms", *(f"{each.p50:.1f} / {each.p95:.1f}" for each in latencies)])
    print_table("Stores", ["", *(each.store for each in figures)], rows)
    OUT.print(
        f"{len(log):,} events of {len(log.users):,} users and {len(log.items):,} items. "
        f"Queries: p50 / p95 of {ROUNDS} rounds after {WARM_UP} to warm up."
    )
