"""How fast, and in how much memory, a snapshot is served."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

import numpy as np

from graphrec.snapshot.registry import load
from scripts.benchmark.commands.serve import calls_of, resident, server
from scripts.benchmark.load.attack import ask_once, attack

RATE = 20.0
"""Requests a second: few enough that they do not wait for each other."""

WARM_UP = 0.3
"""Share of the time for which the process is asked before it is measured."""


class Serving(TypedDict):
    """What was measured; the process has one worker."""

    made_p99_ms: float
    """Of lists that are made when they are asked for."""
    kept_p99_ms: float
    """Of lists that are kept from an earlier question."""
    rss_mb: float
    """Resident memory of the process after all that, in MB of 10^6 bytes."""
    start_seconds: float
    """From its start until it is ready."""


def measure(folder: Path, seconds: float, seed: int) -> Serving:
    """Serve the current snapshot of `folder / "snapshots"` in a process of its own."""
    snapshots = folder / "snapshots"
    calls = calls_of(load(snapshots), np.random.default_rng(seed))
    known = [each for each in calls if each.body is None]
    module = ["graphrec.cli.main", "serve", "--store", "none", "--snapshots", str(snapshots)]
    module.append("--port")
    with server(module, "/health/ready", folder, {"GRAPHREC_SERVE__CACHE_MIB": "0"}) as (
        url,
        process,
        start_seconds,
    ):
        attack(url, calls[1::2], seconds * WARM_UP, 1, RATE)
        made = attack(url, calls[::2], seconds, 1, RATE)
        rss = resident(process.pid)
    with server(module, "/health/ready", folder) as (url, process, _):
        some = known[: max(int(RATE * seconds), 1)]
        ask_once(url, sorted({each.path for each in some}))
        kept = attack(url, some, seconds, 1, RATE)
        rss = max(rss, resident(process.pid))
    return Serving(
        made_p99_ms=made.p99_ms, kept_p99_ms=kept.p99_ms, rss_mb=rss, start_seconds=start_seconds
    )
