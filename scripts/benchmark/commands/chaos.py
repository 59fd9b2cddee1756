"""`python -m scripts.benchmark chaos`: the service while everything around it goes wrong."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import numpy as np
import orjson
import typer
from graphrec.cli.output import ERR, OUT, print_json

from graphrec.data import Graph
from graphrec.snapshot.registry import CURRENT, current, publish, rollback
from graphrec.store import open_store
from scripts.benchmark.commands.clients import CATALOGUE, Client, Findings, Sent, judge_of
from scripts.benchmark.commands.serve import fit, synthetic
from scripts.benchmark.load.process import free_port, start, wait_until_answers

DATABASE = "graph.db"

VERSIONS = 3
"""Snapshots that take turns."""

RELOAD_SECONDS = 5.0
BREAK_EVERY, OUTAGE_EVERY, KILL_EVERY = 3, 4, 7
"""Reloads from one such trouble to the next."""

OUTAGE_SECONDS = 4.0

CLIENTS = 4


def chaos(
    seconds: Annotated[float, typer.Option(min=1, help="How long to go on.")] = 600,
    json: Annotated[Path | None, typer.Option(help="File for what happened, as JSON.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the requests.")] = 0,
) -> None:
    """Ask a service for lists and send it events while snapshots change every 5 s, some of them
    broken, the store is locked, and the process is killed (`kill -9`) and started again.

    Every list is compared with what its snapshot says. Of every event that was acknowledged, the
    item is in none of the user's lists from then on, and the event is in the store in the end. Exit
    status 1 where anything else is found, or an answer fails for another reason than a process
    that is not there, or, of events alone, a store that is away (503, with Retry-After).

    **Example:** `python -m scripts.benchmark chaos --seconds 60`
    """
    with tempfile.TemporaryDirectory(prefix="graphrec-") as work:
        findings, troubles = _run(Path(work), seconds, np.random.default_rng(seed))
        lost = _lost(Path(work) / DATABASE, findings)
    report = {
        "seconds": seconds,
        "troubles": dict(troubles),
        "answers": dict(sorted(findings.answers.items())),
        "versions": len(findings.versions),
        "events": {
            "sent": len(findings.sent),
            "acknowledged": len(findings.acknowledged),
            "lost": len(lost),
        },
        "wrong": findings.wrong[:20],
    }
    if json is not None:
        json.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    print_json(report)
    if findings.wrong or lost or len(findings.versions) < 2:
        ERR.print(
            f"[bold red]error:[/] {len(findings.wrong)} answers were wrong, of "
            f"{len(findings.versions)} snapshots, and {len(lost)} acknowledged events are lost: "
            f"expected none, of two snapshots or more"
        )
        raise SystemExit(1)
    OUT.print("No answer was wrong, and no acknowledged event is lost.")


def _run(work: Path, seconds: float, rng: np.random.Generator) -> tuple[Findings, Counter[str]]:
    folder, database = work / "snapshots", work / DATABASE
    graphs = [Graph(synthetic(CATALOGUE, rng)) for _ in range(VERSIONS)]
    with open_store(f"sqlite:///{database}") as store:
        store.write_events(graphs[-1].interactions)
        position = store.position()
    for graph in graphs:
        made = fit(graph, 0, rng)
        # As if made from the store: a process that starts then reads what was written since.
        publish(replace(made, manifest=replace(made.manifest, position=position)), folder)
    service = _Service(work, folder, database)
    service.start()
    findings, troubles, stop = Findings(), Counter[str](), Event()
    judge = judge_of(folder, VERSIONS)
    seeds = rng.integers(2**32, size=CLIENTS).tolist()
    clients = [
        Client(name, service, judge, findings, np.random.default_rng(each))
        for name, each in enumerate(seeds)
    ]
    threads = [Thread(target=client.run, args=(stop,)) for client in clients]
    for thread in threads:
        thread.start()
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
        for thread in threads:
            thread.join()
        service.kill()
    return findings, troubles


def _lost(database: Path, findings: Findings) -> set[Sent]:
    """Acknowledged events that the store does not hold, and events in it that nobody sent."""
    with open_store(f"sqlite:///{database}", create=False) as store:
        stored: set[Sent] = set()
        for user in {user for user, _, _ in findings.sent}:
            log = store.user_events(user)
            items = [log.items.ids[row] for row in log.item.tolist()]
            stored.update((user, *each) for each in zip(items, log.time.tolist(), strict=True))
    return findings.acknowledged - stored | stored - findings.sent


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
