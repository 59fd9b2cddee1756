"""Processes that serve: several at one address, and settings that are read again at SIGHUP."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from graphrec.api.peers import merged
from graphrec.api.workers import listening
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from graphrec.errors import SettingsError
from tests.support.live import event, settings_in, wait_until
from tests.support.paths import ROOT

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="several processes serve on Linux alone")


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], Path, str]]:
    """`graphrec serve` in a folder: the process, its log, and where it listens."""
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "graphrec.cli.main", "serve", "--port", "0", *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=output,
            text=True,
        )
    try:
        found: list[str] = []

        def listens() -> bool:
            assert process.poll() is None, log.read_text()
            found[:] = re.findall(r"running on (http://[\d.]+:\d+)", log.read_text())
            return bool(found)

        wait_until(listens, 120)
        yield process, log, found[0]
    finally:
        process.terminate()
        process.wait(timeout=60)


def shop(folder: Path) -> None:
    """A snapshot, the store it was made of, and settings that name both."""
    found = settings_in(folder)
    (folder / "graphrec.toml").write_text(
        f'store = "{found.store}"\nsnapshots = "{found.snapshots}"\n'
    )


@pytest.mark.slow
@LINUX
def test_settings_are_read_again_at_a_signal(tmp_path: Path) -> None:
    shop(tmp_path)
    file = tmp_path / "graphrec.toml"
    first = file.read_text()
    with serving(tmp_path) as (process, log, url), httpx.Client(base_url=url) as client:
        path = "/v1/users/ann/recommendations?k=3"
        assert client.get(path).status_code == 200
        sent = client.post("/v1/events", json={"events": [event("ann", "hit")]})
        assert sent.json()["accepted"] == 1  # the store is that of the settings
        for text, said in (
            (f"{first}[serve]\nmax_k = 2\n", "and hold: serve.max_k"),
            (f"{first}[serve]\nmaxk = 5\n", "did you mean 'serve.max_k'?"),
            ('snapshots = "nowhere"\n', "the settings stay as they were: snapshot folder"),
            (f"{first}[serve]\nmax_k = 2\n", "nothing has changed"),
        ):
            file.write_text(text)
            process.send_signal(signal.SIGHUP)
            wait_until(lambda said=said: said in log.read_text())
            assert "from 1 to 2" in client.get(path).text
        assert "Traceback" not in log.read_text()
        assert process.poll() is None


@pytest.mark.slow
@LINUX
def test_workers_share_an_address_and_their_figures(tmp_path: Path) -> None:
    shop(tmp_path)
    file = tmp_path / "graphrec.toml"
    # Each request on a connection of its own.
    apart = httpx.Limits(max_keepalive_connections=0)
    with (
        serving(tmp_path, "--workers", "2") as (process, log, url),
        httpx.Client(base_url=url, limits=apart, timeout=30) as client,
    ):
        path = "/v1/users/ann/recommendations"

        def ask(path: str) -> httpx.Response:
            return client.get(path)

        def counted() -> dict[str, float]:
            families = text_string_to_metric_families(ask("/metrics").text)
            samples = [s for family in families for s in family.samples]
            wanted = [s for s in samples if s.name == "graphrec_requests_total"]
            return {
                number: sum(
                    s.value
                    for s in wanted
                    if s.labels["worker"] == number and s.labels["route"].endswith("dations")
                )
                for number in ("1", "2")
            }

        for _ in range(40):
            assert ask(f"{path}?k=3").status_code == 200
        found = counted()
        assert sum(found.values()) == 40
        assert min(found.values()) > 0
        # What one is told, all know.
        seen = client.post("/v1/events", json={"events": [event("ann", "hit")]})
        assert seen.json()["accepted"] == 1

        def is_offered() -> bool:
            listed = ask(f"{path}?k=100").json()["recommendations"]
            return "hit" in [each["item"] for each in listed]

        wait_until(lambda: not any(is_offered() for _ in range(8)))
        # One that dies is replaced, and has the settings of now, as the other has.
        [pids] = re.findall(r"\(processes (\d+), (\d+)\)", log.read_text())
        file.write_text(f"{file.read_text()}[serve]\nmax_k = 2\n")
        os.kill(int(pids[0]), signal.SIGKILL)
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: log.read_text().count("Application startup complete") == 3, 120)
        wait_until(lambda: "and hold: serve.max_k" in log.read_text())
        wait_until(lambda: all(ask(f"{path}?k=3").status_code == 422 for _ in range(8)))
        assert "another takes its place" in log.read_text()
        process.terminate()
        assert process.wait(timeout=60) in (0, 143, -signal.SIGTERM)
    for pid in re.findall(r"Started server process \[(\d+)\]", log.read_text()):
        assert not Path(f"/proc/{pid}").exists()
    assert "Traceback" not in log.read_text()


@LINUX
def test_an_address_that_is_taken_is_an_error_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"serve\.port {port}: .*--port"):
            listening("127.0.0.1", port, 2)
    sockets = listening("127.0.0.1", 0, 3)
    assert len({each.getsockname() for each in sockets}) == 1
    port = sockets[0].getsockname()[1]
    sockets[0].listen()
    with pytest.raises(SettingsError, match="expected an address that is free"):
        listening("127.0.0.1", port, 2)  # another service would else get some of the requests
    for each in sockets:
        each.close()


def test_figures_of_all_workers_are_one_document() -> None:
    texts = {}
    for number in (1, 2):
        registry = CollectorRegistry()
        Counter("a", "Some.", ("kind",), registry=registry).labels("x").inc(number)
        Gauge("b", "Now.", registry=registry).set(10 * number)
        Histogram("c", "Long.", buckets=(1,), registry=registry).observe(number - 0.5)
        texts[number] = generate_latest(registry).decode()
    text = merged(texts).decode()
    for line in (
        'a_total{kind="x",worker="1"} 1.0',
        'a_total{kind="x",worker="2"} 2.0',
        'b{worker="2"} 20.0',
        'c_bucket{le="1.0",worker="1"} 1.0',
        'c_bucket{le="1.0",worker="2"} 0.0',
        'c_count{worker="2"} 1.0',
    ):
        assert line in text.splitlines()
    for kind in ("a_total counter", "b gauge", "c histogram"):
        assert text.count(f"# TYPE {kind}") == 1
