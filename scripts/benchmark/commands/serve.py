"""`python -m scripts.benchmark serve`: the speed of the service, next to an empty route."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import numpy as np
import orjson
import typer
from graphrec.cli.output import OUT, print_table, progress_bars
from graphrec.ingest.read import read_events
from graphrec.ingest.sources import File

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.errors import GraphrecError
from graphrec.models.embeddings import Embeddings
from graphrec.models.encoder import Encoder
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.retrieval.embedding import Nearest
from graphrec.retrieval.neighbourhood import Neighbourhood
from graphrec.settings import IngestSettings
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.snapshot import Snapshot, build_snapshot
from scripts.benchmark.load.attack import Call, Load, ask_once, attack, tool
from scripts.benchmark.load.process import free_port, start, wait_until_answers

K = 10

SESSION_SHARE = 0.2
"""Requests of people who are folded in by what they like, and not known by an id."""

SESSION_ITEMS = 10
"""They like 1 to so many items, which someone likes together in the data."""

CALLS = 50_000
"""Requests drawn, before they begin anew."""

WARM_UP = 0.2
"""Share of the time that is spent before anything is measured."""

LOADED = 0.7
"""Share of the throughput at full speed at which latency is measured."""


TRAFFIC = ("first", "again")

NO_SETTINGS: Mapping[str, str] = {}

ALL_ADMITTED: Mapping[str, str] = {"GRAPHREC_SERVE__MAX_WAIT_MS": "60000"}
"""At full speed requests wait as long as they must: none is refused, and each is counted."""


@dataclass(frozen=True)
class Catalogue:
    """A log as large as one that people know."""

    file: str
    """In the folder of --data."""
    users: int
    items: int
    events: int


CATALOGUES: Mapping[str, Catalogue] = {
    "ml-1m": Catalogue("ml-1m/interactions.tsv.gz", 6_040, 3_706, 1_000_209),
    "40k-items": Catalogue("gowalla-lightgcn/train.tsv.gz", 29_858, 40_981, 810_128),
}


@dataclass(frozen=True)
class Speed:
    """How fast the service is for some traffic."""

    throughput: float
    """Answers a second at full speed, by one worker."""
    throughput_ratio: float
    """Against those of an empty FastAPI route, measured just before and just after."""
    p50_ms: float
    p99_ms: float
    """At a fixed rate, LOADED of the throughput at full speed."""
    rate: float
    failures: int


@dataclass(frozen=True)
class Figures:
    """What was measured of the service on one catalogue."""

    data: str
    """The file, or "synthetic"."""
    users: int
    items: int
    empty_throughput: float
    first: Speed
    """Nobody comes twice, and nothing is kept."""
    again: Speed
    """Who does more comes more often, everyone had their list before, and the service keeps it."""
    rss_mb: float
    """Resident memory of the process after all that, in MB of 10^6 bytes."""
    start_seconds: float
    """From its start until it is ready."""


def serve(
    json: Annotated[Path | None, typer.Option(help="JSON file for the figures.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with ml-1m/interactions.tsv.gz and gowalla-lightgcn/train.tsv.gz.",
            show_default="synthetic logs of those sizes",
        ),
    ] = None,
    snapshots: Annotated[
        Path | None, typer.Option(help="Measure only the current snapshot of this folder.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of each measurement.")] = 20,
    connections: Annotated[int, typer.Option(min=1, help="Connections at full speed.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Seed of logs and requests.")] = 0,
) -> None:
    """Measure throughput, latency, memory and start of the service, with one worker, on loopback.

    One request in five is of someone who is folded in by what they like. All others are lists of
    10 for known users. Traffic is of two sorts: `first`, where nobody comes twice before everyone
    had their turn and no answer is kept, and `again`, where people come in proportion to what
    they did, everyone had their list once before, and the service keeps lists; those of who is
    folded in are made anew in both. The same load tool asks an empty FastAPI route:
    `throughput_ratio` is against that. Latency is of a fixed rate, 70 % of the throughput at full
    speed.

    **Example:** `python -m scripts.benchmark serve --json serve.json`
    """
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="graphrec-") as work, progress_bars() as progress:

        def step(name: str, done: int, total: int) -> None:
            progress(name, done, total)

        if snapshots is not None:
            found["snapshot"] = _measure(
                "snapshot", snapshots, str(snapshots), Path(work), seconds, connections, seed, step
            )
        else:
            for name, catalogue in CATALOGUES.items():
                folder = Path(work) / name
                source = _publish(name, catalogue, data, folder, seed)
                found[name] = _measure(
                    name, folder, source, Path(work), seconds, connections, seed, step
                )
    report = _report(found)
    if json is not None:
        json.write_bytes(
            orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )
    _show(found)


def _report(found: Mapping[str, Figures]) -> dict[str, Any]:
    """The slowest of the catalogues; memory and start are those of the first one."""
    one = next(iter(found.values()))
    first, again = ([getattr(each, name) for each in found.values()] for name in TRAFFIC)
    return {
        "tool": tool(),
        "cores": os.cpu_count(),
        "session_share": SESSION_SHARE,
        "throughput_ratio": min(each.throughput_ratio for each in again),
        "p99_ms": max(each.p99_ms for each in again),
        "first_throughput_ratio": min(each.throughput_ratio for each in first),
        "first_p99_ms": max(each.p99_ms for each in first),
        "rss_mb": one.rss_mb,
        "start_seconds": one.start_seconds,
        "catalogues": {name: asdict(each) for name, each in found.items()},
    }


def _publish(name: str, catalogue: Catalogue, data: Path | None, folder: Path, seed: int) -> str:
    """Publish a snapshot that is fitted in seconds; returns where its events are from."""
    rng = np.random.default_rng(seed)
    if data is None:
        log, source = synthetic(catalogue, rng), "synthetic"
    else:
        path = data / catalogue.file
        log, source = (
            read_events(File(path), IngestSettings(), folder.with_suffix(".csv")),
            str(path),
        )
    publish(fit(Graph(log), seed, rng), folder)
    return source


def fit(graph: Graph, seed: int, rng: np.random.Generator) -> Snapshot:
    """All that serving has to do with a trained one: the directions of the filter are vectors.

    Of an item by itself, of a user by the mean of their items, which is what folds people in too.
    """
    fitted = GraphFilter().fit(Dataset.of_weights(graph), rng).scorer.items
    items = np.ascontiguousarray(fitted.factors.directions[:, :64])
    encoder = Encoder(items, np.zeros(items.shape[1], np.float32))
    bounds = pairwise(graph.matrix.indptr.tolist())
    users = np.stack([encoder.embed(graph.matrix.indices[start:end]) for start, end in bounds])
    nearest = Nearest.of(Embeddings(users, items, encoder))
    return build_snapshot(graph, sources=(Neighbourhood(fitted), nearest), seed=seed)


def synthetic(catalogue: Catalogue, rng: np.random.Generator, groups: int = 50) -> Interactions:
    """Users in `groups`, who mostly like items of their own; few items have most likes."""
    users = (rng.random(catalogue.events) ** 1.5 * catalogue.users).astype(np.int64)
    places = (rng.random(catalogue.events) ** 2.5 * catalogue.items).astype(np.int64)
    own = rng.random(catalogue.events) < 0.7
    places[own] -= (places[own] - users[own]) % groups
    items = np.abs(places)
    pairs = np.unique(np.stack([users, items], axis=1), axis=0)
    return Interactions.of(
        [f"u{user}" for user in pairs[:, 0].tolist()],
        [f"i{item}" for item in pairs[:, 1].tolist()],
    )


def calls_of(snapshot: Snapshot, rng: np.random.Generator, again: bool = False) -> list[Call]:
    """Requests for lists of the users of a snapshot, one in some of who is folded in."""
    likes = snapshot.likes
    if again:
        activity = np.diff(likes.by_user.indptr)
        order = rng.choice(len(activity), CALLS, p=activity / activity.sum())
    else:
        turns = -(-CALLS // len(likes.users))
        order = np.concatenate([rng.permutation(len(likes.users)) for _ in range(turns)])[:CALLS]
    calls = []
    for user, session in zip(order.tolist(), rng.random(CALLS) < SESSION_SHARE, strict=True):
        if not session:
            user_id = quote(likes.users.ids[user], safe="")
            calls.append(Call(f"/v1/users/{user_id}/recommendations?k={K}"))
            continue
        history = likes.by_user.indices[likes.by_user.indptr[user] : likes.by_user.indptr[user + 1]]
        size = min(int(rng.integers(1, SESSION_ITEMS + 1)), len(history))
        rows = rng.choice(history, size, replace=False)
        items = [likes.items.ids[row] for row in rows.tolist()]
        calls.append(Call("/v1/recommendations", {"items": items, "k": K}))
    return calls


def _measure(
    name: str,
    folder: Path,
    source: str,
    work: Path,
    seconds: float,
    connections: int,
    seed: int,
    step: Callable[[str, int, int], None],
) -> Figures:
    snapshot = load(folder)
    rng = np.random.default_rng(seed)
    calls = {name: calls_of(snapshot, rng, again=name == "again") for name in TRAFFIC}
    size = len(snapshot.likes.users), len(snapshot.likes.items)
    del snapshot
    speeds, empty, starts, rss = {}, [], [], 0.0
    module = ["graphrec.cli.main", "serve", "--store", "none", "--snapshots", str(folder), "--port"]
    for at, traffic in enumerate(TRAFFIC):
        step(f"{name}: empty route", at, len(TRAFFIC) + 1)
        empty.append(_floor(work, seconds, connections))
        step(f"{name}: service", at, len(TRAFFIC))
        kept = {} if traffic == "again" else {"GRAPHREC_SERVE__CACHE_MIB": "0"}
        with server(module, "/health/ready", work, kept) as (url, process, start_seconds):
            # Of other requests each, so that nobody's first list is made twice.
            warming, fast, slow = (calls[traffic][part::3] for part in range(3))
            if traffic == "again":
                ask_once(url, sorted({call.path for call in calls[traffic] if call.body is None}))
            attack(url, warming, seconds * WARM_UP, connections, None)
            full = _good(attack(url, fast, seconds, connections, None))
            rate = LOADED * full.throughput
            paced = _good(attack(url, slow, seconds, connections, rate))
            rss = max(rss, resident(process.pid))
        starts.append(start_seconds)
        speeds[traffic] = full, paced
        step(f"{name}: service", at + 1, len(TRAFFIC))
    empty.append(_floor(work, seconds, connections))
    step(f"{name}: empty route", len(TRAFFIC) + 1, len(TRAFFIC) + 1)
    return Figures(
        source,
        *size,
        empty_throughput=float(np.mean(empty)),
        first=_speed(*speeds["first"], float(np.mean(empty[:2]))),
        again=_speed(*speeds["again"], float(np.mean(empty[1:]))),
        rss_mb=rss,
        start_seconds=min(starts),
    )


def _floor(work: Path, seconds: float, connections: int) -> float:
    """Answers a second of an empty FastAPI route."""
    with server(["scripts.benchmark.load.floor"], "/", work) as (url, _, _):
        attack(url, [Call("/")], seconds * WARM_UP, connections, None)
        return _good(attack(url, [Call("/")], seconds, connections, None)).throughput


def _speed(full: Load, paced: Load, empty: float) -> Speed:
    return Speed(
        throughput=full.throughput,
        throughput_ratio=full.throughput / empty,
        p50_ms=paced.p50_ms,
        p99_ms=paced.p99_ms,
        rate=LOADED * full.throughput,
        failures=full.failures + paced.failures,
    )


def _good(load: Load) -> Load:
    if load.failures:
        raise GraphrecError(f"{load.failures} requests failed under load: expected none")
    return load


@contextmanager
def server(
    module: Sequence[str], probe: str, folder: Path, settings: Mapping[str, str] = NO_SETTINGS
) -> Iterator[tuple[str, subprocess.Popen[bytes], float]]:
    """A server process on a free port, and the seconds until it was ready."""
    port, log = free_port(), folder / "server.log"
    url = f"http://127.0.0.1:{port}"
    no_keys = {"GRAPHREC_SERVE__KEYS": str(folder / "none.json"), **ALL_ADMITTED}
    process = start([*module, str(port)], log, {**no_keys, **settings})
    try:
        yield url, process, wait_until_answers(f"{url}{probe}", process, log)
    finally:
        process.terminate()
        process.wait()


def resident(pid: int) -> float:
    """In MB; the system's own figure, where there is /proc, else what `ps` says."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        match = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
        return int(match[1]) * 1024 / 1e6 if match else float("nan")
    out = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)  # noqa: S603, S607
    return int(out.stdout) * 1024 / 1e6


def _show(found: Mapping[str, Figures]) -> None:
    columns = ["", *found]
    each = list(found.values())
    rows = [["empty route, answers/s", *(f"{f.empty_throughput:,.0f}" for f in each)]]
    for name, title in zip(TRAFFIC, ("cold cache", "warm cache"), strict=True):
        speeds: list[Speed] = [getattr(f, name) for f in each]
        rows += [
            [f"{title}: answers/s", *(f"{speed.throughput:,.0f}" for speed in speeds)],
            ["  ratio", *(f"{speed.throughput_ratio:.2f}" for speed in speeds)],
            ["  p50 at 70 %, ms", *(f"{speed.p50_ms:.1f}" for speed in speeds)],
            ["  p99 at 70 %, ms", *(f"{speed.p99_ms:.1f}" for speed in speeds)],
        ]
    rows += [
        ["memory, MB", *(f"{f.rss_mb:.0f}" for f in each)],
        ["start, s", *(f"{f.start_seconds:.2f}" for f in each)],
    ]
    print_table("Service", columns, rows)
    OUT.print(f"One worker, {SESSION_SHARE:.0%} folded-in sessions; asked by: {tool()}.")
