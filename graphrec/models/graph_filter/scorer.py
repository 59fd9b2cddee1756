"""The fitted graph filter, which scores any history, in NumPy and SciPy alone.

`graphrec.models.graph_filter.model` fits one and defines the matrices. All of it is linear,
so that it comes to one matrix of items by items, and a score is a sum over the history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.axes import axes
from graphrec.data.degrees import item_degrees, popularity_factor, scaled, shares
from graphrec.models.graph_filter.nearest import nearest_pairs
from graphrec.models.sparse_rows import sums_of_rows

Pairs: TypeAlias = NDArray[np.float32] | sparse.csr_array

DENSE_UP_TO = 4096
"""Items of which all pairs are held: they take 64 MiB."""

PART = 32
"""Items of a history whose pairs are added up at a time: so many rows fit a processor's cache."""

TINY = np.finfo(np.float64).tiny

PEOPLE_AT_ONCE = 2048
"""Whose votes, 4 bytes an item, are dense at a time, where that is faster."""


@dataclass(frozen=True)
class Exponents:
    """Those of the degrees by which votes and scores are normalised: a, b and c of the model."""

    user: float = 0.5
    history: float = 0.5
    target: float = 0.2


@dataclass(frozen=True)
class Factors:
    """What the matrix of item pairs is made of: B (f NᵀN + V G Vᵀ) C."""

    votes: Annotated[sparse.csr_array, axes("user", "item")]  # N [U, I]
    directions: Annotated[NDArray[np.float32], axes("item", None)]  # V [I, D], the strongest
    gains: Annotated[NDArray[np.float32], axes(None)]
    """The diagonal of G [D]: what a direction counts beside f times its own strength."""
    history: Annotated[NDArray[np.float32], axes("item")]  # the diagonal of B [I]
    target: Annotated[NDArray[np.float32], axes("item")]  # the diagonal of C [I]
    slope: float = 1.0
    """f."""
    neighbours: int = 512
    """Pairs of each item that are held of a large catalogue, those of the largest size."""

    @property
    def small(self) -> bool:
        """Whether all pairs are held."""
        return len(self.target) <= DENSE_UP_TO

    def pairs(self) -> Pairs:
        """The matrix [I, I] of scores from an item of a history, in rows, to another one.

        Of more items than `DENSE_UP_TO`, with the largest entries of each row alone, among the
        items that somebody has voted on beside it (`graphrec.models.graph_filter.nearest`).
        """
        return self.updated(None, np.arange(len(self.target), dtype=np.int32))

    def updated(self, pairs: Pairs | None, items: Rows) -> Pairs:
        """The matrix, of which `pairs` holds all but the rows of some items."""
        count = len(self.target)
        if self.small:
            whole = np.empty((count, count), np.float32) if pairs is None else pairs.copy()
            for part, block in self._blocks(items):
                whole[part] = block
            return whole
        made = nearest_pairs(self, items)
        if not isinstance(pairs, sparse.csr_array):
            return made
        order = np.arange(count)
        order[items] = count + np.arange(len(items))
        return sparse.csr_array(sparse.vstack([pairs, made], format="csr")[order])

    def _blocks(self, items: Rows) -> Iterator[tuple[Rows, NDArray[np.float32]]]:
        """Whole rows [N, I] of the matrix of a small catalogue, of some of the items at a time."""
        left = self.directions * self.gains
        for start in range(0, len(items), DENSE_UP_TO):
            part = items[start : start + DENSE_UP_TO]
            block = shared_votes(self.votes, part)
            block *= np.float32(self.slope)
            block += left[part] @ self.directions.T
            block *= self.target
            block *= self.history[part, None]
            yield part, block


def shared_votes(votes: sparse.csr_array, items: Rows) -> NDArray[np.float32]:
    """Rows of NᵀN [N, I], N [U, I]: of a small catalogue, dense products take half the time."""
    count = votes.shape[1]
    found = np.zeros((len(items), count), np.float32)
    for start in range(0, votes.shape[0], PEOPLE_AT_ONCE):
        part = votes[start : start + PEOPLE_AT_ONCE].toarray()
        own = part if len(items) == count else part[:, items]
        found += own.T @ part
    return found


@dataclass(frozen=True)
class FittedFilter:
    """The item-item scores of a fitted filter: those of a history x, whose weights sum to 1, are x
    W.

    It holds no history: a snapshot, or a fitted model, keeps that beside it.
    """

    factors: Factors
    pairs: Annotated[Pairs, axes("item", "item")]  # W [I, I]
    exponents: Exponents = Exponents()

    @classmethod
    def of(cls, factors: Factors, exponents: Exponents) -> FittedFilter:
        """The filter of the factors that were found in the histories of all users."""
        return cls(factors, factors.pairs(), exponents)

    def without_users(self, before: FittedFilter, kept: NDArray[np.integer]) -> FittedFilter:
        """The filter after users were taken out: their votes are gone, the directions stay.

        `before` is the filter with everyone, and `kept` are the rows of it whose users are left.
        Only the rows of items that the others had voted on are computed again.
        """
        votes = before.factors.votes
        gone = np.setdiff1d(np.arange(votes.shape[0]), kept)
        changed = np.unique(votes[gone].indices)
        return replace(self, pairs=self.factors.updated(before.pairs, changed))

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """Scores [B, I] for histories of weights [B, I] over the same items.

        Only the proportions of the weights in a history count; zeros for an empty one.
        """
        found = shares(histories) @ self.pairs
        scores: NDArray[np.float32] = found.toarray() if sparse.issparse(found) else found
        return scores

    def score_history(self, items: Rows, weights: NDArray[np.floating]) -> NDArray[np.floating]:
        """The scores [I] for one history of distinct `items` [H], with their weights [H]."""
        if not sparse.issparse(self.pairs):
            share, scores = _shares(weights), np.zeros(self.pairs.shape[1], np.float32)
            for start in range(0, len(items), PART):
                part = slice(start, start + PART)
                scores += share[part] @ self.pairs[items[part]]
            return scores
        rows, values = sums_of_rows(self.pairs, items, _shares(weights))
        total = np.zeros(self.pairs.shape[1])
        total[rows] = values
        return total

    def score_nearest(
        self, items: Rows, weights: NDArray[np.floating]
    ) -> tuple[Rows, NDArray[np.float64]] | None:
        """As in `NearestScores`; None of a small catalogue."""
        if not sparse.issparse(self.pairs):
            return None
        return sums_of_rows(self.pairs, items, _shares(weights))

    def updated(self, before: sparse.csr_array, after: sparse.csr_array) -> FittedFilter:
        """The filter on other histories `after` [U, I], in the directions that it was fitted with.

        The first rows and columns are those of the histories `before`. Votes and degrees are those
        of the histories now; the votes stay in the unit that they had. The directions stay, too,
        but an item weighs in them as in its votes: less where more users come to like it. New items
        weigh nothing in them.
        """
        factors, exponents = self.factors, self.exponents
        scale = exponents.user / 2, 0.5
        unit = _sum(factors.votes.data) / (_sum(scaled(before, *scale)) or 1)
        data = unit * scaled(after, *scale)
        new = after.shape[1] - before.shape[1]
        was, now = np.pad(item_degrees(before), (0, new)), item_degrees(after)
        fading = np.sqrt(np.divide(was, now, out=np.zeros_like(was), where=now > 0))
        more = new - (len(factors.directions) - before.shape[1])
        directions = fading[:, None] * np.pad(factors.directions, ((0, more), (0, 0)))
        followed = replace(
            factors,
            votes=sparse.csr_array(
                (data.astype(np.float32), after.indices, after.indptr), after.shape
            ),
            directions=directions.astype(np.float32),
            history=popularity_factor(after, 0.5 - exponents.history),
            target=popularity_factor(after, 0.5 - exponents.target),
        )
        return FittedFilter.of(followed, exponents)


def _shares(weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """The weights [H] of a history, divided by their sum."""
    return (weights / max(weights.sum(dtype=np.float64), TINY)).astype(np.float32)


def _sum(values: NDArray[np.floating]) -> float:
    return float(values.sum(dtype=np.float64))
