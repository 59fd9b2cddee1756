"""What a peer is asked and how it answers: shared by the scripts in this folder.

They run in environments of their own, where there is no graphrec. The job is a folder: `job.json`,
the liked pairs `train.npy` [P, 2], all pairs that must not be listed `seen.npy` [S, 2], and the
users to answer for, `users.npy` [W]. The answer is lists of item rows [W, k], best first and -1
where a list is short. Where the folder holds pairs `candidates.npy` [C, 2], it is their scores [C]
instead. A report stands beside each answer; a peer that learns in epochs gives many.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BLOCK_BYTES = 64 * 2**20
"""Size of the float32 scores of one block of users."""

RANKING_SHARE = 0.1
"""Of the time to learn, that may be spent on answers in between."""

Score = Callable[[NDArray[np.int32]], NDArray[np.float32]]
"""Scores of all items for users [B]: [B, I]."""


@dataclass(frozen=True)
class Job:
    """What is asked; U users, I items."""

    folder: Path
    method: str
    k: int
    seed: int
    train: sparse.csr_matrix  # float32 [U, I], 1 where liked
    seen: sparse.csr_matrix  # [U, I]
    users: NDArray[np.int32]  # [W]
    candidates: NDArray[np.int32] | None  # [C, 2] in ascending order of users


@dataclass(frozen=True)
class Answered:
    """How the last answer went."""

    number: int
    at: float
    """Seconds of learning until then."""
    seconds: float
    """That scoring and ranking took."""


def read_job(arguments: list[str]) -> Job:
    """The job in the folder that the script was given as its only argument."""
    folder = Path(arguments[1])
    job = json.loads((folder / "job.json").read_text("utf-8"))
    shape = (job["users"], job["items"])
    train, seen = (_matrix(folder / f"{name}.npy", shape) for name in ("train", "seen"))
    users = np.load(folder / "users.npy", allow_pickle=False)
    asked = folder / "candidates.npy"
    candidates = np.load(asked, allow_pickle=False) if asked.exists() else None
    return Job(folder, job["method"], job["k"], job["seed"], train, seen, users, candidates)


def threads() -> int:
    """To learn with: what OMP_NUM_THREADS says, as our models do, else one a core."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def is_due(last: Answered | None, learnt: float) -> bool:
    """Whether so much was learnt since the last answer that a new one adds little time."""
    return last is None or learnt - last.at >= last.seconds / RANKING_SHARE


def answer(
    job: Job,
    score: Score,
    *,
    learnt: float,
    last: Answered | None = None,
    epoch: int | None = None,
    settings: Mapping[str, Any],
    packages: tuple[str, ...],
) -> Answered:
    """Answer by score; `learnt` is the seconds of learning so far."""
    began = perf_counter()
    size = max(1, BLOCK_BYTES // (4 * job.train.shape[1]))
    blocks = [job.users[start : start + size] for start in range(0, len(job.users), size)]
    found: list[NDArray[Any]]
    if job.candidates is None:
        found = [_top_k(score(block), job.seen[block], job.k) for block in blocks]
    else:
        found = [_picked(score(block), block, job.candidates) for block in blocks]
    number = 1 if last is None else last.number + 1
    done = Answered(number, learnt, perf_counter() - began)
    report = {
        "fit_seconds": learnt,
        "score_seconds": done.seconds,
        "peak_mib": _peak_mib(),
        "epoch": epoch,
        "settings": dict(settings),
        "versions": {package: version(package) for package in packages},
    }
    np.save(job.folder / f"answer-{number}.npy", np.concatenate(found), allow_pickle=False)
    unfinished = job.folder / "report.part"
    unfinished.write_text(json.dumps(report), "utf-8")
    unfinished.rename(job.folder / f"report-{number}.json")  # whoever sees it can read all of it
    return done


def _peak_mib() -> float | None:
    """The highest resident memory so far; None on Windows."""
    status = Path("/proc/self/status")
    if status.exists():  # what the system says otherwise includes the process that started this one
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) / 1024
    if sys.platform == "win32":
        return None
    import resource  # not on Windows

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest / (2**20 if sys.platform == "darwin" else 2**10)


def _matrix(path: Path, shape: tuple[int, int]) -> sparse.csr_matrix:
    user, item = np.load(path, allow_pickle=False).T
    return sparse.csr_matrix((np.ones(len(user), np.float32), (user, item)), shape)


def _picked(
    scores: NDArray[np.float32], users: NDArray[np.int32], candidates: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Of scores [B, I] of ascending users [B], those of their candidates."""
    user, item = candidates[np.isin(candidates[:, 0], users)].T
    return np.asarray(scores, np.float32)[np.searchsorted(users, user), item]


def _top_k(scores: NDArray[np.float32], seen: sparse.csr_matrix, k: int) -> NDArray[np.int32]:
    """The best unseen items of each user [B, k]; -1 where there are no more."""
    scores = np.array(scores, np.float32)
    scores[seen.nonzero()] = -np.inf
    kept = min(k, scores.shape[1])
    best = np.argpartition(-scores, kept - 1, axis=1)[:, :kept]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(best, order, axis=1)
    lists = np.full((len(scores), k), -1, np.int32)
    found = np.isfinite(np.take_along_axis(scores, best, axis=1))
    lists[:, :kept] = np.where(found, best, -1)
    return lists
