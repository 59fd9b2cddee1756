"""The largest pairs of each item of a large catalogue, in time for co-occurrences, not for pairs.

Only items that somebody has voted on beside an item are looked at: of those, the pairs f NᵀN are
products of sparse rows, and what the strongest directions add is computed for the best of them
alone. What is left out has no pair in NᵀN at all, and little of the directions: on Gowalla, of the
100 largest entries of a row 99.7 % are among those that are found.

A history of very many items is in products with each of them: of `MOST_VOTES` and more, so many
count, drawn by what the history is.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.models.top_k import best

if TYPE_CHECKING:
    from graphrec.models.graph_filter.scorer import Factors

MOST_VOTES = 2000
"""Of a user that count for pairs."""

PRODUCTS_AT_ONCE = 2**23
"""Of votes, while rows are made: they take about 100 MiB."""

AMONG = 2
"""The directions are added for the best so many times the pairs that are kept."""


def nearest_pairs(factors: Factors, items: Rows) -> sparse.csr_array:
    """The largest entries, in size, of some rows of the matrix [N, I], `factors.neighbours` each at
    most.
    """
    votes = capped(factors.votes, MOST_VOTES)
    voters = votes.T.tocsr()
    parts = (
        (part, _sorted(voters[part] @ votes))
        for part in parts_of(voters, np.diff(votes.indptr), items)
    )
    return largest_of(parts, factors, len(items))


def largest_of(
    parts: Iterable[tuple[Rows, sparse.csr_array]], factors: Factors, rows: int
) -> sparse.csr_array:
    """The same [N, I] of so many `rows`, of which NᵀN is given in parts: items, and their rows.

    Columns are ascending in each row. Of the factors, the votes are not read.
    """
    count = len(factors.target)
    held = min(factors.neighbours, count)
    directions = np.ascontiguousarray(factors.directions)
    # What is never written of these takes no memory.
    columns = np.empty(rows * held, np.int32)
    values = np.empty(rows * held, np.float32)
    ends = np.zeros(rows + 1, np.int64)
    gathered = np.empty((AMONG * held, directions.shape[1]), np.float32)
    done = 0
    for part, shared in parts:
        shared.data *= np.float32(factors.slope)
        for row, start, end in zip(
            part.tolist(), shared.indptr[:-1].tolist(), shared.indptr[1:].tolist(), strict=True
        ):
            near, linear = shared.indices[start:end], shared.data[start:end]
            if end - start > AMONG * held:
                kept = np.sort(best(linear * factors.target[near], AMONG * held))
                near, linear = near[kept], linear[kept]
            own = gathered[: len(near)]
            directions.take(near, 0, own, "clip")
            entries = (linear + own @ (directions[row] * factors.gains)) * factors.target[near]
            if len(near) > held:
                kept = np.sort(best(np.abs(entries), held))
                near, entries = near[kept], entries[kept]
            at = slice(ends[done], ends[done] + len(near))
            columns[at], values[at] = near, entries * factors.history[row]
            done += 1
            ends[done] = at.stop
    total = int(ends[-1])
    return sparse.csr_array((values[:total], columns[:total], ends), (rows, count))


def capped(votes: sparse.csr_array, most: int) -> sparse.csr_array:
    """The votes [U, I] with so many of a user at most, which are drawn by the items they are on.

    So the same user has the same ones whoever else there is.
    """
    long = np.flatnonzero(np.diff(votes.indptr) > most)
    if not len(long):
        return votes
    kept = np.ones(votes.nnz, bool)
    for user in long.tolist():
        start, end = votes.indptr[user : user + 2].tolist()
        rng = np.random.default_rng([end - start, int(votes.indices[start:end].sum())])
        kept[start:end] = False
        kept[start + rng.choice(end - start, most, replace=False)] = True
    ends = np.concatenate([[0], np.cumsum(kept)])[votes.indptr]
    return sparse.csr_array((votes.data[kept], votes.indices[kept], ends), votes.shape)


def warn_of_long_histories(histories: sparse.csr_array) -> None:
    """Say so where histories [U, I] of a large catalogue are longer than counts for pairs."""
    long = np.count_nonzero(np.diff(histories.indptr) > MOST_VOTES)
    if long:
        warnings.warn(
            f"{long} users have more than {MOST_VOTES} items: expected fewer, as a crawler has; "
            f"{MOST_VOTES} items of each count for pairs of items, drawn at random but the same "
            f"each time; leave such users out to be rid of them",
            stacklevel=3,
        )


def _sorted(rows: sparse.csr_array) -> sparse.csr_array:
    rows.sort_indices()
    return rows


def parts_of(voters: sparse.csr_array, lengths: NDArray[np.integer], items: Rows) -> list[Rows]:
    """The items, in parts that take about `PRODUCTS_AT_ONCE` products each."""
    of_votes = np.concatenate([[0], np.cumsum(lengths[voters.indices], dtype=np.int64)])
    products = (of_votes[voters.indptr[1:]] - of_votes[voters.indptr[:-1]])[items]
    number = np.cumsum(products) // PRODUCTS_AT_ONCE
    return np.split(items, np.flatnonzero(np.diff(number)) + 1) if len(items) else []
