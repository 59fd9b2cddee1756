"""The graph filter as it scores: any history, of whomever, in NumPy and SciPy alone.

`graphrec.models.graph_filter.model` fits one and says what the matrices are. All of it is linear,
so that it comes to one matrix of items by items, and a score is a sum over the history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.degrees import item_degrees, popularity_factor, scaled, shares
from graphrec.models.top_k import best

Pairs: TypeAlias = NDArray[np.float32] | sparse.csr_array

DENSE_UP_TO = 4096
"""Items of which all pairs are held: they take 64 MiB."""

PART = 32
"""Items of a history whose pairs are added up at a time: so many rows fit a processor's cache."""

TINY = np.finfo(np.float64).tiny

PEOPLE_AT_ONCE = 2048
"""Whose votes, 4 bytes an item, are dense at a time, where that is faster."""

BYTES_AT_ONCE = 2**25
"""Of whole rows of the matrix, while it is made; some copies of them are held as well."""


@dataclass(frozen=True)
class Factors:
    """What the matrix of item pairs is made of: (NᵀN - F Fᵀ) S + c P⁻¹ G Gᵀ P."""

    votes: sparse.csr_array  # N [U, I]
    excess: NDArray[np.float32]  # F [I, D], what the strongest directions have too much
    target: NDArray[np.float32]  # the diagonal of S [I]
    low_pass: NDArray[np.float32]  # G [I, D], what the strongest directions say by themselves
    popularity: NDArray[np.float32]  # the diagonal of P [I], 0 for items without interactions
    smoothing: float = 0.0
    """c: what the low-pass term counts."""
    neighbours: int = 512
    """Pairs of each item that are held of a large catalogue, those of the largest size."""

    def linear(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """The first term alone for histories [B, I]: [B, I]."""
        scores: NDArray[np.float32] = (histories @ self.votes.T @ self.votes).toarray()
        scores -= (histories @ self.excess) @ self.excess.T
        scores *= self.target
        return scores

    def smooth(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """The second term alone, without c."""
        scores: NDArray[np.float32] = (histories @ self._told) @ self.low_pass.T
        scores *= self.popularity
        return scores

    def pairs(self) -> Pairs:
        """The matrix [I, I]: what an item of a history, in rows, says of another one.

        Of more items than `DENSE_UP_TO`, with the largest entries of each row alone.
        """
        return self.updated(None, np.arange(len(self.target), dtype=np.int32))

    def updated(self, pairs: Pairs | None, items: Rows) -> Pairs:
        """The matrix, of which `pairs` holds all but the rows of some items."""
        count = len(self.target)
        if count <= DENSE_UP_TO:
            whole = np.empty((count, count), np.float32) if pairs is None else pairs.copy()
            for part, block in self._blocks(items):
                whole[part] = block
            return whole
        held = min(self.neighbours, count)
        columns = np.empty((count, held), np.int32)
        said = np.empty((count, held), np.float32)
        if sparse.issparse(pairs):
            columns[:] = np.reshape(pairs.indices, (count, held))
            said[:] = np.reshape(pairs.data, (count, held))
        for part, block in self._blocks(items):
            for row, entries in zip(part.tolist(), block, strict=True):
                columns[row] = np.sort(best(np.abs(entries), held))
                said[row] = entries[columns[row]]
        ends = np.arange(0, count * held + 1, held)
        return sparse.csr_array((said.ravel(), columns.ravel(), ends), (count, count))

    def _blocks(self, items: Rows) -> Iterator[tuple[Rows, NDArray[np.float32]]]:
        """Whole rows [N, I] of the matrix, of some of the items at a time."""
        said = np.hstack([-self.excess, self._told])
        smoothed = np.float32(self.smoothing) * self.popularity[:, None] * self.low_pass
        wanted = np.hstack([self.excess * self.target[:, None], smoothed])
        count = len(self.target)
        voters = None if count <= DENSE_UP_TO else self.votes.T.tocsr()
        rows = max(1, count if voters is None else BYTES_AT_ONCE // (4 * count))
        for start in range(0, len(items), rows):
            part = items[start : start + rows]
            if voters is None:
                block = self._shared_votes(part)
            else:
                block = (voters[part] @ self.votes).toarray()
            block *= self.target
            block += said[part] @ wanted.T
            yield part, block

    def _shared_votes(self, items: Rows) -> NDArray[np.float32]:
        """Rows of NᵀN [N, I]: of a small catalogue, dense products take half the time."""
        found = np.zeros((len(items), len(self.target)), np.float32)
        for start in range(0, self.votes.shape[0], PEOPLE_AT_ONCE):
            votes = self.votes[start : start + PEOPLE_AT_ONCE].toarray()
            own = votes if len(items) == len(self.target) else votes[:, items]
            found += own.T @ votes
        return found

    @property
    def _told(self) -> NDArray[np.float32]:
        """P⁻¹ G [I, D]."""
        known = self.popularity > 0
        inverse = np.divide(1, self.popularity, out=np.zeros_like(self.popularity), where=known)
        return self.low_pass * inverse[:, None]


@dataclass(frozen=True)
class FittedFilter:
    """Scores are x W for a history x, whose weights sum to 1."""

    history: sparse.csr_array  # [U, I] weights of the users in training
    factors: Factors
    pairs: Pairs  # W [I, I]

    @classmethod
    def of(cls, history: sparse.csr_array, factors: Factors) -> FittedFilter:
        """That of histories [U, I], and of the factors that were found in them."""
        return cls(history, factors, factors.pairs())

    def without(self, left: NDArray[np.integer]) -> FittedFilter:
        """The same of the users who are `left`, by row, in the directions of everyone.

        Only items that those who went had a vote on say something else then.
        """
        votes = self.factors.votes
        gone = np.setdiff1d(np.arange(votes.shape[0]), left)
        factors = replace(self.factors, votes=votes[left])
        changed = np.unique(votes[gone].indices)
        return FittedFilter(self.history[left], factors, factors.updated(self.pairs, changed))

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I] for rows of training; zeros for a user with no history."""
        return self.score_histories(self.history[users])

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """Scores [B, I] for histories of weights [B, I] over the same items.

        Only the proportions of the weights in a history count; zeros for an empty one.
        """
        found = shares(histories) @ self.pairs
        scores: NDArray[np.float32] = found.toarray() if sparse.issparse(found) else found
        return scores

    def score_history(self, items: Rows, worth: NDArray[np.floating]) -> NDArray[np.floating]:
        """The scores [I] for one history of distinct `items` [H], with their weights [H]."""
        weights = (worth / max(worth.sum(dtype=np.float64), TINY)).astype(np.float32)
        if not sparse.issparse(self.pairs):
            scores = np.zeros(self.pairs.shape[1], np.float32)
            for start in range(0, len(items), PART):
                part = slice(start, start + PART)
                scores += weights[part] @ self.pairs[items[part]]
            return scores
        # Each row holds as many pairs as all others.
        count = self.pairs.nnz // max(self.pairs.shape[0], 1)
        columns, said = (
            part.reshape(-1, count)[items] for part in (self.pairs.indices, self.pairs.data)
        )
        said *= weights[:, None]
        total = np.bincount(columns.ravel(), said.ravel(), self.pairs.shape[1])
        return total.astype(np.float64, copy=False)


def _places(matrix: sparse.csr_array) -> tuple[NDArray, NDArray]:
    """Where the elements of a matrix are."""
    return matrix.indices, matrix.indptr


def follow(
    fitted: FittedFilter,
    history: sparse.csr_array,
    user_exponent: float,
    history_exponent: float,
    target_exponent: float,
) -> FittedFilter:
    """The filter on other histories [U, I], with the directions that it was fitted with.

    The first rows and items are those of before. Votes, targets and popularity are those of the
    histories now, by the exponents that the filter was fitted with; the votes stay in the unit that
    they had. The directions stay, too, but for what an item says in them, which fades as it does in
    its votes where more people come to like it. Items without directions say nothing in them. What
    the low-pass term counts stays, too.
    """
    factors = fitted.factors
    before = scaled(fitted.history, user_exponent / 2, history_exponent)
    unit = factors.votes.data.sum(dtype=np.float64) / (before.sum() or 1)
    data = unit * scaled(history, user_exponent / 2, history_exponent)
    new = history.shape[1] - len(factors.target)
    was, now = np.pad(item_degrees(fitted.history), (0, new)), item_degrees(history)
    fading = np.divide(was, now, out=np.zeros_like(was), where=now > 0) ** history_exponent
    excess = fading[:, None] * np.pad(factors.excess, ((0, new), (0, 0)))
    followed = replace(
        factors,
        votes=sparse.csr_array((data.astype(np.float32), *_places(history)), history.shape),
        excess=excess.astype(np.float32),
        target=popularity_factor(history, history_exponent - target_exponent),
        low_pass=np.pad(factors.low_pass, ((0, new), (0, 0))),
        popularity=popularity_factor(history, history_exponent),
    )
    return FittedFilter.of(history, followed)
