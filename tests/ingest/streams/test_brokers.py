"""Real brokers: killed and restarted, readers killed, two readers: nothing lost, nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from graphrec.ingest.streams.address import address_of, open_stream

from graphrec.data.weighting import DEFAULT_POLICY
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import listed
from scripts.benchmark.load.broker import Broker
from tests.support.brokers import letters, open_broker

pytestmark = pytest.mark.slow
"""Servers of other languages."""

CLIENTS = {"kafka": "confluent_kafka", "nats": "nats", "redis": "redis"}
SECONDS = 60


@pytest.fixture(scope="module", params=["kafka", "nats", "redis"])
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    pytest.importorskip(CLIENTS[request.param])
    found = open_broker(request.param, tmp_path_factory.mktemp(request.param))
    yield found
    found.kill()


def clicks(first: int, last: int) -> list[bytes]:
    return [
        orjson.dumps({"user": f"u{n % 17}", "item": f"i{n}", "event": "view"})
        for n in range(first, last)
    ]


def reader(url: str, store: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "graphrec.cli.main", "consume", url]
    command += ["--store", f"sqlite:///{store}", "--json", "--batch", "50", *options]
    environment = {**os.environ, "GRAPHREC_SNAPSHOTS": str(store.parent / "snapshots")}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=store.parent
    )


def wait_for(store: Path, count: int) -> list[str]:
    """The items of the events in the store, once there are so many."""
    until, found = time.monotonic() + SECONDS, list[str]()
    while time.monotonic() < until:
        if store.exists():
            with SQLiteStore(store, DEFAULT_POLICY) as opened:
                graph = opened.read_graph()
            found = [event.item for event in listed(graph.interactions)]
            if len(found) >= count:
                return found
        time.sleep(0.2)
    raise AssertionError(f"{len(found)} of {count} events came")


def test_nothing_is_lost_or_counts_twice_whatever_is_killed(broker: Broker, tmp_path: Path) -> None:
    store = tmp_path / "graph.db"
    SQLiteStore(store, DEFAULT_POLICY).close()
    broker.send("clicks", [*clicks(0, 300), b"{oops"])
    first, second = (reader(broker.url("clicks"), store) for _ in range(2))
    try:
        wait_for(store, 300)
        broker.send("clicks", clicks(300, 600))
        first.send_signal(signal.SIGKILL)
        wait_for(store, 600)
        if broker.kind != "redis":  # which flushes once a second: what it lost was never there
            broker.kill()
            broker.start()
        broker.send("clicks", clicks(600, 800))
        found = wait_for(store, 800)
        assert sorted(found) == sorted(f"i{n}" for n in range(800))
        assert second.poll() is None
        second.send_signal(signal.SIGTERM)
        _, err = second.communicate(timeout=SECONDS)
        assert second.returncode == 0, err
        # An outage is said, and its end; nothing else is.
        said = err.decode().splitlines()
        assert all(broker.host in line and "again" in line for line in said), said
    finally:
        for each in (first, second):
            each.kill()
            each.wait()
    found = letters(broker, "clicks.rejected")
    assert set(found) == {(b"{oops", "not a JSON object")}
    with SQLiteStore(store, DEFAULT_POLICY) as opened:
        assert opened.counts()["events"] == 800
        before = dict(opened.stream_positions(f"{broker.kind}:graphrec"))
        # Read again from its beginning, as somebody who was never there would.
        address = address_of(broker.url("clicks"))
        with closing(open_stream(address, dict, "beginning")) as stream:
            messages = []
            while len(messages) < 801:
                messages += stream.poll(1000, 5)
            assert len(messages) == 801
            assert stream.lag() == 0
            ends = {message.partition: message.after for message in messages}
        assert ends == before
        for start in ("stored", "end"):
            with closing(open_stream(address, lambda: before, start)) as stream:  # type: ignore[arg-type]
                assert list(stream.poll(10, 1)) == []
        latest = max(message.time for message in messages)
        due = sum(message.time >= latest for message in messages)
        with closing(open_stream(address, lambda: before, latest)) as stream:
            assert len(stream.poll(1000, 10)) in range(1, due + 1)
