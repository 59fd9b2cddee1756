"""`graphrec consume` from a real broker: what it prints, its metrics, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import orjson
import pytest

from scripts.benchmark.load.broker import Broker
from scripts.benchmark.load.process import free_port
from tests.support.brokers import open_broker
from tests.support.command import graphrec

pytestmark = pytest.mark.slow
"""A broker, and processes that read it."""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    pytest.importorskip("redis")
    found = open_broker("redis", tmp_path_factory.mktemp("redis"))
    found.send("clicks", [orjson.dumps({"who": f"u{n}", "item": "heat"}) for n in range(5)])
    yield found
    found.kill()


def test_lines_and_the_settings_of_a_stream(redis: Broker, tmp_path: Path) -> None:
    (tmp_path / "graphrec.toml").write_text(
        f'[stream]\nurl = "{redis.url("clicks")}"\nmap = ["user=who"]\nkind = "view"\n'
    )
    answer = graphrec(tmp_path, "consume", "--until-end")
    assert answer.code == 0, answer.err
    assert "5 messages" in answer.out
    assert "5 events, 0 items and users, 0 rejected, 0 behind" in answer.out
    again = graphrec(tmp_path, "consume", "--until-end")
    assert (again.code, again.out) == (0, "")


def test_metrics_at_a_port(redis: Broker, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "graphrec.cli.main", "consume", redis.url("clicks")]
    command += ["--map", "user=who", "--metrics", str(port)]
    process = subprocess.Popen(command, cwd=tmp_path, env={**os.environ})
    try:
        until, text = time.monotonic() + 60, ""
        while 'messages_total{result="written"} 5.0' not in text:
            assert time.monotonic() < until, text
            time.sleep(0.2)
            with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/metrics") as found:
                text = found.read().decode()
        assert "graphrec_stream_lag 0.0" in text
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    for arguments, said in (
        ((), "consume has nothing to read"),
        (("amqp://host/x",), "is of no known kind"),
        (("redis://127.0.0.1:1/x",), "Redis at 127.0.0.1:1 refuses"),
        (("redis://127.0.0.1:1/x", "--format", "xml"), "'format'"),
        (("redis://127.0.0.1:1/x", "--from", "soon"), "expected stored, beginning, end or a time"),
        (("redis://127.0.0.1:1/x", "--map", "item.id=sku"), "which is not loaded"),
    ):
        answer = graphrec(tmp_path, "consume", *arguments)
        assert (answer.code, said in answer.err) == (1, True), answer.err
