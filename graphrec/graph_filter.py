"""The graph filter as it scores: any history, of whomever, in NumPy and SciPy alone.

`graphrec.models.graph_filter` fits one and says what the matrices are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.degrees import item_degrees, popularity_factor, scaled, shares


@dataclass(frozen=True)
class FittedFilter:
    """Scores are x (NᵀN - F Fᵀ) S for a history x: votes of all who share an item, less F's part.

    Where there is a low-pass term, x P⁻¹ G Gᵀ P, both are taken at unit length. The item-item
    matrix, which may have a thousand times the entries of N, is made of small catalogues alone, for
    serving: then the votes for a history are a sum of a few of its rows.
    """

    history: sparse.csr_array  # [U, I] weights of the users in training
    votes: sparse.csr_array  # N [U, I]
    voters: sparse.csr_array  # Nᵀ [I, U], which SciPy would make anew for each product
    # The directions are best stored column by column: a product with all items reads them so.
    excess: NDArray[np.float32]  # F [I, D], what the strongest directions have too much
    target: NDArray[np.float32]  # the diagonal of S [I]
    low_pass: NDArray[np.float32]  # G [I, D], what the strongest directions say by themselves
    popularity: NDArray[np.float32]  # the diagonal of P [I], 0 for items without interactions
    spectral_weight: float = 0.0
    pairs: NDArray[np.float32] | None = None
    """(NᵀN - F Fᵀ) S [I, I], where it is made."""

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I] for rows of training; zeros for a user with no history."""
        return self.score_histories(self.history[users])

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """Scores [B, I] for histories of weights [B, I] over the same items.

        Only the proportions of the weights in a history count; zeros for an empty one.
        """
        x = shares(histories)
        scores = self._linear(x) if self.pairs is None else x @ self.pairs
        if self.spectral_weight:
            popularity = self.popularity[x.indices]
            known = popularity > 0
            x.data = np.divide(x.data, popularity, out=np.zeros_like(x.data), where=known)
            smooth = _through(x, self.low_pass)
            smooth *= self.popularity
            scores = _unit(scores) + np.float32(self.spectral_weight) * _unit(smooth)
        return scores

    def expanded(self) -> FittedFilter:
        """The same with the item-item matrix, where the catalogue is small enough for one."""
        items = len(self.target)
        if items > PAIRED_UP_TO:
            return replace(self, pairs=None)
        pairs = -(self.excess @ self.excess.T)
        for start in range(0, self.votes.shape[0], PEOPLE_AT_ONCE):
            votes = self.votes[start : start + PEOPLE_AT_ONCE].toarray()
            pairs += votes.T @ votes
        pairs *= self.target
        return replace(self, pairs=pairs)

    def _linear(self, x: sparse.csr_array) -> NDArray[np.float32]:
        scores = np.stack([self._votes(rows, weights) for rows, weights in _by_row(x)])
        if self.excess.shape[1]:
            scores -= _through(x, self.excess)
        scores *= self.target
        return scores

    def _votes(self, items: Rows, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """The votes x NᵀN [I] of one history x, which has `weights` at `items`."""
        people = _combined(self.voters, self.votes, items, weights)
        voting = np.flatnonzero(people)
        return _combined(self.votes, self.voters, voting, people[voting])


PAIRED_UP_TO = 4096
"""Items: their matrix takes 64 MiB."""

PEOPLE_AT_ONCE = 2048
"""Whose votes, which take 4 bytes an item, make the matrix at a time."""

GATHERED = 8
"""Entries that a product of all of a matrix reads in the time that one takes to be looked up."""


def _through(x: sparse.csr_array, directions: NDArray[np.float32]) -> NDArray[np.float32]:
    """The product [B, I] of histories with directions D [I, dim] and back: x D Dᵀ."""
    along = np.stack([weights @ directions[rows] for rows, weights in _by_row(x)])
    return along @ directions.T


def _combined(
    matrix: sparse.csr_array,
    transposed: sparse.csr_array,
    rows: NDArray[np.integer],
    weights: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The sum [columns] of some rows of a matrix, each times its weight."""
    starts = matrix.indptr[rows]
    lengths = matrix.indptr[rows + 1] - starts
    total = int(lengths.sum())
    if GATHERED * total >= matrix.nnz:
        x = np.zeros(matrix.shape[0], np.float32)
        x[rows] = weights
        found: NDArray[np.float32] = transposed @ x
        return found
    ends = np.cumsum(lengths)
    at = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    data = matrix.data[at] * np.repeat(weights, lengths)
    return np.bincount(matrix.indices[at], data, matrix.shape[1]).astype(np.float32)


def _by_row(matrix: sparse.csr_array) -> Iterator[tuple[Rows, NDArray[np.float32]]]:
    """Columns and values of each row."""
    for start, end in pairwise(matrix.indptr.tolist()):
        yield matrix.indices[start:end], matrix.data[start:end]


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
    its votes where more people come to like it. Items without directions say nothing in them.
    """
    before = scaled(fitted.history, user_exponent / 2, history_exponent)
    unit = fitted.votes.data.sum(dtype=np.float64) / (before.sum() or 1)
    data = unit * scaled(history, user_exponent / 2, history_exponent)
    votes = sparse.csr_array(
        (data.astype(np.float32), history.indices, history.indptr), history.shape
    )
    new = history.shape[1] - len(fitted.target)
    was, now = np.pad(item_degrees(fitted.history), (0, new)), item_degrees(history)
    fading = np.divide(was, now, out=np.zeros_like(was), where=now > 0) ** history_exponent
    return replace(
        fitted,
        history=history,
        votes=votes,
        voters=votes.T.tocsr(),
        excess=(fading[:, None] * np.pad(fitted.excess, ((0, new), (0, 0)))).astype(np.float32),
        target=popularity_factor(history, history_exponent - target_exponent),
        low_pass=np.pad(fitted.low_pass, ((0, new), (0, 0))),
        popularity=popularity_factor(history, history_exponent),
        pairs=None,
    )


def _unit(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row at length 1; a row of zeros stays one."""
    largest = np.abs(scores).max(axis=1, keepdims=True, initial=0)
    scaled = np.divide(scores, largest, out=np.zeros_like(scores), where=largest > 0)
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.divide(scaled, length, out=scaled, where=length > 0)
