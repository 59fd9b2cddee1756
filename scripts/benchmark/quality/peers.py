"""Peers: other libraries, on the same split, judged by the same metrics.

A peer is a script that knows nothing of graphrec (`scripts/benchmark/peers`) and runs in an
environment of its own. It answers once, or after every few epochs;
`scripts/benchmark/peers/exchange.py` says how.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graphrec.errors import SettingsError
from graphrec.evaluation.results import ModelResult
from graphrec.evaluation.splits.split import Split
from graphrec.progress import Progress
from scripts.benchmark.quality.environments import PeerError, last_line, ready
from scripts.benchmark.quality.job import evaluate_answer, read_report, write_job
from scripts.benchmark.quality.rows import Checkpoint, Row

SCRIPTS = Path(__file__).resolve().parent.parent / "peers"

PATIENCE = 10
"""Checkpoints without a better one, after which a peer has converged."""

POLL_SECONDS = 0.1
"""How often a running peer is looked at."""


@dataclass(frozen=True)
class Peer:
    """What runs a peer."""

    library: str
    """Names its environment."""
    method: str
    script: Path
    requirements: Path


def _of(library: str, **methods: str) -> dict[str, Peer]:
    script, requirements = SCRIPTS / f"run_{library}.py", SCRIPTS / f"{library}.txt"
    return {
        f"{library}-{name}": Peer(library, method, script, requirements)
        for name, method in methods.items()
    }


PEERS: dict[str, Peer] = {
    **_of("implicit", als="als", bm25="bm25", cosine="cosine"),
    **_of("lightfm", warp="warp"),
    **_of("recbole", lightgcn="LightGCN", bpr="BPR", neumf="NeuMF"),
}
"""By the name that people type."""


def named_peers(text: str) -> tuple[str, ...]:
    """The peers of a comma-separated list, in which a library stands for all of its.

    Raises SettingsError for an unknown one.
    """
    names: list[str] = []
    for name in filter(None, map(str.strip, text.split(","))):
        found = [each for each, peer in PEERS.items() if name in (each, peer.library)]
        if not found:
            libraries = dict.fromkeys(peer.library for peer in PEERS.values())
            raise SettingsError(
                f"peer {name!r} is unknown: expected some of {', '.join(PEERS)}, or "
                f"{', '.join(libraries)} for all of a library"
            )
        names += found
    return tuple(dict.fromkeys(names))


def measure(
    name: str,
    split: Split,
    *,
    k: int,
    seed: int,
    resamples: int,
    limit: float,
    cache: Path,
    progress: Progress,
) -> Row:
    """Install and run a peer for at most `limit` seconds, loading included, and judge its answers.

    Of a peer that learns in epochs, the best checkpoint counts, by NDCG on the test itself: what it
    could have reached at best. A peer that fails gets a row that says so.
    """
    peer = PEERS[name]
    try:
        progress(f"{name}: installing", 0, None)
        python = ready(peer.library, peer.requirements, cache)
        progress(f"{name}: installing", 1, 1)
        with tempfile.TemporaryDirectory(prefix="graphrec-") as temporary:
            folder = Path(temporary)
            write_job(folder, peer.method, split, k, seed)
            watched = _watch(name, peer, python, folder, split, k, limit, progress)
            return _row(name, *watched, folder, split, k, seed, resamples)
    except PeerError as error:
        return Row(name, True, None, note=str(error))


def _watch(
    name: str,
    peer: Peer,
    python: Path,
    folder: Path,
    split: Split,
    k: int,
    limit: float,
    progress: Progress,
) -> tuple[tuple[Checkpoint, ...], str | None]:
    """Run a peer until it ends, its time is over, or it has got no better for long.

    Returns how good its answers were, and what is to be said of its end.
    """
    checkpoints: list[Checkpoint] = []
    began = time.monotonic()
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(  # noqa: S603 - the arguments are ours
            [python, peer.script, folder],
            stdout=said,
            stderr=said,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            start_new_session=True,
        )
        try:
            while True:
                status = process.poll()  # before looking, so that the last answer is not missed
                while not _has_converged(checkpoints):
                    found = _checkpoint(folder, len(checkpoints) + 1, split, k)
                    if found is None:
                        break
                    checkpoints.append(found)
                spent = time.monotonic() - began
                progress(f"{name}: seconds of its limit", int(spent), int(limit))
                note = None
                if _has_converged(checkpoints):
                    note = f"stopped after {PATIENCE} checkpoints that were no better"
                elif status:
                    text = (folder / "said.txt").read_text("utf-8", errors="replace")
                    note = f"ended with an error: {last_line(text)}"
                elif status is None and spent > limit:
                    note = f"stopped at its limit of {limit / 60:g} minutes"
                if note or status is not None:
                    return tuple(checkpoints), note
                time.sleep(POLL_SECONDS)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and those that it started."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _row(
    name: str,
    checkpoints: tuple[Checkpoint, ...],
    note: str | None,
    folder: Path,
    split: Split,
    k: int,
    seed: int,
    resamples: int,
) -> Row:
    number = _best(checkpoints) + 1
    report = read_report(folder, number)
    if report is None:
        raise PeerError(f"gave no answer; {note or 'it ended without a word'}")
    evaluation = evaluate_answer(folder, number, split, k=k, resamples=resamples, seed=seed)
    result = ModelResult(
        name,
        replace(evaluation, score_seconds=report["score_seconds"]),
        report["epoch"],
        report["fit_seconds"],
        report["peak_mib"],
    )
    notes = [note] if note else []
    if len(checkpoints) > 1:
        notes.append(f"best of {len(checkpoints)} checkpoints on the test")
    return Row(
        name,
        True,
        result,
        note="; ".join(notes) or None,
        settings=report["settings"],
        versions=report["versions"],
        checkpoints=checkpoints,
    )


def _checkpoint(folder: Path, number: int, split: Split, k: int) -> Checkpoint | None:
    """How good an answer is; None where there is none yet."""
    report = read_report(folder, number)
    if report is None:
        return None
    metrics = evaluate_answer(folder, number, split, k=k, resamples=0, seed=0).metrics
    return Checkpoint(
        report["fit_seconds"], metrics[f"recall@{k}"].value, metrics[f"ndcg@{k}"].value
    )


def _has_converged(checkpoints: Sequence[Checkpoint]) -> bool:
    return len(checkpoints) - 1 - _best(checkpoints) >= PATIENCE


def _best(checkpoints: Sequence[Checkpoint]) -> int:
    """Where the best is, the first of equal ones; -1 where there is none."""
    return max(range(len(checkpoints)), key=lambda at: checkpoints[at].ndcg, default=-1)
