"""New items by the categories and tags that they share with what a person likes.

What reaches people where no embedding is learned from attributes: nearness is the cosine between
the labels of an item and the sum of those of the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, AttributeValue, Rows, labels
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.reach import AMONG, evenly
from graphrec.retrieval.source import Candidates, Eligible, ZScores

LABELS = "labels"
"""What explanations call it."""


@dataclass(frozen=True)
class LabelSpace:
    """The I items of a snapshot by their L labels, of which rare ones weigh more."""

    columns: Mapping[tuple[str, str], int]
    """By attribute and label."""
    weights: NDArray[np.float64]
    """[L]: inverse document frequency."""
    vectors: sparse.csr_array
    """[I, L], rows of length 1, or of zeros."""
    histories: sparse.csr_array
    """[S, I]: what a sample of people like, whom a new item is compared with."""

    @classmethod
    def of(cls, attributes: Mapping[str, Attribute], likes: sparse.csr_array) -> LabelSpace:
        """The space of items with these attributes; `likes` [U, I] are what people like."""
        columns: dict[tuple[str, str], int] = {}
        held = {n: each for n, each in attributes.items() if each.kind in ("category", "tags")}
        for name, each in held.items():
            for value in each.values:
                for label in labels(value):
                    columns.setdefault((name, label), len(columns))
        count = likes.shape[1]
        rows = ({name: each.values[row] for name, each in held.items()} for row in range(count))
        found = _ones(rows, columns)
        weights = np.log1p(count / np.maximum(found.sum(axis=0), 1))
        some = likes[evenly(likes.shape[0])]
        histories = sparse.csr_array(
            (np.ones(some.nnz), some.indices, some.indptr), shape=some.shape
        )
        return cls(columns, weights, _normal(found, weights), histories)

    def embed(self, items: Sequence[Mapping[str, AttributeValue]]) -> sparse.csr_array:
        """[N, L]: the vectors of N other items, by those of their labels that are known."""
        return _normal(_ones(items, self.columns), self.weights)

    def z_scores(self, queries: sparse.csr_array, items: sparse.csr_array) -> NDArray[np.float64]:
        """[Q, C]: how far the score of each of C items is above the mean of all, for Q queries."""
        mean = queries @ self._mean
        square = np.asarray((queries @ self._moments).multiply(queries).sum(axis=1)).ravel()
        deviation = np.sqrt(np.maximum(square - mean**2, 0))
        deviation[deviation == 0] = 1
        scores: NDArray[np.float64] = (queries @ items.T).toarray()
        return np.asarray((scores - mean[:, None]) / deviation[:, None])

    @cached_property
    def people(self) -> sparse.csr_array:
        """[S, L]: the people of the sample."""
        return sparse.csr_array(self.histories @ self.vectors)

    @cached_property
    def _mean(self) -> NDArray[np.float64]:
        return np.asarray(self.vectors.mean(axis=0)).ravel()

    @cached_property
    def _moments(self) -> sparse.csr_array:
        """[L, L]: the mean product of two labels over all items."""
        return sparse.csr_array(self.vectors.T @ self.vectors / max(self.vectors.shape[0], 1))


@dataclass(frozen=True)
class NearestLabels:
    """N new items, in the rows from `first` on, found by their labels."""

    space: LabelSpace
    vectors: sparse.csr_array
    """[N, L]"""
    first: int

    def retrieve(
        self, profile: UserProfile, eligible: Eligible, count: int, reach: float = 1.0
    ) -> Candidates | None:
        """The nearest of them; `eligible` [I + N] counts the rows of the view.

        With a `reach` below 1, only those that are nearer to the profile than to all but about this
        share of people. None where nothing that the person likes has a label.
        """
        query = sparse.csr_array(self._of(profile).sum(axis=0).reshape(1, -1))
        if not query.nnz or not self.vectors.nnz:
            return None
        z_score = self.space.z_scores(query, self.vectors)[0]
        order = np.argsort(-z_score, kind="stable")
        order = order[(z_score[order] > 0) & eligible[self.first + order]]
        if reach < 1:
            order = order[:AMONG]
            theirs = self.space.z_scores(self.space.people, self.vectors[order])
            order = order[(theirs > z_score[order]).mean(axis=0) <= reach]
        order = order[:count]

        def of(items: Rows) -> ZScores:
            return z_score[items - self.first]

        return Candidates(LABELS, (self.first + order).astype(np.int32), of)

    def _of(self, profile: UserProfile) -> sparse.csr_array:
        """The vectors of what someone likes."""
        new = np.array([row - self.first for row in profile.new_likes], np.int64)
        return sparse.vstack([self.space.vectors[profile.history], self.vectors[new]], "csr")


def _ones(
    items: Iterable[Mapping[str, AttributeValue]], columns: Mapping[tuple[str, str], int]
) -> sparse.csr_array:
    """[N, L]: 1 where an item has a label."""
    indices, indptr = list[int](), [0]
    for attributes in items:
        own = {
            columns[name, label]
            for name, value in attributes.items()
            for label in labels(value)
            if (name, label) in columns
        }
        indices += sorted(own)
        indptr.append(len(indices))
    shape = len(indptr) - 1, max(len(columns), 1)
    return sparse.csr_array((np.ones(len(indices)), indices, indptr), shape=shape)


def _normal(ones: sparse.csr_array, weights: NDArray[np.float64]) -> sparse.csr_array:
    """With weights, in rows of length 1."""
    found = sparse.csr_array(ones.multiply(weights[None, :]))
    norm = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
    scale = np.divide(1.0, norm, out=np.zeros(len(norm)), where=norm > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ found)
