"""`python -m scripts.benchmark chaos`: the service while everything around it goes wrong."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import Annotated
from urllib.request import urlopen

import numpy as np
import orjson
import typer
from graphrec.cli.output import ERR, OUT, print_json

from graphrec.data import Graph
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import CURRENT, current, publish, rollback
from graphrec.store import open_store
from scripts.benchmark.commands.clients import (
    CATALOGUE,
    Client,
    Findings,
    Sent,
    judge_of,
    user_path,
)
from scripts.benchmark.commands.serve import K, fit, synthetic
from scripts.benchmark.load.process import free_port, start, wait_until_answers
from scripts.benchmark.troubles.connections import dawdle, flood
from scripts.benchmark.troubles.pages import not_refused
from scripts.benchmark.troubles.probe import Answer, Now, Probe, starved
from scripts.benchmark.troubles.stores import lock, put_back, write_many

DATABASE = "graph.db"

VERSIONS = 3
"""Snapshots that take turns."""

RELOAD_SECONDS = 5.0
"""Between two troubles, and two snapshots."""

OUTAGE_SECONDS = 4.0
SLOW_SECONDS, SLOW_CLIENTS = 8.0, 300
OVERLOAD_SECONDS, OVERLOAD_CLIENTS = 4.0, 48
LONG_DELTA = 50_000
"""Events that are written while the service is down."""

STARVED_SECONDS = 2.0
"""How much longer than for an empty server one may wait who asks whether the service lives."""

CLIENTS = 4

CATCH_UP_LIMIT = 120.0
"""Seconds after which a service that has not caught up is asked all the same."""

AT_LEAST = 0
"""Troubles that come up however short the run."""


def chaos(
    seconds: Annotated[float, typer.Option(min=1, help="Length of the run.")] = 600,
    json: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the requests.")] = 0,
) -> None:
    """Ask a service for lists, send it events and delete users while all goes wrong around it.

    Every 5 s another snapshot is served, and one of these comes up in turn: a broken snapshot, a
    store that is locked, `kill -9`, slow clients, pages of other sites, a copy of the store put in
    its place, a restart with a long delta, and more requests than can be answered.

    Every list is compared with what its snapshot says. Of every event that was acknowledged, the
    item is in none of the user's lists from then on, and the event is in the store in the end; of
    every user who was deleted, nothing is. Exit status 1 where anything is lost or wrong, or
    somebody starved: had no answer, or none in time to whether the service lives. Answers may fail
    where there is no process, and say 503 with Retry-After.

    **Example:** `python -m scripts.benchmark chaos --seconds 60`
    """
    with tempfile.TemporaryDirectory(prefix="graphrec-") as work:
        scene = _run(Path(work), seconds, np.random.default_rng(seed))
        lost = _lost(Path(work) / DATABASE, scene.findings)
    findings = scene.findings
    counts = {"lost": len(lost), "wrong": len(findings.wrong), "starved": len(findings.starved)}
    report = {
        "seconds": seconds,
        **counts,
        "troubles": dict(scene.troubles),
        "answers": dict(sorted(findings.answers.items())),
        "overload": dict(scene.overload),
        "health_ms": scene.health_ms(),
        "restart_seconds": scene.restarts,
        "versions": len(findings.versions),
        "events": {"sent": len(findings.sent), "acknowledged": len(findings.acknowledged)},
        "forgotten": len(findings.forgotten),
        "examples": [*sorted(lost)[:20], *findings.wrong[:20], *findings.starved[:20]],
    }
    if json is not None:
        json.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    print_json(report)
    if any(counts.values()) or len(findings.versions) < 2:
        said = ", ".join(f"{count} {what}" for what, count in counts.items())
        ERR.print(
            f"[bold red]error:[/] {said}, in lists of {len(findings.versions)} snapshots: expected "
            f"none, of two snapshots or more"
        )
        raise SystemExit(1)
    OUT.print("Nothing was lost, nothing was wrong, and nobody starved.")


@dataclass(frozen=True)
class Scene:
    """A service, all around it, and what came of it."""

    folder: Path
    database: Path
    service: _Service
    rng: np.random.Generator
    findings: Findings = field(default_factory=Findings)
    troubles: Counter[str] = field(default_factory=Counter)
    overload: Counter[str] = field(default_factory=Counter)
    """Answers to the flood, by status."""
    now: Now = field(default_factory=Now)
    lives: list[Answer] = field(default_factory=list)
    """To `/health/live`."""
    restarts: list[float] = field(default_factory=list)
    """Seconds until the service was ready with a long delta."""

    def wrong(self, problem: str) -> None:
        """Note something that must not be."""
        with self.findings.lock:
            self.findings.wrong.append(problem)

    def starved(self, problem: str) -> None:
        """Note someone who got no answer, or none in time."""
        with self.findings.lock:
            self.findings.starved.append(problem)

    def health_ms(self) -> Mapping[str, float]:
        """How long the answers of `/health/live` took."""
        if not self.lives:
            return {}
        lasted = [each.seconds * 1000 for each in self.lives]
        found = np.percentile(lasted, (50, 99, 100)).round(1).tolist()
        return dict(zip(("p50", "p99", "max"), found, strict=True))


def _run(work: Path, seconds: float, rng: np.random.Generator) -> Scene:
    folder, database = work / "snapshots", work / DATABASE
    graphs = [Graph(synthetic(CATALOGUE, rng)) for _ in range(VERSIONS)]
    with open_store(f"sqlite:///{database}") as store:
        store.write_events(graphs[-1].interactions)
        position = store.position()
    for graph in graphs:
        made = fit(graph, 0, rng)
        # As if made from the store: a process that starts then reads what was written since.
        publish(replace(made, manifest=replace(made.manifest, position=position)), folder)
    scene = Scene(folder, database, _Service(work, folder, database), rng)
    scene.service.start()
    stop = Event()
    judge = judge_of(folder, VERSIONS)
    seeds = rng.integers(2**32, size=CLIENTS).tolist()
    clients = [
        Client(name, scene.service, judge, scene.findings, np.random.default_rng(each))
        for name, each in enumerate(seeds)
    ]
    threads = [Thread(target=client.run, args=(stop,)) for client in clients]
    probe, floor = Probe(scene.service, "/health/live", scene.now), Floor(work)
    empty = Probe(floor, "/", scene.now)
    threads += [Thread(target=each.run, args=(stop,)) for each in (probe, empty)]
    for thread in threads:
        thread.start()
    versions = sorted(path.name for path in folder.iterdir() if path.is_dir())
    until, turn = time.monotonic() + seconds, 0
    try:
        while (left := until - time.monotonic()) > 0 or turn < AT_LEAST:
            time.sleep(min(RELOAD_SECONDS, max(left, 0)))
            others = [each for each in versions if each != current(folder)]
            _serve(scene, others[int(rng.integers(len(others)))])
            scene.troubles["reload"] += 1
            name, trouble = TROUBLES[turn % len(TROUBLES)]
            scene.now.trouble = name
            trouble(scene)
            scene.troubles[name] += 1
            turn += 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        scene.service.kill()
        floor.close()
    scene.lives.extend(probe.answers)
    for problem in starved(probe.answers, empty.answers, STARVED_SECONDS):
        scene.starved(problem)
    return scene


def _serve(scene: Scene, version: str) -> None:
    with refresh_lock(scene.folder, "graphrec rollback"):
        rollback(scene.folder, version)


def _broken_snapshot(scene: Scene) -> None:
    """Make a version current whose files are not what its manifest says, for a while."""
    folder = scene.folder
    version = current(folder)
    broken = folder / f"{version[:-6]}000000"
    shutil.copytree(folder / version, broken)
    (broken / "items.json").write_text("[]")
    with refresh_lock(folder, "chaos"):
        draft = folder / ".draft-chaos"
        draft.write_text(broken.name)
        draft.replace(folder / CURRENT)
    time.sleep(RELOAD_SECONDS / 2)
    _serve(scene, version)
    shutil.rmtree(broken)


def _store_outage(scene: Scene) -> None:
    lock(scene.database, OUTAGE_SECONDS)


def _kill(scene: Scene) -> None:
    scene.service.kill()
    scene.service.start()


def _slow_clients(scene: Scene) -> None:
    dawdle(scene.service.port, SLOW_CLIENTS, SLOW_SECONDS)


def _foreign_pages(scene: Scene) -> None:
    for problem in not_refused(scene.service.port):
        scene.wrong(problem)


def _store_put_back(scene: Scene) -> None:
    put_back(scene.database)


def _long_delta(scene: Scene) -> None:
    """Once the service says that it is ready, it knows all that was written while it was down."""
    scene.service.kill()
    name = f"while down {scene.troubles['long delta']}"
    written = write_many(scene.database, name, LONG_DELTA, CATALOGUE.items, scene.rng)
    scene.restarts.append(round(scene.service.start(), 2))
    for user in (next(iter(written)), next(reversed(written))):
        for item in scene.service.listed(user) & written[user]:
            scene.wrong(f"long delta: {item} is in the list of {user}, who has seen it")


def _overload(scene: Scene) -> None:
    found = flood(scene.service.port, CATALOGUE.users, K, OVERLOAD_SECONDS, OVERLOAD_CLIENTS)
    scene.overload.update(found)
    for status, count in found.items():
        if status == "0":
            scene.starved(f"overload: {count} requests without an answer")
        elif status not in ("200", "503"):
            scene.wrong(f"overload: {count} answers have status {status}")


TROUBLES: tuple[tuple[str, Callable[[Scene], None]], ...] = (
    ("broken snapshot", _broken_snapshot),
    ("store outage", _store_outage),
    ("foreign pages", _foreign_pages),
    ("slow clients", _slow_clients),
    ("kill -9", _kill),
    ("store put back", _store_put_back),
    ("overload", _overload),
    ("long delta", _long_delta),
)
"""In the order in which they come up, again and again."""


def _lost(database: Path, findings: Findings) -> set[str]:
    """Acknowledged events that the store does not hold, and what it holds and should not.

    Of users who were forgotten, it must hold nothing; of those who may have been, it may or not.
    """
    with open_store(f"sqlite:///{database}", create=False) as store:
        stored: set[Sent] = set()
        for user in {user for user, _, _ in findings.sent}:
            log = store.user_events(user)
            items = [log.items.ids[row] for row in log.item.tolist()]
            stored.update((user, *each) for each in zip(items, log.time.tolist(), strict=True))
    kept = {each for each in findings.acknowledged if each[0] not in findings.leaving}
    found = {f"not stored: {each}" for each in kept - stored}
    found |= {f"never sent: {each}" for each in stored - findings.sent}
    return found | {f"forgotten: {each}" for each in stored if each[0] in findings.forgotten}


class _Service:
    """A server process that is killed now and then; always at the same address."""

    def __init__(self, work: Path, folder: Path, database: Path) -> None:
        self.port = free_port()
        self.up = False
        self.starts = 0
        self._log = work / "server.log"
        self._environment = {"GRAPHREC_SERVE__KEYS": str(work / "none.json")}
        self._module = ["graphrec.cli.main", "serve", "--port", str(self.port)]
        self._module += ["--snapshots", str(folder), "--store", f"sqlite:///{database}"]

    def start(self) -> float:
        """Returns once it is ready and has caught up with its store, the seconds that it took."""
        self._process = start(self._module, self._log, self._environment)
        url = f"http://127.0.0.1:{self.port}/health/ready"
        seconds = wait_until_answers(url, self._process, self._log)
        began = time.perf_counter()
        while _status(url) != "ready" and time.perf_counter() - began < CATCH_UP_LIMIT:
            time.sleep(0.05)
        seconds += time.perf_counter() - began
        self.starts += 1
        self.up = True
        return seconds

    def listed(self, user: str) -> set[str]:
        """The items of the list of a user. Raises OSError."""
        url = f"http://127.0.0.1:{self.port}/v1/users/{user_path(user)}"
        with urlopen(url, timeout=30) as answer:
            return {each["item"] for each in orjson.loads(answer.read())["recommendations"]}

    def kill(self) -> None:
        """`kill -9`."""
        self.up = False
        self._process.kill()
        self._process.wait()


def _status(url: str) -> str:
    """What a service says of itself."""
    with urlopen(url, timeout=30) as answer:  # noqa: S310 - our own
        return str(orjson.loads(answer.read())["status"])


class Floor:
    """An empty server, which shows how busy the machine is."""

    up, starts = True, 1

    def __init__(self, work: Path) -> None:
        self.port = free_port()
        log = work / "floor.log"
        self._process = start(["scripts.benchmark.load.floor", str(self.port)], log, {})
        wait_until_answers(f"http://127.0.0.1:{self.port}/", self._process, log)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
