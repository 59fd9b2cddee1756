"""Peers: other libraries, on the same split, judged by the same metrics.

A peer is a script that knows nothing of graphrec (`scripts/peers`) and runs in an environment of
its own. It writes lists, once or after every few epochs; `scripts/peers/exchange.py` says how.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from graphrec.data import Rows
from graphrec.errors import SettingsError
from graphrec.evaluate import Evaluation, ModelResult, Rank, evaluate_ranking, rank_by, relevant
from graphrec.models import create
from graphrec.progress import Progress
from graphrec.split import Split
from scripts.quality.environments import PeerError, last_line, ready
from scripts.quality.rows import Checkpoint, Row

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
    """Install and run a peer for at most `limit` seconds, loading included, and evaluate its lists.

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
            return _row(name, watched, folder, split, k, seed, resamples)
    except PeerError as error:
        return Row(name, True, None, note=str(error))


def write_job(folder: Path, method: str, split: Split, k: int, seed: int) -> None:
    """What a peer is asked: rows of the split, and no test item."""
    train = split.train
    for name, matrix in (("train", train.matrix), ("seen", train.seen)):
        pairs = np.column_stack(matrix.nonzero()).astype(np.int32)
        np.save(folder / f"{name}.npy", pairs, allow_pickle=False)
    np.save(folder / "users.npy", _warm(split), allow_pickle=False)
    job = {
        "method": method,
        "k": k,
        "seed": seed,
        "users": len(train.users),
        "items": len(train.items),
    }
    (folder / "job.json").write_text(json.dumps(job), "utf-8")


def rank_of(lists: Rows, split: Split) -> Rank:
    """Ready lists [W, k] of the test users with a history; others get the popular list, as always.

    Raises PeerError for lists of another shape, with an item twice, one that there is not, or one
    that the user has met.
    """
    train, warm = split.train, _warm(split)
    listed = lists >= 0
    if len(lists) != len(warm) or lists.max(initial=-1) >= len(train.items):
        raise PeerError(
            f"its lists are {lists.shape} with items up to {lists.max(initial=-1)}: expected one "
            f"for each of {len(warm)} users, of {len(train.items)} items; mend its script"
        )
    pairs = (warm[:, None].astype(np.int64) * len(train.items) + lists)[listed]
    user, item = train.seen.nonzero()
    met = np.isin(pairs, user.astype(np.int64) * len(train.items) + item)
    if met.any() or len(np.unique(pairs)) < len(pairs):
        raise PeerError(
            f"its lists hold {np.count_nonzero(met)} items that their users met in train and "
            f"{len(pairs) - len(np.unique(pairs))} repeats: expected none; mend its script"
        )
    popular = rank_by(create("popularity").fit(train, np.random.default_rng(0)), train)
    place = np.full(len(train.users), -1)
    place[warm] = np.arange(len(warm))

    def rank(users: Rows, k: int) -> Rows:
        at = place[users]
        ranked = np.empty((len(users), k), np.int32)
        ranked[at >= 0] = lists[at[at >= 0], :k]
        if (at < 0).any():
            ranked[at < 0] = popular(users[at < 0], k)
        return ranked

    return rank


@dataclass(frozen=True)
class _Watched:
    """What was seen of a run."""

    checkpoints: tuple[Checkpoint, ...]
    note: str | None


def _watch(
    name: str,
    peer: Peer,
    python: Path,
    folder: Path,
    split: Split,
    k: int,
    limit: float,
    progress: Progress,
) -> _Watched:
    """Run a peer until it ends, its time is over, or it has got no better for long."""
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
                status = process.poll()  # before looking, so that the last lists are not missed
                while not _has_converged(checkpoints):
                    number = len(checkpoints) + 1
                    if not (folder / f"report-{number}.json").exists():
                        break
                    checkpoints.append(_checkpoint(folder, number, split, k))
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
                    return _Watched(tuple(checkpoints), note)
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
    name: str, watched: _Watched, folder: Path, split: Split, k: int, seed: int, resamples: int
) -> Row:
    if not watched.checkpoints:
        raise PeerError(f"made no lists; {watched.note or 'it ended without a word'}")
    best = _best(watched.checkpoints)
    report = _report(folder, best + 1)
    evaluation = _evaluated(folder, best + 1, split, k, resamples, seed)
    result = ModelResult(
        name,
        replace(evaluation, score_seconds=report["score_seconds"]),
        report["epoch"],
        report["fit_seconds"],
        report["peak_mib"],
    )
    notes = [watched.note] if watched.note else []
    if len(watched.checkpoints) > 1:
        notes.append(f"best of {len(watched.checkpoints)} checkpoints on the test")
    return Row(
        name,
        True,
        result,
        note="; ".join(notes) or None,
        settings=report["settings"],
        versions=report["versions"],
        checkpoints=watched.checkpoints,
    )


def _checkpoint(folder: Path, number: int, split: Split, k: int) -> Checkpoint:
    metrics = _evaluated(folder, number, split, k, 0, 0).metrics
    seconds = _report(folder, number)["fit_seconds"]
    return Checkpoint(seconds, metrics[f"recall@{k}"].value, metrics[f"ndcg@{k}"].value)


def _evaluated(
    folder: Path, number: int, split: Split, k: int, resamples: int, seed: int
) -> Evaluation:
    lists = np.load(folder / f"lists-{number}.npy", allow_pickle=False)
    # The same draws of users as for our models, so that intervals can be compared.
    rng = np.random.default_rng(seed)
    return evaluate_ranking(rank_of(lists, split), split, k=k, resamples=resamples, rng=rng)


def _report(folder: Path, number: int) -> Mapping[str, Any]:
    return json.loads((folder / f"report-{number}.json").read_text("utf-8"))


def _has_converged(checkpoints: Sequence[Checkpoint]) -> bool:
    return len(checkpoints) - 1 - _best(checkpoints) >= PATIENCE


def _best(checkpoints: Sequence[Checkpoint]) -> int:
    """Where the best is, the first of equal ones; -1 where there is none."""
    return max(range(len(checkpoints)), key=lambda at: checkpoints[at].ndcg, default=-1)


def _warm(split: Split) -> Rows:
    """The test users with a history [W], in ascending order."""
    users, _ = relevant(split)
    return users[np.diff(split.train.matrix.indptr)[users] > 0]
