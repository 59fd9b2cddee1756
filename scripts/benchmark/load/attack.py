"""Requests at full speed, or at a fixed rate, from a process of their own.

vegeta (github.com/tsenart/vegeta) sends them where it is installed, else
`scripts.benchmark.load.client`. At a fixed rate each request is sent when it is due, whatever
became of those before it, and so a server that stalls is charged for all who would have waited: no
coordinated omission (Tene, "How not to measure latency", 2015).
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from graphrec.errors import GraphrecError


@dataclass(frozen=True)
class Call:
    """A request: to a path, with a JSON body where it has one."""

    path: str
    body: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Load:
    """What came of an attack."""

    throughput: float
    """Answers with status 200 a second."""
    failures: int
    """Other answers, and none."""
    p50_ms: float
    p99_ms: float
    max_ms: float
    answers: Mapping[str, int] = field(default_factory=dict)
    """By status; 0: none came."""


def tool() -> str:
    """What sends the requests on this machine."""
    return "vegeta" if shutil.which("vegeta") else "built in"


def attack(
    base_url: str, calls: Sequence[Call], seconds: float, connections: int, rate: float | None
) -> Load:
    """Send `calls`, again and again, `rate` a second; None: each once the one before is answered.

    `connections` are used at full speed, and at first at a fixed rate. Raises GraphrecError where
    the tool fails.
    """
    with tempfile.TemporaryDirectory(prefix="graphrec-") as folder:
        if tool() == "vegeta":
            return _vegeta(Path(folder), base_url, calls, seconds, connections, rate)
        task = {
            "base_url": base_url,
            "calls": [asdict(call) for call in calls],
            "seconds": seconds,
            "connections": connections,
            "rate": rate,
        }
        command = [sys.executable, "-m", "scripts.benchmark.load.client"]
        return Load(**orjson.loads(_run(command, orjson.dumps(task))))


def ask_once(base_url: str, paths: Sequence[str]) -> None:
    """Ask for each path, one after the other; raises GraphrecError where one is not answered."""
    with closing(HTTPConnection(urlsplit(base_url).netloc, timeout=30)) as connection:
        for path in paths:
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
            except (OSError, HTTPException) as error:
                raise GraphrecError(f"{path} is not answered ({error}): expected a list") from error
            if answer.status != 200:
                raise GraphrecError(f"{path} is answered with {answer.status}: expected 200")


def _vegeta(
    folder: Path,
    base_url: str,
    calls: Sequence[Call],
    seconds: float,
    connections: int,
    rate: float | None,
) -> Load:
    targets, results = folder / "targets", folder / "results"
    targets.write_bytes(b"".join(_target(base_url, call) + b"\n" for call in calls))
    pace = (
        [f"-rate={max(round(rate * 1000), 1)}/1000s", f"-workers={connections}"]
        if rate is not None
        else ["-rate=0", f"-workers={connections}", f"-max-workers={connections}"]
    )
    command = ["vegeta", "attack", "-format=json", f"-targets={targets}", f"-output={results}"]
    _run([*command, f"-duration={seconds}s", "-timeout=30s", *pace])
    report = orjson.loads(_run(["vegeta", "report", "-type=json", str(results)]))
    answers, latencies = report["status_codes"], report["latencies"]
    good = answers.get("200", 0)
    return Load(
        throughput=good / (report["duration"] + report["wait"]) * 1e9,
        failures=report["requests"] - good,
        p50_ms=latencies["50th"] / 1e6,
        p99_ms=latencies["99th"] / 1e6,
        max_ms=latencies["max"] / 1e6,
        answers=answers,
    )


def _target(base_url: str, call: Call) -> bytes:
    target: dict[str, object] = {"method": "GET", "url": base_url + call.path}
    if call.body is not None:
        target["method"] = "POST"
        target["header"] = {"Content-Type": ["application/json"]}
        target["body"] = base64.b64encode(orjson.dumps(call.body)).decode("ascii")
    return orjson.dumps(target)


def _run(command: Sequence[str], stdin: bytes = b"") -> bytes:
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise GraphrecError(
            f"load tool {command[0]!r} failed with status {done.returncode}: "
            f"{done.stderr.decode('utf-8', 'replace').strip()[-500:]}"
        )
    return done.stdout
