"""What a peer is asked, and how good its answer is.

The other side of `scripts/benchmark/peers/exchange.py`, which says what the files of a job are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.errors import TrainingError
from graphrec.evaluation.evaluator import (
    Rank,
    evaluate_candidates,
    evaluate_ranking,
    rank_by,
    relevant,
)
from graphrec.evaluation.results import Evaluation
from graphrec.evaluation.splits.split import Split
from graphrec.models import create
from scripts.benchmark.quality.environments import PeerError


def write_job(folder: Path, method: str, split: Split, k: int, seed: int) -> None:
    """What a peer is asked: rows of the split, and nothing that tells a test item."""
    train, warm = split.train, _warm(split)
    pairs = {"train": train.matrix, "seen": train.seen}
    if split.candidates is not None:
        pairs["candidates"] = _candidates(split)
    for name, matrix in pairs.items():
        _save(folder / f"{name}.npy", np.column_stack(matrix.nonzero()).astype(np.int32))
    _save(folder / "users.npy", warm)
    job = {
        "method": method,
        "k": k,
        "seed": seed,
        "users": len(train.users),
        "items": len(train.items),
    }
    (folder / "job.json").write_text(json.dumps(job), "utf-8")


def read_report(folder: Path, number: int) -> Mapping[str, Any] | None:
    """What a peer says beside an answer; None where it has not given it yet."""
    path = folder / f"report-{number}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def evaluate_answer(
    folder: Path, number: int, split: Split, *, k: int, resamples: int, seed: int
) -> Evaluation:
    """The figures of an answer, from the code that judges our models.

    Raises PeerError for an answer that is not one to what was asked.
    """
    answer = np.load(folder / f"answer-{number}.npy", allow_pickle=False)
    # The same draws of users as for our models, so that intervals can be compared.
    rng = np.random.default_rng(seed)
    if split.candidates is None:
        ranking = rank_of(answer, split)
        return evaluate_ranking(ranking, split, k=k, resamples=resamples, rng=rng)
    scorer = Scored.of(answer, split)
    try:
        return evaluate_candidates(scorer, split, k=k, resamples=resamples, rng=rng)
    except TrainingError as error:
        raise PeerError(f"its scores cannot be ranked: {error}") from error


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
    popular = rank_by(create("popularity").fit(Dataset.of_weights(train)), train)
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
class Scored:
    """Ready scores of the candidates, as a model that knows nothing of other items."""

    scores: sparse.csr_array  # float32 [U, I], stored for candidates of the users with a history

    @classmethod
    def of(cls, scores: NDArray[np.float32], split: Split) -> Scored:
        """From scores in the order of the job's candidates [C]; PeerError where they are not C."""
        asked = _candidates(split)
        if scores.shape != (asked.nnz,):
            raise PeerError(
                f"its scores are {scores.shape}: expected one for each of {asked.nnz} candidates; "
                f"mend its script"
            )
        return cls(sparse.csr_array((scores, asked.indices, asked.indptr), asked.shape))

    def score(self, users: Rows) -> NDArray[np.float32]:
        """Scores [B, I], 0 for what was not asked."""
        return self.scores[users].toarray()


def _warm(split: Split) -> Rows:
    """The test users with a history [W], in ascending order."""
    users, _ = relevant(split)
    return users[np.diff(split.train.matrix.indptr)[users] > 0]


def _candidates(split: Split) -> sparse.csr_array:
    """What peers are to score, the candidates of the test users with a history: bool [U, I]."""
    given = cast("sparse.csr_array", split.candidates)
    user, item = given.nonzero()
    asked = np.isin(user, _warm(split))
    pairs = (user[asked], item[asked])
    return sparse.csr_array((np.ones(len(pairs[0]), bool), pairs), given.shape).sorted_indices()


def _save(path: Path, array: NDArray) -> None:
    np.save(path, array, allow_pickle=False)
