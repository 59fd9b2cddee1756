"""`python -m scripts.benchmark stream`: how fast a stream is read, and how soon lists know it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Annotated, Any, Literal
from urllib.request import urlopen

import numpy as np
import orjson
import typer
from graphrec.cli.output import OUT

from graphrec.data import Graph
from graphrec.errors import GraphrecError
from graphrec.snapshot.registry import publish
from graphrec.store import open_store
from scripts.benchmark.commands.clients import CATALOGUE
from scripts.benchmark.commands.serve import fit, synthetic
from scripts.benchmark.load.broker import Broker, missing
from scripts.benchmark.load.process import free_port, start, wait_until_answers

NOW = 1_700_000_000_000
PROBE_SECONDS = 0.2
"""Between two users whose lists are watched."""
LATE = 10.0
"""Seconds after which a list that has not changed counts as so late."""


def stream(
    broker: Annotated[
        Literal["kafka", "nats", "redis"], typer.Option(help="Which broker is started.")
    ] = "kafka",
    store: Annotated[
        str | None,
        typer.Option(
            help="URL of an empty store to read into; its login is in the settings.",
            show_default="a file of SQLite",
        ),
    ] = None,
    events: Annotated[int, typer.Option(min=1, help="Events that are read at once.")] = 300_000,
    rate: Annotated[
        int, typer.Option(min=1, help="Events a second while lists are watched.")
    ] = 1_000,
    seconds: Annotated[
        float, typer.Option(min=0, help="How long lists are watched; 0: not at all.")
    ] = 15,
    json: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
) -> None:
    """Read a stream into a store as fast as it goes, then watch how soon lists know of it.

    First a topic is filled, and read to its end by `graphrec consume`: the rate is over all
    messages, from the first batch on. Then a service reads another topic, to which events are sent
    at a rate; between them are likes of users whose lists are asked for until they have changed.
    """
    lacking = missing(broker)
    if lacking:
        raise GraphrecError(f"{broker} cannot be started: {lacking}")
    with tempfile.TemporaryDirectory() as path, _running(Broker(broker, Path(path))) as server:
        folder = Path(path)
        url = store or f"sqlite:///{folder / 'load.db'}"
        found: dict[str, Any] = {"broker": broker, "events": events}
        found |= _rate(server, url, events)
        OUT.print(
            f"{broker}: {found['events_per_second']:,.0f} events a second, in "
            f"{found['batches']:.0f} batches"
        )
        if seconds:
            found |= _delays(server, folder, rate, seconds)
            OUT.print(
                f"from sent to changed list at {rate:,}/s: p50 {found['p50_ms']:.0f} ms, "
                f"p99 {found['p99_ms']:.0f} ms, of {found['probes']}"
            )
    if json is not None:
        json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))


@contextmanager
def _running(server: Broker) -> Iterator[Broker]:
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _made_up(count: int, rng: np.random.Generator, users: int, items: int) -> list[bytes]:
    user = (rng.random(count) ** 2 * users).astype(int).tolist()
    item = (rng.random(count) ** 2.5 * items).astype(int).tolist()
    return [
        orjson.dumps({"user": f"u{u}", "item": f"i{i}", "event": "view", "time": NOW + at})
        for at, (u, i) in enumerate(zip(user, item, strict=True))
    ]


def _rate(server: Broker, url: str, events: int) -> dict[str, float]:
    values = _made_up(events, np.random.default_rng(0), 20_000, 8_000)
    for first in range(0, events, 100_000):
        server.send("load", values[first : first + 100_000])
    command = [sys.executable, "-m", "graphrec.cli.main", "consume", server.url("load")]
    command += ["--store", url, "--json", "--until-end"]
    began: float | None = None
    ended = batches = messages = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None  # noqa: S101
        for line in process.stdout:
            step = orjson.loads(line)
            if step["result"] == "written":
                ended = time.perf_counter()
                began = ended - step["seconds"] if began is None else began
                batches += 1
                messages += step["messages"]
    if process.returncode or began is None or messages != events:
        raise GraphrecError(f"{messages:,.0f} of {events:,} messages were read")
    return {
        "batches": batches,
        "seconds": ended - began,
        "events_per_second": events / (ended - began),
    }


def _delays(server: Broker, folder: Path, rate: int, seconds: float) -> dict[str, object]:
    rng = np.random.default_rng(1)
    log = synthetic(CATALOGUE, rng)
    graph = Graph(log)
    database = f"sqlite:///{folder / 'graph.db'}"
    with open_store(database) as opened:
        opened.write_events(log)
        snapshot = fit(graph, 0, rng)
        position = opened.position()
    manifest = snapshot.manifest
    publish(replace(snapshot, manifest=replace(manifest, position=position)), folder / "snapshots")
    port = free_port()
    environment = {
        "GRAPHREC_STREAM__URL": server.url("live"),
        "GRAPHREC_SNAPSHOTS": str(folder / "snapshots"),
    }
    server.send("live", _made_up(1, rng, 10, 10))
    service = start(
        ["graphrec.cli.main", "serve", "--port", str(port), "--store", database],
        folder / "serve.log",
        environment,
        folder,
    )
    at = f"http://127.0.0.1:{port}"
    over = Event()
    try:
        wait_until_answers(f"{at}/health/ready", service, folder / "serve.log")
        until = time.monotonic() + 60
        while _ask(f"{at}/health/ready")["parts"].get("stream") != "ready":
            if time.monotonic() > until:
                raise GraphrecError("the service does not read the stream")
            time.sleep(0.1)
        sending = Thread(target=_send, args=(server, rate, over), daemon=True)
        sending.start()
        time.sleep(1)
        delays = []
        for probe in range(int(seconds / PROBE_SECONDS)):
            delays.append(_delay(server, at, f"probe{probe}"))
            time.sleep(max(0, PROBE_SECONDS - delays[-1]))
        over.set()
        sending.join()
    finally:
        over.set()
        service.terminate()
        service.wait()
    in_ms = np.array(delays) * 1000
    return {
        "rate": rate,
        "probes": len(delays),
        **{f"p{q}_ms": float(np.percentile(in_ms, q)) for q in (50, 90, 99)},
        "max_ms": float(in_ms.max()),
    }


def _send(server: Broker, rate: int, over: Event) -> None:
    """Events of others, every tenth of a second."""
    values = _made_up(rate, np.random.default_rng(2), 500, 500)
    due = time.monotonic()
    number = 0
    while not over.is_set():
        part = values[number % 10 :: 10]
        server.send("live", part)
        number += 1
        due += 0.1
        over.wait(max(0, due - time.monotonic()))


def _delay(server: Broker, at: str, user: str) -> float:
    """Seconds from a like of a new user until their list is without the item."""
    path = f"{at}/v1/users/{user}/recommendations?k=5"
    item = _items(path)[0]
    like = orjson.dumps({"user": user, "item": item, "event": "like", "time": NOW})
    sent = time.perf_counter()
    server.send("live", [like])
    while time.perf_counter() - sent < LATE:
        if item not in _items(path):
            return time.perf_counter() - sent
        time.sleep(0.01)
    return LATE


def _items(path: str) -> list[str]:
    answer = _ask(path)
    return [row["item"] for row in answer["recommendations"]]


def _ask(url: str) -> Any:
    with urlopen(url, timeout=10) as answer:  # noqa: S310
        return orjson.loads(answer.read())
