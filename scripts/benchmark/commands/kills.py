"""Refreshes that are killed with `kill -9`, at every stage, and what is left of them."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from time import sleep
from typing import Any, TypedDict

import numpy as np
import orjson

from graphrec.data import Interactions
from graphrec.progress import Progress
from graphrec.refresh.outcome import STAGES
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import load, versions
from graphrec.store import open_store

USERS, ITEMS, EACH = 400, 120, 30


class Killed(TypedDict):
    """One refresh that was killed."""

    stage: str
    after: float
    """Seconds after the stage began."""
    sound: bool
    """Whether a whole snapshot serves, that of before or a new one, and the lock is free."""


def kill_matrix(times: int, seed: int, progress: Progress | None = None) -> list[Killed]:
    """Kill a refresh of a small shop, `times` at each stage, each at a random moment of the stage.

    The refreshes are commands in processes of their own. Raises RuntimeError where the refresh
    after them does not publish.
    """
    rng = np.random.default_rng(seed)
    found: list[Killed] = []
    with tempfile.TemporaryDirectory(prefix="graphrec-") as temporary:
        folder = Path(temporary)
        _fill(folder, rng)
        lasted = _stages(folder)
        for stage in STAGES:
            for _ in range(times):
                found.append(_kill(folder, stage, float(rng.random()) * lasted[stage]))
                if progress:
                    progress("killing", len(found), times * len(STAGES))
        if set(_stages(folder)) != set(STAGES) or list((folder / "snapshots").glob(".draft-*")):
            raise RuntimeError("the refresh after those that were killed did not publish cleanly")
    return found


def _fill(folder: Path, rng: np.random.Generator) -> None:
    users = np.repeat(np.arange(USERS), EACH)
    items = np.concatenate([rng.choice(ITEMS, EACH, replace=False) for _ in range(USERS)])
    items = items // 4 * 4 + users % 4
    ids = [f"u{user}" for user in users.tolist()], [f"i{item}" for item in items.tolist()]
    with open_store(f"sqlite:///{folder}/graphrec.db") as store:
        store.write_events(Interactions.of(*ids, None, rng.permutation(len(users)) * 60_000))


def _command(folder: Path) -> list[str]:
    options = ("--store", f"sqlite:///{folder}/graphrec.db", "--snapshots", f"{folder}/snapshots")
    return [sys.executable, "-m", "graphrec.cli.main", "refresh", "--embedding", "none", *options]


def _stages(folder: Path) -> dict[str, float]:
    """The seconds of each stage of a whole refresh."""
    done = subprocess.run(  # noqa: S603 - a command of ours
        [*_command(folder), "--force"], capture_output=True, check=True
    )
    lines = map(orjson.loads, done.stderr.splitlines())
    return {line["stage"]: line["seconds"] for line in lines if line["event"] == "stage ended"}


def _kill(folder: Path, stage: str, after: float) -> Killed:
    snapshots = folder / "snapshots"
    before = versions(snapshots)
    process = subprocess.Popen(  # noqa: S603
        [*_command(folder), "--force"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert process.stderr is not None  # noqa: S101
    for line in process.stderr:
        said: dict[str, Any] = orjson.loads(line)
        if (said["event"], said["stage"]) == ("stage began", stage):
            break
    sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    with refresh_lock(snapshots):  # else RefreshRunning
        serving = load(snapshots).manifest.version
    sound = serving == before[-1] or (stage == "publish" and serving not in before)
    return Killed(stage=stage, after=after, sound=sound)
