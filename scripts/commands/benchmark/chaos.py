"""`graphrec benchmark chaos`: the service while everything around it goes wrong."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Annotated, Any, TypeAlias

import numpy as np
import orjson
import typer

from graphrec.config import RecallSettings
from graphrec.data import Graph
from graphrec.recommend import Recommendation, Recommender
from graphrec.snapshot import CURRENT, current, load, publish, rollback
from graphrec.store import open_store
from scripts.commands.benchmark.serve import Catalogue, K, fit, synthetic
from scripts.load.process import free_port, start, wait_until_answers
from scripts.output import ERR, OUT, print_json

CATALOGUE = Catalogue("", 400, 300, 12_000)

VERSIONS = 3
"""Snapshots that take turns."""

RELOAD_SECONDS = 5.0
BREAK_EVERY, OUTAGE_EVERY, KILL_EVERY = 3, 4, 7
"""Reloads from one such trouble to the next."""

OUTAGE_SECONDS = 4.0

CLIENTS = 4

ROUTES = ("user", "session", "store")


@dataclass
class Findings:
    """What the clients met; the clients add to it under the lock."""

    answers: Counter[str] = field(default_factory=Counter)
    """By route and status."""
    wrong: list[str] = field(default_factory=list)
    versions: set[str] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)


def chaos(
    seconds: Annotated[float, typer.Option(min=1, help="How long to go on.")] = 600,
    json: Annotated[Path | None, typer.Option(help="File for what happened, as JSON.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the requests.")] = 0,
) -> None:
    """Ask a service for lists while snapshots change every 5 s, some of them broken, the store is
    locked, and the process is killed (`kill -9`) and started again.

    Every answer is compared with what its snapshot says. Exit status 1 where one is wrong, or fails
    for another reason than a store that is away or a process that is not there.

    **Example:** `graphrec benchmark chaos --seconds 60`
    """  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="graphrec-") as work:
        findings, troubles = _run(Path(work), seconds, np.random.default_rng(seed))
    report = {
        "seconds": seconds,
        "troubles": dict(troubles),
        "answers": dict(sorted(findings.answers.items())),
        "versions": len(findings.versions),
        "wrong": findings.wrong[:20],
    }
    if json is not None:
        json.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    print_json(report)
    if findings.wrong or len(findings.versions) < 2:
        ERR.print(
            f"[bold red]error:[/] {len(findings.wrong)} answers were wrong, of "
            f"{len(findings.versions)} snapshots: expected none, of two or more"
        )
        raise SystemExit(1)
    OUT.print("No answer was wrong.")


def _run(work: Path, seconds: float, rng: np.random.Generator) -> tuple[Findings, Counter[str]]:
    folder, database = work / "snapshots", work / "graph.db"
    for _ in range(VERSIONS):
        graph = Graph(synthetic(CATALOGUE, rng))
        version = publish(fit(graph, 0, rng), folder)
    with open_store(f"sqlite:///{database}") as store:
        store.write_events(graph.interactions)
    service = _Service(work, folder, database)
    service.start()
    findings, troubles, stop = Findings(), Counter[str](), Event()
    judge = _judge(folder)
    clients = [
        Thread(target=_ask, args=(service, judge, findings, stop, np.random.default_rng(each)))
        for each in rng.integers(2**32, size=CLIENTS)
    ]
    for client in clients:
        client.start()
    versions = sorted(path.name for path in folder.iterdir() if path.is_dir())
    until, turn = time.monotonic() + seconds, 0
    try:
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(RELOAD_SECONDS, left))
            turn += 1
            others = [each for each in versions if each != current(folder)]
            version = others[int(rng.integers(len(others)))]
            rollback(folder, version)
            troubles["reload"] += 1
            if turn % BREAK_EVERY == 0:
                _serve_broken(folder, version)
                troubles["broken snapshot"] += 1
            if turn % OUTAGE_EVERY == 0:
                _lock(database)
                troubles["store outage"] += 1
            if turn % KILL_EVERY == 0:
                service.kill()
                service.start()
                troubles["kill -9"] += 1
    finally:
        stop.set()
        for client in clients:
            client.join()
        service.kill()
    return findings, troubles


class _Service:
    """A server process that is killed now and then; always at the same address."""

    def __init__(self, work: Path, folder: Path, database: Path) -> None:
        self.port = free_port()
        self.up = False
        self.starts = 0
        self._log = work / "server.log"
        self._environment = {"GRAPHREC_SERVE__KEYS": str(work / "none.json")}
        self._module = ["scripts.cli", "serve", "--port", str(self.port)]
        self._module += ["--snapshots", str(folder), "--store", f"sqlite:///{database}"]

    def start(self) -> None:
        """Returns once it is ready."""
        self._process = start(self._module, self._log, self._environment)
        url = f"http://127.0.0.1:{self.port}/health/ready"
        wait_until_answers(url, self._process, self._log)
        self.starts += 1
        self.up = True

    def kill(self) -> None:
        """`kill -9`."""
        self.up = False
        self._process.kill()
        self._process.wait()


Judge: TypeAlias = Callable[[str, str, tuple[str, ...]], list[Any]]
"""What a version answers to a route about someone or something."""


def _judge(folder: Path) -> Judge:
    """Asked for the truth, it loads a version once, and works out each answer once."""

    @lru_cache(maxsize=VERSIONS)
    def recommender(version: str) -> Recommender:
        return Recommender(load(folder, version), RecallSettings())

    @lru_cache(maxsize=10_000)
    def truth(version: str, route: str, about: tuple[str, ...]) -> list[Any]:
        found = recommender(version)
        lists = found.recommend(about[0], K) if route == "user" else found.recommend_for(about, K)
        return [_plain(each) for each in lists]

    with_lock = Lock()

    def judge(version: str, route: str, about: tuple[str, ...]) -> list[Any]:
        with with_lock:
            return truth(version, route, about)

    return judge


def _plain(found: Recommendation) -> Any:
    return orjson.loads(orjson.dumps({**vars(found), "contributions": None}))  # as nobody asks why


def _ask(
    service: _Service, judge: Judge, findings: Findings, stop: Event, rng: np.random.Generator
) -> None:
    """One client: asks, and judges each answer, until it is stopped."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
    while not stop.is_set():
        route = ROUTES[int(rng.integers(len(ROUTES)))]
        items = [f"i{n}" for n in rng.choice(CATALOGUE.items // 10, 3, replace=False).tolist()]
        about = (f"u{int(rng.integers(CATALOGUE.users // 2))}",) if route == "user" else (*items,)
        generation = service.starts
        was_up = service.up
        try:
            status, headers, body = _answer(connection, route, about)
        except (OSError, HTTPException) as error:
            connection.close()
            killed = not was_up or not service.up or service.starts != generation
            _note(findings, route, "no process" if killed else "none", None if killed else error)
            time.sleep(0.05)
            continue
        problem = None
        if status == 200 and route != "store":
            if body["recommendations"] != judge(body["version"], route, about):
                problem = f"{route} {about}: {body}"
        elif status == 503 and route == "store":
            problem = None if "Retry-After" in headers else "503 without Retry-After"
        elif status != 200:
            problem = f"{route} {about}: {status} {body}"
        _note(findings, route, str(status), problem, body.get("version"))


def _answer(
    connection: HTTPConnection, route: str, about: tuple[str, ...]
) -> tuple[int, Mapping[str, str], Any]:
    if route == "session":
        content = orjson.dumps({"items": about, "k": K})
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/v1/recommendations", content, headers)
    elif route == "user":
        connection.request("GET", f"/v1/users/{about[0]}/recommendations?k={K}")
    else:
        connection.request("GET", f"/v1/items/{about[0]}/related?by=store")
    response = connection.getresponse()
    return response.status, dict(response.headers), orjson.loads(response.read())


def _note(
    findings: Findings, route: str, status: str, problem: object, version: str | None = None
) -> None:
    with findings.lock:
        findings.answers[f"{route}: {status}"] += 1
        if version is not None:
            findings.versions.add(version)
        if problem is not None:
            findings.wrong.append(str(problem))


def _serve_broken(folder: Path, version: str) -> None:
    """Make a version current whose files are not what its manifest says, for a while."""
    broken = folder / f"{version[:-6]}000000"
    shutil.copytree(folder / version, broken)
    (broken / "items.json").write_text("[]")
    draft = folder / ".draft-chaos"
    draft.write_text(broken.name)
    draft.replace(folder / CURRENT)
    time.sleep(RELOAD_SECONDS / 2)
    rollback(folder, version)
    shutil.rmtree(broken)


def _lock(database: Path) -> None:
    """Nobody else can write to the store for a while."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(OUTAGE_SECONDS)
        connection.execute("ROLLBACK")
    finally:
        connection.close()
