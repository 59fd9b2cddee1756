"""From scores to ranked lists, over the full catalogue and without chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.errors import TrainingError

LOWEST = np.finfo(np.float64).min
"""Of all scores but -inf."""


def top_k(scores: NDArray[np.floating], k: int, exclude: sparse.csr_array | None = None) -> Rows:
    """The `k` items with the highest scores for each of B users, best first: rows [B, k].

    `scores` is [B, I]. Equal scores go to the lowest item row, at the end of the list too, so that
    the answer depends on the scores alone. Items stored in `exclude` [B, I] are left out. A list
    with fewer than `k` items ends in -1.

    Raises TrainingError where a score is not finite.
    """
    require_finite(scores)
    ranked = np.full((len(scores), k), -1, np.int32)
    for b, row in enumerate(scores):
        if exclude is not None:
            row = row.copy()
            row[exclude.indices[exclude.indptr[b] : exclude.indptr[b + 1]]] = -np.inf
        rows = best(row, min(k, len(row)))
        ranked[b, : len(rows)] = rows
    return ranked


def rivals(
    scores: NDArray[np.floating], tested: Rows, candidates: sparse.csr_array
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many candidates are above the tested item, and how many others at its score: [B], [B].

    `scores` [B, I], `tested` [B], `candidates` bool [B, I].
    """
    users = len(tested)
    row = np.repeat(np.arange(users), np.diff(candidates.indptr))
    rival = candidates.indices != tested[row]
    ahead = scores[row, candidates.indices] - scores[np.arange(users), tested][row]
    above = np.bincount(row[(ahead > 0) & rival], minlength=users)
    return above, np.bincount(row[(ahead == 0) & rival], minlength=users)


def require_finite(scores: NDArray[np.floating]) -> None:
    """Raises TrainingError where a score of a block [B, I] is not finite."""
    if scores.size and not (np.isfinite(scores.min()) and np.isfinite(scores.max())):
        at = np.argwhere(~np.isfinite(scores))[0]
        raise TrainingError(
            f"score {scores[tuple(at)]} of item row {at[1]} for user {at[0]} of the block: "
            f"expected finite scores from a model; check its learning rate and its input"
        )


def best(row: NDArray[np.floating], k: int) -> NDArray[np.intp]:
    """The at most `k` best items of a row of scores [I], where -inf means left out."""
    if k == 0:
        return np.empty(0, np.intp)
    rows, scores = _above(row, k)
    least = max(np.partition(scores, len(scores) - k)[len(scores) - k], LOWEST)
    kept = np.flatnonzero(scores >= least)
    order = np.argsort(-scores[kept], kind="stable")[:k]
    return kept[order] if rows is None else rows[kept[order]]


def _above(
    row: NDArray[np.floating], k: int
) -> tuple[NDArray[np.intp] | None, NDArray[np.floating]]:
    """Places in a row [I] among which its `k` largest values are, None for all, and their values.

    Sorting all of a long row is most of the cost of ranking. The k-th largest of the maxima of
    disjoint groups bounds the k-th largest value from below, and few values reach that bound.
    """
    groups = max(512, 4 * k)
    if len(row) < 16 * groups:
        return None, row
    whole = len(row) // groups * groups
    maxima = row[:whole].reshape(-1, groups).max(axis=0)
    rows = np.flatnonzero(row >= np.partition(maxima, groups - k)[groups - k])
    return rows, row[rows]
